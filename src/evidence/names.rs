//! Texts by number: systems, masked messages, operations.

use rustc_hash::FxHashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

/// Texts numbered in order of arrival, found again by text or by a fingerprint that the caller chose.
#[derive(Clone, Debug, Default)]
pub struct Names {
    texts: Vec<Arc<str>>,
    numbers: FxHashMap<u64, u32>,
}

impl Names {
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The text's number, new or known.
    pub fn intern(&mut self, text: &str) -> u32 {
        self.intern_as(fingerprint(text), text)
    }

    /// The number of a fingerprint; `text` is kept if the fingerprint is new.
    pub fn intern_as(&mut self, fingerprint: u64, text: &str) -> u32 {
        let texts = &mut self.texts;
        *self.numbers.entry(fingerprint).or_insert_with(|| {
            texts.push(text.into());
            texts.len() as u32 - 1
        })
    }

    pub fn number(&self, fingerprint: u64) -> Option<u32> {
        self.numbers.get(&fingerprint).copied()
    }

    pub fn find(&self, text: &str) -> Option<u32> {
        self.number(fingerprint(text))
    }

    /// The text behind a number; empty for one that was never given.
    pub fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", |text| text)
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, &str)> {
        self.texts.iter().enumerate().map(|(number, text)| (number as u32, &**text))
    }
}

fn fingerprint(text: &str) -> u64 {
    let mut hasher = rustc_hash::FxBuildHasher.build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish()
}
