//! Chance that can be repeated: a small generator whose stream is fixed by its seed on every machine.
//!
//! SplitMix64 (Steele, Lea and Flood 2014) and plain arithmetic only; no logarithm, whose last digit differs between
//! libraries. Every flow has dice of its own, so that a fault or a mitigation changes what it touches and nothing else.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dice(u64);

impl Dice {
    /// Dice for one purpose: equal seeds and purposes give equal streams.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        let mut dice = Self(seed ^ purpose.wrapping_mul(0xd1b5_4a32_d192_ed03));
        dice.next();
        Self(dice.next() ^ purpose)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// 0 to below 1.
    pub(super) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(super) fn is(&mut self, chance: f64) -> bool {
        chance > 0.0 && self.share() < chance
    }

    /// 0 to below `count`, which is not 0.
    pub(super) fn below(&mut self, count: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(count)) >> 64) as u64
    }

    pub(super) fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.share()
    }

    pub(super) fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }

    /// A factor around 1 with a longer tail upwards, as times of service have it.
    pub(super) fn spread(&mut self, sigma: f64) -> f64 {
        // Four uniform draws are nearly normal; (1 + x/16)^16 is nearly e^x.
        let sum = self.share() + self.share() + self.share() + self.share();
        let normal = (sum - 2.0) * 1.732;
        let base = 1.0 + sigma * normal / 16.0;
        let squared = base * base;
        let fourth = squared * squared;
        let eighth = fourth * fourth;
        eighth * eighth
    }

    /// A gap between arrivals with mean 1: bursts and lulls, never 0.
    pub(super) fn gap(&mut self) -> f64 {
        // The product of two uniforms is skewed as arrivals are; its mean is a quarter.
        (self.share() * self.share() * 4.0).max(0.01)
    }

    pub(super) fn hex128(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_fixed_for_good() {
        let mut dice = Dice::new(7, 1);
        let first: Vec<u64> = (0..3).map(|_| dice.below(1_000)).collect();
        let mut again = Dice::new(7, 1);
        assert_eq!(first, (0..3).map(|_| again.below(1_000)).collect::<Vec<_>>());
        let mut other = Dice::new(7, 2);
        assert_ne!(first, (0..3).map(|_| other.below(1_000)).collect::<Vec<_>>());
    }

    #[test]
    fn draws_have_the_means_that_they_should() {
        let mut dice = Dice::new(1, 1);
        let mean = |draw: &mut dyn FnMut() -> f64| (0..20_000).map(|_| draw()).sum::<f64>() / 20_000.0;
        assert!((mean(&mut || dice.gap()) - 1.0).abs() < 0.05);
        assert!((mean(&mut || dice.spread(0.3)) - 1.04).abs() < 0.05);
        assert!((mean(&mut || dice.share()) - 0.5).abs() < 0.02);
    }
}
