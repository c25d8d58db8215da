//! What one reader of chunks remembers: the texts that it has handed on already, and what the batch at hand has met.

use super::identify::{Found, KeyMemo};
use super::shape::{self, Operation, Shapes};
use crate::telemetry::{
    EventKind, Glances, HexStyle, IdentifierClass, KeyGlance, NewText, Origin, Severity, SpanInfo,
    StationGlance, Time,
};
use rustc_hash::FxHashSet;

/// The memory of one reader; each thread has its own, so that none waits.
#[derive(Clone, Debug, Default)]
pub struct Scanner {
    handed_on: FxHashSet<u64>,
    systems: Vec<String>,
    peers: Vec<String>,
    /// Identifiers of the event that will arrive next: class, index into the batch's keys, span that came along.
    found: Vec<(IdentifierClass, u32, u64)>,
    stations: Numbers,
    texts: Numbers,
    keys: Numbers,
    shapes: Shapes,
    pub(super) memo: KeyMemo,
    /// Where keys may stand in the chunk at hand.
    pub(super) places: Vec<u32>,
    /// An empty batch whose memory can be used again.
    spare: Option<Glances>,
}

/// One event on its way into the columns.
pub(super) struct Arrival<'a> {
    pub time: Time,
    pub origin: Origin,
    pub system: u16,
    pub severity: Severity,
    pub kind: EventKind,
    pub body: &'a [u8],
    pub operation: Operation<'a>,
    pub duration_us: u32,
    pub span: Option<SpanInfo>,
    pub peer: Option<u16>,
}

/// More peers than one batch has.
const MOST_PEERS: usize = 256;
/// More identifiers than an honest record has.
const MOST_IDENTIFIERS: usize = 32;

impl Scanner {
    /// Begins a batch: systems, texts and identifiers are numbered anew in it.
    pub(super) fn begin(&mut self) -> Glances {
        self.systems.clear();
        self.peers.clear();
        self.found.clear();
        self.stations.begin();
        self.texts.begin();
        self.keys.begin();
        let mut batch = self.spare.take().unwrap_or_default();
        batch.clear();
        batch.texts.push(0);
        batch
    }

    /// Gives a batch back whose content is no longer needed, so that its memory serves again.
    pub fn recycle(&mut self, batch: Glances) {
        self.spare = Some(batch);
    }

    /// The number that a system has in this batch.
    pub(super) fn system(&mut self, name: &str) -> u16 {
        let known = self.systems.iter().position(|system| system == name);
        known.unwrap_or_else(|| {
            self.systems.push(name.to_owned());
            self.systems.len() - 1
        }) as u16
    }

    /// The number that the other end of a call has in this batch.
    pub(super) fn peer(&mut self, name: &str) -> Option<u16> {
        let known = self.peers.iter().position(|peer| peer == name);
        let number = known.or_else(|| {
            let is_room = self.peers.len() < MOST_PEERS;
            is_room.then(|| {
                self.peers.push(name.to_owned());
                self.peers.len() - 1
            })
        });
        number.map(|number| number as u16)
    }

    /// Notes an identifier of the event that will arrive next.
    #[inline]
    pub(super) fn note(&mut self, found: Found, batch: &mut Glances) {
        let key = self.key(&found, batch);
        if self.found.iter().any(|&(_, known, _)| known == key) || self.found.len() >= MOST_IDENTIFIERS {
            return;
        }
        self.found.push((found.class, key, found.span));
    }

