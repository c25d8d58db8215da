//! The log of a drill: one line a happening, and the fold over it. The cockpit that runs the drill and the interviewer's
//! terminal append to the same file; whole lines only, so neither waits for the other and a torn line is none.

use super::estate::{Lever, Outcome};
use super::scenario::Scenario;
use crate::telemetry::{Nanos, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The drill's own time.
    pub at: Time,
    #[serde(flatten)]
    pub what: Happening,
}

/// What can happen in a drill besides what the record holds. Kinds are only ever added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Happening {
    Started(Box<Start>),
    /// From now on so many simulated seconds pass in one; none while it is paused. `wall` is this machine's time then.
    Pace {
        speed: f64,
        wall: Time,
    },
    Paged {
        text: String,
    },
    InjectGiven {
        name: String,
        from: String,
        text: String,
    },
    /// A mitigation of the record (by its entry) acts on the estate.
    Pulled {
        entry: u64,
        lever: Lever,
        outcome: Outcome,
    },
    Released {
        entry: u64,
        lever: Lever,
    },
    HintTaken {
        cost: u32,
        text: String,
    },
    /// By the interviewer.
    Noted {
        text: String,
    },
    /// The interviewer on a text that was matched by words: it fits, it does not, or the words decide again.
    Ruled {
        objective: String,
        fits: Option<bool>,
    },
    /// The interviewer asks the cockpit that runs the drill for something.
    Asked {
        command: Command,
    },
    Ended {
        why: String,
    },
}

/// How a drill was started: all that is needed to play it again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Start {
    pub scenario: Scenario,
    pub seed: u64,
    pub minutes: u32,
    /// Simulated seconds in one.
    pub speed: f64,
    pub hides_suspects: bool,
    pub candidate: String,
    /// A rubric of a team's own, as its file has it.
    pub rubric: Option<String>,
}

/// What can be asked of a running drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Command {
    Pause,
    Resume,
    /// Let so many minutes pass at once.
    Step {
        minutes: u32,
    },
    Speed {
        speed: f64,
    },
    Inject {
        name: String,
    },
    /// Something that the interviewer makes up.
    Say {
        from: String,
        text: String,
    },
    Hint,
    End,
}

/// A drill as its log tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    pub start: Start,
    pub begin: Time,
    pub paged: Option<Time>,
    /// (since when, in this machine's time; the drill's time then; how fast), the latest.
    pub pace: Pace,
    pub alerts: Vec<(Time, String)>,
    pub injects: Vec<Given>,
    pub pulls: Vec<Pull>,
    pub hints: Vec<Hinted>,
    pub notes: Vec<(Time, String)>,
    pub rulings: BTreeMap<String, bool>,
    pub commands: Vec<(Time, Command)>,
    pub ended: Option<(Time, String)>,
    /// The time of the last line.
    pub last: Time,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    pub wall: Time,
    pub at: Time,
    pub speed: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Given {
    pub at: Time,
    pub name: String,
    pub from: String,
    pub text: String,
}

/// A mitigation that acts, or acted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pull {
    pub at: Time,
    pub entry: u64,
    pub lever: Lever,
    pub outcome: Outcome,
    pub released: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hinted {
    pub at: Time,
    pub cost: u32,
    pub text: String,
}

impl Happening {
    /// Whether it is the interviewer's terminal that appends it.
    pub fn is_of_observer(&self) -> bool {
        matches!(self, Self::Noted { .. } | Self::Ruled { .. } | Self::Asked { .. })
    }
}

impl Pace {
    /// The drill's time at a time of this machine.
    pub fn time(&self, wall: Time) -> Time {
        let passed = (wall - self.wall).max(Nanos::ZERO);
        self.at + Nanos((passed.0 as f64 * self.speed) as i64)
    }
}

impl Line {
    pub fn new(at: Time, what: Happening) -> Self {
        Self { at, what }
    }

    /// As the file has it, with its line's end.
    pub fn written(&self) -> String {
        let mut text = serde_json::to_string(self).expect("a happening has only names, texts and numbers");
        text.push('\n');
        text
    }

