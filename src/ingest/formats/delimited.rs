//! Fields between separators, with or without a header: ERP job and IDoc logs, exports, CSV.

use super::{Fit, Format, Glance, POSITIONAL, Sample};
use crate::ingest::identify::hex128;
use crate::ingest::shape::Operation;
use crate::ingest::stamp::{Clock, Stamp};
use crate::telemetry::{IdentifierClass, Severity};
use std::sync::Arc;

#[derive(Debug)]
struct Delimited {
    separator: u8,
    names: Option<Vec<String>>,
    columns: usize,
    time: usize,
    /// The time of day stands in the column behind the date.
    is_split_time: bool,
    stamp: Stamp,
    has_zone: bool,
    severity: Option<usize>,
    /// The status of an IDoc, which says more than any word: numbers that SAP has fixed.
    idoc_status: Option<usize>,
    identifiers: Vec<(usize, IdentifierClass)>,
    message: usize,
    operation: Option<usize>,
}

/// Columns that hold identifiers, by the names that headers give them, the most trusted first.
const COLUMNS: [(&[&str], IdentifierClass); 6] = [
    (&["correlationid", "corrid", "cid", "correlation", "xcorrelationid"], IdentifierClass::Correlation),
    (&["traceid", "trace"], IdentifierClass::Trace),
    (&["messageid", "msgid", "requestid", "tid", "transactionid"], IdentifierClass::Message),
    (
        &["docnum", "idoc", "idocnumber", "idocno", "docnumber", "documentnumber", "docno"],
        IdentifierClass::Business,
    ),
    (
        &["refkey", "reference", "referencekey", "orderno", "ordernumber", "orderid"],
        IdentifierClass::Business,
    ),
    (
        &["interchangeref", "interchangereference", "interchangecontrolnumber", "controlnumber", "icn"],
        IdentifierClass::Business,
    ),
];

/// Whether a field of a document holds a business number by its name, as a column of a table does: who ships a table sends
/// its columns as fields.
pub(in crate::ingest) fn is_business_column(name: &str) -> bool {
    let bare = |c: &char| c.is_ascii_alphanumeric();
    let name: String = name.chars().filter(bare).map(|c| c.to_ascii_lowercase()).collect();
    let business = COLUMNS.iter().filter(|(_, class)| *class == IdentifierClass::Business);
    business.flat_map(|(names, _)| *names).any(|known| *known == name)
}

pub(super) fn fit(sample: &Sample) -> Option<Fit> {
    [b'|', b';', b'\t', b',']
        .into_iter()
        .find_map(|separator| learn(separator, sample))
        .map(|(format, share)| Fit { score: share * 0.8, format: Arc::new(format) as Arc<dyn Format> })
}

/// The fields of a line; quotes around a field protect separators.
fn fields(line: &[u8], separator: u8) -> Vec<&[u8]> {
    let mut found = Vec::with_capacity(16);
    each_field(line, separator, |field| found.push(field));
    found
}

#[inline]
fn each_field<'a>(line: &'a [u8], separator: u8, mut take: impl FnMut(&'a [u8])) {
    let (mut start, mut is_quoted) = (0, false);
    for at in memchr::memchr2_iter(separator, b'"', line) {
        if line[at] == b'"' {
            is_quoted = !is_quoted;
        } else if !is_quoted {
            take(unquoted(&line[start..at]));
            start = at + 1;
        }
    }
    take(unquoted(&line[start..]));
}

/// More columns than this are not looked at by the index.
const MOST_COLUMNS: usize = 48;

fn unquoted(field: &[u8]) -> &[u8] {
    field.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")).unwrap_or(field)
}

