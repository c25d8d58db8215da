//! Sources that hold more than one machine should read: they count, and a sample of flows is read whole.

use crate::evidence::{Counted, Evidence};
use crate::flows::{Census, FlowIndex, Flows};
use crate::sources::{Collector, add_tallies};
use crate::telemetry::{
    Batch, Completeness, Identifier, IdentifierClass, Nanos, Query, Time, Wanted, Window,
};
use futures::future::join_all;
use std::sync::{Mutex, PoisonError};

/// Flows that are read whole.
const SAMPLE: usize = 600;
/// Identifiers that one question asks for.
const AT_ONCE: usize = 20;
/// Rows that one question about whole flows may yield.
const ROWS: usize = 50_000;
/// Groups of events that are kept: beyond these the index is cut off, and says so.
const TALLIES: usize = 20_000_000;

/// What was counted, and which of it was read.
#[derive(Debug)]
pub struct Survey {
    pub counted: Counted,
    pub index: FlowIndex,
    /// Every event of the window was counted.
    pub is_complete: bool,
    /// Flows that were asked for whole.
    pub sampled: usize,
}

/// How many events a source holds, if these are too many; `None` too where it does not say, which pulling will tell.
pub async fn too_many(collector: &Collector, window: Window, patience: Nanos) -> Option<u64> {
    collector.source().too_many(window, patience).await.ok().flatten()
}

/// Has large sources count, joins that with what is known already, and reads a sample of the flows: each page of it goes to
/// `take` with the name of its source.
pub async fn survey(
    collectors: &mut [Collector],
    known: Counted,
    window: Window,
    now: Time,
    patience: Nanos,
    mut take: impl FnMut(&str, Batch) + Send,
) -> Survey {
    let counted = Mutex::new(known);
    let query = |wanted, limit| Query { window, wanted, limit, deadline: patience };
    let counting = collectors.iter_mut().map(|collector| {
        let counted = &counted;
        async move {
            let mut is_whole = true;
            let outcome = collector.pull(query(Wanted::Tallies, TALLIES), now, |batch| {
                is_whole &= batch.completeness == Completeness::Full;
                add_tallies(&mut counted.lock().unwrap_or_else(PoisonError::into_inner), batch.tallies);
            });
            outcome.await.is_ok() && is_whole
        }
    });
    let is_complete = join_all(counting).await.into_iter().all(|is_whole| is_whole);
    let counted = counted.into_inner().unwrap_or_else(PoisonError::into_inner);
    let index = FlowIndex::of(&counted);
    let chosen = index.choose(SAMPLE);
    for identifiers in questions(&counted, &index, &chosen) {
        for collector in &mut *collectors {
            let name = collector.health().name.clone();
            let wanted = Wanted::Identifiers(identifiers.clone());
            // Its health says why it could not answer; the flows stay unread.
            let _ = collector.pull(query(wanted, ROWS), now, |batch| take(&name, batch)).await;
        }
    }
    Survey { counted, index, is_complete, sampled: chosen.len() }
}

/// The identifiers of whole flows, as many together as one question may ask for.
fn questions(counted: &Counted, index: &FlowIndex, chosen: &[usize]) -> Vec<Vec<Identifier>> {
    let mut questions: Vec<Vec<Identifier>> = Vec::new();
    for place in chosen {
        let all = index.identifiers(&index.flows[*place]).into_iter();
        let all = all.map(|id| counted.evidence.identifiers.identifier(id)).filter(|identifier| {
            !matches!(identifier.class, IdentifierClass::Session | IdentifierClass::Span)
        });
        let all: Vec<Identifier> = all.take(AT_ONCE).collect();
        match questions.last_mut() {
            Some(question) if question.len() + all.len() <= AT_ONCE => question.extend(all),
            _ => questions.push(all),
        }
    }
    questions
}

impl Survey {
    /// Judges all that was counted by the flows that were read whole.
    pub fn learn(self, sample: &Evidence, read: &Flows) -> Census {
        let census = Census::of(self.counted, self.index, sample, read);
        if self.is_complete { census } else { census.incomplete() }
    }
}
