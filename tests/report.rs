//! The report as others get it: JSON by its published schema, and HTML in a real browser.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "report/bridge.rs"]
mod bridge;
#[path = "report/browser.rs"]
mod browser;
#[path = "report/measured.rs"]
mod measured;
#[path = "report/review.rs"]
mod review;
#[path = "report/schema.rs"]
mod schema;
