//! Pictures for a report: the signals that the evidence names, and where flows stop.

use super::{Chart, PathStop, Report};
use crate::evidence::Evidence;
use crate::flows::{Flows, Verdict};
use crate::suspects::{Pointer, Suspects};
use crate::telemetry::{Nanos, Window};

/// More charts than this are not looked at.
const MOST_CHARTS: usize = 6;
/// How much of the time before onset and after the end a chart shows.
const MARGIN: Nanos = Nanos::seconds(30 * 60);

impl Report {
    /// Adds what the evidence can show: charts of the signals that speak for the suspects, and the way of the flows.
    #[must_use]
    pub fn illustrated(mut self, evidence: &Evidence, flows: &Flows, suspects: &Suspects) -> Self {
        self.charts = charts(&self, evidence, suspects);
        self.path = path(evidence, flows);
        self
    }
}

fn charts(report: &Report, evidence: &Evidence, suspects: &Suspects) -> Vec<Chart> {
    let Some(all) = evidence.window() else { return Vec::new() };
    let began = report.incident.impact_began.or(suspects.onset.as_ref().map(|onset| onset.time));
    let window = Window {
        from: began.map_or(all.from, |began| (began - MARGIN).max(all.from)),
        to: report.incident.impact_ended.map_or(all.to, |ended| (ended + MARGIN).min(all.to)),
    };
    let mut places: Vec<usize> = Vec::new();
    for reason in suspects.ranking.iter().flat_map(|suspect| &suspect.evidence) {
        for pointer in &reason.pointers {
            if let Pointer::Series(place) = pointer
                && !places.contains(place)
            {
                places.push(*place);
            }
        }
    }
    places
        .into_iter()
        .filter_map(|place| evidence.series.get(place))
        .filter(|series| !series.within(window).is_empty())
        .take(MOST_CHARTS)
        .map(|series| Chart {
            title: format!("{} {}", series.system, series.metric),
            series: series.clone(),
            window,
        })
        .collect()
}

/// The usual way of the kind that lost most flows, with how many were seen and lost at each stop.
fn path(evidence: &Evidence, flows: &Flows) -> Vec<PathStop> {
    let lost = |verdicts: &[u32; 6]| verdicts[Verdict::Failed as usize] + verdicts[Verdict::Stuck as usize];
    let Some((place, kind)) = flows.kinds.iter().enumerate().max_by_key(|(_, kind)| lost(&kind.verdicts))
    else {
        return Vec::new();
    };
    let of_kind = || flows.iter().map(|(_, flow)| flow).filter(|flow| usize::from(flow.kind.0) == place);
    let stops = kind.path.systems.iter().map(|&system| PathStop {
        system: evidence.system_name(system).to_owned(),
        flows: of_kind().filter(|flow| flow.visits.iter().any(|visit| visit.system == system)).count() as u64,
        failed: of_kind().filter(|flow| flow.failing_hop.is_some_and(|hop| hop.to == system)).count() as u64,
    });
    stops.collect()
}
