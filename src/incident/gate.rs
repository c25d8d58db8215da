//! The gate: what keeps a write-up from being called done, each with a reason. Rules and limits are data.

mod structure;
#[cfg(test)]
mod tests;

use super::{Incident, Rca};
use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// One thing that must be mended first.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Objection {
    /// The field, `whys 2`, `action 3`, …
    pub place: String,
    pub rule: String,
    pub reason: String,
}

/// What stands against calling a write-up done: the rules, ready to be asked.
#[derive(Clone, Debug)]
pub struct Gate {
    limits: Limits,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    rules: Vec<Written>,
}

/// What the structure of a write-up must have; `None` where a team's file says nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Limits {
    factors: Option<usize>,
    whys: Option<usize>,
    systemic_actions: Option<usize>,
    pinned: Option<Vec<String>>,
    cited: Option<Vec<String>>,
    nameless: Option<Vec<String>>,
    nobody: Option<Vec<String>>,
}

/// A rule as its file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    #[serde(rename = "where")]
    places: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    patterns: Vec<String>,
    reason: String,
    /// A team's file can switch a built-in rule off by its name.
    #[serde(default)]
    off: bool,
}

#[derive(Clone, Debug)]
struct Rule {
    name: String,
    places: Vec<String>,
    patterns: Vec<Regex>,
    reason: String,
}

const BUILT_IN: &str = include_str!("gate.toml");
static BUILT: LazyLock<Gate> = LazyLock::new(|| {
    let mut gate = Gate { limits: Limits::default(), rules: Vec::new() };
    gate.add(BUILT_IN).expect("the built-in rules are tested");
    gate
});

/// A text of the write-up: the field that rules name, and the place that objections name.
struct Passage<'a> {
    field: &'static str,
    place: String,
    text: &'a str,
}

impl Default for Gate {
    fn default() -> Self {
        BUILT.clone()
    }
}

impl Gate {
    /// The built-in rules with a team's file behind them: its rules are added, or replace those of the same name, and
    /// its limits stand instead of the built-in ones.
    pub fn with(own: Option<&str>) -> Result<Self, String> {
        let mut gate = Self::default();
        if let Some(own) = own {
            gate.add(own)?;
        }
        Ok(gate)
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        let file: File = toml::from_str(text).map_err(|error| format!("rules of the RCA gate: {error}"))?;
        for written in file.rules {
            self.rules.retain(|rule| rule.name != written.name);
            if !written.off {
                self.rules.push(written.ready()?);
            }
        }
        let (known, own) = (&mut self.limits, file.limits);
        known.factors = own.factors.or(known.factors);
        known.whys = own.whys.or(known.whys);
        known.systemic_actions = own.systemic_actions.or(known.systemic_actions);
        known.pinned = own.pinned.or(known.pinned.take());
        known.cited = own.cited.or(known.cited.take());
        known.nameless = own.nameless.or(known.nameless.take());
        known.nobody = own.nobody.or(known.nobody.take());
        Ok(())
    }

    /// Everything that stands against calling the write-up done.
    pub fn check(&self, incident: &Incident, rca: &Rca) -> Vec<Objection> {
        let passages = passages(rca);
        let mut found = Vec::new();
        let mut object = |place: &str, rule: &str, reason: &str| {
            let objection =
                Objection { place: place.to_owned(), rule: rule.to_owned(), reason: reason.to_owned() };
            if !found.contains(&objection) {
                found.push(objection);
            }
        };
        for field in ["summary", "impact", "detection", "trigger", "root_cause"] {
            if rca.get(field).trim().is_empty() {
                object(field, "empty", "is empty: every write-up says this");
            }
        }
        self.wording(&passages, &mut object);
        self.people(incident, &passages, &mut object);
        structure::claims(incident, &self.limits, &passages, &mut object);
        structure::whys(incident, rca, &self.limits, &mut object);
        structure::factors(&rca.factors, &self.limits, &mut object);
        structure::actions(rca, &self.limits, &mut object);
        structure::times(incident, &mut object);
        structure::loose_ends(incident, rca, &mut object);
        found
    }

    /// Words and patterns that rules object to.
    fn wording(&self, passages: &[Passage], object: &mut impl FnMut(&str, &str, &str)) {
        for rule in &self.rules {
            for passage in passages.iter().filter(|passage| names(&rule.places, passage.field)) {
                for found in rule.patterns.iter().filter_map(|pattern| pattern.find(passage.text)) {
                    object(&passage.place, &rule.name, &format!("`{}` {}", found.as_str(), rule.reason));
                }
            }
        }
    }

    /// Names of people, where only what happened belongs. Who is asked is mostly a team's alias, and no person.
    fn people(&self, incident: &Incident, passages: &[Passage], object: &mut impl FnMut(&str, &str, &str)) {
        let places = self.limits.nameless.as_deref().unwrap_or_default();
        let nobody = self.limits.nobody.as_deref().unwrap_or_default();
        let authors = incident.lines.iter().map(|line| &line.author);
        let mut people: BTreeSet<&String> =
            authors.chain(incident.hand_overs.iter().map(|one| &one.to)).collect();
        people.retain(|person| {
            person.chars().count() >= 3 && !nobody.iter().any(|one| one.eq_ignore_ascii_case(person))
        });
        for person in people {
            let Ok(pattern) = built(&whole(person)) else { continue };
            for passage in passages.iter().filter(|passage| names(places, passage.field)) {
                if pattern.is_match(passage.text) {
                    let reason = format!("names `{person}`: say the role or the team, not the person");
                    object(&passage.place, "names", &reason);
                }
            }
        }
    }
}

impl Written {
    fn ready(self) -> Result<Rule, String> {
        let patterns = self.patterns.into_iter().chain(self.words.iter().map(|word| whole(word)));
        let patterns = patterns.map(|pattern| built(&pattern)).collect::<Result<Vec<_>, _>>()?;
        Ok(Rule { name: self.name, places: self.places, patterns, reason: self.reason })
    }
}

fn passages(rca: &Rca) -> Vec<Passage<'_>> {
    let fields =
        Rca::FIELDS.iter().map(|&field| Passage { field, place: field.to_owned(), text: rca.get(field) });
    let factors = (1..).zip(&rca.factors).map(|(number, factor)| Passage {
        field: "factors",
        place: format!("factor {number}"),
        text: &factor.text,
    });
    let whys = (1..).zip(&rca.whys).map(|(number, why)| Passage {
        field: "whys",
        place: format!("whys {number}"),
        text: &why.text,
    });
    let actions = (1..).zip(&rca.actions).map(|(number, (_, action, _))| Passage {
        field: "actions",
        place: format!("action {number}"),
        text: &action.text,
    });
    fields.chain(factors).chain(whys).chain(actions).collect()
}

fn names(places: &[String], field: &str) -> bool {
    places.iter().any(|place| place == "*" || place == field)
}

/// A pattern for a word that stands alone.
fn whole(word: &str) -> String {
    format!(r"(?:\b|_){}(?:\b|_)", regex::escape(word))
}

fn built(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(1 << 20)
        .build()
        .map_err(|error| format!("rules of the RCA gate: {error}"))
}
