//! Where records begin and end in bytes that were cut anywhere.

use super::{Plan, Reading};
use crate::ingest::formats::{Format, trim_line};

impl Plan {
    /// Whether a record is seen to begin at `from` or soon behind: then the one before is whole.
    pub fn begins_record(&self, bytes: &[u8], from: usize) -> bool {
        let Reading::Records(format) = &self.reading else { return true };
        if !format.is_multi_line() {
            return true;
        }
        let mut at = from;
        let mut lines =
            bytes[from..].split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        lines.any(|line| {
            let start = at;
            at += line.len();
            begins(&**format, bytes, start, trim_line(line))
        })
    }

    /// How many bytes from the start are whole records: up to the last line's end, and where records run over several
    /// lines, up to where the last one begins, since more of it may follow.
    pub fn whole_records(&self, bytes: &[u8]) -> usize {
        let Some(end) = memchr::memrchr(b'\n', bytes).map(|newline| newline + 1) else { return 0 };
        let Reading::Records(format) = &self.reading else { return end };
        if !format.is_multi_line() {
            return end;
        }
        let mut start = end;
        while start > 0 {
            let line = memchr::memrchr(b'\n', &bytes[..start - 1]).map_or(0, |newline| newline + 1);
            if begins(&**format, bytes, line, trim_line(&bytes[line..start])) {
                return line;
            }
            start = line;
        }
        0
    }

    /// Where the record that begins `bytes` ends: before the next head, at most `LONGEST_RECORD` on.
    pub fn record_length(&self, bytes: &[u8]) -> usize {
        let Reading::Records(format) = &self.reading else {
            return memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
        };
        let mut end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
        while format.is_multi_line() && end < bytes.len() {
            let next = end + memchr::memchr(b'\n', &bytes[end..]).map_or(bytes.len() - end, |at| at + 1);
            if begins(&**format, bytes, end, trim_line(&bytes[end..next])) {
                break;
            }
            end = next;
        }
        end
    }
}

/// Where the first line of a chunk begins: at `from`, or behind the line that runs into it.
pub(super) fn first_line(bytes: &[u8], from: usize, base: u64) -> usize {
    if from == 0 && base == 0 {
        return if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    }
    let before = from.saturating_sub(1);
    before + memchr::memchr(b'\n', &bytes[before..]).map_or(bytes.len() - before, |at| at + 1)
}

/// Whether a record begins with the line at `start`.
fn begins(format: &dyn Format, bytes: &[u8], start: usize, line: &[u8]) -> bool {
    format.head(line) && !line_before(bytes, start).is_some_and(|before| format.goes_on(before))
}

/// The line before the one that begins at `start`, or its end where more is not there.
pub(super) fn line_before(bytes: &[u8], start: usize) -> Option<&[u8]> {
    let end = start.checked_sub(1)?;
    let from = memchr::memrchr(b'\n', &bytes[..end]).map_or(0, |newline| newline + 1);
    Some(trim_line(&bytes[from..end]))
}
