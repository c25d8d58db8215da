//! What is said and done on the bridge, from the command line: roles, asks, hypotheses, mitigations, updates.

mod board;

use super::super::arguments::{BridgeCommand, Inputs, Plans, Shared};
use super::super::moments::moment;
use super::super::output::{Output, Role as Colour};
use super::super::rca::{Looked, look};
use super::super::record::Record;
use super::super::{Failure, Outcome};
use super::{missing, sentence, told};
use crate::app::now;
use crate::evidence::Evidence;
use crate::flows::Flows;
use crate::incident::{
    Audience, Draft, Entry, Incident, Margins, MitigationKind, MitigationState, Outward, Pack, Phase, Plan,
    Role, What, asked, back_dated, catch_up, checks, drafted, hand_over, impact_ended, measure, packs,
    status_update, triage_page,
};
use crate::telemetry::Time;

pub(super) fn run(
    shared: &Shared,
    record: &Record,
    command: BridgeCommand,
    output: &Output,
) -> Result<Outcome, Failure> {
    let name = command.incident().map(str::to_owned);
    let incident = match record.incident(name.as_deref())? {
        Ok(incident) => incident,
        Err(why) => return missing(&why, output),
    };
    let bridge = Bridge { shared, record, incident, output };
    match command {
        BridgeCommand::Acknowledge { at, .. } => bridge.record_at(at.as_deref(), What::Acknowledged),
        BridgeCommand::Role { role, person, note, .. } => bridge.role(&role, &person, note),
        BridgeCommand::Ask { text, .. } => bridge.ask(&sentence(&text)?),
        BridgeCommand::Answer { ask, text, .. } => bridge.answer(ask, &sentence(&text)?),
        BridgeCommand::Hypothesis { text, test, .. } => {
            let (happened, text) = bridge.dated(&sentence(&text)?);
            bridge.record(happened, What::Hypothesis { text, next_test: test.unwrap_or_default() })
        }
        BridgeCommand::Evidence { hypothesis, text, against, .. } => {
            bridge.evidence(hypothesis, sentence(&text)?, !against)
        }
        BridgeCommand::Judge { hypothesis, verdict, reason, .. } => {
            bridge.judge(hypothesis, &verdict, &reason.join(" "))
        }
        BridgeCommand::Mitigate { plan, .. } => bridge.mitigate(*plan),
        BridgeCommand::Apply { mitigation, at, .. } => {
            bridge.mitigation(mitigation, at.as_deref(), What::MitigationApplied { mitigation })
        }
        BridgeCommand::Withdraw { mitigation, reason, at, .. } => {
            let what = What::MitigationUndone { mitigation, reason: reason.join(" ") };
            bridge.mitigation(mitigation, at.as_deref(), what)
        }
        BridgeCommand::Extend { mitigation, until, .. } => {
            let expires = bridge.ahead(&until)?;
            bridge.mitigation(mitigation, None, What::MitigationExtended { mitigation, expires })
        }
        BridgeCommand::Measure { inputs, .. } => bridge.measure(&inputs),
        BridgeCommand::Phase { phase, at, inputs, .. } => bridge.phase(&phase, at.as_deref(), &inputs),
        BridgeCommand::Severity { severity, reason, .. } => {
            let severity = severity.parse().map_err(|_| {
                Failure::usage(format!("`{severity}` is no severity"), "there are SEV1, SEV2, SEV3 and SEV4")
            })?;
            bridge.record(now(), What::SeverityChanged { severity, reason: reason.join(" ") })
        }
        BridgeCommand::Cadence { minutes, .. } => bridge.record(now(), What::CadenceChanged { minutes }),
        BridgeCommand::Impact { began, ended, .. } => bridge.impact(began.as_deref(), ended.as_deref()),
        BridgeCommand::Undo { entry, .. } => bridge.undo(entry),
        BridgeCommand::Correct { entry, text, .. } => bridge.correct(entry, &sentence(&text)?),
        BridgeCommand::Status { .. } => bridge.status(),
        BridgeCommand::CatchUp { inputs, .. } => bridge.catch_up(&inputs),
        BridgeCommand::HandOver { inputs, .. } => bridge.hand_over(&inputs),
        BridgeCommand::Update { audience, inputs, text, record, .. } => {
            bridge.update(&audience, &inputs, text, record)
        }
        BridgeCommand::Triage { inputs, pack, .. } => bridge.triage(&inputs, pack.as_deref()),
        BridgeCommand::Similar { inputs, .. } => bridge.similar(&inputs),
    }
}

/// The incident that a command is about.
struct Bridge<'a> {
    shared: &'a Shared,
    record: &'a Record,
    incident: Incident,
    output: &'a Output,
}