fn learn(separator: u8, sample: &Sample) -> Option<(Delimited, f32)> {
    let first = fields(sample.lines.first()?, separator);
    let columns = first.len();
    if columns < 4 {
        return None;
    }
    let share = sample.share(|line| {
        let count = fields(line, separator).len();
        count + 1 >= columns && count <= columns + 1
    });
    if share < 0.8 {
        return None;
    }
    let is_header =
        first.iter().all(|field| !field.is_empty() && !field[0].is_ascii_digit() && field.len() < 40);
    let rows: Vec<Vec<&[u8]>> = sample
        .lines
        .iter()
        .skip(usize::from(is_header))
        .take(200)
        .map(|line| fields(line, separator))
        .collect();
    let column = |place: usize| rows.iter().filter_map(move |row| row.get(place).copied());
    let share_of = |place: usize, test: &dyn Fn(&[u8]) -> bool| {
        column(place).filter(|field| test(field)).count() as f32 / rows.len().max(1) as f32
    };
    // A time in one column, or a date in one and the time of day in the next.
    let (time, is_split_time, (stamp, has_zone)) = (0..columns).find_map(|place| {
        let read = |row: &Vec<&[u8]>| Stamp::of(row.get(place)?);
        let joined =
            |row: &Vec<&[u8]>| Stamp::of(&[row.get(place)?, b"|".as_slice(), row.get(place + 1)?].concat());
        let whole = rows.iter().take(5).find_map(read).map(|stamp| (place, false, stamp));
        whole
            .filter(|(_, _, (stamp, _))| {
                *stamp != Stamp::Epoch || share_of(place, &|field| field.len() >= 10) > 0.9
            })
            .or_else(|| {
                rows.iter()
                    .take(5)
                    .find_map(joined)
                    .filter(|(stamp, _)| *stamp == Stamp::Compact)
                    .map(|stamp| (place, true, stamp))
            })
    })?;
    let names: Option<Vec<String>> =
        is_header.then(|| first.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect());
    let named = |wanted: &[&str]| {
        names.as_ref().and_then(|names| {
            names.iter().position(|name| {
                let name = name.to_ascii_lowercase().replace(['_', '-', ' ', '.'], "");
                wanted.iter().any(|word| name == *word)
            })
        })
    };
    let after_time = time + usize::from(is_split_time);
    let is_level = |field: &[u8]| Severity::from_word(field) != Severity::UNSET || is_sap_type(field);
    let severity = named(&["level", "severity", "type", "msgtype", "msgty", "loglevel"])
        .or_else(|| (0..columns).find(|&place| place > after_time && share_of(place, &is_level) > 0.95));
    let idoc_status = named(&["status"]).filter(|_| named(&["docnum"]).is_some() && severity.is_none());
    let mut identifiers: Vec<(usize, IdentifierClass)> = COLUMNS
        .iter()
        .filter_map(|(names, class)| named(names).map(|place| (place, *class)))
        .take(POSITIONAL)
        .collect();
    if identifiers.iter().all(|(_, class)| *class > IdentifierClass::Trace) {
        // Without such a header the column that is mostly 128-bit hex, and not the same throughout, is the identifier.
        let unnamed = (0..columns).find(|&place| {
            place > after_time
                && identifiers.iter().all(|(known, _)| *known != place)
                && is_identifier_column(column(place))
        });
        if let Some(place) = unnamed {
            identifiers.truncate(POSITIONAL - 1);
            identifiers.push((place, IdentifierClass::Correlation));
        }
    }
    let message = named(&["message", "msg", "text", "msgtext", "description"]).unwrap_or_else(|| {
        let words = |place: usize| {
            column(place).filter(|field| field.contains(&b' ')).map(<[u8]>::len).sum::<usize>()
        };
        (0..columns).max_by_key(|&place| (words(place), std::cmp::Reverse(place))).unwrap_or(columns - 1)
    });
    let operation = named(&["operation", "action", "transaction", "tcode", "job", "jobname", "step"]);
    let format = Delimited {
        separator,
        names,
        columns,
        time,
        is_split_time,
        stamp,
        has_zone,
        severity,
        idoc_status,
        identifiers,
        message,
        operation,
    };
    let mut clock = Clock::new(crate::telemetry::Zone::UTC, 2000);
    let readable = rows.iter().filter(|row| format.time_of(row, &mut clock).is_some()).count() as f32
        / rows.len().max(1) as f32;
    (readable > 0.8).then_some((format, share))
}

/// SAP's message types: success, information, warning, error, abort.
fn is_sap_type(field: &[u8]) -> bool {
    matches!(field, b"S" | b"I" | b"W" | b"E" | b"A")
}

/// What an IDoc's status says of it: `51` is an application document that was not posted, `53` one that was.
fn idoc_severity(status: &[u8]) -> Severity {
    match super::number(status) {
        Some(
            2 | 4 | 5 | 7 | 9 | 11 | 15 | 17 | 20 | 21 | 23 | 26 | 27 | 29 | 31 | 34 | 36 | 37 | 40 | 51 | 54
            | 56 | 57 | 60 | 63 | 65 | 68,
        ) => Severity::ERROR,
        Some(25 | 52 | 61) => Severity::WARN,
        Some(1..=99) => Severity::INFO,
        _ => Severity::UNSET,
    }
}

fn is_identifier_column<'a>(values: impl Iterator<Item = &'a [u8]>) -> bool {
    let (mut hex, mut filled) = (0, 0);
    let mut distinct = std::collections::BTreeSet::new();
    for value in values {
        if value.is_empty() || value == b"-" {
            continue;
        }
        filled += 1;
        if hex128(value).is_some_and(|(_, length)| length == value.len()) {
            hex += 1;
            distinct.insert(value);
        }
    }
    filled >= 2 && hex * 10 >= filled * 8 && distinct.len() > 1 || filled == 1 && hex == 1
}

impl Delimited {
    fn time_of(&self, row: &[&[u8]], clock: &mut Clock) -> Option<crate::telemetry::Time> {
        let field = row.get(self.time)?;
        if !self.is_split_time {
            return clock.read(self.stamp, field).map(|(time, _)| time);
        }
        // Date and time of day are neighbours in the line, so one slice over both would do; copying is as quick.
        let of_day = row.get(self.time + 1)?;
        let mut joined = [b'|'; 40];
        let length = field.len() + 1 + of_day.len();
        joined.get_mut(..field.len())?.copy_from_slice(field);
        joined.get_mut(field.len() + 1..length)?.copy_from_slice(of_day);
        clock.read(self.stamp, &joined[..length]).map(|(time, _)| time)
    }
}

