//! Which systems could not have been seen, so that absence is not taken for evidence.

use crate::telemetry::{Reach, SourceHealth, Time, Window};

/// What sources could not have shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Blindness {
    /// Systems whose source could not answer, and for which time.
    pub windows: Vec<(String, Window)>,
    /// For which time a source could not answer of which nobody knows what systems it holds.
    pub anywhere: Option<Window>,
}

impl Blindness {
    /// What sources of logs and spans could not have shown, by what is known of them.
    pub fn of(sources: &[SourceHealth]) -> Self {
        let mut blindness = Self::default();
        for source in sources.iter().filter(|source| source.holds_events() && source.may_miss()) {
            // What it covered before it fell silent was seen; of an answer in part nobody knows which part.
            let is_silent = source.reach != Reach::Reachable;
            let seen = source.covered.filter(|_| is_silent).map_or(Time::MIN, |window| window.to);
            let window = Window { from: seen, to: Time::MAX };
            if source.systems.is_empty() {
                let from = blindness.anywhere.map_or(window.from, |known| known.from.min(window.from));
                blindness.anywhere = Some(Window { from, ..window });
            }
            blindness.windows.extend(source.systems.iter().map(|system| (system.clone(), window)));
        }
        blindness
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{Completeness, Signal};

    fn source(signals: &[Signal], reach: Reach, systems: &[&str]) -> SourceHealth {
        SourceHealth {
            signals: signals.to_vec(),
            reach,
            completeness: Completeness::Full,
            covered: Some(Window { from: Time(0), to: Time(100) }),
            systems: systems.iter().map(|name| (*name).to_owned()).collect(),
            ..SourceHealth::new("x".into(), "loki".into())
        }
    }

    #[test]
    fn what_answers_in_full_hides_nothing_and_what_holds_no_events_neither() {
        let silent = Reach::Unreachable("gone".into());
        let sources = [
            source(&[Signal::Logs], Reach::Reachable, &["billing"]),
            source(&[Signal::Metrics], silent, &["billing"]),
        ];
        assert_eq!(Blindness::of(&sources), Blindness::default());
    }

    #[test]
    fn a_source_that_fell_silent_hides_its_systems_from_then_on() {
        let blindness =
            Blindness::of(&[source(&[Signal::Logs], Reach::Unreachable("gone".into()), &["billing"])]);
        assert_eq!(blindness.windows, [("billing".to_owned(), Window { from: Time(100), to: Time::MAX })]);
        assert_eq!(blindness.anywhere, None);
    }

    #[test]
    fn an_answer_in_part_hides_its_systems_at_any_time_and_one_that_never_came_hides_anything() {
        let mut partial = source(&[Signal::Traces], Reach::Reachable, &["billing"]);
        partial.completeness = Completeness::Partial(vec!["a shard failed".into()]);
        let mut never = source(&[], Reach::Unreachable("gone".into()), &[]);
        never.covered = None;
        let blindness = Blindness::of(&[partial, never]);
        let always = Window { from: Time::MIN, to: Time::MAX };
        assert_eq!(blindness.windows, [("billing".to_owned(), always)]);
        assert_eq!(
            blindness.anywhere,
            Some(always),
            "of one that could not be set up nobody knows what it holds"
        );
    }
}
