//! All identifiers met, by number, with the last event filed under each.

use super::Row;
use crate::telemetry::{Identifier, IdentifierClass, IdentifierKey};
use rustc_hash::FxHashMap;

/// An identifier by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentifierId(pub u32);

const NONE: u32 = u32::MAX;

/// An open-addressing table from key to number; several times as fast as a general map on keys that are random already.
#[derive(Clone, Debug)]
pub struct Identifiers {
    slots: Vec<u32>,
    keys: Vec<IdentifierKey>,
    classes: Vec<IdentifierClass>,
    last_rows: Vec<u32>,
    /// How identifiers that are not 128-bit hex are written.
    spellings: FxHashMap<IdentifierKey, Box<str>>,
}

impl Default for Identifiers {
    fn default() -> Self {
        Self {
            slots: vec![NONE; 1 << 10],
            keys: Vec::new(),
            classes: Vec::new(),
            last_rows: Vec::new(),
            spellings: FxHashMap::default(),
        }
    }
}

impl Identifiers {
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key's number, new or known. Where two classes claim one key, the more trusted one stands.
    pub fn intern(&mut self, class: IdentifierClass, key: IdentifierKey) -> IdentifierId {
        let slot = self.slot(key);
        if self.slots[slot] != NONE {
            let id = self.slots[slot];
            let known = &mut self.classes[id as usize];
            *known = (*known).min(class);
            return IdentifierId(id);
        }
        let id = self.keys.len() as u32;
        self.slots[slot] = id;
        self.keys.push(key);
        self.classes.push(class);
        self.last_rows.push(NONE);
        if self.keys.len() * 2 > self.slots.len() {
            self.grow();
        }
        IdentifierId(id)
    }

    pub fn find(&self, key: IdentifierKey) -> Option<IdentifierId> {
        Some(self.slots[self.slot(key)]).filter(|&id| id != NONE).map(IdentifierId)
    }

    pub fn key(&self, id: IdentifierId) -> IdentifierKey {
        self.keys[id.0 as usize]
    }

    pub fn class(&self, id: IdentifierId) -> IdentifierClass {
        self.classes[id.0 as usize]
    }

    /// The identifier as it is shown: its own spelling, or 32 hex digits.
    pub fn identifier(&self, id: IdentifierId) -> Identifier {
        let key = self.key(id);
        let value = match self.spellings.get(&key) {
            Some(spelling) => spelling.to_string(),
            None => format!("{:032x}", key.0),
        };
        Identifier { class: self.class(id), value }
    }

    pub fn ids(&self) -> impl Iterator<Item = IdentifierId> {
        (0..self.keys.len() as u32).map(IdentifierId)
    }

    /// Notes how a key is written. Of several spellings one is kept that does not depend on what came first: hex in
    /// small letters, and the longest, which is the one with dashes.
    pub(super) fn spell(&mut self, key: IdentifierKey, spelling: &str) {
        let is_hex = spelling.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
            && spelling.bytes().filter(u8::is_ascii_hexdigit).count() == 32;
        let spelling: Box<str> = if is_hex { spelling.to_ascii_lowercase().into() } else { spelling.into() };
        let kept = self.spellings.entry(key).or_insert_with(|| spelling.clone());
        if (kept.len(), &**kept) < (spelling.len(), &*spelling) {
            *kept = spelling;
        }
    }

    /// Forgets which rows are filed under what; numbers and spellings stay.
    pub(super) fn unfile(&mut self) {
        self.last_rows.fill(NONE);
    }

    /// Files a row under an identifier and returns the row filed before it.
    pub(super) fn file(&mut self, id: IdentifierId, row: u32) -> u32 {
        std::mem::replace(&mut self.last_rows[id.0 as usize], row)
    }

    /// The row that was filed last under an identifier.
    pub fn last_row(&self, id: IdentifierId) -> Option<Row> {
        Some(self.last_rows[id.0 as usize]).filter(|&row| row != NONE).map(Row)
    }

    /// The slot that holds the key, or the free one where it belongs.
    fn slot(&self, key: IdentifierKey) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(key) & mask;
        while self.slots[slot] != NONE && self.keys[self.slots[slot] as usize] != key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    #[cold]
    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        self.slots = vec![NONE; mask + 1];
        for (id, &key) in self.keys.iter().enumerate() {
            let mut slot = hash(key) & mask;
            while self.slots[slot] != NONE {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = id as u32;
        }
    }
}

fn hash(IdentifierKey(key): IdentifierKey) -> usize {
    let mixed = (key as u64) ^ ((key >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed.wrapping_mul(0xd6e8_feb8_6659_fd93) >> 20) as usize
}