impl Format for Delimited {
    fn name(&self) -> &'static str {
        "delimited"
    }

    fn has_zone(&self) -> bool {
        self.has_zone
    }

    fn glance<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Glance<'a>> {
        let mut row = [b"".as_slice(); MOST_COLUMNS];
        let mut count = 0;
        each_field(line, self.separator, |field| {
            if let Some(place) = row.get_mut(count) {
                *place = field;
            }
            count += 1;
        });
        if count + 1 < self.columns {
            return None;
        }
        let row = &row[..count.min(MOST_COLUMNS)];
        let time = self.time_of(row, clock)?;
        let severity = match self.severity.and_then(|place| row.get(place).copied()) {
            Some(b"S") => Severity::INFO,
            Some(b"A") => Severity::FATAL,
            Some(word) => Severity::from_word(word),
            None => self
                .idoc_status
                .and_then(|place| row.get(place))
                .map_or(Severity::UNSET, |status| idoc_severity(status)),
        };
        let operation = self
            .operation
            .and_then(|place| row.get(place))
            .map_or(Operation::None, |name| Operation::Name(name));
        let mut positional = super::only(None);
        for (identifier, &(place, class)) in positional.iter_mut().zip(&self.identifiers) {
            *identifier = row.get(place).map(|value| (class, *value));
        }
        Some(Glance {
            time,
            severity,
            body: row.get(self.message).copied().unwrap_or_default(),
            operation,
            positional,
            ..Glance::default()
        })
    }

    fn attributes(&self, record: &[u8]) -> Vec<(String, String)> {
        let line = super::trim_line(record);
        fields(line, self.separator)
            .into_iter()
            .enumerate()
            .filter(|(place, value)| *place != self.message && !value.is_empty())
            .map(|(place, value)| {
                let name = self.names.as_ref().and_then(|names| names.get(place).cloned());
                (
                    name.unwrap_or_else(|| format!("field.{}", place + 1)),
                    String::from_utf8_lossy(value).into_owned(),
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::ingest::formats::testing::{events, seen};

    #[test]
    fn an_erp_log_without_a_header_gives_its_identifier_by_the_columns_shape() {
        insta::assert_snapshot!(seen("delimited", concat!(
            "20260301|090003.217|ERP01|100|IDOC|0000000010000000|ORDERS05|64|S|abc99e3ed95f4ad37d195f2a1f6f6e53|IDoc ready to be transferred to application|BELNR=0110000001|USER=ALEREMOTE\n",
            "20260301|090004.168|ERP01|100|IDOC|0000000010000001|ORDERS05|51|E|952b78e7-1b13-4460-b04a-15d352e920cc|Application document not posted|BELNR=0110000003|USER=ALEREMOTE\n",
            "20260301|090005.000|ERP01|100|BATCH|0000000000000001|ZSD_DAILY|0|S||Job step finished|USER=BATCH01\n",
        )), @"
        2026-03-01T09:00:03.217000000Z node info | - | - | correlation:abc99e3ed95f4ad37d195f2a1f6f6e53 | IDoc ready to be transferred to application
        2026-03-01T09:00:04.168000000Z node error | - | - | correlation:952b78e7-1b13-4460-b04a-15d352e920cc | Application document not posted
        2026-03-01T09:00:05.000000000Z node info | - | - |  | Job step finished
        ");
    }

    #[test]
    fn an_idoc_log_has_several_identifiers_and_its_status_tells_how_bad_it_is() {
        insta::assert_snapshot!(seen("delimited", concat!(
            "TIMESTAMP|CLIENT|DOCNUM|MESTYP|STATUS|REFKEY|TID|TEXT\n",
            "2026-03-10 09:00:12.376Z|100|0000000004711201|ORDERS|64|SO-10482001|0ADE613A7A355EEB5AADAFD4|IDoc ready to be transferred\n",
            "2026-03-10 09:00:12.676Z|100|0000000004711201|ORDERS|51|||Material is blocked\n",
        )), @"
        2026-03-10T09:00:12.376000000Z node info | - | - | message:0ADE613A7A355EEB5AADAFD4 business:0000000004711201 business:SO-10482001 | IDoc ready to be transferred
        2026-03-10T09:00:12.676000000Z node error | - | - | business:0000000004711201 | Material is blocked
        ");
    }

    #[test]
    fn a_header_names_the_columns() {
        let text = "timestamp;level;correlation_id;order_no;message\n2026-03-14T09:26:53.589Z;ERROR;3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41;ORD-1;\"posting; failed\"\n";
        insta::assert_snapshot!(seen("delimited", text), @"2026-03-14T09:26:53.589000000Z node error | - | - | correlation:3f2b8c1e-6d4a-4f7b-9a10-5c2e7d9b8a41 business:ORD-1 | posting; failed");
        assert!(events("delimited", text)[0].attributes.contains(&("order_no".into(), "ORD-1".into())));
    }
}
