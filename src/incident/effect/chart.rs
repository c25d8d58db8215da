//! The course of a signal around a mitigation, as a line of bars that stands anywhere a line of text does.

use super::Effect;
use crate::telemetry::Time;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

impl Effect {
    /// `▆▇▇█▇▆┊▃▁▁▁·`: the bar stands where the measure was applied, a dot where nothing was sampled.
    pub fn chart(&self, applied: Time) -> String {
        let known = || self.course.iter().flatten().copied().filter(|value| value.is_finite());
        let most = known().fold(0.0, f64::max);
        let length = (self.to - self.from).0.max(1) as f64;
        let share = ((applied - self.from).0 as f64 / length).clamp(0.0, 1.0);
        let place = (share * self.course.len() as f64).round() as usize;
        let mut line = String::new();
        for (number, value) in self.course.iter().enumerate() {
            if number == place {
                line.push('┊');
            }
            line.push(match value {
                Some(value) if most > 0.0 => {
                    BARS[((value / most * 8.0).ceil() as usize).clamp(1, BARS.len()) - 1]
                }
                Some(_) => BARS[0],
                None => '·',
            });
        }
        if place >= self.course.len() {
            line.push('┊');
        }
        line
    }
}
