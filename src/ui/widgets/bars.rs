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

/// A thin bar, for many of them one below the other: filled to `share`, to half a cell, and never empty but for 0.
pub(in crate::ui) fn rail(share: f64, width: usize) -> String {
    let halves = (share.clamp(0.0, 1.0) * width as f64 * 2.0).round() as usize;
    let halves = if share > 0.0 { halves.max(1) } else { 0 };
    let mut bar = "━".repeat(halves / 2);
    bar.push_str(if halves % 2 == 1 { "╸" } else { "" });
    bar.push_str(&" ".repeat(width.saturating_sub(halves.div_ceil(2))));
    bar
}

/// Sums of `values` in `cells` equal parts; where there are fewer values than cells, a value fills several.
pub(in crate::ui) fn in_cells<T: Copy>(values: &[T], cells: usize, add: impl Fn(f64, T) -> f64) -> Vec<f64> {
    if cells > values.len() {
        return (0..cells)
            .filter_map(|cell| Some(add(0.0, *values.get(cell * values.len() / cells)?)))
            .collect();
    }
    let mut sums = vec![0.0; cells];
    if cells > 0 {
        for (place, &value) in values.iter().enumerate() {
            let cell = place * cells / values.len();
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
        assert_eq!([0.0, 0.01, 0.5, 1.0].map(|share| rail(share, 3)), ["   ", "╸  ", "━╸ ", "━━━"]);
        assert_eq!(in_cells(&[1, 2, 3, 4], 2, |sum, value| sum + f64::from(value)), [3.0, 7.0]);
        assert_eq!(in_cells(&[1, 2], 4, |sum, value| sum + f64::from(value)), [1.0, 1.0, 2.0, 2.0]);
        assert_eq!(in_cells(&[0; 0], 3, |sum, value: i32| sum + f64::from(value)).len(), 0);
    }
}
