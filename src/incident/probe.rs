//! The checks of a triage pack, answered by the evidence where it can: metrics, messages, changes, flows, clocks.

use super::robust::median;
use super::{Check, Findings, Pack};
use crate::evidence::{Evidence, Station};
use crate::flows::{Flow, Flows, Marks, Verdict};
use crate::telemetry::{Nanos, Series, Time, Window};
use std::collections::BTreeMap;

/// How far around the onset is looked.
const AROUND: Nanos = Nanos::seconds(3_600);
/// How long before the onset a change may have been made.
const BEFORE: Nanos = Nanos::seconds(24 * 3_600);
/// More than this is not read on a call.
const MOST: usize = 3;

/// Whether a `look` of a pack is one that is known.
pub(super) fn is_known(look: &str) -> bool {
    let (verb, words) = look.split_once(' ').unwrap_or((look, ""));
    match verb {
        "series" | "log" => !words.trim().is_empty(),
        "marks" => marks(words).is_some(),
        "changes" | "stops" | "kinds" | "skew" => words.is_empty(),
        _ => false,
    }
}

/// What the evidence says to a `look`, in the words of triage packs; `None` where it says nothing.
pub fn looked(look: &str, findings: &Findings, evidence: &Evidence, flows: &Flows) -> Option<String> {
    Probe { findings, evidence, flows }.answer(look)
}

/// The checks of a pack as the evidence answers them now.
pub fn checks(pack: &Pack, findings: &Findings, evidence: &Evidence, flows: &Flows) -> Vec<Check> {
    let probe = Probe { findings, evidence, flows };
    let owner = findings.owner.as_deref().unwrap_or("whoever owns it");
    pack.checks
        .iter()
        .map(|check| {
            let answer = check.look.as_deref().and_then(|look| probe.answer(look));
            let ask = answer.is_none().then(|| format!("ask {owner}"));
            Check { question: check.ask.clone(), answer, ask }
        })
        .collect()
}

/// A pack as a page to read from on a call.
pub fn triage_page(pack: &Pack, findings: &Findings, evidence: &Evidence, flows: &Flows) -> String {
    let mut text = format!("{}\n\nTells it apart: {}\n\n", pack.name.to_uppercase(), pack.discriminates);
    for check in checks(pack, findings, evidence, flows) {
        match (&check.answer, &check.ask) {
            (Some(answer), _) => text.push_str(&format!("✓ {}\n    {answer}\n", check.question)),
            (None, ask) => {
                text.push_str(&format!("○ {}\n    {}\n", check.question, ask.as_deref().unwrap_or_default()));
            }
        }
    }
    text.push_str(&format!(
        "\nSafe to do: {}\n\nSay: “{}”\n",
        pack.mitigations.join(", "),
        pack.line(findings)
    ));
    text
}

struct Probe<'a> {
    findings: &'a Findings,
    evidence: &'a Evidence,
    flows: &'a Flows,
}

