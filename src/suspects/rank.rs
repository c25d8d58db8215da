//! The ranking: each signal gives a system a strength from 0 to 1, weighed openly, with its figures in a sentence.

use super::modes::recognise;
use super::templates::{Counted, count};
use super::{
    Evidence as Reason, Onset, Pointer, Role, Signal, Suspect, SuspectSettings, Suspects, TemplateState,
    onset,
};
use crate::evidence::{Evidence, SystemId};
use crate::flows::{Flow, Flows, Verdict};
use crate::telemetry::{Change, ChangeKind, Nanos, Sample, Series, Severity, Time, Window};

/// What each signal can add. Where flows stop speaks loudest, since it is seen and not inferred.
const WEIGHTS: [(Signal, f64); 4] =
    [(Signal::Flows, 0.45), (Signal::Templates, 0.20), (Signal::Metrics, 0.20), (Signal::Spectrum, 0.05)];

/// A change adds this to a system that something else points at; alone it never makes a suspect.
const CHANGE: f64 = 0.10;

/// Below this nobody is called the cause, and so near to the second neither.
const LEAST: f64 = 0.40;
const LEAD: f64 = 0.15;

type Found = Option<(f64, String, Vec<Pointer>)>;

struct Case<'a> {
    evidence: &'a Evidence,
    flows: &'a Flows,
    onset: Time,
    before: Window,
    after: Window,
    templates: &'a [Counted],
    settings: &'a SuspectSettings,
    /// By system: whether it was changed shortly before onset.
    changed: Vec<bool>,
}

pub(super) fn of(evidence: &Evidence, flows: &Flows, settings: &SuspectSettings) -> Suspects {
    let found = onset::find(evidence, flows, settings);
    let templates = count(evidence, found.as_ref().map(|onset| onset.time));
    let Some(onset) = found else {
        let reason = "no onset: neither flows nor errors nor alerts changed for the worse; if something fails, give its time with --onset";
        let templates = templates.into_iter().map(|one| one.change).collect();
        return Suspects { reason: reason.to_owned(), templates, ..Suspects::default() };
    };
    let case = Case::new(evidence, flows, &onset, &templates, settings);
    let mut ranking: Vec<Suspect> =
        (0..evidence.systems.len() as u16).map(SystemId).filter_map(|system| case.suspect(system)).collect();
    ranking.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| evidence.system_name(a.system).cmp(evidence.system_name(b.system)))
    });
    ranking.truncate(12);
    for place in 0..ranking.len() {
        let is_tie = place > 0 && ranking[place].score >= ranking[place - 1].score;
        ranking[place].rank = if is_tie { ranking[place - 1].rank } else { place as u32 + 1 };
    }
    let (conclusive, reason) = case.verdict(&ranking);
    let baseline = Some(case.before);
    let templates = templates.into_iter().map(|one| one.change).collect();
    Suspects { onset: Some(onset), baseline, conclusive, reason, ranking, templates }
}

fn is_failing(flow: &Flow) -> bool {
    matches!(flow.verdict, Verdict::Failed | Verdict::Stuck)
}

impl<'a> Case<'a> {
    fn new(
        evidence: &'a Evidence,
        flows: &'a Flows,
        onset: &Onset,
        templates: &'a [Counted],
        settings: &'a SuspectSettings,
    ) -> Self {
        let from = evidence.window().map_or(Time::MIN, |window| window.from);
        let before = settings.baseline.unwrap_or(Window { from, to: onset.time });
        let to = evidence.window().map_or(Time::MAX, |window| window.to);
        let after = Window { from: onset.time, to };
        let is_recent = |change: &&Change| {
            let ago = onset.time - change.time;
            ago >= Nanos::seconds(-60) && ago <= Nanos::seconds(1_800)
        };
        let recent: Vec<&str> =
            evidence.changes.iter().filter(is_recent).filter_map(|change| change.system.as_deref()).collect();
        let systems = (0..evidence.systems.len() as u16).map(SystemId);
        let changed = systems.map(|system| recent.contains(&evidence.system_name(system))).collect();
        Self { evidence, flows, onset: onset.time, before, after, templates, settings, changed }
    }

    /// Where a failing flow stops. Where the system that was to be next never heard of it, either end of the hop may be
    /// to blame: it is the further one, unless only the nearer one has just been changed.
    fn stops_at(&self, flow: &Flow) -> Option<SystemId> {
        let hop = flow.failing_hop?;
        let is_reached = flow.visits.iter().any(|visit| visit.system == hop.to);
        let has_changed = |system: SystemId| self.changed[usize::from(system.0)];
        let is_nearer = !is_reached && has_changed(hop.from) && !has_changed(hop.to);
        Some(if is_nearer { hop.from } else { hop.to })
    }

    fn is_on(&self, signal: Signal) -> bool {
        !self.settings.without.contains(&signal)
    }

