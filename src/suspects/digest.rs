//! What is read out of the evidence once, whatever the onset: patterns, trees of spans, what follows what, who says what.

use super::order::Orders;
use super::patterns::Patterns;
use super::traces::Traces;
use super::units::Units;
use crate::evidence::{Evidence, Station, SystemId};

pub(super) struct Digest {
    pub patterns: Patterns,
    pub traces: Traces,
    pub orders: Orders,
    pub units: Units,
    /// Whether most log records name the span that they were written under, and there are spans.
    pub has_spans: bool,
}

impl Digest {
    pub(super) fn of(evidence: &Evidence) -> Self {
        let mut seen = vec![false; evidence.texts.len()];
        let mut shapes = Vec::new();
        let mut logs_count = 0;
        for row in evidence.rows_at(Station::is_log) {
            logs_count += 1;
            let shape = evidence.shape(row);
            if !std::mem::replace(&mut seen[shape.0 as usize], true) {
                shapes.push(shape);
            }
        }
        let patterns = Patterns::of(evidence, shapes);
        let of_traces = || {
            let traces = Traces::of(evidence);
            let orders = Orders::of(evidence, &traces, &patterns);
            (traces, orders)
        };
        let ((traces, orders), units) = rayon::join(of_traces, || Units::of(evidence, &patterns));
        let has_spans =
            traces.spans.iter().any(|span| !span.is_inferred) && traces.logs.len() * 2 > logs_count;
        Self { patterns, traces, orders, units, has_spans }
    }

    /// Whether others name it as whom they call, and it writes neither spans nor lines itself.
    pub(super) fn is_silent(&self, system: SystemId) -> bool {
        let spans = &self.traces.spans;
        spans.iter().any(|span| span.peer == Some(system))
            && spans.iter().all(|span| span.system != system)
            && self.units.units.iter().all(|unit| unit.system != system)
    }
}