impl Probe<'_> {
    fn answer(&self, look: &str) -> Option<String> {
        let (verb, words) = look.split_once(' ').unwrap_or((look, ""));
        let words: Vec<String> =
            words.split_whitespace().map(|word| word.replace('_', " ").to_lowercase()).collect();
        match verb {
            "series" => self.series(&words),
            "log" => self.messages(&words),
            "changes" => self.changes(),
            "stops" => self.findings.stops.clone(),
            "kinds" => self.kinds(),
            "skew" => self.skew(),
            "marks" => self.marks(marks(words.first()?)?, words.first()?),
            _ => None,
        }
    }

    /// The system that is suspected, without its operation.
    fn suspect(&self) -> Option<&str> {
        self.findings.suspect.as_deref()?.split(" · ").next()
    }

    /// Metrics by the words of their names: medians before and since onset, the suspect's first, then those that moved most.
    fn series(&self, words: &[String]) -> Option<String> {
        let onset = self.findings.onset?;
        let mut moved: Vec<(bool, f64, String)> = Vec::new();
        for series in self.evidence.series.iter() {
            let name = series.metric.to_lowercase().replace(['_', '.', '-'], " ");
            if !words.iter().any(|word| name.contains(word.as_str())) {
                continue;
            }
            let Some((before, since)) = around(series, onset) else { continue };
            let is_suspect = Some(series.system.as_str()) == self.suspect();
            let moves = (since - before).abs() / before.abs().max(since.abs()).max(f64::EPSILON);
            let said = format!(
                "{} {} {} → {}",
                series.system,
                series.metric,
                short(before, &series.unit),
                short(since, &series.unit)
            );
            moved.push((is_suspect, moves, said));
        }
        moved.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)).then_with(|| a.2.cmp(&b.2)));
        let said: Vec<String> = moved.into_iter().take(MOST).map(|one| one.2).collect();
        (!said.is_empty()).then(|| format!("{}, before and since onset", said.join("; ")))
    }

    /// Messages by their words: how many since onset and before, and where most of them are.
    fn messages(&self, words: &[String]) -> Option<String> {
        let onset = self.findings.onset?;
        let texts: Vec<bool> = self
            .evidence
            .texts
            .iter()
            .map(|(_, text)| {
                let text = text.to_lowercase();
                words.iter().any(|word| text.contains(word.as_str()))
            })
            .collect();
        let is_it = |station: &Station| texts.get(station.shape.0 as usize).copied().unwrap_or(false);
        // (system, message) → (before, since)
        let mut counts: BTreeMap<(u16, u32), (u32, u32)> = BTreeMap::new();
        for row in self.evidence.rows_at(is_it) {
            let shape = self.evidence.shape(row);
            let time = self.flows.time(self.evidence, row);
            if (time - onset).0.abs() > AROUND.0 {
                continue;
            }
            let count = counts.entry((self.evidence.system(row).0, shape.0)).or_default();
            if time < onset { count.0 += 1 } else { count.1 += 1 }
        }
        let (before, since) = counts.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        if before + since == 0 {
            // That nothing says so is an answer only where anything was logged.
            return (!self.evidence.is_empty()).then(|| format!("no message says {}", words.join(", ")));
        }
        let grown = |one: &(u32, u32)| i64::from(one.1) - i64::from(one.0);
        let most = counts.iter().max_by_key(|(key, count)| (grown(count), std::cmp::Reverse(**key)));
        let said = most.map(|((system, shape), _)| {
            let system = self.evidence.system_name(crate::evidence::SystemId(*system));
            let text: String =
                self.evidence.text(crate::evidence::TextId(*shape)).chars().take(120).collect();
            format!(": {system} “{text}”")
        });
        Some(format!("{since} since onset, {before} in the hour before{}", said.unwrap_or_default()))
    }

    fn changes(&self) -> Option<String> {
        let onset = self.findings.onset?;
        let window = Window { from: onset - BEFORE, to: onset + Nanos::seconds(60) };
        let mut near: Vec<_> =
            self.evidence.changes.iter().filter(|change| window.contains(change.time)).collect();
        // The nearest before onset first.
        near.sort_by_key(|change| std::cmp::Reverse(change.time));
        if near.is_empty() {
            return (!self.evidence.changes.is_empty())
                .then(|| "no change in the day before onset".to_owned());
        }
        let said = near.iter().take(MOST).map(|change| {
            let system = change.system.as_deref().map(|system| format!(" on {system}")).unwrap_or_default();
            format!("{} {}{system}: {}", &change.time.to_string()[11..19], change.kind, change.text)
        });
        Some(said.collect::<Vec<_>>().join("; "))
    }

    /// Whether all kinds of flows are hit, or some.
    fn kinds(&self) -> Option<String> {
        let mut counts: BTreeMap<u16, (u32, u32)> = BTreeMap::new();
        for (_, flow) in self.flows.iter().filter(|(_, flow)| self.is_since(flow)) {
            let count = counts.entry(flow.kind.0).or_default();
            count.1 += 1;
            count.0 += u32::from(matches!(flow.verdict, Verdict::Failed | Verdict::Stuck));
        }
        let mut lines: Vec<(u32, String)> = counts
            .into_iter()
            .map(|(kind, (lost, all))| {
                (lost, format!("{} {lost} of {all}", self.flows.kind(crate::flows::KindId(kind)).name))
            })
            .collect();
        lines.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let said: Vec<String> = lines.into_iter().take(MOST + 1).map(|line| line.1).collect();
        (!said.is_empty()).then(|| format!("lost since onset: {}", said.join("; ")))
    }

    fn is_since(&self, flow: &Flow) -> bool {
        self.findings.onset.is_none_or(|onset| onset <= flow.last)
    }

    fn marks(&self, mark: Marks, name: &str) -> Option<String> {
        let since = self.flows.iter().map(|(_, flow)| flow).filter(|flow| self.is_since(flow));
        let (all, marked) =
            since.fold((0, 0), |(all, marked), flow| (all + 1, marked + u32::from(flow.marks.has(mark))));
        (all > 0).then(|| format!("{marked} of {all} flows since onset are {}", name.replace('_', " ")))
    }

    fn skew(&self) -> Option<String> {
        let mut known: Vec<_> = self.flows.skew.iter().filter(|one| one.pairs > 0).collect();
        known.sort_by_key(|one| std::cmp::Reverse(one.offset.0.abs()));
        let said = known.iter().take(MOST).map(|one| {
            format!("{} {} ± {}", self.evidence.system_name(one.system), one.offset, one.uncertainty)
        });
        let said: Vec<String> = said.collect();
        (!said.is_empty()).then(|| format!("clocks are off by: {}", said.join("; ")))
    }
}

