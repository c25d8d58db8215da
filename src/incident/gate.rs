//! The gate: what keeps a write-up from being called done, each with a reason. Rules on words are data.

use super::{Action, Factor, Incident, Rca};
use serde::Deserialize;

/// One thing that must be mended first.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Objection {
    /// The field, `whys 2`, `action 3`, …
    pub place: String,
    pub rule: String,
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    #[serde(rename = "where")]
    places: Vec<String>,
    words: Vec<String>,
    reason: String,
}

const BUILT_IN: &str = include_str!("gate.toml");

/// Everything that stands against calling the write-up done. `own` is a team's file of further rules.
pub fn check(incident: &Incident, rca: &Rca, own: Option<&str>) -> Result<Vec<Objection>, String> {
    let mut rules = parse(BUILT_IN)?;
    if let Some(own) = own {
        rules.extend(parse(own)?);
    }
    let mut found = Vec::new();
    let mut object = |place: &str, rule: &str, reason: &str| {
        found.push(Objection { place: place.to_owned(), rule: rule.to_owned(), reason: reason.to_owned() });
    };
    for field in ["summary", "impact", "detection", "trigger", "root_cause"] {
        if rca.get(field).trim().is_empty() {
            object(field, "empty", "is empty: every write-up says this");
        }
    }
    for field in Rca::FIELDS {
        for (rule, word, reason) in broken(&rules, field, rca.get(field)) {
            object(field, rule, &format!("`{word}` {reason}"));
        }
    }
    if !rca.root_cause.trim().is_empty() && incident.pins == 0 {
        object(
            "root_cause",
            "evidence",
            "claims a cause, and nothing is pinned as evidence: pin what shows it (m)",
        );
    }
    whys(rca, &mut object);
    factors(&rca.factors, &mut object);
    let open: Vec<&Action> = rca.actions.iter().map(|(_, action, _)| action).collect();
    actions(&open, &mut object);
    times(incident, &mut object);
    Ok(found)
}

fn parse(text: &str) -> Result<Vec<Rule>, String> {
    toml::from_str::<Rules>(text)
        .map(|file| file.rules)
        .map_err(|error| format!("rules of the RCA gate: {error}"))
}

/// The words of rules that a text contains: (rule, word, reason).
fn broken<'a>(rules: &'a [Rule], field: &str, text: &str) -> Vec<(&'a str, &'a str, &'a str)> {
    let lower = text.to_lowercase();
    let is_border = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let has = |word: &str| {
        lower.match_indices(&word.to_lowercase()).any(|(at, found)| {
            is_border(lower[..at].chars().next_back()) && is_border(lower[at + found.len()..].chars().next())
        })
    };
    rules
        .iter()
        .filter(|rule| rule.places.iter().any(|place| place == "*" || place == field))
        .flat_map(|rule| {
            rule.words.iter().map(move |word| (rule.name.as_str(), word.as_str(), rule.reason.as_str()))
        })
        .filter(|(_, word, _)| has(word))
        .collect()
}

fn whys(rca: &Rca, object: &mut impl FnMut(&str, &str, &str)) {
    let mut depth = 0;
    for (number, why) in (1..).zip(&rca.whys) {
        let place = format!("whys {number}");
        if why.evidence.trim().is_empty() {
            object(
                &place,
                "evidence",
                "goes past the evidence: give what shows it, or let the tree stop above",
            );
        }
        if why.depth > depth + 1 {
            object(&place, "gap", "skips a step: each why answers the one above it");
        }
        depth = why.depth;
    }
}

fn factors(factors: &[Factor], object: &mut impl FnMut(&str, &str, &str)) {
    if factors.len() < 2 {
        object(
            "factors",
            "several",
            "names fewer than two contributing factors: incidents never have just one",
        );
    }
    for (number, factor) in (1..).zip(factors) {
        if !Factor::TAXONOMY.contains(&factor.class.as_str()) {
            let reason =
                format!("has the class `{}`; known are {}", factor.class, Factor::TAXONOMY.join(", "));
            object(&format!("factor {number}"), "class", &reason);
        }
    }
}