impl Bridge<'_> {
    fn append(&self, happened: Time, what: What) -> Result<Entry, Failure> {
        let draft = Draft::new(now(), self.record.author(), what).happened(happened);
        self.record.wait(self.record.store.append(&self.incident.id, draft))
    }

    fn record(&self, happened: Time, what: What) -> Result<Outcome, Failure> {
        let entry = self.append(happened, what)?;
        told(&self.incident.id, &entry, self.output)
    }

    fn record_at(&self, at: Option<&str>, what: What) -> Result<Outcome, Failure> {
        let happened = self.when(at)?;
        self.record(happened, what)
    }

    /// `-7m`, `10:41` and all other ways to write a time; now without one.
    fn when(&self, at: Option<&str>) -> Result<Time, Failure> {
        let Some(at) = at else { return Ok(now()) };
        let now = now();
        let typed = format!("{at} x");
        match back_dated(&typed, now) {
            (time, "x") => Ok(time),
            _ => moment(at, now).map_err(|reason| Failure::usage(reason, "or -7m, or 10:41")),
        }
    }

    /// A text with its time in front: `-7m the alert fired`.
    fn dated(&self, text: &str) -> (Time, String) {
        let (happened, text) = back_dated(text, now());
        (happened, text.to_owned())
    }

    /// A time that lies ahead: `2h` from now, or a time in full.
    fn ahead(&self, text: &str) -> Result<Time, Failure> {
        let now = now();
        match moment(text, now) {
            Ok(time) if Time::parse(text).is_none() && time < now => Ok(now + (now - time)),
            Ok(time) => Ok(time),
            Err(reason) => Err(Failure::usage(reason, "or how long from now: 30m, 2h")),
        }
    }

    fn look(&self, inputs: &Inputs) -> Result<Looked, Failure> {
        look(self.shared, self.record, inputs, self.output)
    }

    fn none(&self, what: &str, entry: u64) -> Result<Outcome, Failure> {
        let hint = Some("`bridgewatch incident show` numbers the entries");
        self.output.complain(&format!("entry {entry} of {} is no {what}", self.incident.id), hint);
        Ok(Outcome::NotFound)
    }

    fn role(&self, role: &str, person: &str, note: Option<String>) -> Result<Outcome, Failure> {
        let role: Role = role.parse().map_err(|_| {
            let hint = "there are incident-commander, deputy, scribe, communications-lead, liaison and subject-matter-expert";
            Failure::usage(format!("`{role}` is no role"), hint)
        })?;
        // Who takes over from somebody gets all that the record knows.
        let known = self
            .incident
            .roles
            .contains_key(&role)
            .then(|| hand_over(&self.incident, &crate::incident::Findings::default(), now()));
        let note = [note.unwrap_or_default(), known.unwrap_or_default()].join("\n").trim().to_owned();
        self.record(now(), What::RoleAssigned { role, person: person.to_owned(), note })
    }

    fn ask(&self, text: &str) -> Result<Outcome, Failure> {
        let (happened, text) = self.dated(text);
        match asked(&text) {
            Some(what) => self.record(happened, what),
            None => Err(Failure::usage(
                "an ask names somebody and a question",
                "such as: bridgewatch incident ask INC-0042 @kafka-oncall check partition lag 3m",
            )),
        }
    }

    fn answer(&self, ask: u64, answer: &str) -> Result<Outcome, Failure> {
        if !self.incident.asks.iter().any(|one| one.entry == ask) {
            return self.none("ask", ask);
        }
        self.record(now(), What::Answered { ask, answer: answer.to_owned() })
    }

    fn is_hypothesis(&self, entry: u64) -> bool {
        self.incident.hypotheses.iter().any(|one| one.entry == entry)
    }

    fn evidence(&self, hypothesis: u64, text: String, is_for: bool) -> Result<Outcome, Failure> {
        if !self.is_hypothesis(hypothesis) {
            return self.none("hypothesis", hypothesis);
        }
        self.record(now(), What::HypothesisEvidence { hypothesis, is_for, text })
    }

    fn judge(&self, hypothesis: u64, verdict: &str, reason: &str) -> Result<Outcome, Failure> {
        if !self.is_hypothesis(hypothesis) {
            return self.none("hypothesis", hypothesis);
        }
        let verdict = verdict.parse().map_err(|_| {
            Failure::usage(
                format!("`{verdict}` is no verdict"),
                "there are supported, refuted and inconclusive",
            )
        })?;
        self.record(now(), What::HypothesisJudged { hypothesis, verdict, reason: reason.to_owned() })
    }

    fn mitigate(&self, typed: Plans) -> Result<Outcome, Failure> {
        let kind: MitigationKind = typed.kind.parse().map_err(|_| {
            let hint = "there are throttle, failover, feature-flag, queue-buffering, rollback, restart, scale, replay, block, degrade and other";
            Failure::usage(format!("`{}` is no kind of mitigation", typed.kind), hint)
        })?;
        let expires = typed.expires.as_deref().map(|text| self.ahead(text)).transpose()?;
        let happened = self.when(typed.at.as_deref())?;
        let plan = Plan {
            kind,
            target: typed.target,
            intent: typed.intent.unwrap_or_default(),
            expected: typed.expect.unwrap_or_default(),
            watch: typed.watch.unwrap_or_else(|| crate::incident::FAILING_FLOWS.to_owned()),
            guards: typed.guard,
            risk: typed.risk.unwrap_or_default(),
            undo: typed.undo.unwrap_or_else(|| kind.usual_undo().to_owned()),
            owner: typed.owner.unwrap_or_default(),
            approver: typed.approver.unwrap_or_default(),
            expires,
        };
        let what = if typed.proposed {
            What::MitigationProposed { mitigation: plan }
        } else {
            What::MitigationStarted { mitigation: plan }
        };
        self.record(happened, what)
    }

    fn mitigation(&self, entry: u64, at: Option<&str>, what: What) -> Result<Outcome, Failure> {
        if !self.incident.mitigations.iter().any(|one| one.entry == entry) {
            return self.none("mitigation", entry);
        }
        self.record_at(at, what)
    }

    /// At resolve, what people left blank of the write-up is drafted into the record first.
    fn phase(&self, phase: &str, at: Option<&str>, inputs: &Inputs) -> Result<Outcome, Failure> {
        let phase: Phase = phase.parse().map_err(|_| {
            let hint = "there are detected, triaging, mitigating, monitoring, resolved and reviewed";
            Failure::usage(format!("`{phase}` is no phase"), hint)
        })?;
        let happened = self.when(at)?;
        let mut outcome = Outcome::Done;
        if phase == Phase::Resolved {
            let looked = self.look(inputs)?;
            outcome = looked.outcome;
            if looked.evidence.is_some() {
                for what in drafted(&self.incident, &looked.findings, happened) {
                    self.append(now(), what)?;
                }
            }
        }
        self.record(happened, What::PhaseChanged { phase })?;
        Ok(outcome)
    }

    /// Measures what is in force against the evidence, and records the verdicts.
    fn measure(&self, inputs: &Inputs) -> Result<Outcome, Failure> {
        let looked = self.look(inputs)?;
        let Some((evidence, flows, _)) = &looked.evidence else {
            return Err(Failure::usage("there is no evidence to measure by", "name files or folders"));
        };
        let now_is = now();
        let applied = self.incident.mitigations.iter().filter(|one| one.state != MitigationState::Proposed);
        let mut is_any = false;
        for one in applied {
            is_any = true;
            let effect = measure(&self.incident, one, evidence, flows, now_is);
            if self.output.json {
                self.output.object(&effect)?;
            } else {
                self.output.line(&[
                    (Colour::Strong, &format!("{} {}", one.plan.kind, one.plan.target)),
                    (Colour::Plain, &format!("  {}", effect.sentence)),
                ])?;
                for signal in effect.signals.iter().chain(&effect.guards) {
                    self.output.line(&[
                        (Colour::Muted, &format!("  {}  ", signal.chart(effect.applied))),
                        (Colour::Plain, &format!("{}: {}", signal.name, signal.verdict)),
                    ])?;
                }
            }
            if one.measured.as_ref() != Some(&effect.sentence) {
                let (verdict, text) = (effect.verdict.to_string(), effect.sentence.clone());
                let effect = Some(Box::new(effect));
                self.append(
                    now(),
                    What::MitigationMeasured { mitigation: one.entry, verdict, text, effect },
                )?;
            }
        }
        if !is_any {
            self.output.complain("no mitigation was applied", Some("`incident mitigate` records one"));
            return Ok(Outcome::NotFound);
        }
        if let Some(coverage) = &looked.findings.coverage
            && self.incident.coverage.as_ref() != Some(coverage)
        {
            self.append(now(), What::CoverageMeasured { coverage: coverage.clone() })?;
        }
        if self.incident.impact_ended.is_none()
            && let Some(ended) = impact_ended(&self.incident, evidence, flows, now_is)
        {
            let said = ended.line().1;
            self.append(now(), ended)?;
            if !self.output.json {
                self.output.line(&[(Colour::Good, &format!("impact {said}, by the signal"))])?;
            }
        }
        Ok(looked.outcome)
    }

    fn impact(&self, began: Option<&str>, ended: Option<&str>) -> Result<Outcome, Failure> {
        let mut outcome = Outcome::Done;
        if let Some(began) = began {
            let (time, uncertainty) = (self.when(Some(began))?, Margins::SAID);
            outcome = self.record(now(), What::ImpactBegan { time, uncertainty })?;
        }
        if let Some(ended) = ended {
            let (time, uncertainty) = (self.when(Some(ended))?, Margins::SAID);
            outcome = self.record(now(), What::ImpactEnded { time, uncertainty })?;
        }
        Ok(outcome)
    }

    fn undo(&self, entry: u64) -> Result<Outcome, Failure> {
        match self.incident.standing(entry) {
            Some(_) => self.record(now(), What::Undone { entry }),
            None => self.none("entry that stands", entry),
        }
    }

    /// Says a fact or a decision anew, at another time too if one stands in front.
    fn correct(&self, number: u64, text: &str) -> Result<Outcome, Failure> {
        let entries = self.record.wait(self.record.store.entries(&self.incident.id))?;
        let Some(entry) = entries.iter().find(|entry| entry.sequence == number) else {
            return self.none("entry", number);
        };
        let typed = now();
        let (happened, text) = back_dated(text, typed);
        let mut what = entry.draft.what.clone();
        match &mut what {
            What::Fact { text: said }
            | What::Decision { text: said, .. }
            | What::Hypothesis { text: said, .. } => {
                text.clone_into(said);
            }
            _ => return self.none("fact, decision or hypothesis", number),
        }
        let happened = (happened != typed).then_some(happened);
        self.record(typed, What::Corrected { entry: number, happened, what: Box::new(what) })
    }

    fn catch_up(&self, inputs: &Inputs) -> Result<Outcome, Failure> {
        let looked = self.look(inputs)?;
        for line in catch_up(&self.incident, &looked.findings, now()) {
            self.output.line(&[(Colour::Plain, &line)])?;
        }
        Ok(looked.outcome)
    }

    fn hand_over(&self, inputs: &Inputs) -> Result<Outcome, Failure> {
        let looked = self.look(inputs)?;
        let text = hand_over(&self.incident, &looked.findings, now());
        self.output.line(&[(Colour::Plain, &text)])?;
        Ok(looked.outcome)
    }

    /// Drafts an update; what leaves the company is redacted before anybody sees it.
    fn update(
        &self,
        audience: &str,
        inputs: &Inputs,
        text: Option<String>,
        is_recorded: bool,
    ) -> Result<Outcome, Failure> {
        let audience: Audience = audience.parse().map_err(|_| {
            Failure::usage(
                format!("`{audience}` is no audience"),
                "there are technical, executive and customer",
            )
        })?;
        let looked = self.look(inputs)?;
        let mut text =
            text.unwrap_or_else(|| status_update(&self.incident, &looked.findings, audience, now()));
        if audience == Audience::Customer {
            let configured = self.record.config.systems.keys().cloned();
            let seen = looked.evidence.iter().flat_map(|(evidence, flows, _)| Outward::seen(evidence, flows));
            text = Outward::of(&self.incident, configured.chain(seen)).text(&text);
        }
        self.output.line(&[(Colour::Plain, &text)])?;
        if is_recorded {
            self.append(now(), What::StatusUpdate { audience: audience.to_string(), text })?;
        }
        Ok(looked.outcome)
    }

    fn triage(&self, inputs: &Inputs, wanted: Option<&str>) -> Result<Outcome, Failure> {
        let looked = self.look(inputs)?;
        let own = self.record.config.packs().map_err(|reason| Failure::usage(reason, "mend the file"))?;
        let all = packs(&looked.findings, own.as_deref())
            .map_err(|reason| Failure::usage(reason, "mend the file"))?;
        let wanted = wanted.map(str::to_lowercase);
        let named = |pack: &&Pack| {
            wanted.as_ref().is_none_or(|wanted| pack.name.to_lowercase().starts_with(wanted.as_str()))
        };
        let Some(pack) = all.iter().find(named) else {
            let names: Vec<&str> = all.iter().map(|pack| pack.name.as_str()).collect();
            let hint = format!("there are {}", names.join("; "));
            self.output.complain("there is no such pack", Some(&hint));
            return Ok(Outcome::NotFound);
        };
        let (nothing, none) = (Evidence::default(), Flows::default());
        let (evidence, flows) =
            looked.evidence.as_ref().map_or((&nothing, &none), |(evidence, flows, _)| (evidence, flows));
        if self.output.json {
            for check in checks(pack, &looked.findings, evidence, flows) {
                self.output.object(&check)?;
            }
        } else {
            self.output.raw(triage_page(pack, &looked.findings, evidence, flows).as_bytes())?;
        }
        Ok(looked.outcome)
    }
}
