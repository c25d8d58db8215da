//! Looking into a snapshot: events in full for the screen, and what a filter lets through. Never on the screen's thread.

mod passed;

use self::passed::{Passed, flows_with};
use super::engine::SharedFiles;
use crate::evidence::{Evidence, Row, TextId};
use crate::flows::{Flow, FlowId, FlowSet, Flows, Skew, Verdict};
use crate::ingest::possible_keys;
use crate::sources::files::Files;
use crate::telemetry::{Event, Severity, Window};
use crate::ui::{Filter, Found, Picture, STEPS, Step, begin_of, step_of};
use rayon::prelude::*;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Events that are read for a text that the columns do not hold; beyond these the note says so.
const MOST_READ: usize = 200_000;

/// Flows that one core counts at once.
const FLOWS_TOGETHER: usize = 4_096;

/// What searches share: the order of all events, and the number of the newest request.
#[derive(Debug, Default)]
pub(super) struct Look {
    newest: AtomicU64,
    order: Mutex<Order>,
}

/// All events, oldest first, clocks set right.
#[derive(Debug, Default)]
struct Order {
    rows: Arc<Vec<Row>>,
    /// The clocks that it was made with.
    skew: Arc<Vec<Skew>>,
    /// What the evidence is called: another one has another order.
    title: String,
    /// Events that had given way to the bound on memory: when more do, rows have other numbers.
    gone: u64,
}

/// Searches over one set of files, for measurements.
#[derive(Debug)]
pub struct Searches {
    look: Look,
    files: SharedFiles,
}

impl Searches {
    pub fn new(files: Files) -> Self {
        Self { look: Look::default(), files: SharedFiles::new(files.into()) }
    }

    /// What a filter lets through, as the screen would show it.
    pub fn find(&self, picture: &Picture, filter: &Filter) -> Option<Found> {
        self.look.search(&self.files, picture, filter, 0)
    }
}

/// Events in full, read again from where they came from.
pub(super) fn read(files: &SharedFiles, evidence: &Evidence, rows: &[Row]) -> Vec<(Row, Option<Event>)> {
    let files = current(files);
    rows.par_iter().map(|row| (*row, files.read_event(evidence, evidence.origin(*row)))).collect()
}

/// The flow that an identifier belongs to, in whatever spelling.
pub(super) fn flow_named(evidence: &Evidence, flows: &Flows, text: &str) -> Option<FlowId> {
    let mut known = possible_keys(text).into_iter().filter_map(|key| evidence.identifiers.find(key));
    known.find_map(|id| flows.with(id)).map(|id| flows.all.resolve(id))
}

fn current(files: &SharedFiles) -> Files {
    files.read().unwrap_or_else(PoisonError::into_inner).clone()
}

impl Order {
    /// The order for a snapshot: what came since the last one is sorted and merged in.
    fn of(&mut self, picture: &Picture) -> Arc<Vec<Row>> {
        let (evidence, flows) = (&picture.evidence, &picture.flows);
        let gone = evidence.given_way().map_or(0, |given_way| given_way.events);
        let is_other =
            self.title != picture.title || self.gone != gone || self.rows.len() as u32 > evidence.rows();
        if is_other || *self.skew != *flows.skew {
            self.rows = Arc::default();
            self.skew = flows.skew.clone();
            self.title.clone_from(&picture.title);
            self.gone = gone;
        }
        let known = self.rows.len() as u32;
        if known < evidence.rows() {
            let key = |row: Row| (flows.time(evidence, row), evidence.origin(row));
            let mut new: Vec<_> =
                (known..evidence.rows()).into_par_iter().map(|row| (key(Row(row)), Row(row))).collect();
            new.par_sort_unstable();
            let mut merged = Vec::with_capacity(evidence.rows() as usize);
            let mut old = self.rows.iter().copied().peekable();
            for (at, row) in new {
                while let Some(before) = old.next_if(|before| key(*before) <= at) {
                    merged.push(before);
                }
                merged.push(row);
            }
            merged.extend(old);
            self.rows = Arc::new(merged);
        }
        self.rows.clone()
    }
}

impl Look {
    /// From now on all older requests are stale.
    pub(super) fn ask(&self, request: u64) {
        self.newest.store(request, Ordering::Relaxed);
    }