    fn suspect(&self, system: SystemId) -> Option<Suspect> {
        let mut reasons = Vec::new();
        let mut stops_here = 0.0;
        for (signal, weight) in WEIGHTS.into_iter().filter(|(signal, _)| self.is_on(*signal)) {
            let found = match signal {
                Signal::Flows => self.flows_stop(system).inspect(|(strength, ..)| stops_here = *strength),
                Signal::Templates => self.templates(system),
                Signal::Metrics => self.metrics(system),
                _ => self.spectrum(system),
            };
            if let Some((strength, sentence, pointers)) = found {
                let weight = weight * strength.clamp(0.0, 1.0);
                reasons.push(Reason { signal, sentence, is_for: true, weight, window: self.after, pointers });
            }
        }
        // Passing through is no suspicion by itself.
        if reasons.iter().all(|reason| reason.signal == Signal::Spectrum) {
            return None;
        }
        let mut change = None;
        if self.is_on(Signal::Changes)
            && let Some((strength, sentence, id)) = self.change(system)
        {
            let pointers = vec![Pointer::Change(id.clone())];
            reasons.push(Reason {
                signal: Signal::Changes,
                sentence,
                is_for: true,
                weight: CHANGE * strength,
                window: self.before,
                pointers,
            });
            change = (strength >= 0.25).then_some(id);
        }
        let has_stops =
            self.is_on(Signal::Flows) && self.flows.iter().any(|(_, flow)| flow.failing_hop.is_some());
        let is_victim = has_stops && stops_here < 0.1;
        if is_victim {
            let name = self.evidence.system_name(system);
            let sentence =
                format!("few or no failing flows stop at {name}: it passes on what goes wrong elsewhere");
            reasons.push(Reason {
                signal: Signal::Flows,
                sentence,
                is_for: false,
                weight: 0.0,
                window: self.after,
                pointers: Vec::new(),
            });
        }
        let score = reasons.iter().map(|reason| reason.weight).sum::<f64>().min(1.0);
        let failure_modes = recognise(&self.texts(system, change.as_deref()));
        let change = change.filter(|_| !is_victim);
        reasons.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let role = if is_victim { Role::Symptom } else { Role::Cause };
        Some(Suspect {
            rank: 0,
            system,
            operation: None,
            change,
            score,
            role,
            evidence: reasons,
            failure_modes,
        })
    }

    /// What is new in the system's log, and the change that fits: what failure modes are told by.
    fn texts(&self, system: SystemId, change: Option<&str>) -> Vec<String> {
        let is_new = |state| matches!(state, TemplateState::New | TemplateState::Surging);
        let own = self.templates.iter().filter(|one| one.change.system == system && is_new(one.change.state));
        let mut texts: Vec<String> = own.map(|one| one.change.template.clone()).collect();
        let changes = self.evidence.changes.iter().filter(|known| Some(known.id.as_str()) == change);
        texts.extend(changes.map(|change| change.text.clone()));
        texts
    }

    /// Of the flows that fail since onset, how many stop on the way to this system.
    fn flows_stop(&self, system: SystemId) -> Found {
        let (mut failing, mut here, mut before, mut here_before, mut example) =
            (0u32, 0u32, 0u32, 0u32, None);
        for (id, flow) in self.flows.iter().filter(|(_, flow)| is_failing(flow)) {
            let is_here = self.stops_at(flow) == Some(system);
            if flow.last >= self.onset {
                failing += 1;
                here += u32::from(is_here);
                example = example.or(is_here.then_some(id));
            } else {
                before += 1;
                here_before += u32::from(is_here);
            }
        }
        let example = example?;
        let share = f64::from(here) / f64::from(failing);
        let name = self.evidence.system_name(system);
        let sentence = format!(
            "{:.0} % of failing flows ({here} of {failing}) stop at {name}; {here_before} of {before} before onset",
            share * 100.0
        );
        Some((share, sentence, vec![Pointer::Flow(example)]))
    }

    /// Ochiai: how much more often failing than other flows pass through.
    fn spectrum(&self, system: SystemId) -> Found {
        let (mut with, mut failing, mut others) = (0u32, 0u32, 0u32);
        for (_, flow) in self.flows.iter().filter(|(_, flow)| flow.last >= self.onset) {
            let passes =
                flow.visits.iter().any(|visit| visit.system == system) || self.stops_at(flow) == Some(system);
            failing += u32::from(is_failing(flow));
            with += u32::from(is_failing(flow) && passes);
            others += u32::from(!is_failing(flow) && passes);
        }
        let under = f64::from(failing) * f64::from(with + others);
        let score = if under > 0.0 { f64::from(with) / under.sqrt() } else { 0.0 };
        let sentence = format!(
            "{with} of {failing} failing flows pass through it, and {others} others (Ochiai {score:.2})"
        );
        (score > 0.3).then_some((score, sentence, Vec::new()))
    }