    #[inline]
    fn key(&mut self, found: &Found, batch: &mut Glances) -> u32 {
        let hash = (found.key.0 as u64 ^ (found.key.0 >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let style = if found.is_hex { HexStyle::of(found.text) } else { HexStyle::default() };
        let keys = &mut batch.keys;
        let is_same = |number: u32| keys[number as usize].key == found.key;
        match self.keys.find(hash, is_same) {
            Ok(number) => {
                let known = &mut keys[number as usize];
                known.class = known.class.min(found.class);
                known.style = known.style.and(style);
                number
            }
            Err(slot) => {
                let number = keys.len() as u32;
                keys.push(KeyGlance { key: found.key, class: found.class, style });
                self.keys.fill(slot, hash, number);
                if !found.is_hex {
                    batch.spellings.push((number, super::scrub::scrub(found.text).into_owned()));
                }
                number
            }
        }
    }

    /// Whether the next event has a trace that came without a span.
    pub(super) fn lacks_span(&self) -> bool {
        self.found.iter().any(|&(class, _, _)| class == IdentifierClass::Trace)
            && self.found.iter().all(|&(_, _, span)| span == 0)
    }

    /// Puts an event into the batch, under the identifiers noted since the last one, the most trusted first.
    pub(super) fn arrive(&mut self, arrival: &Arrival, batch: &mut Glances) {
        let row = batch.time.len() as u32;
        batch.time.push(arrival.time);
        batch.origin.push(arrival.origin);
        batch.severity.push(arrival.severity);
        batch.duration_us.push(arrival.duration_us);
        let station = self.station(arrival, batch);
        batch.station.push(station);
        let mut span = arrival.span;
        if self.found.len() > 1 {
            self.found.sort_by_key(|&(class, _, _)| class);
        }
        for (_, key, found_span) in self.found.drain(..) {
            batch.identifiers.push((row, key));
            if found_span != 0 && span.is_none() {
                span = Some(SpanInfo { id: found_span, ..SpanInfo::default() });
            }
        }
        if let Some(span) = span {
            batch.spans.push((row, span));
        }
    }

    /// The number in this batch of what an event says of its system, kind, message and operation.
    #[inline]
    fn station(&mut self, arrival: &Arrival, batch: &mut Glances) -> u32 {
        let shape = self.shapes.fingerprint(arrival.body);
        let operation = arrival.operation.fingerprint();
        let Arrival { system, kind, peer, .. } = *arrival;
        let mixed = (shape.rotate_left(23) ^ operation).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let peer_bits = peer.map_or(0, |peer| u64::from(peer) + 1) << 24;
        let hash =
            (mixed ^ peer_bits ^ u64::from(system) << 8 ^ kind as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let is_same = |number: u32| {
            let known = &batch.stations[number as usize];
            (known.system, known.kind, known.peer) == (system, kind, peer)
                && batch.texts[known.shape as usize] == shape
                && batch.texts[known.operation as usize] == operation
        };
        match self.stations.find(hash, is_same) {
            Ok(number) => number,
            Err(slot) => {
                let number = batch.stations.len() as u32;
                let shape = self.text(shape, batch, || shape::masked(arrival.body));
                let operation = self.text(operation, batch, || arrival.operation.text());
                batch.stations.push(StationGlance { system, kind, shape, operation, peer });
                self.stations.fill(slot, hash, number);
                number
            }
        }
    }

    /// The number of a text in this batch.
    #[inline]
    fn text(&mut self, fingerprint: u64, batch: &mut Glances, text: impl FnOnce() -> String) -> u32 {
        if fingerprint == 0 {
            return 0;
        }
        let texts = &mut batch.texts;
        match self.texts.find(fingerprint, |number| texts[number as usize] == fingerprint) {
            Ok(number) => number,
            Err(slot) => {
                let number = texts.len() as u32;
                texts.push(fingerprint);
                self.texts.fill(slot, fingerprint, number);
                if self.handed_on.insert(fingerprint) {
                    batch.new_texts.push(NewText { fingerprint, text: text() });
                }
                number
            }
        }
    }

    /// Ends a batch.
    pub(super) fn end(&mut self, mut batch: Glances) -> Glances {
        self.found.clear();
        batch.system_names.clone_from(&self.systems);
        batch.peer_names.clone_from(&self.peers);
        batch
    }
}

/// Numbers by hash, small enough for the first cache levels, and empty again in no time: slots are stamped with the
/// batch that filled them.
#[derive(Clone, Debug)]
struct Numbers {
    slots: Vec<Slot>,
    stamp: u32,
    filled: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    stamp: u32,
    hash: u32,
    number: u32,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { slots: vec![Slot::default(); 1 << 10], stamp: 0, filled: 0 }
    }
}

impl Numbers {
    fn begin(&mut self) {
        self.filled = 0;
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.slots.fill(Slot::default());
            self.stamp = 1;
        }
    }

    /// The number, or the free slot where it belongs.
    #[inline]
    fn find(&self, hash: u64, is_same: impl Fn(u32) -> bool) -> Result<u32, usize> {
        let hash = (hash >> 32) as u32;
        let mask = self.slots.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let slot = self.slots[place];
            if slot.stamp != self.stamp {
                return Err(place);
            }
            if slot.hash == hash && is_same(slot.number) {
                return Ok(slot.number);
            }
            place = (place + 1) & mask;
        }
    }

    #[inline]
    fn fill(&mut self, place: usize, hash: u64, number: u32) {
        self.slots[place] = Slot { stamp: self.stamp, hash: (hash >> 32) as u32, number };
        self.filled += 1;
        if self.filled * 2 > self.slots.len() {
            self.grow();
        }
    }

    #[cold]
    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); mask + 1]);
        for slot in old.into_iter().filter(|slot| slot.stamp == self.stamp) {
            let mut place = slot.hash as usize & mask;
            while self.slots[place].stamp == self.stamp {
                place = (place + 1) & mask;
            }
            self.slots[place] = slot;
        }
    }
}
