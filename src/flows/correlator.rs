//! Keeps the flows current: takes in evidence as it comes, at the price of what is new.
//!
//! Linking gives components of identifiers; the events of each are traced into a summary and a trail; kinds, usual paths
//! and verdicts follow from counts over trails. An update traces again only the flows that new rows touch: their old
//! trails are taken out of the counts and the new ones added. What is decided from the counts (entry stations,
//! terminals, usual stations, hop times) is decided anew each time; only where a decision changes are the flows that
//! hang on it judged again. So any order of batches gives the same flows as all at once.

pub(super) mod build;
mod kinds;
mod learn;
mod names;
mod update;

use super::clocks::Clocks;
use super::course::CourseId;
use super::linking::Linking;
use super::model::Model;
use super::trail::{Numbers, Trail};
use super::verdict::Judgement;
use super::{FlowId, FlowSettings, Flows, KindId};
use crate::evidence::Evidence;
use crate::telemetry::Time;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// What a first look at much evidence is about, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Which identifiers belong together.
    Linking,
    /// Whose clocks are off.
    Clocks,
    /// Each flow's events in order.
    Tracing,
    /// What is usual, and what became of each flow.
    Judging,
}

/// Is told of each phase of a first look, and how much of it is done, of 1; gives whether to go on.
pub type Watch<'a> = &'a mut dyn FnMut(Phase, f64) -> bool;

/// Correlates evidence as it grows; [`Correlator::flows`] is what it has made of it so far.
#[derive(Debug, Default)]
pub struct Correlator {
    settings: FlowSettings,
    flows: Flows,
    linking: Linking,
    clocks: Arc<Clocks>,
    numbers: Numbers,
    /// By number of the flow.
    trails: Vec<Option<Followed>>,
    kinds: kinds::Kinds,
    models: Vec<Model>,
    /// By kind: what each course of it says.
    judgements: Vec<FxHashMap<CourseId, Judgement>>,
    /// By kind: flows by verdict.
    verdicts: Vec<[u32; 6]>,
    /// Flows whose verdict changes by nothing but time.
    open: FxHashSet<FlowId>,
    /// How many flows there were when the clocks were last read.
    clocks_read_at: usize,
    /// Latest event of each system, corrected.
    ends: Vec<Time>,
    rows: u32,
    /// Events that had given way to the bound on memory: when there are more, rows have other numbers.
    gone: u64,
}

/// What is kept of a flow, and what it was counted as.
#[derive(Clone, Debug)]
struct Followed {
    trail: Trail,
    kind: KindId,
    /// Counted as clean, and as completed, in the model of its kind.
    is_clean: bool,
    is_completed: bool,
}

impl Followed {
    fn new(trail: Trail) -> Self {
        Self { trail, kind: KindId(0), is_clean: false, is_completed: false }
    }
}

impl Correlator {
    pub fn new(settings: FlowSettings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// All flows as of the last update.
    pub fn flows(&self) -> &Flows {
        &self.flows
    }

    /// Takes in the rows that were appended since the last update.
    ///
    /// The evidence must be the one of the last update, grown. A first look at much evidence is taken by all cores.
    /// Clocks are read again only when there are a quarter more flows than when they were read last, as everything
    /// hangs on them; see [`Correlator::settle`].
    pub fn update(&mut self, evidence: &Evidence) -> &Flows {
        self.update_watched(evidence, &mut |_, _| true);
        &self.flows
    }

    /// The same, watched. Whether it came to its end: one that was stopped has no flows, and begins anew next time.
    pub fn update_watched(&mut self, evidence: &Evidence, watch: Watch) -> bool {
        let new = evidence.rows().saturating_sub(self.rows);
        if gone(evidence) != self.gone || self.rows == 0 || new > self.rows / 2 {
            let is_done = self.build(evidence, watch).is_some();
            if !is_done {
                *self = Self::new(std::mem::take(&mut self.settings));
            }
            return is_done;
        }
        if new > 0 {
            self.take_in(evidence);
            if self.flows.len() > self.clocks_read_at + self.clocks_read_at / 4 {
                self.settle(evidence);
            }
        }
        true
    }

    /// Reads the clocks again, and if any of them moved, follows all flows anew: then the flows are those that
    /// [`Flows::of`] makes of the same evidence, to the nanosecond. For when there is nothing else to do.
    pub fn settle(&mut self, evidence: &Evidence) -> &Flows {
        let clocks = std::sync::Arc::clone(&self.clocks);
        let roots = self.roots_in_order(evidence);
        self.read_clocks(evidence, &roots);
        if clocks == self.clocks {
            self.clocks = clocks;
        } else {
            self.build_all(evidence);
        }
        &self.flows
    }

    /// What the person decided changed: everything is judged anew.
    pub fn set(&mut self, settings: FlowSettings, evidence: &Evidence) -> &Flows {
        if settings != self.settings {
            self.settings = settings;
            self.build_all(evidence);
        }
        &self.flows
    }
}

fn gone(evidence: &Evidence) -> u64 {
    evidence.given_way().map_or(0, |given_way| given_way.events)
}
