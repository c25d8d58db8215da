//! What a filter lets through by the columns alone: one pass over the events as they are stored, which is several times
//! faster than in order of time, and a bit for each.

use crate::evidence::{Evidence, Row};
use crate::flows::{FlowSet, Flows};
use crate::telemetry::Severity;
use crate::ui::{Filter, Picture};
use rayon::prelude::*;

/// Events of one word of bits.
const WORD: u32 = 64;
/// Words that one core takes at once.
const TOGETHER: usize = 1_024;

pub(super) struct Passed {
    bits: Vec<u64>,
    /// The flows of those that passed.
    pub flows: FlowSet,
}

impl Passed {
    /// What passes, of the flows that were chosen if any were.
    pub(super) fn of(picture: &Picture, filter: &Filter, chosen: Option<&FlowSet>) -> Self {
        let (evidence, flows) = (&picture.evidence, &picture.flows);
        let view = evidence.view();
        let fits = fitting_stations(evidence, filter);
        let levels: [bool; 256] = std::array::from_fn(|level| filter.fits_severity(Severity(level as u8)));
        let hit = FlowSet::none_of(&flows.all);
        let passes = |row: Row| {
            let is_fit = fits[view.station(row).0 as usize]
                && levels[usize::from(view.severity(row).0)]
                && filter.window.is_none_or(|window| window.contains(flows.time(evidence, row)));
            // What carries no identifier is of no flow, and most that is asked for flows is asked for few.
            let flow =
                (is_fit && view.identifier(row).is_some()).then(|| flows.joins(evidence, row)).flatten();
            let is_in = is_fit && chosen.is_none_or(|chosen| flow.is_some_and(|flow| chosen.contains(flow)));
            if let Some(flow) = flow.filter(|_| is_in) {
                hit.add(flow);
            }
            is_in
        };
        let word = |number: u32| {
            let rows = (number * WORD..((number + 1) * WORD).min(evidence.rows())).map(Row);
            rows.enumerate().fold(0, |word, (place, row)| word | u64::from(passes(row)) << place)
        };
        let words = (0..evidence.rows().div_ceil(WORD)).into_par_iter().with_min_len(TOGETHER);
        let bits = words.map(word).collect();
        Self { bits, flows: hit.resolved(&flows.all) }
    }

    pub(super) fn contains(&self, row: Row) -> bool {
        self.bits[(row.0 / WORD) as usize] >> (row.0 % WORD) & 1 == 1
    }
}

/// The flows of events.
pub(super) fn flows_with(rows: &[Row], evidence: &Evidence, flows: &Flows) -> FlowSet {
    let hit = FlowSet::none_of(&flows.all);
    rows.par_iter().filter_map(|row| flows.joins(evidence, *row)).for_each(|id| hit.add(id));
    hit.resolved(&flows.all)
}

/// Whether what is the same for all events of a station passes.
fn fitting_stations(evidence: &Evidence, filter: &Filter) -> Vec<bool> {
    let systems: Vec<bool> = evidence.systems.iter().map(|(_, name)| filter.fits_system(name)).collect();
    let fits = |system: u16| systems.get(usize::from(system)).copied().unwrap_or(true);
    let stations = evidence.stations.all().iter();
    let kind = filter.kind;
    stations.map(|one| fits(one.system.0) && kind.is_none_or(|kind| one.kind == kind)).collect()
}
