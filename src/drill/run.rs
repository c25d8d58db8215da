//! A drill that goes on: time passes, alerts page, injects come, mitigations of the record act. Pure: whoever runs it gives
//! it the time and the record, writes what is emitted, and keeps the lines of its log.

use super::AnswerKey;
use super::estate::{Emission, Lever, Truth};
use super::log::{Happening, Line, Log, Start};
use super::rubric::Rubric;
use super::scenario::{Cue, Inject, Scenario};
use super::score::{Score, score};
use super::stage::{Stage, lever_of};
use crate::incident::{Entry, Incident, MitigationState};
use crate::telemetry::{Nanos, Time};
use std::collections::BTreeMap;

/// See the module's header.
pub struct Run {
    log: Log,
    stage: Stage,
    rubric: Rubric,
    now: Time,
    /// What acts now, by the entry that started it.
    pulled: BTreeMap<u64, Lever>,
    declared: Option<Time>,
}

/// What came of a step.
#[derive(Debug, Default, PartialEq)]
pub struct Came {
    /// What systems wrote, in order of time.
    pub emissions: Vec<Emission>,
    /// Lines for the log, which the run knows already.
    pub lines: Vec<Line>,
}

impl Run {
    /// Begins a drill: the baseline is written at once.
    pub fn begin(start: Start, begin: Time) -> Result<(Self, Came), String> {
        let mut run = Self::at_rest(&start, begin)?;
        let line = Line::new(begin, Happening::Started(Box::new(start)));
        run.log.apply(&line);
        let mut came =
            Came { emissions: run.stage.advance(&run.log.start.scenario, begin), lines: vec![line] };
        run.now = begin;
        // What is alarming already is what one is called for.
        run.page(&came.emissions.clone(), &mut came.lines, true);
        Ok((run, came))
    }

    fn at_rest(start: &Start, begin: Time) -> Result<Self, String> {
        Ok(Self {
            stage: Stage::new(&start.scenario, start.seed, begin),
            rubric: start.scenario.rubric(start.rubric.as_deref())?,
            log: Log::default(),
            now: Time::MIN,
            pulled: BTreeMap::new(),
            declared: None,
        })
    }

    /// The same drill again, as its log tells it, up to `to`: what was pulled is pulled at the same times, so that the
    /// estate is the same. Gives everything that was written.
    pub fn again(lines: &[Line], to: Time) -> Result<(Self, Vec<Emission>), String> {
        let told = Log::of(lines);
        if told.begin == Time::default() {
            return Err("the log does not say how the drill was started".to_owned());
        }
        let mut run = Self::at_rest(&told.start, told.begin)?;
        run.log.start = told.start;
        run.now = told.begin;
        let mut emissions = run.stage.advance(&run.log.start.scenario, told.begin);
        emissions.extend(run.follow(lines));
        let to = run.log.until(to).min(run.log.ends());
        if to > run.now {
            emissions.extend(run.stage.advance(&run.log.start.scenario, to));
            run.now = to;
        }
        Ok((run, emissions))
    }

    /// Goes along with lines that another program logs: to their times, doing what they say was done.
    pub fn follow(&mut self, lines: &[Line]) -> Vec<Emission> {
        let mut emissions = Vec::new();
        for line in lines {
            self.log.apply(line);
            if line.what.is_of_observer() {
                continue;
            }
            if line.at > self.now {
                emissions.extend(self.stage.advance(&self.log.start.scenario, line.at));
                self.now = line.at;
            }
            match &line.what {
                Happening::Pulled { entry, lever, .. } => {
                    self.stage.pull(&self.log.start.scenario, lever, line.at);
                    self.pulled.insert(*entry, lever.clone());
                }
                Happening::Released { entry, lever } => {
                    self.stage.release(lever, line.at);
                    self.pulled.remove(entry);
                }
                Happening::InjectGiven { name, .. } => {
                    let inject = self.scenario().injects.iter().find(|inject| inject.name == *name);
                    if let Some(strike) = inject.and_then(|inject| inject.strike.clone()) {
                        self.stage.strike(&strike, self.log.begin);
                    }
                }
                _ => {}
            }
        }
        emissions
    }

    pub fn log(&self) -> &Log {
        &self.log
    }

    pub fn now(&self) -> Time {
        self.now
    }

    fn scenario(&self) -> &Scenario {
        &self.log.start.scenario
    }

    pub fn truth(&self) -> Truth {
        self.stage.truth(self.scenario())
    }

    pub fn key(&self) -> AnswerKey {
        self.scenario().key(&self.truth())
    }

    /// What an operator of the estate would have configured.
    pub fn configuration(&self) -> String {
        self.stage.configuration()
    }

    /// Systems that are named, for who owns what.
    pub fn systems(&self) -> Vec<super::estate::SystemCard> {
        self.stage.systems()
    }

    /// How it went so far.
    pub fn score(&self, entries: &[Entry], now: Time) -> Score {
        score(&self.rubric, &self.key(), entries, &self.log, self.log.until(now))
    }

    /// Lets time pass, up to the end of the drill.
    pub fn advance(&mut self, to: Time) -> Came {
        let mut came = Came::default();
        if self.log.ended.is_some() {
            return came;
        }
        let end = self.log.ends();
        let to = to.min(end);
        // Injects come at their time to the instant, however large the steps are.
        while let Some((at, inject)) = self.next_inject().filter(|(at, _)| *at <= to) {
            self.pass(at.max(self.now), &mut came);
            self.give_inject(&inject, &mut came.lines);
        }
        self.pass(to, &mut came);
        if to >= end {
            self.say(end, Happening::Ended { why: "time is up".to_owned() }, &mut came.lines);
        }
        came
    }

