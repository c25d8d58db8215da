//! The words in which changes and trouble are told, and when two of them are one.

use crate::suspects::kinds::words;

/// Equal but for an ending: retry and retries, proto and protobuf.
pub(super) fn are_kin(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let shorter = one.len().min(other.len());
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    shorter >= 5 && same * 4 >= shorter * 3 && same >= 4
}

pub(super) fn telling_words(text: &str) -> impl Iterator<Item = String> {
    words(text)
        .into_iter()
        .filter(|word| word.len() >= 3 && !is_filler(word) && !word.bytes().any(|byte| byte.is_ascii_digit()))
}

/// Words that stand in any change and any message.
fn is_filler(word: &str) -> bool {
    matches!(
        word,
        "the"
            | "and"
            | "for"
            | "with"
            | "from"
            | "that"
            | "this"
            | "not"
            | "was"
            | "are"
            | "has"
            | "have"
            | "into"
            | "when"
            | "all"
            | "any"
            | "but"
            | "its"
            | "after"
            | "before"
            | "per"
            | "via"
            | "service"
            | "services"
            | "server"
            | "svc"
            | "author"
            | "files"
            | "file"
            | "func"
            | "return"
            | "err"
            | "nil"
            | "null"
            | "none"
            | "true"
            | "false"
            | "string"
            | "int"
            | "var"
            | "const"
            | "package"
            | "import"
            | "type"
            | "struct"
            | "error"
            | "errors"
            | "failed"
            | "failure"
            | "fail"
            | "info"
            | "warn"
            | "deployed"
            | "deploy"
            | "commit"
            | "feature"
            | "flag"
            | "off"
            | "http"
            | "https"
            | "com"
            | "www"
            | "threshold"
            | "above"
            | "below"
            | "total"
            | "rate"
            | "ratio"
            | "new"
            | "request"
            | "requests"
            | "response"
            | "time"
            | "value"
            | "average"
            | "log"
            | "logs"
            | "code"
            | "returned"
            | "returning"
            | "internal"
            | "src"
            | "pkg"
            | "main"
            | "test"
            | "note"
    )
}

/// The parts of a system's name that tell it from others.
pub(super) fn parts_of_name(name: &str) -> impl Iterator<Item = String> {
    words(name)
        .into_iter()
        .flat_map(|word| {
            let stem =
                ["service", "server", "svc"].iter().find_map(|end| word.strip_suffix(end)).map(str::to_owned);
            [Some(word), stem].into_iter().flatten()
        })
        .filter(|word| word.len() >= 3 && !is_filler(word))
}
