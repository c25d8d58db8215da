//! What is typed in one line: `-7m the alert fired`, `10:41 cert expired`, `@kafka-oncall check lag 3m`,
//! `fail over | or wait | but it costs | by bob`.

use super::What;

use crate::telemetry::{Nanos, Time};

/// The time that a line begins with, and the rest of it; the line as it is, at `now`, if it begins with none.
///
/// A clock time is UTC and the latest such time that is not in the future.
pub fn back_dated(line: &str, now: Time) -> (Time, &str) {
    let line = line.trim();
    let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
    match ago(first).map(|ago| now - ago).or_else(|| clock(first, now)) {
        Some(time) if !rest.trim().is_empty() => (time, rest.trim()),
        _ => (now, line),
    }
}

/// An ask: `@kafka-oncall check partition lag 3m`; five minutes where none are named.
pub fn asked(text: &str) -> Option<What> {
    // The prompt begins with `@`; who types one more means the same.
    let (who, question) = text.strip_prefix('@')?.trim_start_matches('@').split_once(' ')?;
    let mut question = question.trim().to_owned();
    let mut minutes = 5;
    if let Some((before, last)) = question.rsplit_once(' ')
        && let Some(number) = last.strip_suffix('m').and_then(|number| number.parse().ok())
    {
        minutes = number;
        question = before.trim().to_owned();
    }
    (!who.is_empty() && !question.is_empty()).then(|| What::Asked { who: who.to_owned(), question, minutes })
}

/// A decision: `fail over | or wait | but it costs | by bob`. What follows a bar without a word in front is an objection.
pub fn decided(text: &str) -> What {
    let mut parts = text.split('|').map(str::trim);
    let said = parts.next().unwrap_or_default().to_owned();
    let (mut options, mut objections, mut decider) = (Vec::new(), Vec::new(), String::new());
    for part in parts.filter(|part| !part.is_empty()) {
        match part.split_once(' ') {
            Some(("or", option)) => options.push(option.trim().to_owned()),
            Some(("but", objection)) => objections.push(objection.trim().to_owned()),
            Some(("by", person)) => person.trim().clone_into(&mut decider),
            _ => objections.push(part.to_owned()),
        }
    }
    What::Decision { text: said, options, objections, decider }
}

/// `-7m`, `-90s`, `-1h30m`
fn ago(word: &str) -> Option<Nanos> {
    let mut rest = word.strip_prefix('-')?;
    let mut seconds = 0i64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let value: i64 = rest[..digits].parse().ok()?;
        let unit = match rest[digits..].chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        seconds = seconds.checked_add(value.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    (seconds > 0).then_some(Nanos::seconds(seconds))
}

fn clock(word: &str, now: Time) -> Option<Time> {
    let mut parts = word.split(':').map(|part| part.parse::<i64>().ok().filter(|_| part.len() == 2));
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().map_or(Some(0), |second| second)?;
    if hour > 23 || minute > 59 || second > 59 || parts.next().is_some() {
        return None;
    }
    let midnight = now.0.div_euclid(86_400_000_000_000) * 86_400_000_000_000;
    let today = Time(midnight) + Nanos::seconds(hour * 3_600 + minute * 60 + second);
    Some(if today > now { today - Nanos::seconds(86_400) } else { today })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ask_has_somebody_a_question_and_minutes() {
        let Some(What::Asked { who, question, minutes }) = asked("@kafka-oncall check partition lag 3m")
        else {
            panic!()
        };
        assert_eq!((who.as_str(), question.as_str(), minutes), ("kafka-oncall", "check partition lag", 3));
        assert!(asked("check lag").is_none());
        assert!(matches!(asked("@x lag"), Some(What::Asked { minutes: 5, .. })));
    }

    #[test]
    fn a_decision_has_what_was_weighed_what_was_said_against_it_and_who_decided() {
        let What::Decision { text, options, objections, decider } =
            decided("fail over | or wait | or throttle | but it costs | nobody is awake | by bob")
        else {
            panic!()
        };
        assert_eq!((text.as_str(), decider.as_str()), ("fail over", "bob"));
        assert_eq!(
            (options, objections),
            (vec!["wait".into(), "throttle".into()], vec!["it costs".into(), "nobody is awake".to_owned()])
        );
        assert!(matches!(decided("wait"), What::Decision { options, .. } if options.is_empty()));
    }

    #[test]
    fn lines_are_dated_by_distance_or_by_clock() {
        let now = Time::parse("2026-03-14T11:28:00Z").unwrap();
        let at = |line: &'static str| {
            let (time, text) = back_dated(line, now);
            (time.to_string()[11..19].to_owned(), text)
        };
        assert_eq!(at("-7m the alert fired"), ("11:21:00".into(), "the alert fired"));
        assert_eq!(at("-1h30m x"), ("09:58:00".into(), "x"));
        assert_eq!(at("10:41 cert expired"), ("10:41:00".into(), "cert expired"));
        assert_eq!(back_dated("23:59:30 yesterday", now).0.to_string(), "2026-03-13T23:59:30.000000000Z");
        assert_eq!(at("just now"), ("11:28:00".into(), "just now"));
        assert_eq!(at("-7m"), ("11:28:00".into(), "-7m"));
    }
}
