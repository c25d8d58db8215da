//! All flows of a source that holds too much to be read: what it counted, and what a sample that was read whole says of them.

use super::{CountedFlow, FlowIndex, Judged, Share};
use crate::evidence::{Counted, Evidence};
use crate::flows::{Flows, Verdict};
use crate::telemetry::Identifier;

/// See the module's header.
#[derive(Debug, Default)]
pub struct Census {
    counted: Counted,
    index: FlowIndex,
    /// One for each flow.
    judged: Vec<Judged>,
    /// Names of the kinds of the sample, by their number.
    kinds: Vec<String>,
    shares: Vec<Share>,
    /// Every event of the window was counted.
    is_complete: bool,
    /// Flows that were asked for whole.
    sampled: usize,
}

impl Census {
    /// Judges what was counted by the flows of a sample.
    pub fn of(mut counted: Counted, mut index: FlowIndex, sample: &Evidence, read: &Flows) -> Self {
        let (judged, shares) = index.learn(&mut counted, sample, read);
        let kinds = read.kinds.iter().map(|kind| kind.name.clone()).collect();
        let sampled = judged.iter().filter(|one| one.is_read).count();
        Self { counted, index, judged, kinds, shares, is_complete: true, sampled }
    }

    /// Some of the window could not be counted.
    #[must_use]
    pub fn incomplete(self) -> Self {
        Self { is_complete: false, ..self }
    }

    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    pub fn len(&self) -> usize {
        self.index.flows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// By first event, ties by name.
    pub fn flows(&self) -> impl ExactSizeIterator<Item = (&CountedFlow, &Judged)> {
        self.index.flows.iter().zip(&self.judged)
    }

    pub fn get(&self, place: usize) -> Option<(&CountedFlow, &Judged)> {
        Some((self.index.flows.get(place)?, self.judged.get(place)?))
    }

    pub fn counted(&self) -> &Counted {
        &self.counted
    }

    /// The identifier that a flow is named after.
    pub fn name(&self, flow: &CountedFlow) -> String {
        self.counted.evidence.identifiers.identifier(flow.name).value
    }

    /// A flow's identifiers, the most trusted class first.
    pub fn identifiers(&self, flow: &CountedFlow) -> Vec<Identifier> {
        let known = &self.counted.evidence.identifiers;
        let mut all: Vec<Identifier> =
            self.index.identifiers(flow).into_iter().map(|id| known.identifier(id)).collect();
        all.sort();
        all
    }

    /// The name of its kind; empty where none of those that look alike was read.
    pub fn kind(&self, judged: &Judged) -> &str {
        judged.kind.and_then(|kind| self.kinds.get(usize::from(kind.0))).map_or("", String::as_str)
    }

    /// How many of all flows have which verdict, in words.
    pub fn shares(&self) -> String {
        let percent = |share: &Share| {
            format!(
                "{:.1} % ± {:.1} % {}",
                share.share * 100.0,
                share.error * 100.0,
                <&str>::from(share.verdict).replace('_', " ")
            )
        };
        let lost =
            self.shares.iter().filter(|share| matches!(share.verdict, Verdict::Failed | Verdict::Stuck));
        lost.map(percent).collect::<Vec<_>>().join(", ")
    }

    /// What was counted, what was read, and what that says of all flows, in words.
    pub fn note(&self) -> String {
        let cut = if self.is_complete { "" } else { "; not all could be counted" };
        format!(
            "{} events were counted where they are{cut}; {} of {} flows were read whole: {}",
            self.counted.sum(),
            self.sampled,
            self.len(),
            self.shares()
        )
    }
}
