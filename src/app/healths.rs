//! What is known of each live source: by what it was last asked, and by whether it answers at all. Pure.

use super::engine::Pulse;
use crate::sources::reach_of;
use crate::telemetry::{Reach, SourceHealth, Time};

/// The sources in the order of the configuration, as far as they were heard of.
#[derive(Debug, Default)]
pub(super) struct Healths {
    known: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    /// As its questions left it.
    asked: SourceHealth,
    /// Whether it answers; not known before it was asked.
    pulse: Reach,
    notes: Option<Vec<String>>,
    last_answer: Option<Time>,
}

impl Healths {
    pub(super) fn hold(&mut self, health: SourceHealth) {
        match self.known.iter_mut().find(|known| known.asked.name == health.name) {
            Some(known) => known.asked = health,
            None => self.known.push(Known {
                asked: health,
                pulse: Reach::Unknown,
                notes: None,
                last_answer: None,
            }),
        }
    }

    pub(super) fn feel(&mut self, name: &str, pulse: Pulse, mut notes: Vec<String>, now: Time) {
        let Some(known) = self.known.iter_mut().find(|known| known.asked.name == name) else { return };
        known.pulse = match pulse {
            Pulse::Late => Reach::Degraded("it takes long to answer".to_owned()),
            Pulse::Answer(Ok(said)) => {
                notes.push(said);
                known.notes = Some(notes);
                known.last_answer = Some(now);
                Reach::Reachable
            }
            Pulse::Answer(Err(error)) => reach_of(&error),
        };
    }

    /// All of them as they are shown: one that does not answer is not reachable, whatever it gave before; one that answers
    /// may still have refused what it was asked.
    pub(super) fn all(&self) -> Vec<SourceHealth> {
        self.known.iter().map(Known::shown).collect()
    }
}

impl Known {
    fn shown(&self) -> SourceHealth {
        let mut health = self.asked.clone();
        if self.pulse != Reach::Unknown && (self.pulse != Reach::Reachable || health.reach == Reach::Unknown)
        {
            health.reach = self.pulse.clone();
        }
        if let Some(notes) = &self.notes {
            health.notes.clone_from(notes);
        }
        health.last_answer = health.last_answer.max(self.last_answer);
        health
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::SourceError;

    fn reach(healths: &Healths) -> Reach {
        healths.all()[0].reach.clone()
    }

    #[test]
    fn the_worse_of_what_was_asked_and_the_pulse_is_shown() {
        let mut healths = Healths::default();
        healths.hold(SourceHealth::new("loki".into(), "loki".into()));
        assert_eq!(reach(&healths), Reach::Unknown);
        healths.feel("loki", Pulse::Answer(Ok("3.0".into())), Vec::new(), Time(7));
        assert_eq!(reach(&healths), Reach::Reachable);
        assert_eq!(
            (healths.all()[0].notes.clone(), healths.all()[0].last_answer),
            (vec!["3.0".to_owned()], Some(Time(7)))
        );
        let refused = Reach::Degraded("refused".into());
        healths
            .hold(SourceHealth { reach: refused.clone(), ..SourceHealth::new("loki".into(), "loki".into()) });
        assert_eq!(reach(&healths), refused, "it answers, and refuses what it is asked");
        healths.feel("loki", Pulse::Late, Vec::new(), Time(8));
        assert!(matches!(reach(&healths), Reach::Degraded(why) if why.contains("long")));
        let gone = SourceError::Unreachable { endpoint: "x".into(), reason: "reset".into() };
        healths.feel("loki", Pulse::Answer(Err(gone)), Vec::new(), Time(9));
        assert!(matches!(reach(&healths), Reach::Unreachable(_)));
        healths.feel("nobody", Pulse::Late, Vec::new(), Time(9));
        assert_eq!(healths.all().len(), 1);
    }
}