fn actions(actions: &[&Action], object: &mut impl FnMut(&str, &str, &str)) {
    if actions.is_empty() {
        object("actions", "none", "has no actions: nothing would keep it from happening again");
    } else if !actions.iter().any(|action| action.is_systemic) {
        object(
            "actions",
            "systemic",
            "has only patches: at least one action must change the system that let it happen",
        );
    }
    for (number, action) in (1..).zip(actions) {
        let place = format!("action {number}");
        for (what, text) in
            [("owner", &action.owner), ("due date", &action.due), ("verification", &action.verification)]
        {
            if text.trim().is_empty() {
                object(&place, what, &format!("has no {what}"));
            }
        }
        if !action.due.is_empty() && chrono::NaiveDate::parse_from_str(&action.due, "%Y-%m-%d").is_err() {
            object(&place, "due date", "has a due date that is not like 2026-04-01");
        }
    }
}

fn times(incident: &Incident, object: &mut impl FnMut(&str, &str, &str)) {
    let order = [
        ("impact began", incident.impact_began),
        ("impact ended", incident.impact_ended),
        ("resolved", incident.resolved),
    ];
    let known: Vec<_> = order.into_iter().filter_map(|(name, time)| Some((name, time?))).collect();
    for pair in known.windows(2) {
        if pair[1].1 < pair[0].1 {
            object("timeline", "order", &format!("says {} before {}", pair[1].0, pair[0].0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Why;
    use super::*;

    fn good() -> (Incident, Rca) {
        let mut rca = Rca::default();
        for field in Rca::FIELDS {
            rca.set(field, "what happened");
        }
        rca.whys = vec![Why { depth: 0, text: "x".into(), evidence: "y".into() }];
        rca.factors = vec![
            Factor { class: "change".into(), text: "a".into() },
            Factor { class: "detection".into(), text: "b".into() },
        ];
        let action = Action {
            owner: "ann".into(),
            due: "2026-04-01".into(),
            verification: "alert fires in a test".into(),
            is_systemic: true,
            text: "t".into(),
            ..Action::default()
        };
        rca.actions = vec![(1, action, false)];
        (Incident { pins: 1, ..Incident::default() }, rca)
    }

    fn objections(change: impl Fn(&mut Incident, &mut Rca)) -> Vec<String> {
        let (mut incident, mut rca) = good();
        change(&mut incident, &mut rca);
        check(&incident, &rca, None).unwrap().iter().map(|o| format!("{} {}", o.place, o.rule)).collect()
    }

    #[test]
    fn a_good_write_up_passes() {
        assert_eq!(objections(|_, _| ()), [""; 0]);
    }

    #[test]
    fn each_fault_is_refused_by_name() {
        assert_eq!(
            objections(|_, rca| rca.root_cause = "Human error by the operator".into()),
            ["root_cause blame"]
        );
        assert_eq!(
            objections(|_, rca| rca.went_badly = "We should have seen it".into()),
            ["went_badly hindsight"]
        );
        assert_eq!(objections(|incident, _| incident.pins = 0), ["root_cause evidence"]);
        assert_eq!(objections(|_, rca| rca.whys[0].evidence.clear()), ["whys 1 evidence"]);
        assert_eq!(objections(|_, rca| rca.actions[0].1.owner.clear()), ["action 1 owner"]);
        assert_eq!(objections(|_, rca| rca.actions[0].1.due = "soon".into()), ["action 1 due date"]);
        assert_eq!(objections(|_, rca| rca.actions[0].1.is_systemic = false), ["actions systemic"]);
        assert_eq!(objections(|_, rca| rca.factors.truncate(1)), ["factors several"]);
        assert_eq!(objections(|_, rca| rca.summary.clear()), ["summary empty"]);
    }

    #[test]
    fn words_are_whole_words_and_teams_add_rules() {
        assert_eq!(objections(|_, rca| rca.summary = "unclearly stated".into()), [""; 0]);
        let (incident, rca) = good();
        let own = "[[rules]]\nname = \"jargon\"\nwhere = [\"summary\"]\nwords = [\"happened\"]\nreason = \"is vague\"\n";
        let found = check(&incident, &rca, Some(own)).unwrap();
        assert_eq!(found[0].reason, "`happened` is vague");
        assert!(check(&incident, &rca, Some("[[rules]]\nnam = 1")).is_err());
    }
}