    /// The whole lines of a text; what is not understood is of another version, and passed over.
    pub fn read(text: &str) -> Vec<Self> {
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

impl Log {
    pub fn of(lines: &[Line]) -> Self {
        let mut log = Self::default();
        lines.iter().for_each(|line| log.apply(line));
        log
    }

    pub fn apply(&mut self, line: &Line) {
        let at = line.at;
        if !line.what.is_of_observer() {
            self.last = self.last.max(at); // Only who runs the drill knows its time.
        }
        match &line.what {
            Happening::Started(start) => {
                self.start = (**start).clone();
                self.begin = at;
            }
            Happening::Pace { speed, wall } => self.pace = Pace { wall: *wall, at, speed: *speed },
            Happening::Paged { text } => {
                self.paged = self.paged.or(Some(at));
                self.alerts.push((at, text.clone()));
            }
            Happening::InjectGiven { name, from, text } => {
                self.injects.push(Given { at, name: name.clone(), from: from.clone(), text: text.clone() })
            }
            Happening::Pulled { entry, lever, outcome } => self.pulls.push(Pull {
                at,
                entry: *entry,
                lever: lever.clone(),
                outcome: outcome.clone(),
                released: None,
            }),
            Happening::Released { entry, .. } => {
                let pull = self.pulls.iter_mut().rfind(|pull| pull.entry == *entry);
                if let Some(pull) = pull {
                    pull.released = Some(at);
                }
            }
            Happening::HintTaken { cost, text } => {
                self.hints.push(Hinted { at, cost: *cost, text: text.clone() });
            }
            Happening::Noted { text } => self.notes.push((at, text.clone())),
            Happening::Ruled { objective, fits: Some(fits) } => {
                self.rulings.insert(objective.clone(), *fits);
            }
            Happening::Ruled { objective, fits: None } => {
                self.rulings.remove(objective);
            }
            Happening::Asked { command } => self.commands.push((at, command.clone())),
            Happening::Ended { why } => self.ended = self.ended.take().or(Some((at, why.clone()))),
        }
    }

    /// When time is up.
    pub fn ends(&self) -> Time {
        self.begin + Nanos::seconds(i64::from(self.start.minutes) * 60)
    }

    /// When it was over, or now.
    pub fn until(&self, now: Time) -> Time {
        self.ended.as_ref().map_or(now, |(at, _)| *at)
    }

    pub fn is_paused(&self) -> bool {
        self.pace.speed == 0.0
    }

    /// The drill's time at a time of this machine, as far as the log says.
    pub fn time(&self, wall: Time) -> Time {
        self.until(self.pace.time(wall).max(self.last).min(self.ends()))
    }

    /// Hints that are left, in their order.
    pub fn hints_left(&self) -> &[super::scenario::Hint] {
        let hints = &self.start.scenario.hints;
        &hints[self.hints.len().min(hints.len())..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seconds: i64, what: Happening) -> Line {
        Line::new(Time::from_seconds(seconds), what)
    }

    fn lines() -> Vec<Line> {
        let start = Start { minutes: 30, ..Start::default() };
        vec![
            line(1_000, Happening::Started(Box::new(start))),
            line(1_000, Happening::Pace { speed: 10.0, wall: Time::from_seconds(50) }),
            line(1_060, Happening::Paged { text: "orders fail".into() }),
            line(1_070, Happening::Ruled { objective: "whys".into(), fits: Some(true) }),
        ]
    }

    #[test]
    fn what_is_written_is_read_again_and_a_torn_line_is_none() {
        let text: String = lines().iter().map(Line::written).collect();
        assert_eq!(Line::read(&text), lines());
        let torn = &text[..text.len() - 5];
        assert_eq!(Line::read(torn).len(), 3);
        let other = format!("{}{{\"kind\":\"telepathy\",\"at\":\"x\"}}\n", text);
        assert_eq!(Line::read(&other).len(), 4, "another version's lines are passed over");
    }

    #[test]
    fn the_drills_time_follows_its_pace_and_stands_while_it_is_paused() {
        let mut log = Log::of(&lines());
        assert_eq!(log.time(Time::from_seconds(60)), Time::from_seconds(1_100));
        assert_eq!(log.time(Time::from_seconds(10_000)), log.ends(), "it does not go on when time is up");
        log.apply(&line(1_100, Happening::Pace { speed: 0.0, wall: Time::from_seconds(60) }));
        assert!(log.is_paused());
        assert_eq!(log.time(Time::from_seconds(500)), Time::from_seconds(1_100));
    }

    #[test]
    fn a_ruling_can_be_taken_back_and_the_first_end_counts() {
        let mut log = Log::of(&lines());
        assert_eq!(log.rulings.get("whys"), Some(&true));
        log.apply(&line(1_080, Happening::Ruled { objective: "whys".into(), fits: None }));
        assert!(log.rulings.is_empty());
        log.apply(&line(1_090, Happening::Ended { why: "done".into() }));
        log.apply(&line(1_095, Happening::Ended { why: "time is up".into() }));
        assert_eq!(log.ended, Some((Time::from_seconds(1_090), "done".into())));
    }
}
