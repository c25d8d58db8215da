//! Needles that may turn out to be asked for: where they stand is noted in passing, so that no other pass is needed
//! when they are.

use memchr::memmem;
use std::sync::{Mutex, PoisonError};

/// Each costs a search of every chunk.
const MOST: usize = 4;

/// Guesses, and in which chunks each of them stands.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    all: Mutex<Vec<Guess>>,
}

#[derive(Debug)]
struct Guess {
    finder: memmem::Finder<'static>,
    known: Known,
}

/// What is known of where a needle stands.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Chunks that hold it, and whether the record that does begins in the chunk.
    pub(super) seen: Vec<(usize, bool)>,
    /// By chunk.
    pub(super) is_searched: Vec<bool>,
}

impl Guesses {
    /// Guesses that needles will be asked for. The first few are: later ones are met in what those lead to.
    pub(super) fn add(&self, needles: Vec<Vec<u8>>, chunks: usize) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        for needle in needles {
            if all.len() < MOST && !all.iter().any(|guess| guess.finder.needle() == needle) {
                let finder = memmem::Finder::new(&needle).into_owned();
                let known = Known { seen: Vec::new(), is_searched: vec![false; chunks] };
                all.push(Guess { finder, known });
            }
        }
    }

    /// Looks for all guesses in a chunk. `begins` tells whether the record that holds a place begins in the chunk.
    pub(super) fn search(&self, chunk: usize, bytes: &[u8], length: usize, begins: impl Fn(usize) -> bool) {
        let finders: Vec<memmem::Finder<'static>> = {
            let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            all.iter().map(|guess| guess.finder.clone()).collect()
        };
        for (number, finder) in finders.iter().enumerate() {
            let hit = finder.find(bytes).filter(|&hit| hit < length);
            let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            let known = &mut all[number].known;
            known.is_searched[chunk] = true;
            known.seen.extend(hit.map(|hit| (chunk, begins(hit))));
        }
    }

    /// What is known of a needle, if it was guessed.
    pub(super) fn of(&self, needle: &[u8]) -> Option<Known> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let guess = all.iter().find(|guess| guess.finder.needle() == needle)?;
        Some(guess.known.clone())
    }
}
