//! What several views draw with.

pub(super) mod bars;
pub(super) mod list;
pub(super) mod text;

pub(super) use bars::{gauge, heights};
pub(super) use list::List;
pub(super) use text::{clock, fit, panel, wrap};
