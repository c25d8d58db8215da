//! What a configuration says, what it refuses, and that the documented one is the true one.

use super::*;
use crate::telemetry::IdentifierClass;

const DOCUMENTED: &str = include_str!("../../bridgewatch.toml");

/// The documented configuration with its examples switched on.
fn with_examples() -> String {
    DOCUMENTED.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_documented_configuration_is_the_default() {
    assert_eq!(Config::parse(DOCUMENTED).unwrap(), Config::default());
}

#[test]
fn the_examples_are_valid() {
    let config = Config::parse(&with_examples()).unwrap();
    assert_eq!(config.systems["erp-adapter"].owner.as_deref(), Some("ERP integration"));
    assert_eq!(config.sources[0].kind(), "prometheus");
    assert_eq!(config.identifiers.len(), 2);
    assert_eq!(IdentifierClass::Business, config.identifiers[0].class);
}

#[test]
fn every_option_is_documented() {
    // An unknown option is refused with the list of those that there are: the list is the truth.
    for (table, stray) in [
        ("the file", "zzz = 1"),
        ("store", "[store]\nzzz = 1"),
        ("flows", "[flows]\nzzz = 1"),
        ("suspects", "[suspects]\nzzz = 1"),
        ("redaction", "[redaction]\nzzz = 1"),
        ("redaction.rules", "[[redaction.rules]]\nzzz = 1"),
        ("systems", "[systems.x]\nzzz = 1"),
        ("formats", "[[formats]]\nzzz = 1"),
        ("identifiers", "[[identifiers]]\nzzz = 1"),
        ("tls", "[[sources]]\nkind = \"prometheus\"\ntls = { zzz = 1 }"),
        ("budget", "[[sources]]\nkind = \"prometheus\"\nbudget = { zzz = 1 }"),
        ("metrics", "[[sources]]\nkind = \"prometheus\"\n[[sources.metrics]]\nzzz = 1"),
    ] {
        assert_options_stand_in(table, stray, &with_examples());
    }
}

/// Every option that the list in the refusal of `stray` names stands in the text.
#[track_caller]
fn assert_options_stand_in(table: &str, stray: &str, text: &str) {
    let problem = Config::parse(stray).unwrap_err().remove(0);
    let (_, list) = problem.split_once("expected ").unwrap_or_else(|| panic!("{table}: {problem}"));
    let options: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
    assert!(!options.is_empty(), "{table}: {problem}");
    for option in options {
        let is_documented = text.lines().any(|line| {
            line.trim_start_matches('[').starts_with(option)
                || line.contains(&format!(".{option}"))
                || line.contains(&format!("{option} = "))
        });
        assert!(is_documented, "{table}: `{option}` is not in bridgewatch.toml");
    }
}

#[test]
fn every_kind_of_source_has_an_example_and_every_option_of_it_stands_there() {
    // What all kinds have is shown once, with the first of them.
    let shared = ["name", "url", "ui", "auth", "headers", "tls", "budget"];
    let text = with_examples();
    let tables: Vec<&str> = text.split("[[sources]]").skip(1).collect();
    for kind in super::sources::KINDS {
        let of_kind = |table: &&&str| table.contains(&format!("kind = \"{kind}\""));
        let Some(table) = tables.iter().find(of_kind) else {
            let same = ["victoriametrics", "mimir", "thanos", "opensearch", "victoriatraces"];
            assert!(same.contains(kind), "`{kind}` has no example in bridgewatch.toml");
            continue;
        };
        let known: String = shared.iter().map(|option| format!("{option} = \n")).collect();
        assert_options_stand_in(kind, &format!("[[sources]]\nkind = \"{kind}\"\nzzz = 1"), &(known + table));
    }
}

#[test]
fn mistakes_point_at_line_and_column() {
    let problems = Config::parse("theme = \"dark\"\nmosue = true\n").unwrap_err();
    assert!(
        problems[0].starts_with("  line 2, column 1: unknown field `mosue`, expected one of"),
        "{problems:?}"
    );
    let problems = Config::parse("refresh_seconds = \"often\"\n").unwrap_err();
    assert_eq!(problems, ["  line 1, column 19: invalid type: string \"often\", expected u32"]);
}

#[test]
fn a_mistake_in_one_source_hides_no_other() {
    let problems = Config::parse(
        "[[sources]]\nkind = \"prometheus\"\nulr = \"x\"\n\n[[sources]]\nkind = \"promtheus\"\n\n[[sources]]\nname = \"x\"\n",
    )
    .unwrap_err();
    assert!(problems[0].starts_with("  line 3, column 1: unknown field `ulr`"), "{problems:?}");
    assert!(
        problems[1]
            .starts_with("  line 6, column 8: `promtheus` is no kind of source; there are prometheus, "),
        "{problems:?}"
    );
    assert!(problems[2].starts_with("  line 8"), "{problems:?}");
    assert!(problems[2].contains("missing field `kind`"), "{problems:?}");
}

#[test]
fn a_token_in_the_configuration_is_refused_and_not_repeated() {
    for line in [
        "auth = \"Bearer s3cr3t\"",
        "auth = { bearer = \"s3cr3t\" }",
        "auth = { basic = { user = \"x\", password = \"s3cr3t\" } }",
    ] {
        let problems = Config::parse(&format!("[[sources]]\nkind = \"prometheus\"\n{line}\n")).unwrap_err();
        assert!(!problems.join("\n").contains("s3cr3t"), "{problems:?}");
        assert!(problems[0].contains("{ env = \"NAME\" }"), "{problems:?}");
    }
}

#[test]
fn two_sources_of_one_name_are_told_apart() {
    let problems = Config::parse("[[sources]]\nkind = \"prometheus\"\n[[sources]]\nkind = \"prometheus\"\n")
        .unwrap_err();
    assert_eq!(problems, ["two sources are named `prometheus`: give one another `name`"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load(Some(Path::new("no/such.toml"))).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the configuration no/such.toml: "), "{error}");
}
