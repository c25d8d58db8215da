//! A review in lines to read, the same on the command line and on the screen.

use super::Review;

/// What kind of line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Heading,
    Plain,
    /// Said more quietly: definitions, how sure it is.
    Quiet,
    Warning,
}

/// More blind spots than this are not read.
const MOST_BLIND: usize = 8;

impl Review {
    /// What it says, figures with their definitions and how sure they are.
    pub fn lines(&self) -> Vec<(Tone, String)> {
        let mut lines = vec![
            (Tone::Heading, "Incidents".to_owned()),
            (
                Tone::Plain,
                format!(
                    "{} incidents, {} of SEV1 or SEV2, {} set off by a change ({} drills left out)",
                    self.incidents, self.major, self.by_change, self.drills_left_out
                ),
            ),
        ];
        lines.push(match self.major_in_30_days {
            Some(rate) => (Tone::Plain, format!("{rate:.1} of SEV1 or SEV2 in 30 days")),
            None => (Tone::Quiet, "a rate of SEV1 and SEV2 needs a record of a week at least".to_owned()),
        });
        self.changes(&mut lines);
        self.times(&mut lines);
        self.actions(&mut lines);
        self.sight(&mut lines);
        for (cause, incidents) in &self.repeated {
            lines.push((Tone::Warning, format!("came again: {cause} ({})", incidents.join(", "))));
        }
        if !self.mitigations.is_empty() {
            let kinds = self.mitigations.iter().map(|(kind, count)| format!("{kind} {count}"));
            lines.push((Tone::Quiet, format!("mitigations: {}", kinds.collect::<Vec<_>>().join(", "))));
        }
        lines
    }

    fn changes(&self, lines: &mut Vec<(Tone, String)>) {
        let percent = |share: f64| share * 100.0;
        if let Some((share, low, high)) = self.change_share {
            lines.push((
                Tone::Plain,
                format!(
                    "{:.0} % of incidents were set off by a change (95 %: between {:.0} and {:.0} %)",
                    percent(share),
                    percent(low),
                    percent(high)
                ),
            ));
        }
        lines.push(match self.change_failures {
            Some(rate) => (
                Tone::Plain,
                format!(
                    "change failure rate: {} of {} changes set off an incident, {:.1} % (95 %: between {:.1} and {:.1} %)",
                    rate.failed,
                    rate.changes,
                    percent(rate.share),
                    percent(rate.low),
                    percent(rate.high)
                ),
            ),
            None => (
                Tone::Quiet,
                "change failure rate: not known, since no source of changes is open".to_owned(),
            ),
        });
    }

    fn times(&self, lines: &mut Vec<(Tone, String)>) {
        lines.push((Tone::Heading, "Times".to_owned()));
        if self.times.is_empty() {
            lines.push((Tone::Quiet, "times are only averaged over two incidents or more".to_owned()));
        }
        for time in &self.times {
            lines.push((
                Tone::Plain,
                format!(
                    "M{} mean {} (95 %: {} to {}), median {}, p90 {}, over {} incidents",
                    time.name, time.mean, time.low, time.high, time.median, time.p90, time.incidents
                ),
            ));
            lines.push((Tone::Quiet, format!("     {}", time.definition)));
        }
    }

    fn actions(&self, lines: &mut Vec<(Tone, String)>) {
        lines.push((Tone::Heading, format!("{} actions open, {} overdue", self.open.len(), self.overdue())));
        for action in &self.open {
            let owner = if action.owner.is_empty() { "nobody owns it" } else { &action.owner };
            let due = match (action.due.as_str(), action.is_overdue) {
                ("", _) => "no due date".to_owned(),
                (due, true) => format!("OVERDUE since {due}"),
                (due, false) => format!("due {due}"),
            };
            let tone = if action.is_overdue { Tone::Warning } else { Tone::Plain };
            lines.push((
                tone,
                format!("○ {} #{} {} ({owner}, {due})", action.incident, action.entry, action.text),
            ));
        }
    }

    fn sight(&self, lines: &mut Vec<(Tone, String)>) {
        lines.push((Tone::Heading, "What could be seen".to_owned()));
        match self.coverage {
            Some((hops, logs, traces, metrics)) => lines.push((
                Tone::Plain,
                format!("of {hops} hops {logs} were seen in logs, {traces} in traces, {metrics} in metrics"),
            )),
            None => lines
                .push((Tone::Quiet, "not measured yet: measuring a mitigation (e) records it".to_owned())),
        }
        if !self.blind.is_empty() {
            let blind =
                self.blind.iter().take(MOST_BLIND).map(|(system, count)| format!("{system} ({count})"));
            lines.push((Tone::Warning, format!("blind spots: {}", blind.collect::<Vec<_>>().join(", "))));
        }
    }
}
