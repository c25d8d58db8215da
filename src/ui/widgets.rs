//! What several views draw with.

pub(super) mod bars;
pub(super) mod edit;
pub(super) mod list;
pub(super) mod panel;
pub(super) mod scale;
pub(super) mod text;

pub(super) use bars::{gauge, heights, rail};
pub(super) use edit::edit;
pub(super) use list::{Click, List};
pub(super) use panel::{dialog, headed, lines, panel};
pub(super) use scale::{Scale, marked};
pub(super) use text::{clock, clock_ms, count, cut, fit, fit_end, fit_middle, some, ticking, wrap, wrap_to};
