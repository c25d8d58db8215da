//! Arguments, error hooks, exit codes.

use bridgewatch::cli::{Cli, run};
use clap::Parser;
use std::process::ExitCode;

/// Columns grow on all cores at once, which the system's allocator serialises.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if color_eyre::install().is_err() {
        eprintln!("bridgewatch: panics will be reported in brief");
    }
    run(Cli::parse())
}
