//! Bars of eighths: over time, and beside a figure.

const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// One bar a value, by its share of the largest; something small is still seen.
pub(in crate::ui) fn heights(values: &[f64], most: f64) -> String {
    values
        .iter()
        .map(|&value| match value {
            value if value <= 0.0 || most <= 0.0 => EIGHTHS[0],
            value => EIGHTHS[((value / most * 8.0).round() as usize).clamp(1, 8)],
        })
        .collect()
}

/// A bar of `width` cells filled to `share`, to an eighth of a cell.
pub(in crate::ui) fn gauge(share: f64, width: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
    let mut bar = "█".repeat(eighths / 8);
    bar.push_str(PARTS[eighths % 8]);
    let used = eighths / 8 + usize::from(!eighths.is_multiple_of(8));
    bar.push_str(&" ".repeat(width - used.min(width)));
    bar
}

/// Sums of `values` in `cells` equal parts.
pub(in crate::ui) fn in_cells<T: Copy>(values: &[T], cells: usize, add: impl Fn(f64, T) -> f64) -> Vec<f64> {
    let mut sums = vec![0.0; cells];
    if cells > 0 {
        for (place, &value) in values.iter().enumerate() {
            let cell = place * cells / values.len().max(1);
            sums[cell] = add(sums[cell], value);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_show_shares() {
        assert_eq!(heights(&[0.0, 0.01, 4.0, 8.0], 8.0), " ▁▄█");
        assert_eq!(gauge(0.5, 4), "██  ");
        assert_eq!(gauge(0.55, 2), "█▏");
        assert_eq!(in_cells(&[1, 2, 3, 4], 2, |sum, value| sum + f64::from(value)), [3.0, 7.0]);
    }
}
