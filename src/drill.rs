//! Drills: incidents to practise on. Pure: the simulated time comes in as a value, and what the estate writes goes out as text.

/// The simulated estate: systems, faults, mitigations, and the raw telemetry that follows from them.
pub mod estate;