    /// New and surging templates of warnings and errors.
    fn templates(&self, system: SystemId) -> Found {
        let is_new = |state| matches!(state, TemplateState::New | TemplateState::Surging);
        let own = self.templates.iter().filter(|one| one.change.system == system);
        let best = own
            .filter(|one| one.severity >= Severity::WARN && is_new(one.change.state))
            .max_by_key(|one| (one.change.state == TemplateState::New, one.severity, one.change.count))?;
        let strength = match (best.change.state, best.severity.is_error()) {
            (TemplateState::New, true) => 1.0,
            (TemplateState::New, false) | (_, true) => 0.7,
            _ => 0.4,
        };
        let state: &str = best.change.state.into();
        let change = &best.change;
        let sentence = format!(
            "{state} {} pattern, {} since onset, {} before: “{}”",
            best.severity, change.count, change.baseline, change.template
        );
        Some((strength, sentence, vec![Pointer::Template(change.template.clone())]))
    }

    /// The series of the system that left its usual furthest, in robust spreads with a floor.
    fn metrics(&self, system: SystemId) -> Found {
        let name = self.evidence.system_name(system);
        let own = self.evidence.series.iter().enumerate().filter(|(_, series)| series.system == name);
        let departed = own.filter_map(|(place, series)| Some((place, self.departure(series)?)));
        let (place, (usual, now, spreads)) = departed.max_by(|a, b| a.1.2.total_cmp(&b.1.2))?;
        let series = &self.evidence.series[place];
        let sentence = format!(
            "{} went from {usual:.2} to {now:.2} {}, {spreads:.0} times its usual spread",
            series.metric, series.unit
        );
        (spreads >= 3.0).then_some(((spreads / 20.0).min(1.0), sentence, vec![Pointer::Series(place)]))
    }

    fn departure(&self, series: &Series) -> Option<(f64, f64, f64)> {
        let values = |samples: &[Sample]| -> Vec<f64> {
            samples.iter().map(|sample| sample.value).filter(|value| value.is_finite()).collect()
        };
        let (before, after) = (values(series.within(self.before)), values(series.within(self.after)));
        if before.len() < 5 || after.len() < 2 {
            return None;
        }
        let (usual, now) = (median(before.clone()), median(after));
        let spread = 1.4826 * median(before.iter().map(|value| (value - usual).abs()).collect());
        // A quarter of the usual is no departure at one sample a minute; percent have a floor of their own.
        let floor = if series.unit == "%" { 5.0 } else { usual.abs() * 0.25 };
        Some((usual, now, (now - usual).abs() / spread.max(floor).max(0.05)))
    }

    /// The change that fits best: near before onset, on the system or on the way of its failing flows, of a usual kind.
    fn change(&self, system: SystemId) -> Option<(f64, String, String)> {
        let name = self.evidence.system_name(system);
        let stopped = self
            .flows
            .iter()
            .filter(|(_, flow)| self.stops_at(flow) == Some(system) && flow.last >= self.onset);
        let upstream: Vec<&str> = stopped
            .take(200)
            .flat_map(|(_, flow)| flow.visits.iter().map(|visit| self.evidence.system_name(visit.system)))
            .collect();
        let scored = self.evidence.changes.iter().filter_map(|change| {
            let ago = self.onset - change.time;
            if ago < Nanos::seconds(-60) || ago > Nanos::seconds(1_800) {
                return None;
            }
            let fits = match change.system.as_deref() {
                Some(own) if own == name => 1.0,
                _ if change.text.contains(name) => 0.8,
                Some(own) if upstream.contains(&own) => 0.5,
                _ => return None,
            };
            let is_minor = matches!(change.kind, ChangeKind::Scale | ChangeKind::Other | ChangeKind::Commit);
            let near = (-ago.as_seconds().max(0.0) / 600.0).exp();
            Some((fits * near * if is_minor { 0.5 } else { 1.0 }, ago, change))
        });
        let (score, ago, change) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
        let on = change.system.as_deref().unwrap_or("no named system");
        Some((
            score,
            format!("{} on {on} {ago} before onset: {}", change.kind, change.text),
            change.id.clone(),
        ))
    }

    fn verdict(&self, ranking: &[Suspect]) -> (bool, String) {
        let Some(first) = ranking.first() else {
            let reason = "inconclusive: nothing stands out since onset; widen the window or add a source";
            return (false, reason.to_owned());
        };
        let name = self.evidence.system_name(first.system);
        let second = ranking.iter().skip(1).find(|one| one.role == Role::Cause).map_or(0.0, |one| one.score);
        let why = first.evidence.first().map_or("", |reason| reason.sentence.as_str());
        if first.role == Role::Cause && first.score >= LEAST && first.score - second >= LEAD {
            return (true, format!("{name} leads by {:.2}: {why}", first.score - second));
        }
        let next = match ranking.get(1) {
            Some(other) => format!("did {name} or {} fail first?", self.evidence.system_name(other.system)),
            None => format!("look at the newest errors of {name}"),
        };
        let score = first.score;
        (
            false,
            format!(
                "inconclusive: {score:.2} where {LEAST:.2} and a lead of {LEAD:.2} are needed; cheapest next check: {next}"
            ),
        )
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
