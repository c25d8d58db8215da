//! Commands behind `:`, for what no key stands for.

use super::super::outcome::Outcome;
use super::super::{Action, Data, range};
use crate::incident::{self, ActionClass, Factor, HypothesisVerdict, Margins, What, Why, back_dated};
use crate::telemetry::{Nanos, Time, Window};

/// A command behind `:`.
pub(super) fn command(line: &str, data: &Data) -> Outcome {
    if let Ok(action) = line.parse::<Action>() {
        return Outcome::Act(action);
    }
    // Only to see that the terminal survives it; no release has this command.
    assert!(!(cfg!(debug_assertions) && line == "panic"), "asked to panic");
    let (verb, rest) = line.split_once(' ').map_or((line, ""), |(verb, rest)| (verb, rest.trim()));
    let parts: Vec<&str> = rest.split('|').map(str::trim).collect();
    let now = data.now;
    let incident = data.incident.as_ref();
    if incident.is_none()
        && !matches!(verb, "flow" | "open" | "incident" | "filter" | "q" | "between" | "since")
    {
        return Outcome::Complain(match Action::all().find(|action| action.name().contains(verb)) {
            Some(action) => format!("`{verb}` is no command; did you mean {}?", action.name()),
            None => format!("`{verb}` is no command, or needs an incident (D declares one); ? lists them"),
        });
    }
    match verb {
        "q" => Outcome::Act(Action::Quit),
        "flow" if !rest.is_empty() => Outcome::Find(rest.to_owned()),
        "filter" => Outcome::Filter(rest.to_owned()),
        "between" | "since" => between(rest, data),
        "incident" | "open" if !rest.is_empty() => Outcome::Incident(rest.to_owned()),
        "set" => match rest.split_once(' ') {
            Some((field, text)) if incident::Rca::field(field).is_some() => rca_field(field, text, now),
            _ => {
                Outcome::Complain(format!("set FIELD TEXT; fields are {}", incident::Rca::FIELDS.join(", ")))
            }
        },
        "factor" => match rest.split_once(' ') {
            Some((class, text)) if Factor::TAXONOMY.contains(&class) => Outcome::Record(vec![(
                now,
                What::RcaFactor { factor: Factor { class: class.to_owned(), text: text.trim().to_owned() } },
            )]),
            _ => Outcome::Complain(format!("factor CLASS TEXT; classes are {}", Factor::TAXONOMY.join(", "))),
        },
        "why" if parts.len() >= 2 => {
            let mut whys = incident
                .map(|incident| incident::draft(incident, &data.picture.findings).whys)
                .unwrap_or_default();
            // Below the last one, unless a depth says which branch it is.
            let below = u8::try_from(whys.len()).unwrap_or(u8::MAX);
            let depth = parts.get(2).and_then(|depth| depth.parse().ok()).unwrap_or(below);
            whys.push(Why { depth, text: parts[1].to_owned(), evidence: parts[0].to_owned() });
            Outcome::Record(vec![(now, What::RcaWhys { whys })])
        }
        "action" => action(rest, &parts, now),
        "impact" | "ended" => {
            let line = format!("{rest} x");
            let (time, _) = dated(&line, data);
            Outcome::Record(vec![(
                now,
                if verb == "impact" {
                    What::ImpactBegan { time, uncertainty: Margins::SAID }
                } else {
                    What::ImpactEnded { time, uncertainty: Margins::SAID }
                },
            )])
        }
        "severity" => match rest.split_once(' ').map_or(rest, |(first, _)| first).parse() {
            Ok(severity) => Outcome::Record(vec![(
                now,
                What::SeverityChanged {
                    severity,
                    reason: rest.split_once(' ').map_or("", |(_, reason)| reason).to_owned(),
                },
            )]),
            Err(_) => Outcome::Complain("severity SEV1..SEV4 REASON".to_owned()),
        },
        "judge" => judge(rest, data),
        "for" | "against" if !rest.is_empty() => speak(verb == "for", rest, data),
        "undo" | "correct" => again(verb, rest, data),
        "extend" => extend(rest, data),
        "cadence" => match rest.parse() {
            Ok(minutes) => Outcome::Record(vec![(now, What::CadenceChanged { minutes })]),
            Err(_) => Outcome::Complain("cadence MINUTES: how often an update is due from now on".to_owned()),
        },
        "apply" => match incident.into_iter().flat_map(incident::Incident::proposed).last() {
            Some(one) => Outcome::Record(vec![(now, What::MitigationApplied { mitigation: one.entry })]),
            None => Outcome::Complain("no mitigation is proposed".to_owned()),
        },
        "done" => match rest.parse() {
            Ok(action) => Outcome::Record(vec![(now, What::ActionClosed { action })]),
            Err(_) => {
                Outcome::Complain("done ENTRY: the number of the entry that added the action".to_owned())
            }
        },
        _ => Outcome::Complain(format!("`{verb}` is no command here; ? lists the actions")),
    }
}

