//! Applications: ECS, logstash/logback, Serilog compact, zap, pino, .NET console, GELF.

use super::{Layout, Scale};

pub(super) const LAYOUTS: &[Layout] = &[
    Layout { name: "ecs", requires: &["@timestamp", "ecs.version"], ..ECS },
    Layout { name: "ecs", requires: &["@timestamp", "log.level"], ..ECS },
    Layout { name: "ecs", requires: &["@timestamp", "ecs"], level: &["log>level"], ..ECS },
    Layout {
        name: "logstash",
        requires: &["@timestamp", "logger_name"],
        level: &["level"],
        message: &["message"],
        details: &["stack_trace"],
        ..Layout::COMMON
    },
    Layout {
        name: "serilog",
        requires: &["@t"],
        time: &["@t"],
        level: &["@l"],
        scale: Scale::WordOrInfo,
        message: &["@m", "@mt"],
        system: &["Application", "ServiceName"],
        duration_ms: &["Elapsed", "ElapsedMilliseconds"],
        details: &["@x"],
        ..Layout::COMMON
    },
    Layout {
        name: "pino",
        requires: &["level", "time", "pid"],
        time: &["time"],
        level: &["level"],
        scale: Scale::Pino,
        message: &["msg"],
        // `name` is the logger's, several to a service.
        duration_ms: &["responseTime", "duration_ms"],
        details: &["err.message", "err.stack"],
        ..Layout::COMMON
    },
    Layout {
        name: "zap",
        requires: &["level", "ts", "msg"],
        time: &["ts"],
        message: &["msg"],
        details: &["error", "stacktrace"],
        ..Layout::COMMON
    },
    Layout {
        name: "dotnet",
        requires: &["LogLevel", "Category"],
        time: &["Timestamp"],
        level: &["LogLevel"],
        message: &["Message"],
        details: &["Exception"],
        ..Layout::COMMON
    },
    Layout {
        name: "gelf",
        requires: &["short_message", "host"],
        time: &["timestamp"],
        level: &["level"],
        scale: Scale::Syslog,
        message: &["short_message"],
        system: &["_service", "host"],
        details: &["full_message"],
        ..Layout::COMMON
    },
];

const ECS: Layout = Layout {
    time: &["@timestamp"],
    level: &["log.level"],
    message: &["message"],
    system: &["service.name"],
    details: &["error.message", "error.stack_trace"],
    ..Layout::COMMON
};

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::{events, seen};

    #[test]
    fn ecs_flat_and_nested() {
        insta::assert_snapshot!(seen("ecs", concat!(
            r#"{"@timestamp":"2026-03-14T09:26:53.589Z","log.level":"ERROR","message":"POST /orders failed","service.name":"orders-api","trace.id":"7c1f0a9be2d34c58a1b6e0f2934d5a77","ecs.version":"8.11"}"#, "\n")), @"2026-03-14T09:26:53.589000000Z node error | - | - | trace:7c1f0a9be2d34c58a1b6e0f2934d5a77 | POST /orders failed");
        insta::assert_snapshot!(seen("ecs", concat!(
            r#"{"@timestamp":"2026-03-14T09:26:53.589Z","log":{"level":"warn"},"message":"slow","trace":{"id":"7c1f0a9be2d34c58a1b6e0f2934d5a77"},"ecs":{"version":"8.11"}}"#, "\n")), @"2026-03-14T09:26:53.589000000Z node warn | - | - |  | slow");
    }

    #[test]
    fn logstash_with_its_stack_trace() {
        let text = concat!(
            r#"{"@timestamp":"2026-03-14T09:26:53.589Z","@version":"1","message":"POST /orders failed","logger_name":"com.example.C","level":"ERROR","level_value":40000,"traceId":"7c1f0a9be2d34c58a1b6e0f2934d5a77","correlationId":"3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41","orderNo":"ORD-7","stack_trace":"java.io.IOException: 502\n\tat com.example.X.y(X.java:1)\n"}"#,
            "\n"
        );
        insta::assert_snapshot!(seen("logstash", text), @"2026-03-14T09:26:53.589000000Z node error | - | - | correlation:3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41 trace:7c1f0a9be2d34c58a1b6e0f2934d5a77 business:ORD-7 | POST /orders failed");
        assert!(events("logstash", text)[0].body.contains("at com.example.X.y"));
    }

    #[test]
    fn serilog_is_information_unless_it_says_otherwise_and_fills_its_template() {
        insta::assert_snapshot!(seen("serilog", concat!(
            r#"{"@t":"2026-03-14T09:26:53.5890000Z","@mt":"POST {Path} failed with {Status}","@l":"Error","@tr":"7c1f0a9be2d34c58a1b6e0f2934d5a77","@sp":"9f3c2b1a0d4e5f67","Path":"/orders","Status":502,"CorrelationId":"3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41"}"#, "\n",
            r#"{"@t":"2026-03-14T09:26:54Z","@mt":"started"}"#, "\n")), @"
        2026-03-14T09:26:53.589000000Z node error | - | - | correlation:3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41 trace:7c1f0a9be2d34c58a1b6e0f2934d5a77 | POST /orders failed with 502
        2026-03-14T09:26:54.000000000Z node info | - | - |  | started
        ");
    }

    #[test]
    fn zap_pino_dotnet_and_gelf() {
        insta::assert_snapshot!(seen("zap", concat!(r#"{"level":"error","ts":1773480413.589,"caller":"orders/handler.go:88","msg":"POST /orders failed","correlation_id":"3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41"}"#, "\n")), @"2026-03-14T09:26:53.589000000Z node error | - | - | correlation:3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41 | POST /orders failed");
        insta::assert_snapshot!(seen("pino", concat!(r#"{"level":50,"time":1773480413589,"pid":1,"hostname":"orders-7d9","reqId":"req-1a","msg":"POST /orders failed","err":{"type":"Error","message":"502"}}"#, "\n")), @"2026-03-14T09:26:53.589000000Z node error | - | - | message:req-1a | POST /orders failed");
        insta::assert_snapshot!(seen("dotnet", concat!(r#"{"Timestamp":"2026-03-14T09:26:53.589Z","EventId":0,"LogLevel":"Error","Category":"Orders.Api","Message":"failed","Scopes":[{"TraceId":"7c1f0a9be2d34c58a1b6e0f2934d5a77"}]}"#, "\n")), @"2026-03-14T09:26:53.589000000Z node error | - | - | trace:7c1f0a9be2d34c58a1b6e0f2934d5a77 | failed");
        insta::assert_snapshot!(seen("gelf", concat!(r#"{"version":"1.1","host":"node-1","short_message":"failed","timestamp":1773480413.589,"level":3,"_correlation_id":"3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41","_service":"orders-api"}"#, "\n")), @"2026-03-14T09:26:53.589000000Z node error | - | - | correlation:3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41 | failed");
    }
}
