//! Robust arithmetic that all signals share: shares against shares, and values against what is usual.

/// How often something was met, before and after the onset: (times, of how many).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Shares {
    pub before: (u32, u32),
    pub after: (u32, u32),
}

/// What a share must change by to count at all, as Cohen's h, for each point of strength.
///
/// A test alone grows with the number of samples until every tick is certain; what is certain but small is no cause.
const STRENGTH_PER_EFFECT: f64 = 12.0;

impl Shares {
    fn share((times, of): (u32, u32)) -> f64 {
        f64::from(times) / f64::from(of.max(1))
    }

    pub(super) fn share_before(self) -> f64 {
        Self::share(self.before)
    }

    pub(super) fn share_after(self) -> f64 {
        Self::share(self.after)
    }

    /// Whether there is enough on both sides to compare.
    pub(super) fn is_enough(self, least: u32) -> bool {
        self.before.1 >= least && self.after.1 >= least
    }

    /// Two-proportion z with add-one smoothing. Positive: more often since onset.
    pub(super) fn certainty(self) -> f64 {
        let ((a, n), (b, m)) = (self.before, self.after);
        if n == 0 || m == 0 {
            return 0.0;
        }
        let (a, n, b, m) = (f64::from(a), f64::from(n), f64::from(b), f64::from(m));
        let pooled = (a + b + 1.0) / (n + m + 2.0);
        (b / m - a / n) / (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt()
    }

    /// How much the share changed: Cohen's h.
    pub(super) fn effect(self) -> f64 {
        let angle = |share: f64| 2.0 * share.clamp(0.0, 1.0).sqrt().asin();
        (angle(self.share_after()) - angle(self.share_before())).abs()
    }

    /// The certainty, limited by the size of the effect.
    pub(super) fn departure(self) -> f64 {
        let z = self.certainty();
        z.abs().min(STRENGTH_PER_EFFECT * self.effect()).copysign(z)
    }
}

/// The value below which a share of the values lies; the values are sorted by this.
pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let place = ((values.len() - 1) as f64 * share).round() as usize;
    *values.select_nth_unstable_by(place, f64::total_cmp).1
}

pub(super) fn median(values: &mut [f64]) -> f64 {
    quantile(values, 0.5)
}

/// The distance between the quartiles.
pub(super) fn spread(values: &mut [f64]) -> f64 {
    quantile(values, 0.75) - quantile(values, 0.25)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_changed_stands_out_and_a_certain_trifle_does_not() {
        let new = Shares { before: (0, 300), after: (200, 240) };
        assert!(new.departure() > 10.0);
        let vanished = Shares { before: (300, 300), after: (40, 240) };
        assert!(vanished.departure() < -10.0);
        let trifle = Shares { before: (500_000, 1_000_000), after: (505_000, 1_000_000) };
        assert!(trifle.departure() < 1.0, "certain, and of no importance");
        assert_eq!(Shares::default().departure(), 0.0);
    }

    #[test]
    fn quantiles_of_few_values() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(spread(&mut [5.0, 5.0, 5.0]), 0.0);
        assert!(median(&mut []).is_nan());
    }
}