/// The time that a line begins with, on the clock that is shown, and the rest of it.
pub(super) fn dated<'a>(line: &'a str, data: &Data) -> (Time, &'a str) {
    let ahead = Nanos::seconds(i64::from(data.local.unwrap_or(0)));
    let (time, text) = back_dated(line, data.now + ahead);
    (time - ahead, text)
}

pub(super) fn rca_field(field: &str, text: &str, now: Time) -> Outcome {
    Outcome::Record(vec![(now, What::RcaField { field: field.to_owned(), text: text.trim().to_owned() })])
}

fn action(rest: &str, parts: &[&str], now: Time) -> Outcome {
    let (class, _) = rest.split_once(' ').unwrap_or((rest, ""));
    let Ok(class) = class.parse::<ActionClass>() else {
        return Outcome::Complain("action CLASS TEXT | owner | due | verification | systemic; classes are prevent, detect, mitigate, process".to_owned());
    };
    let get = |place: usize| parts.get(place).map_or(String::new(), |part| (*part).to_owned());
    let text = parts[0].split_once(' ').map_or("", |(_, text)| text).trim().to_owned();
    let action = incident::Action {
        class,
        text,
        owner: get(1),
        due: get(2),
        verification: get(3),
        is_systemic: get(4) == "systemic",
    };
    Outcome::Record(vec![(now, What::ActionAdded { action })])
}

/// What speaks for a hypothesis, or against it: `7 PKIX in the log`; without a number, for the newest that is open.
fn speak(is_for: bool, text: &str, data: &Data) -> Outcome {
    let (numbered, text) = numbered(text);
    match hypothesis(numbered, data) {
        Ok(hypothesis) if !text.is_empty() => Outcome::Record(vec![(
            data.now,
            What::HypothesisEvidence { hypothesis, is_for, text: text.to_owned() },
        )]),
        Ok(_) => Outcome::Complain("what speaks for it, or against it?".to_owned()),
        Err(why) => Outcome::Complain(why),
    }
}

/// `7 the rest`: the number of an entry in front, if there is one.
fn numbered(text: &str) -> (Option<u64>, &str) {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    match first.trim_start_matches('#').parse() {
        Ok(number) => (Some(number), rest.trim()),
        Err(_) => (None, text.trim()),
    }
}

/// The hypothesis of that entry, or the newest that nobody judged.
fn hypothesis(number: Option<u64>, data: &Data) -> Result<u64, String> {
    let mut all = data.incident.iter().flat_map(|incident| &incident.hypotheses);
    match number {
        Some(number) if all.any(|one| one.entry == number) => Ok(number),
        Some(number) => Err(format!("entry {number} is no hypothesis")),
        None => {
            let newest = all.rfind(|one| one.judged.is_none()).map(|one| one.entry);
            newest.ok_or_else(|| "no hypothesis is open (h)".to_owned())
        }
    }
}

