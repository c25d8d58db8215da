//! Of large files only what bears on one flow: a search over raw bytes for its identifiers and for those that turn out
//! to be linked, and two slices of time to learn clocks and usual paths from.
//!
//! Every identifier of the flow is searched for in all files, so its events are exactly those that an index of
//! everything gives. Whatever cannot be searched for makes it read everything.

use crate::evidence::{IdentifierId, Row};
use crate::flows::{FlowSettings, Flows};
use crate::ingest::{Settings, possible_keys};
use crate::sources::files::{Further, Hunt, Input, Loaded};
use crate::telemetry::{Glances, Identifier, IdentifierClass, IdentifierKey, Nanos, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// From this size on it pays.
pub(super) const LARGE: u64 = 200_000_000;

/// So many bytes are read to learn from.
const TO_LEARN_FROM: u64 = 24_000_000;

/// A slice is no shorter than this: flows that it cuts off must be few.
const SHORTEST: Nanos = Nanos::seconds(90);

/// More rounds than honest links take.
const ROUNDS: usize = 8;

/// Shorter pieces of text are everywhere.
const SHORTEST_NEEDLE: usize = 6;

/// Reads what bears on the flow of an identifier, or everything.
pub(super) fn load(inputs: Vec<Input>, settings: &Settings, now: Time, id: &str, large: u64) -> Loaded {
    let mut hunt = Hunt::open(inputs, settings, now);
    if hunt.bytes() >= large
        && let Some(rows) = chase(&mut hunt, id)
    {
        let (offsets, slices) = read_slices(&mut hunt, &rows);
        let mut loaded = hunt.into_loaded();
        let evidence = &loaded.evidence;
        let is_wanted = |row: Row| {
            let offset = offsets.get(&evidence.origin(row).file()).copied().unwrap_or_default();
            let time = evidence.time(row) - offset;
            rows.contains(&row) || slices.iter().any(|(from, to)| *from <= time && time < *to)
        };
        loaded.evidence = evidence.only(is_wanted);
        return loaded;
    }
    let mut shown = super::super::gather::Shown::default();
    hunt.read_all(&mut |progress, _| shown.update(progress));
    shown.clear();
    hunt.into_loaded()
}

/// Reads every chunk with an event of the flow; gives these events, or `None` where only everything will do.
fn chase(hunt: &mut Hunt, id: &str) -> Option<BTreeSet<Row>> {
    let by_raw_times = FlowSettings { ignore_skew: true, ..FlowSettings::default() };
    let mut needles = needles(id)?;
    let mut searched: BTreeSet<IdentifierId> = BTreeSet::new();
    let links = Links::new(id);
    let most = hunt.bytes() / 4;
    for _ in 0..ROUNDS {
        hunt.search(std::mem::take(&mut needles), most, &|glances| links.further(glances));
        if hunt.bytes_read() > most {
            return None;
        }
        let evidence = hunt.evidence();
        let flows = Flows::of(evidence, &by_raw_times);
        let asked: Vec<IdentifierId> =
            possible_keys(id).into_iter().filter_map(|key| evidence.identifiers.find(key)).collect();
        let flow = asked.iter().find_map(|&id| flows.with(id))?;
        searched.extend(asked);
        for member in flows.identifiers(flow) {
            if searched.insert(member) && !links.knows(evidence.identifiers.key(member)) {
                needles.extend(self::needles(&evidence.identifiers.identifier(member).value)?);
                needles.extend(other_spellings(&evidence.identifiers.identifier(member)));
            }
        }
        if needles.is_empty() {
            return Some(flows.rows(evidence, flow).into_iter().collect());
        }
    }
    None
}

/// What is linked to the flow for sure, as far as single records tell: searched for while the search is under way.
struct Links {
    known: Mutex<BTreeSet<IdentifierKey>>,
}

/// Beyond these it is a matter for the hub guard.
const MOST_LINKS: usize = 12;

impl Links {
    fn new(id: &str) -> Self {
        Self { known: Mutex::new(possible_keys(id).into_iter().collect()) }
    }

    fn knows(&self, key: IdentifierKey) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(&key)
    }

    /// The needles of identifiers that stand beside known ones, and guesses that numbers of business will be found to
    /// be linked.
    fn further(&self, glances: &Glances) -> Further {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Further::default();
        loop {
            let before = known.len();
            let rows = glances.identifiers.chunk_by(|a, b| a.0 == b.0).filter(|row| row.len() > 1);
            for row in rows {
                let keys = || row.iter().map(|(_, key)| (*key, &glances.keys[*key as usize]));
                if !keys().any(|(_, glance)| known.contains(&glance.key)) {
                    continue;
                }
                for (key, glance) in keys() {
                    // What belongs to one transaction, and is written in hex.
                    let spelling = glances.spellings.iter().find(|(spelt, _)| *spelt == key);
                    if glance.class >= IdentifierClass::Business || spelling.is_some() {
                        let may_link = |_: &&(u32, String)| glance.class < IdentifierClass::Session;
                        let needles = spelling.filter(may_link).and_then(|(_, text)| needles(text));
                        found.guesses.extend(needles.unwrap_or_default());
                        continue;
                    }
                    if known.len() < MOST_LINKS && known.insert(glance.key) {
                        let identifier =
                            Identifier { class: glance.class, value: glance.style.write(glance.key) };
                        found.needles.extend(needles(&identifier.value).unwrap_or_default());
                        found.needles.extend(other_spellings(&identifier));
                    }
                }
            }
            if known.len() == before {
                return found;
            }
        }
    }
}