    /// What a filter lets through, oldest first. `None` if a newer request came meanwhile.
    pub(super) fn search(
        &self,
        files: &SharedFiles,
        picture: &Picture,
        filter: &Filter,
        request: u64,
    ) -> Option<Found> {
        let is_stale = || self.newest.load(Ordering::Relaxed) != request;
        let (evidence, flows) = (&picture.evidence, &picture.flows);
        let ordered = self.order.lock().unwrap_or_else(PoisonError::into_inner).of(picture);
        let (mut rows, mut note, mut listed) = (ordered, None, None);
        if !filter.is_empty() {
            let chosen = filter.chooses_flows().then(|| chosen_flows(evidence, flows, filter));
            let passed = Passed::of(picture, filter, chosen.as_ref());
            rows = Arc::new(rows.par_iter().copied().filter(|row| passed.contains(*row)).collect());
            let mut hit = passed.flows;
            if !is_stale() && filter.needs_text() {
                let (fitting, told) = by_text(&current(files), &rows, picture, filter, &is_stale);
                (rows, note) = (Arc::new(fitting), told);
                hit = flows_with(&rows, evidence, flows);
            }
            listed = (!is_stale()).then(|| flows_of(&hit, picture, filter));
        }
        if is_stale() {
            return None;
        }
        let flows = listed.unwrap_or_else(|| flows.all.order().to_vec());
        let window = filter.window.or(picture.window);
        let course = window.map(|window| course(&rows, &flows, picture, window)).unwrap_or_default();
        (!is_stale()).then(|| Found { rows, flows: Arc::new(flows), course: Arc::new(course), window, note })
    }
}

/// The flows that pass by name and by what became of them.
fn chosen_flows(evidence: &Evidence, flows: &Flows, filter: &Filter) -> FlowSet {
    let named = |names: &[String]| -> HashSet<FlowId> {
        names.iter().filter_map(|name| flow_named(evidence, flows, name)).collect()
    };
    let (keep, leave) = (named(&filter.flows), named(&filter.without_flows));
    let passes = |flow: &Flow| {
        filter.fits_verdict(flow.verdict.into(), &flow.marks.names().collect::<Vec<_>>())
            && filter.fits_stop(flow.failing_hop.map(|hop| evidence.system_name(hop.to)))
    };
    let chosen = FlowSet::none_of(&flows.all);
    let is_kept = |id: &FlowId| (filter.flows.is_empty() || keep.contains(id)) && !leave.contains(id);
    let ids = flows.all.order().par_iter();
    ids.filter(|id| is_kept(id) && flows.get(**id).is_some_and(passes)).for_each(|id| chosen.add(*id));
    chosen.resolved(&flows.all)
}

/// What the text decides, and what of it could not be searched.
fn by_text(
    files: &Files,
    rows: &[Row],
    picture: &Picture,
    filter: &Filter,
    is_stale: &(impl Fn() -> bool + Sync),
) -> (Vec<Row>, Option<String>) {
    let (evidence, flows) = (&picture.evidence, &picture.flows);
    let regex = filter.regex.as_ref().and_then(|pattern| regex::Regex::new(pattern).ok());
    // Who types an identifier wants its flow, in whatever spelling the lines have it.
    if let [word] = filter.words.as_slice()
        && filter.regex.is_none()
        && filter.fields.is_empty()
        && let Some(flow) = flow_named(evidence, flows, word)
    {
        let is_of_it = |row: Row| flows.joins(evidence, row).is_some_and(|id| flows.all.resolve(id) == flow);
        return (rows.par_iter().copied().filter(|row| is_of_it(*row)).collect(), None);
    }
    let fits_whole = |row: Row| {
        files.read_event(evidence, evidence.origin(row)).is_some_and(|event| {
            let mut text = event.body.clone();
            event.operation.iter().for_each(|operation| text.push_str(&format!(" {operation}")));
            event.identifiers.iter().for_each(|id| text.push_str(&format!(" {}", id.value)));
            filter.fits_text(&text, regex.as_ref()) && filter.fits_fields(&event)
        })
    };
    if filter.needs_whole_text() {
        let skipped = rows.len().saturating_sub(MOST_READ);
        let note = (skipped > 0)
            .then(|| format!("only the newest {MOST_READ} of {} were searched for this", rows.len()));
        let passed =
            rows[skipped..].par_iter().copied().filter(|row| !is_stale() && fits_whole(*row)).collect();
        return (passed, note);
    }
    // A masked message decides for all events that share it. It holds the first line; what lies further down, as in a
    // stack trace, is read where there is trouble.
    let fits: Vec<bool> =
        evidence.texts.iter().map(|(_, text)| filter.fits_text(text, regex.as_ref())).collect();
    let fits = |text: TextId| text.0 != 0 && fits.get(text.0 as usize).copied().unwrap_or(false);
    let fits: Vec<bool> = evidence
        .stations
        .all()
        .iter()
        .map(|station| fits(station.shape) || filter.without_words.is_empty() && fits(station.operation))
        .collect();
    let is_trouble = |row: Row| evidence.severity(row) >= Severity::WARN;
    let reads_trouble = rows.iter().filter(|row| is_trouble(**row)).count() <= MOST_READ / 4;
    let passed = rows
        .par_iter()
        .copied()
        .filter(|row| {
            fits[evidence.station(*row).0 as usize]
                || reads_trouble && is_trouble(*row) && !is_stale() && fits_whole(*row)
        })
        .collect();
    (passed, None)
}

