//! Arguments, error hooks, exit codes.
fn main() {}
