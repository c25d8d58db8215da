//! All identifiers met, by number, with the last event filed under each.
//!
//! Clones share everything, down to the table that leads from key to number: it only ever grows, so a clone that was
//! taken earlier simply ignores numbers beyond its own.

use super::{Chunks, Row};
use crate::telemetry::{HexStyle, Identifier, IdentifierClass, IdentifierKey, KeyGlance};
use std::sync::{Arc, PoisonError, RwLock};

/// An identifier by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentifierId(pub u32);

const NONE: u32 = u32::MAX;

/// The columns of identifiers, and the table that finds them.
#[derive(Clone, Debug, Default)]
pub struct Identifiers {
    table: Arc<RwLock<Table>>,
    keys: Chunks<IdentifierKey>,
    traits: Chunks<(IdentifierClass, HexStyle)>,
    last_rows: Chunks<u32>,
    /// Where in `written` an identifier's own spelling stands; 0 where its key says it all.
    spelt_at: Chunks<u32>,
    written: Chunks<u8>,
}

/// Open addressing; a slot holds 32 bits of the hash and the number plus one. Several times as fast as a general map on
/// keys that are random already.
#[derive(Clone, Debug, Default)]
struct Table {
    slots: Vec<u64>,
    filled: usize,
}

impl Identifiers {
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The numbers of keys, new or known. Where two classes claim one key, the more trusted one stands.
    pub(super) fn intern_all(&mut self, keys: &[KeyGlance]) -> Vec<IdentifierId> {
        let shared = Arc::clone(&self.table);
        let mut table = shared.write().unwrap_or_else(PoisonError::into_inner);
        if table.filled != self.keys.len() {
            // A clone has gone its own way with the table that we shared.
            drop(table);
            self.table = Arc::new(RwLock::new(Table::of(&self.keys)));
            return self.intern_all(keys);
        }
        // All places are looked at before the first is needed, so that the waits for memory overlap.
        let first: Vec<u64> = keys.iter().map(|glance| table.first_slot(glance.key)).collect();
        let known: Vec<bool> =
            keys.iter().zip(&first).map(|(glance, &slot)| is_of(slot, glance.key, &self.keys)).collect();
        keys.iter()
            .zip(first.iter().zip(known))
            .map(|(glance, (&slot, known))| {
                let known = known.then(|| slot as u32 - 1);
                self.intern(&mut table, glance, known)
            })
            .collect()
    }

    fn intern(&mut self, table: &mut Table, glance: &KeyGlance, known: Option<u32>) -> IdentifierId {
        let found = match known {
            Some(id) => Ok(id),
            None => {
                table.make_room(&self.keys);
                table.find(glance.key, &self.keys)
            }
        };
        match found {
            Ok(id) => {
                let (class, style) = self.traits.get(id);
                let both = (class.min(glance.class), style.and(glance.style));
                if both != (class, style) {
                    self.traits.set(id, both);
                }
                IdentifierId(id)
            }
            Err(slot) => {
                let id = self.keys.len() as u32;
                table.fill(slot, glance.key, id);
                self.keys.push(glance.key);
                self.traits.push((glance.class, glance.style));
                self.last_rows.push(NONE);
                self.spelt_at.push(0);
                IdentifierId(id)
            }
        }
    }

    pub fn find(&self, key: IdentifierKey) -> Option<IdentifierId> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.find(key, &self.keys).ok().map(IdentifierId)
    }

    pub fn key(&self, id: IdentifierId) -> IdentifierKey {
        self.keys.get(id.0)
    }

    /// Class and style as they were met.
    pub(super) fn traits(&self, id: IdentifierId) -> (IdentifierClass, HexStyle) {
        self.traits.get(id.0)
    }

    /// How an identifier is written that is not hex.
    pub(super) fn own_spelling(&self, id: IdentifierId) -> Option<String> {
        Some(self.spelt_at.get(id.0)).filter(|&at| at != 0).map(|at| self.spelling(at))
    }

    pub fn class(&self, id: IdentifierId) -> IdentifierClass {
        self.traits.get(id.0).0
    }

    /// The identifier as it is shown: its own spelling, or hex as it was written.
    pub fn identifier(&self, id: IdentifierId) -> Identifier {
        let value = match self.spelt_at.get(id.0) {
            0 => self.traits.get(id.0).1.write(self.key(id)),
            at => self.spelling(at),
        };
        Identifier { class: self.class(id), value }
    }

    pub fn ids(&self) -> impl Iterator<Item = IdentifierId> {
        (0..self.keys.len() as u32).map(IdentifierId)
    }

    /// Notes how an identifier that is not hex is written. Of several spellings one is kept that does not depend on what
    /// came first: the longest, and of these the last in order.
    pub(super) fn spell(&mut self, id: IdentifierId, spelling: &str) {
        let spelling = &spelling[..spelling.floor_char_boundary(usize::from(u16::MAX))];
        let at = self.spelt_at.get(id.0);
        if at != 0 {
            let kept = self.spelling(at);
            if (kept.len(), kept.as_str()) >= (spelling.len(), spelling) {
                return;
            }
        }
        if self.written.is_empty() {
            self.written.push(0); // Place 0 says that there is none.
        }
        // Past four billion letters, identifiers are shown by their keys.
        let Ok(at) = u32::try_from(self.written.len()) else { return };
        self.spelt_at.set(id.0, at);
        self.written.extend(&(spelling.len() as u16).to_le_bytes());
        self.written.extend(spelling.as_bytes());
    }

    fn spelling(&self, at: u32) -> String {
        let length = u16::from_le_bytes([self.written.get(at), self.written.get(at + 1)]);
        let bytes = (0..u32::from(length)).map(|place| self.written.get(at + 2 + place)).collect();
        String::from_utf8(bytes).expect("whole strings are written")
    }

    /// Forgets which rows are filed under what; numbers and spellings stay.
    pub(super) fn unfile(&mut self) {
        self.last_rows = Chunks::default();
        self.last_rows.extend_from((0..self.keys.len()).map(|_| NONE));
    }

    /// Files a row under an identifier and returns the row filed before it.
    pub(super) fn file(&mut self, id: IdentifierId, row: u32) -> u32 {
        let before = self.last_rows.get(id.0);
        if before != row {
            self.last_rows.set(id.0, row);
        }
        before
    }

    /// The row that was filed last under an identifier; `u32::MAX` for none.
    pub(super) fn last_row_number(&self, id: IdentifierId) -> u32 {
        self.last_rows.get(id.0)
    }

    /// The row that was filed last under an identifier.
    pub fn last_row(&self, id: IdentifierId) -> Option<Row> {
        Some(self.last_rows.get(id.0)).filter(|&row| row != NONE).map(Row)
    }
}