/// Flows that pass by themselves, or because one of their events does; oldest first.
fn flows_of(hit: &FlowSet, picture: &Picture, filter: &Filter) -> Vec<FlowId> {
    let (evidence, flows) = (&picture.evidence, &picture.flows);
    // Words may name what became of a flow, or its kind.
    let is_by_words = !filter.words.is_empty()
        && filter.regex.is_none()
        && filter.fields.is_empty()
        && filter.at_least.is_none()
        && filter.kind.is_none()
        && !filter.chooses_flows();
    let by_itself = |flow: &Flow| {
        let overlaps = filter.window.is_none_or(|window| flow.first < window.to && window.from <= flow.last);
        let passes = |system| filter.fits_system(evidence.system_name(system));
        overlaps
            && flow.visits.iter().any(|visit| passes(visit.system))
            && filter.fits_text(&summary(flow, picture), None)
    };
    let ids = flows.all.order().par_iter().copied();
    ids.filter(|id| hit.contains(*id) || is_by_words && flows.get(*id).is_some_and(by_itself)).collect()
}

/// What a flow is called, and what became of it.
fn summary(flow: &Flow, picture: &Picture) -> String {
    let name = picture.evidence.identifiers.identifier(flow.name).value;
    let verdict: &str = flow.verdict.into();
    let marks: Vec<&str> = flow.marks.names().collect();
    format!("{name} {verdict} {} {}", picture.flows.kind(flow.kind).name, marks.join(" "))
}

/// Events and flows by step of the window.
fn course(rows: &[Row], listed: &[FlowId], picture: &Picture, window: Window) -> Vec<Step> {
    let (evidence, flows) = (&picture.evidence, &picture.flows);
    // The rows are in order of time, so a step is a slice.
    let first_of = |step| {
        let begin = begin_of(window, step);
        rows.partition_point(|row| flows.time(evidence, *row) < begin)
    };
    let count = |step: usize| {
        let mut counted = Step::default();
        for row in &rows[first_of(step)..first_of(step + 1)] {
            let severity = evidence.severity(*row);
            counted.events += 1;
            counted.warnings += u32::from(severity.is_warning());
            counted.errors += u32::from(severity.is_error());
        }
        counted
    };
    let mut steps: Vec<Step> = (0..STEPS).into_par_iter().map(count).collect();
    let add = |mut counts: [[u32; 2]; STEPS], flow: &Flow| {
        if let Some(count) = step_of(window, flow.first).and_then(|place| counts.get_mut(place)) {
            count[0] += 1;
            count[1] += u32::from(matches!(flow.verdict, Verdict::Failed | Verdict::Stuck));
        }
        counts
    };
    let sum = |one: [[u32; 2]; STEPS], other: [[u32; 2]; STEPS]| {
        std::array::from_fn(|step| [one[step][0] + other[step][0], one[step][1] + other[step][1]])
    };
    let listed = listed.par_iter().with_min_len(FLOWS_TOGETHER).filter_map(|id| flows.get(*id));
    let counts = listed.fold(|| [[0; 2]; STEPS], add).reduce(|| [[0; 2]; STEPS], sum);
    for (step, [began, failing]) in steps.iter_mut().zip(counts) {
        (step.flows, step.failing) = (began, failing);
    }
    steps
}
