//! The stretch of time that all views show: closer, wider, earlier, later.

use super::{Action, Data};
use crate::telemetry::{Nanos, Time, Window};

/// The shortest stretch that can be looked at.
const SHORTEST: i64 = 1_000_000;

/// The stretch after an action; `None` for all the time that there is.
pub(super) fn moved(action: Action, data: &Data) -> Result<Option<Window>, &'static str> {
    let all = data.picture.window.ok_or("no time is known yet")?;
    let shown = data.range.unwrap_or(all);
    let length = shown.length().0;
    let onset = data.picture.suspects.onset.as_ref().map(|onset| onset.time);
    let range = match action {
        Action::AllTime => return Ok(None),
        Action::AroundOnset => {
            let onset = onset.ok_or("no onset is known: nothing began to fail")?;
            // As much of the time before as is needed to see what was usual.
            let after = (all.to - onset).0;
            Window { from: onset - Nanos(after.clamp(60_000_000_000, 900_000_000_000) / 3), to: all.to }
        }
        // What matters stays in sight: the onset if it is in, else the end, where it is now.
        Action::ZoomIn => {
            let length = (length / 2).max(SHORTEST);
            let centre = onset.filter(|onset| shown.contains(*onset)).unwrap_or(shown.to);
            let from = (centre - Nanos(length / 3)).min(shown.to - Nanos(length)).max(shown.from);
            Window { from, to: from + Nanos(length) }
        }
        Action::ZoomOut => Window { from: shown.from - Nanos(length / 2), to: shown.to + Nanos(length / 2) },
        Action::Earlier => shifted(shown, Nanos(-length / 2), all),
        Action::Later => shifted(shown, Nanos(length / 2), all),
        _ => return Ok(data.range),
    };
    Ok(within(range, all))
}

/// A stretch between two instants, in any order.
pub(super) fn between(one: Time, other: Time, all: Window) -> Option<Window> {
    let (from, to) = (one.min(other), one.max(other));
    within(Window { from, to: to.max(from + Nanos(SHORTEST)) }, all)
}

fn shifted(shown: Window, by: Nanos, all: Window) -> Window {
    let length = shown.length();
    let from = (shown.from + by).min(all.to - length).max(all.from);
    Window { from, to: from + length }
}

/// `None` where it is all there is.
fn within(range: Window, all: Window) -> Option<Window> {
    let range = Window { from: range.from.max(all.from), to: range.to.min(all.to) };
    (range != all && range.from < range.to).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::Picture;
    use std::sync::Arc;

    fn window(from: i64, to: i64) -> Window {
        Window { from: Time::from_seconds(from), to: Time::from_seconds(to) }
    }

    #[test]
    fn closer_and_wider_and_back_to_all() {
        let picture = Picture { window: Some(window(0, 800)), ..Picture::default() };
        let mut data = Data { picture: Arc::new(picture), ..Data::default() };
        data.range = moved(Action::ZoomIn, &data).unwrap();
        assert_eq!(data.range, Some(window(400, 800)), "without an onset the end is what matters");
        data.range = moved(Action::Earlier, &data).unwrap();
        assert_eq!(data.range, Some(window(200, 600)));
        data.range = moved(Action::ZoomOut, &data).unwrap();
        assert_eq!(data.range, None, "all of it is no range");
        assert_eq!(moved(Action::Later, &data), Ok(None));
        assert!(moved(Action::AroundOnset, &data).is_err());
        assert!(moved(Action::ZoomIn, &Data::default()).is_err());
    }

    #[test]
    fn two_instants_make_a_stretch_in_any_order() {
        let at = Time::from_seconds;
        assert_eq!(between(at(50), at(20), window(0, 100)), Some(window(20, 50)));
        assert_eq!(between(at(0), at(100), window(0, 100)), None);
    }
}
