//! Evidence made by hand for tests: events of a few words each.

use crate::evidence::Evidence;
use crate::telemetry::{
    EventKind, Glances, HexStyle, IdentifierClass, IdentifierKey, KeyGlance, NewText, Origin, Severity,
    SpanInfo, StationGlance, Time,
};

/// An event in the making.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) at: i64,
    pub(super) system: &'static str,
    pub(super) text: String,
    pub(super) severity: Severity,
    pub(super) kind: EventKind,
    pub(super) took: u32,
    pub(super) identifiers: Vec<(IdentifierClass, u128)>,
    /// Place in its file.
    pub(super) offset: u64,
}

/// 2026-03-01T08:00:00Z in milliseconds.
pub(super) const EPOCH: i64 = 1_772_352_000_000;

/// An event at so many milliseconds.
pub(super) fn at(millis: i64, system: &'static str, text: &str) -> Entry {
    Entry {
        at: millis,
        system,
        text: text.to_owned(),
        severity: Severity::INFO,
        kind: EventKind::Log,
        took: 0,
        identifiers: Vec::new(),
        offset: 0,
    }
}

impl Entry {
    pub(super) fn correlation(self, key: u128) -> Self {
        self.with(IdentifierClass::Correlation, key)
    }

    pub(super) fn with(mut self, class: IdentifierClass, key: u128) -> Self {
        self.identifiers.push((class, key));
        self
    }

    pub(super) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// A batch of events, in the order given.
pub(super) fn batch(entries: &[Entry]) -> Glances {
    let mut glances = Glances { texts: vec![0], ..Glances::default() };
    for (row, entry) in entries.iter().enumerate() {
        let known = glances.system_names.iter().position(|name| name == entry.system);
        let system = known.unwrap_or_else(|| {
            glances.system_names.push(entry.system.to_owned());
            glances.system_names.len() - 1
        });
        let fingerprint = entry.text.bytes().fold(7u64, |hash, byte| hash.wrapping_mul(31) + u64::from(byte));
        glances.new_texts.push(NewText { fingerprint, text: entry.text.clone() });
        glances.time.push(Time::from_millis(EPOCH + entry.at));
        glances.origin.push(Origin::new(system as u16, entry.offset));
        glances.severity.push(entry.severity);
        glances.texts.push(fingerprint);
        let shape = glances.texts.len() as u32 - 1;
        glances.stations.push(StationGlance {
            system: system as u16,
            kind: entry.kind,
            shape,
            operation: 0,
            peer: None,
        });
        glances.station.push(row as u32);
        glances.duration_us.push(entry.took);
        let mut identifiers = entry.identifiers.clone();
        identifiers.sort_unstable();
        for (class, key) in identifiers {
            let key = IdentifierKey(key);
            let known = glances.keys.iter().position(|known| known.key == key);
            let place = known.unwrap_or_else(|| {
                glances.keys.push(KeyGlance { key, class, style: HexStyle::default() });
                glances.keys.len() - 1
            });
            glances.keys[place].class = glances.keys[place].class.min(class);
            glances.identifiers.push((row as u32, place as u32));
        }
        if entry.kind == EventKind::Span {
            glances.spans.push((row as u32, SpanInfo { id: row as u64 + 1, ..SpanInfo::default() }));
        }
    }
    glances
}

/// All of it as evidence.
pub(super) fn evidence(entries: &[Entry]) -> Evidence {
    let mut evidence = Evidence::default();
    evidence.append(&batch(entries));
    evidence
}