/// What stands in the bytes wherever an identifier does, in whatever case and with or without dashes.
fn needles(text: &str) -> Option<Vec<Vec<u8>>> {
    let text = text.trim();
    let bare: String = text.chars().filter(|c| *c != '-').collect();
    let is_hex = bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && matches!(bare.len(), 16 | 32) {
        // The last group of a UUID is whole in every spelling.
        let last = &bare[bare.len() - 12..];
        let (lower, upper) = (last.to_ascii_lowercase(), last.to_ascii_uppercase());
        let mut both = vec![lower.into_bytes()];
        if upper.as_bytes() != both[0] {
            both.push(upper.into_bytes());
        }
        return Some(both);
    }
    // Numbers are equal whatever zeros stand before them.
    let text =
        if text.bytes().all(|byte| byte.is_ascii_digit()) { text.trim_start_matches('0') } else { text };
    let holds_hex = text.as_bytes().windows(16).any(|part| part.iter().all(u8::is_ascii_hexdigit));
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
    (is_plain && !holds_hex && (SHORTEST_NEEDLE..=100).contains(&text.len()))
        .then(|| vec![text.as_bytes().to_vec()])
}

/// Spellings of a trace that share nothing with its hex: base64 in OTLP, Datadog's decimal.
fn other_spellings(identifier: &Identifier) -> Vec<Vec<u8>> {
    use base64::Engine;
    if identifier.class != IdentifierClass::Trace {
        return Vec::new();
    }
    let bare = identifier.value.replace('-', "");
    let Ok(number) = u128::from_str_radix(&bare, 16) else { return Vec::new() };
    let mut found = vec![base64::engine::general_purpose::STANDARD.encode(number.to_be_bytes()).into_bytes()];
    if let Ok(low) = u64::try_from(number) {
        found.push(low.to_string().into_bytes());
    }
    found
}

type Slices = Vec<(Time, Time)>;

/// Reads slices of all files, one around the flow and one far from it; how far the files' clocks are from each other is
/// told by the flow itself.
fn read_slices(hunt: &mut Hunt, rows: &BTreeSet<Row>) -> (BTreeMap<u16, Nanos>, Slices) {
    let evidence = hunt.evidence();
    let mut firsts: BTreeMap<u16, (Time, u32)> = BTreeMap::new();
    for &row in rows {
        let first = firsts.entry(evidence.origin(row).file()).or_insert((Time::MAX, 0));
        *first = (first.0.min(evidence.time(row)), first.1 + 1);
    }
    let files = hunt.chunks_by_file();
    let busiest =
        firsts.iter().filter(|(file, _)| files.contains_key(file)).max_by_key(|(_, (_, rows))| *rows);
    let Some((&busiest, &(middle, _))) = busiest else { return (BTreeMap::new(), Vec::new()) };
    let offsets: BTreeMap<u16, Nanos> =
        firsts.iter().map(|(&file, &(first, _))| (file, first - middle)).collect();
    let chunks = files[&busiest].clone();
    let (Some(begin), Some(end)) = (hunt.time_at(chunks.start), hunt.time_at(chunks.end - 1)) else {
        return (offsets, Vec::new());
    };
    let span = (end - begin).max(Nanos::seconds(1));
    let share = TO_LEARN_FROM as f64 / hunt.bytes().max(1) as f64;
    let half = Nanos((span.0 as f64 * share / 4.0) as i64).max(Nanos(SHORTEST.0 / 2));
    // The other one lies in the earlier part, unless the flow does: what is usual is what was before.
    let early = begin + Nanos(span.0 / 5);
    let other = if (middle - early).0.abs() > 2 * half.0 { early } else { begin + Nanos(span.0 * 3 / 5) };
    let slices: Slices = [middle, other].map(|centre| (centre - half, centre + half)).to_vec();
    for (number, file) in &files {
        let offset = offsets.get(number).copied().unwrap_or_default();
        for (from, to) in &slices {
            let wanted: Vec<usize> = hunt.chunks_between(file, *from + offset, *to + offset).collect();
            hunt.read(&wanted);
        }
    }
    (offsets, slices)
}

#[cfg(test)]
mod tests;
