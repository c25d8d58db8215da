//! `bridgewatch bench`: measures on generated corpora, what is found against the truth and how fast.

mod correctness;
mod drills;
mod estate;
mod index;
mod speed;
mod suspects;

pub(super) use suspects::SuspectsBench;

use super::arguments::{BenchCommand, Shared};
use super::output::Output;
use super::{Failure, Outcome};

pub(super) fn run(shared: &Shared, command: BenchCommand, output: &Output) -> Result<Outcome, Failure> {
    match command {
        BenchCommand::Correctness { corpora, detect } => correctness::run(shared, &corpora, detect, output),
        BenchCommand::Speed { corpora, floors, search, rounds, at_most } => {
            speed::run(&corpora, floors.as_deref(), &search, rounds, at_most, output)
        }
        BenchCommand::Drills { seeds, from, minutes, keep } => {
            drills::run(seeds, from, minutes, keep.as_deref(), output)
        }
        BenchCommand::Suspects(arguments) => suspects::run(shared, &arguments, output),
        BenchCommand::Index { paths, suspects } => index::run(shared, &paths, suspects, output),
    }
}