impl Table {
    fn of(keys: &Chunks<IdentifierKey>) -> Self {
        let mut table = Self::default();
        for id in 0..keys.len() as u32 {
            table.make_room(keys);
            if let Err(slot) = table.find(keys.get(id), keys) {
                table.fill(slot, keys.get(id), id);
            }
        }
        table.filled = keys.len();
        table
    }

    /// The key's number, or the free slot where it belongs.
    #[inline]
    fn find(&self, key: IdentifierKey, keys: &Chunks<IdentifierKey>) -> Result<u32, usize> {
        if self.slots.is_empty() {
            return Err(0);
        }
        let mask = self.slots.len() - 1;
        let hash = hash(key);
        let mut slot = hash as usize & mask;
        loop {
            let found = self.slots[slot];
            let number = found as u32;
            if number == 0 {
                return Err(slot);
            }
            if is_of(found, key, keys) {
                return Ok(number - 1);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// What stands in the first slot that a key may be in; 0 for nothing.
    #[inline]
    fn first_slot(&self, key: IdentifierKey) -> u64 {
        match self.slots.len() {
            0 => 0,
            length => self.slots[hash(key) as usize & (length - 1)],
        }
    }

    fn fill(&mut self, slot: usize, key: IdentifierKey, id: u32) {
        self.slots[slot] = hash(key) >> 32 << 32 | u64::from(id + 1);
        self.filled += 1;
    }

    #[inline]
    fn make_room(&mut self, keys: &Chunks<IdentifierKey>) {
        if self.filled * 4 >= self.slots.len() * 3 {
            self.grow(keys);
        }
    }

    #[cold]
    fn grow(&mut self, keys: &Chunks<IdentifierKey>) {
        let length = (self.slots.len() * 2).max(1 << 10);
        let mask = length - 1;
        let old = std::mem::replace(&mut self.slots, vec![0; length]);
        for found in old.into_iter().filter(|&found| found as u32 != 0) {
            let mut slot = hash(keys.get(found as u32 - 1)) as usize & mask;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = found;
        }
    }
}

/// Whether a slot holds a key. A number beyond our own belongs to a clone that grew on.
#[inline]
fn is_of(slot: u64, key: IdentifierKey, keys: &Chunks<IdentifierKey>) -> bool {
    let number = slot as u32;
    number != 0
        && slot >> 32 == hash(key) >> 32
        && number as usize <= keys.len()
        && keys.get(number - 1) == key
}

#[inline]
fn hash(IdentifierKey(key): IdentifierKey) -> u64 {
    let mixed = (key as u64) ^ ((key >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = mixed.wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ mixed >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glance(key: u128) -> KeyGlance {
        KeyGlance { key: IdentifierKey(key), class: IdentifierClass::Trace, style: HexStyle::default() }
    }

    #[test]
    fn clones_share_a_table_until_both_grow() {
        let mut one = Identifiers::default();
        let keys: Vec<KeyGlance> = (1..=5_000).map(glance).collect();
        one.intern_all(&keys);
        let early = one.clone();
        one.intern_all(&[glance(90_001), glance(3)]);
        let find = |ids: &Identifiers, key| ids.find(IdentifierKey(key)).map(|id| id.0);
        assert_eq!(find(&one, 90_001), Some(5_000));
        assert_eq!(find(&early, 90_001), None, "what came later is not in the earlier clone");
        let mut other = early.clone();
        other.intern_all(&[glance(70_007)]);
        assert_eq!(find(&other, 70_007), Some(5_000));
        assert_eq!(find(&other, 90_001), None);
        assert_eq!((find(&one, 70_007), find(&one, 17), find(&other, 17)), (None, Some(16), Some(16)));
        one.intern_all(&[glance(90_002)]);
        assert_eq!(find(&one, 90_002), Some(5_001));
    }

    #[test]
    fn of_several_spellings_the_same_one_is_kept_in_any_order() {
        for order in [["ORD-1", "0000ORD-1"], ["0000ORD-1", "ORD-1"]] {
            let mut ids = Identifiers::default();
            let id = ids.intern_all(&[glance(1)])[0];
            for spelling in order {
                ids.spell(id, spelling);
            }
            assert_eq!(ids.identifier(id).value, "0000ORD-1");
        }
    }
}