/// Judges a hypothesis: `7 refuted resolves everywhere`; without a number, the newest that is open.
fn judge(rest: &str, data: &Data) -> Outcome {
    let (number, rest) = numbered(rest);
    let (word, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let Ok(verdict) = word.parse::<HypothesisVerdict>() else {
        return Outcome::Complain("judge [ENTRY] supported|refuted|inconclusive REASON".to_owned());
    };
    match hypothesis(number, data) {
        Ok(hypothesis) => Outcome::Record(vec![(
            data.now,
            What::HypothesisJudged { hypothesis, verdict, reason: reason.to_owned() },
        )]),
        Err(why) => Outcome::Complain(why),
    }
}

/// `undo 12` takes an entry back, `correct 12 TEXT` says a fact anew: both by a new entry.
fn again(verb: &str, rest: &str, data: &Data) -> Outcome {
    let (Some(entry), text) = numbered(rest) else {
        return Outcome::Complain(format!("{verb} ENTRY: the numbers stand in the record, as #12"));
    };
    let Some(line) = data.incident.as_ref().and_then(|incident| incident.standing(entry)) else {
        return Outcome::Complain(format!("no entry {entry} stands in the record"));
    };
    if verb == "undo" {
        return Outcome::Record(vec![(data.now, What::Undone { entry })]);
    }
    let (time, text) = dated(text, data);
    if text.is_empty() || line.label != "fact" {
        let how = "correct ENTRY TEXT says a fact anew; undo takes any entry back";
        return Outcome::Complain(how.to_owned());
    }
    let happened = (time != data.now).then_some(time);
    Outcome::Record(vec![(data.now, What::Corrected { entry, happened, what: Box::new(What::fact(text)) })])
}

/// `extend 30`: what is in force, the selected or last one, is still needed for so many minutes.
fn extend(rest: &str, data: &Data) -> Outcome {
    let (first, rest) = rest.split_once(' ').map_or((rest, ""), |(first, rest)| (first, rest.trim()));
    let minutes: Option<i64> = first.trim_end_matches('m').parse().ok();
    let in_force = data.incident.iter().flat_map(incident::Incident::in_force);
    let wanted: Option<u64> = rest.trim_start_matches('#').parse().ok();
    let one = in_force.filter(|one| wanted.is_none_or(|wanted| one.entry == wanted)).last();
    match (minutes, one) {
        (Some(minutes), Some(one)) => {
            let expires = data.now + Nanos::seconds(minutes.saturating_mul(60));
            Outcome::Record(vec![(data.now, What::MitigationExtended { mitigation: one.entry, expires })])
        }
        (None, _) => Outcome::Complain("extend MINUTES [ENTRY]: how long it is still needed".to_owned()),
        (_, None) => Outcome::Complain("no mitigation is in force".to_owned()),
    }
}

/// `10:41 11:02`, or `10:41` up to the end.
fn between(rest: &str, data: &Data) -> Outcome {
    let Some(all) = data.picture.window else { return Outcome::Complain("no time is known yet".to_owned()) };
    let mut times = rest.split_whitespace().map(|word| time_of_day(word, all, data.local.unwrap_or(0)));
    let (from, to) = (times.next().flatten(), times.next().unwrap_or(Some(all.to)));
    match (from, to) {
        (Some(from), Some(to)) => Outcome::Range(range::between(from, to, all)),
        _ => Outcome::Complain("between 10:41 11:02, or since 10:41; RFC 3339 times are fine too".to_owned()),
    }
}

/// A time of day on the clock that is shown: the first such instant within a window.
fn time_of_day(text: &str, all: Window, offset_seconds: i32) -> Option<Time> {
    const DAY: i64 = 86_400;
    if let Some(time) = Time::parse(text) {
        return Some(time);
    }
    let mut parts = text.split(':').map(str::parse::<i64>);
    let (hours, minutes) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let seconds = parts.next().unwrap_or(Ok(0)).ok()?;
    let of_day = hours * 3_600 + minutes * 60 + seconds - i64::from(offset_seconds);
    let day = all.from.0.div_euclid(DAY * 1_000_000_000);
    let mut days = (day - 1..day + 3).map(|day| Time::from_seconds(day * DAY + of_day));
    days.find(|time| *time >= all.from)
}