fn marks(name: &str) -> Option<Marks> {
    Some(match name.trim() {
        "retried" => Marks::RETRIED,
        "duplicated" => Marks::DUPLICATED,
        "dead_lettered" | "dead lettered" => Marks::DEAD_LETTERED,
        "compensated" => Marks::COMPENSATED,
        "out_of_order" | "out of order" => Marks::OUT_OF_ORDER,
        _ => return None,
    })
}

/// Medians of the hour before and of the time since onset.
fn around(series: &Series, onset: Time) -> Option<(f64, f64)> {
    let values = |window: Window| {
        median(series.within(window).iter().map(|sample| sample.value).collect::<Vec<f64>>())
    };
    let before = values(Window { from: onset - AROUND, to: onset })?;
    let since = values(Window { from: onset, to: onset + AROUND })?;
    Some((before, since))
}

fn short(value: f64, unit: &str) -> String {
    let number = match value.abs() {
        0.0 => "0".to_owned(),
        ..10.0 => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    };
    if unit.is_empty() { number } else { format!("{number} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::super::packs;
    use super::*;
    use crate::telemetry::Sample;

    #[test]
    fn a_check_runs_itself_where_the_evidence_answers_and_names_whom_to_ask_where_not() {
        let mut evidence = Evidence::default();
        let sample = |minute: i64, value| Sample { time: Time::from_seconds(minute * 60), value };
        evidence.add_series(vec![Series {
            system: "rabbitmq".into(),
            metric: "queue_depth".into(),
            unit: String::new(),
            labels: Vec::new(),
            exemplars: Vec::new(),
            samples: (0..20).map(|minute| sample(minute, if minute < 10 { 3.0 } else { 900.0 })).collect(),
            source: "a".into(),
        }]);
        let findings = Findings {
            onset: Some(Time::from_seconds(600)),
            owner: Some("messaging".into()),
            failure_mode: Some("consumer-lag".into()),
            ..Findings::default()
        };
        let flows = Flows::default();
        let pack = &packs(&findings, None).unwrap()[0];
        assert_eq!(pack.name, "backlog and lag");
        let all = checks(pack, &findings, &evidence, &flows);
        assert_eq!(all[0].answer.as_deref(), Some("rabbitmq queue_depth 3.00 → 900, before and since onset"));
        assert_eq!(
            all[2],
            Check { question: pack.checks[2].ask.clone(), answer: None, ask: Some("ask messaging".into()) }
        );
        let page = triage_page(pack, &findings, &evidence, &flows);
        assert!(
            page.contains("✓ queue depth")
                && page.contains("○ time per message")
                && page.contains("Say: “messaging,"),
            "{page}"
        );
    }

    #[test]
    fn a_team_writes_checks_with_and_without_a_look() {
        let own = "[[packs]]\nname = \"backlog and lag\"\ndiscriminates = \"x\"\nchecks = [\"plain\", { ask = \"full\", look = \"skew\" }]\nmitigations = []\nsay = \"y\"\n";
        let all = packs(&Findings::default(), Some(own)).unwrap();
        let pack = all.iter().find(|pack| pack.name == "backlog and lag").unwrap();
        assert_eq!((pack.checks.len(), pack.checks[1].look.as_deref()), (2, Some("skew")));
        let mistake = packs(&Findings::default(), Some(&own.replace("skew", "stars"))).unwrap_err();
        assert!(mistake.contains("`stars`, which is not known"), "{mistake}");
    }
}
