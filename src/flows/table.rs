//! The flows by number and in order of time, in blocks that clones share, so that a change copies only what it touches.

use super::{Flow, FlowId};
use std::sync::Arc;

const BITS: u32 = 8;
const SIZE: usize = 1 << BITS;

/// What a number leads to.
#[derive(Clone, Debug)]
enum Slot {
    Flow(Flow),
    /// The flow turned out to be part of another one.
    MovedTo(FlowId),
    Gone,
}

/// All flows: by number, and oldest first (ties by the name's key).
#[derive(Clone, Debug, Default)]
pub struct FlowTable {
    blocks: Vec<Arc<Vec<Slot>>>,
    order: Arc<Vec<FlowId>>,
    /// Numbers that lead to another one.
    moved: Arc<Vec<FlowId>>,
}

impl FlowTable {
    /// How many flows there are; numbers may be higher.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The flow with this number, or the one that it became part of.
    pub fn get(&self, id: FlowId) -> Option<&Flow> {
        match self.slot(self.resolve(id))? {
            Slot::Flow(flow) => Some(flow),
            Slot::MovedTo(_) | Slot::Gone => None,
        }
    }

    /// The number of the flow that this number leads to today.
    pub fn resolve(&self, mut id: FlowId) -> FlowId {
        while let Some(Slot::MovedTo(next)) = self.slot(id) {
            id = *next;
        }
        id
    }

    /// All flows, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (FlowId, &Flow)> + DoubleEndedIterator {
        self.order.iter().map(|&id| (id, self.get(id).expect("the order holds only flows")))
    }

    /// Numbers, oldest flow first.
    pub fn order(&self) -> &[FlowId] {
        &self.order
    }

    /// Numbers that lead to another one.
    pub(super) fn moved(&self) -> &[FlowId] {
        &self.moved
    }

    /// One more than the highest number given out.
    pub(super) fn numbers(&self) -> u32 {
        match self.blocks.last() {
            Some(last) => ((self.blocks.len() - 1) << BITS) as u32 + last.len() as u32,
            None => 0,
        }
    }

    /// Adds a flow under a new number; it is in no order until [`FlowTable::set_order`].
    pub(super) fn push(&mut self, flow: Flow) -> FlowId {
        let number = self.numbers();
        if number as usize & (SIZE - 1) == 0 {
            self.blocks.push(Arc::new(Vec::with_capacity(SIZE)));
        }
        Arc::make_mut(self.blocks.last_mut().expect("a block was just made")).push(Slot::Flow(flow));
        FlowId(number)
    }

    pub(super) fn replace(&mut self, id: FlowId, flow: Flow) {
        *self.slot_mut(id) = Slot::Flow(flow);
    }

    pub(super) fn get_mut(&mut self, id: FlowId) -> Option<&mut Flow> {
        match self.slot_mut(id) {
            Slot::Flow(flow) => Some(flow),
            Slot::MovedTo(_) | Slot::Gone => None,
        }
    }

    /// Takes a flow out; its number leads to `heir` from now on.
    pub(super) fn remove(&mut self, id: FlowId, heir: Option<FlowId>) {
        *self.slot_mut(id) = heir.map_or(Slot::Gone, Slot::MovedTo);
        if heir.is_some() {
            Arc::make_mut(&mut self.moved).push(id);
        }
    }

    pub(super) fn set_order(&mut self, order: Vec<FlowId>) {
        self.order = Arc::new(order);
    }

    fn slot(&self, id: FlowId) -> Option<&Slot> {
        self.blocks.get((id.0 >> BITS) as usize)?.get(id.0 as usize & (SIZE - 1))
    }

    fn slot_mut(&mut self, id: FlowId) -> &mut Slot {
        &mut Arc::make_mut(&mut self.blocks[(id.0 >> BITS) as usize])[id.0 as usize & (SIZE - 1)]
    }
}
