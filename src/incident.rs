//! The record of an incident: an append-only journal of entries, and the fold over it that the screen shows. Pure.
