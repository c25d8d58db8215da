//! Wrappers that write JSON around a line: Docker's json-file, journald's export.

use super::{Layout, Scale};

pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        name: "docker",
        requires: &["log", "stream", "time"],
        time: &["time"],
        level: &[],
        scale: Scale::Inner,
        message: &["log"],
        system: &[],
        method: &[],
        path: &[],
        duration_ms: &[],
        details: &[],
    },
    Layout {
        name: "journald",
        requires: &["__REALTIME_TIMESTAMP", "MESSAGE"],
        time: &["__REALTIME_TIMESTAMP"],
        level: &["PRIORITY"],
        scale: Scale::Syslog,
        message: &["MESSAGE"],
        system: &["SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT"],
        method: &[],
        path: &[],
        duration_ms: &[],
        details: &[],
    },
];

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::{events, seen};

    #[test]
    fn docker_wraps_whatever_the_application_wrote() {
        insta::assert_snapshot!(seen("docker", concat!(
            r#"{"log":"{\"level\":\"error\",\"msg\":\"POST /orders failed\",\"correlationId\":\"3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41\"}\n","stream":"stderr","time":"2026-03-14T09:26:53.589123456Z"}"#, "\n",
            r#"{"log":"plain WARN slow cid=abc99e3ed95f4ad37d195f2a1f6f6e53\n","stream":"stdout","time":"2026-03-14T09:26:54Z"}"#, "\n")), @r#"
        2026-03-14T09:26:53.589123456Z node error | - | - | correlation:3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41 | POST /orders failed
        2026-03-14T09:26:54.000000000Z node warn | - | - | correlation:abc99e3ed95f4ad37d195f2a1f6f6e53 | plain WARN slow cid=abc99e3ed95f4ad37d195f2a1f6f6e53
        "#);
    }

    #[test]
    fn a_line_that_docker_cut_into_pieces_is_one_event() {
        let piece = |text: &str, at: u32| {
            format!(r#"{{"log":"{text}","stream":"stdout","time":"2026-03-14T09:26:5{at}Z"}}"#) + "\n"
        };
        let text = [
            piece(r"before\n", 1),
            piece("WARN a long ", 2),
            piece(r"line cid=abc99e3ed95f4ad37d195f2a1f6f6e53\n", 2),
            piece(r"behind\n", 3),
        ];
        let events = events("docker", &text.concat());
        assert_eq!(events.len(), 3);
        assert_eq!(events[1].body.trim_end(), "WARN a long line cid=abc99e3ed95f4ad37d195f2a1f6f6e53");
        assert_eq!(events[1].identifiers.len(), 1);
        assert_eq!(events[2].body.trim_end(), "behind");
    }

    #[test]
    fn journald_with_text_and_with_bytes() {
        insta::assert_snapshot!(seen("journald", concat!(
            r#"{"__REALTIME_TIMESTAMP":"1773480413589000","PRIORITY":"3","_HOSTNAME":"node-1","_SYSTEMD_UNIT":"orders.service","SYSLOG_IDENTIFIER":"orders","MESSAGE":"POST /orders failed corr=3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41"}"#, "\n")), @"2026-03-14T09:26:53.589000000Z node error | - | - | correlation:3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41 | POST /orders failed corr=3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41");
        let text = concat!(
            r#"{"__REALTIME_TIMESTAMP":"1773480413589000","PRIORITY":"6","MESSAGE":[104,105,27]}"#,
            "\n"
        );
        assert_eq!(events("journald", text)[0].body, "hi␛");
    }
}