    fn pass(&mut self, to: Time, came: &mut Came) {
        if to <= self.now {
            return;
        }
        let emissions = self.stage.advance(&self.log.start.scenario, to);
        self.now = to;
        self.page(&emissions, &mut came.lines, false);
        came.emissions.extend(emissions);
    }

    fn say(&mut self, at: Time, what: Happening, lines: &mut Vec<Line>) {
        let line = Line::new(at, what);
        self.log.apply(&line);
        lines.push(line);
    }

    /// Alerts among what was written call somebody; of those before the drill only the newest few are still ringing.
    fn page(&mut self, emissions: &[Emission], lines: &mut Vec<Line>, is_first: bool) {
        let alerts = emissions.iter().filter_map(|emission| Some((emission.at, alert(emission)?)));
        let mut alerts: Vec<(Time, String)> = alerts.collect();
        if is_first {
            let since = self.now - Nanos::seconds(20 * 60);
            alerts.retain(|(at, _)| *at >= since);
            alerts.drain(..alerts.len().saturating_sub(3));
        }
        for (at, text) in alerts {
            self.say(at.max(self.log.begin), Happening::Paged { text }, lines);
        }
    }

    /// Looks at the record: mitigations that began act from now on, those taken back no longer do.
    pub fn see(&mut self, incident: &Incident) -> Came {
        let mut came = Came::default();
        if self.log.ended.is_some() {
            return came;
        }
        // By the record, so that a drill that is taken up again goes on as it would have.
        self.declared = incident.declared.map(|at| at.clamp(self.log.begin, self.now));
        let now = self.now;
        let acting = |state: MitigationState| state == MitigationState::InForce;
        let gone = self.pulled.keys().filter(|entry| {
            !incident.mitigations.iter().any(|one| one.entry == **entry && acting(one.state))
        });
        for entry in gone.copied().collect::<Vec<u64>>() {
            if let Some(lever) = self.pulled.remove(&entry) {
                self.stage.release(&lever, now);
                self.say(now, Happening::Released { entry, lever }, &mut came.lines);
            }
        }
        let begun = incident.mitigations.iter().filter(|one| acting(one.state));
        for one in begun.filter(|one| !self.pulled.contains_key(&one.entry)).collect::<Vec<_>>() {
            let lever = lever_of(&one.plan, &self.stage.systems(), &self.key());
            let outcome = self.stage.pull(&self.log.start.scenario, &lever, now);
            self.pulled.insert(one.entry, lever.clone());
            self.say(now, Happening::Pulled { entry: one.entry, lever, outcome }, &mut came.lines);
        }
        came
    }

    /// The inject that is due next by itself, and when.
    fn next_inject(&self) -> Option<(Time, Inject)> {
        use super::estate::LeverEffect::{Eases, Mends, Worsens};
        let pull = |effects: &[super::estate::LeverEffect]| {
            let mut pulls = self.log.pulls.iter();
            pulls
                .find(|pull| effects.is_empty() || effects.contains(&pull.outcome.effect))
                .map(|pull| pull.at)
        };
        let given = |inject: &&Inject| self.log.injects.iter().any(|one| one.name == inject.name);
        let waiting = self.scenario().injects.iter().filter(|inject| !given(inject));
        waiting
            .filter_map(|inject| {
                let cue = match inject.when.after {
                    Cue::Brief => Some(self.log.begin),
                    Cue::Declared => self.declared,
                    Cue::Mitigated => pull(&[]),
                    Cue::RightMitigation => pull(&[Mends, Eases]),
                    Cue::WrongMitigation => pull(&[Worsens]),
                    Cue::Key => None,
                }?;
                let at = cue + Nanos((inject.when.minutes * 60e9) as i64);
                Some((at.max(self.now), inject.clone()))
            })
            .min_by_key(|(at, _)| *at)
    }

    fn give_inject(&mut self, inject: &Inject, lines: &mut Vec<Line>) {
        if let Some(strike) = &inject.strike {
            self.stage.strike(strike, self.log.begin);
        }
        let Inject { name, from, text, .. } = inject.clone();
        self.say(self.now, Happening::InjectGiven { name, from, text }, lines);
    }

    /// Gives an inject of the scenario by its name, as the interviewer asks for it.
    pub fn give(&mut self, name: &str) -> Came {
        let mut came = Came::default();
        let inject = self.scenario().injects.iter().find(|inject| inject.name == name).cloned();
        if let Some(inject) = inject.filter(|_| self.log.ended.is_none()) {
            self.give_inject(&inject, &mut came.lines);
        }
        came
    }

    /// The next hint, at its price; nothing where there is none left.
    pub fn hint(&mut self) -> Came {
        let mut came = Came::default();
        let hint = self.log.hints_left().first().cloned();
        if let Some(hint) = hint.filter(|_| self.log.ended.is_none()) {
            self.say(self.now, Happening::HintTaken { cost: hint.cost, text: hint.text }, &mut came.lines);
        }
        came
    }

    /// Something of the shell's or the interviewer's for the log, at the time that it is now.
    pub fn note(&mut self, what: Happening) -> Came {
        let mut came = Came::default();
        self.say(self.now, what, &mut came.lines);
        came
    }

    /// Takes in lines that others appended to the log.
    pub fn hear(&mut self, line: &Line) {
        self.log.apply(line);
    }
}

/// The text of an alert, where a record is one.
fn alert(emission: &Emission) -> Option<String> {
    if !emission.file.contains("alert") {
        return None;
    }
    let value: serde_json::Value = serde_json::from_str(emission.text.lines().next()?).ok()?;
    let is_over = value.get("status").and_then(|status| status.as_str()) == Some("resolved");
    let text = ["text", "summary", "title", "message"].iter().find_map(|key| value.get(key)?.as_str())?;
    (!is_over).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
