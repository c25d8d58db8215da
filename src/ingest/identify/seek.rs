//! Where keys of identifiers may stand: one search for the pieces of all keys, in any spelling, over raw bytes.
//!
//! After Teddy (from Intel's Hyperscan): each piece is four bytes, pieces alike share one of eight buckets, and for every
//! place two small tables a byte, by its upper and its lower half, say which buckets may have a piece there. That takes a
//! few instructions for 32 places at once. The tables know letters in both cases, so a piece is found however its key is
//! spelled; what they let through is compared whole.

use super::keys::{BUCKETS, ENDS};
#[cfg(target_arch = "x86_64")]
use pulp::x86::V3;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::__m256i;

/// Bytes of a piece.
const PIECE: usize = 4;
/// Any byte, in a piece.
const ANY: u8 = b'?';
/// Places that are looked at at once.
const BLOCK: usize = 32;
/// What is read for a block: the last place's piece reaches beyond it.
const REACH: usize = BLOCK + PIECE - 1;
/// Bytes that letters in both cases share.
const CASELESS: u32 = 0x2020_2020;
/// The first three bytes of a piece.
const THREE: u32 = 0x00ff_ffff;

pub(super) type Piece = [u8; PIECE];

#[derive(Clone, Debug)]
pub(super) struct Seeker {
    /// By place in the piece, by half a byte: the buckets with a piece that has it there.
    low: [[u8; 16]; PIECE],
    high: [[u8; 16]; PIECE],
    exact: Exact,
    #[cfg(target_arch = "x86_64")]
    wide: Option<V3>,
}

impl Seeker {
    /// For the keys of the field, and for more pieces.
    pub(super) fn new(own: impl IntoIterator<Item = Piece>) -> Self {
        let mut buckets = BUCKETS.map(|pieces| pieces.iter().map(|piece| **piece).collect::<Vec<Piece>>());
        for piece in own {
            let more = |bucket: &Vec<Piece>| {
                let grown: Vec<Piece> = bucket.iter().copied().chain([piece]).collect();
                chance(&grown) - chance(bucket)
            };
            let best = buckets.iter_mut().min_by(|one, other| more(one).total_cmp(&more(other)));
            best.expect("there are eight").push(piece);
        }
        let (mut low, mut high) = ([[0; 16]; PIECE], [[0; 16]; PIECE]);
        for (number, bucket) in buckets.iter().enumerate() {
            for (place, halves) in halves(bucket).into_iter().enumerate() {
                for half in 0..16 {
                    low[place][half] |= u8::from(halves[0] >> half & 1 == 1) << number;
                    high[place][half] |= u8::from(halves[1] >> half & 1 == 1) << number;
                }
            }
        }
        Self {
            low,
            high,
            exact: Exact::of(&buckets.concat()),
            #[cfg(target_arch = "x86_64")]
            wide: V3::try_new(),
        }
    }

    /// Calls `hit` with each place where a piece begins, ascending.
    #[inline]
    pub(super) fn find(&self, text: &[u8], mut hit: impl FnMut(usize)) {
        let whole = text.len().saturating_sub(REACH - BLOCK) / BLOCK * BLOCK;
        if whole > 0 {
            self.find_in_blocks(text, whole, &mut hit);
        }
        // The rest as if zeros came after it: no piece has one.
        let mut rest = [0; BLOCK + REACH];
        let length = text.len() - whole;
        rest[..length].copy_from_slice(&text[whole..]);
        self.find_in_blocks(&rest, length.next_multiple_of(BLOCK), &mut |place| hit(whole + place));
    }

    #[inline]
    fn find_in_blocks(&self, text: &[u8], whole: usize, hit: &mut impl FnMut(usize)) {
        #[cfg(target_arch = "x86_64")]
        if let Some(wide) = self.wide {
            return self.find_wide(wide, text, whole, hit);
        }
        self.find_plain(text, whole, hit);
    }

    /// 32 places at once.
    #[cfg(target_arch = "x86_64")]
    fn find_wide(&self, wide: V3, text: &[u8], whole: usize, hit: &mut impl FnMut(usize)) {
        let (avx, avx2) = (wide.avx, wide.avx2);
        wide.vectorize(
            #[inline(always)]
            || {
                let none = avx._mm256_setzero_si256();
                let tables: [Tables; PIECE] = std::array::from_fn(|place| Tables {
                    low: pulp::cast([self.low[place]; 2]),
                    high: pulp::cast([self.high[place]; 2]),
                });
                let [first, second, third, fourth] = tables;
                for from in (0..whole).step_by(BLOCK) {
                    let one =
                        avx2._mm256_and_si256(first.of(wide, text, from), second.of(wide, text, from + 1));
                    let other = avx2
                        ._mm256_and_si256(third.of(wide, text, from + 2), fourth.of(wide, text, from + 3));
                    let found = avx2._mm256_cmpeq_epi8(avx2._mm256_and_si256(one, other), none);
                    let mut found = !(avx2._mm256_movemask_epi8(found) as u32);
                    while found != 0 {
                        let at = from + found.trailing_zeros() as usize;
                        found &= found - 1;
                        if self.exact.holds(&text[at..]) {
                            hit(at);
                        }
                    }
                }
            },
        );
    }

    /// Place by place, on processors without such instructions.
    fn find_plain(&self, text: &[u8], whole: usize, hit: &mut impl FnMut(usize)) {
        let buckets = |at: usize, place: usize| {
            let byte = text[at + place];
            self.low[place][usize::from(byte & 0x0f)] & self.high[place][usize::from(byte >> 4)]
        };
        let may_begin = |at: &usize| (0..PIECE).fold(0xff, |found, place| found & buckets(*at, place)) != 0;
        (0..whole).filter(may_begin).filter(|at| self.exact.holds(&text[*at..])).for_each(hit);
    }
}

/// The tables of one place in the piece, twice, as instructions want them.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Tables {
    low: __m256i,
    high: __m256i,
}

#[cfg(target_arch = "x86_64")]
impl Tables {
    /// The buckets that may have a piece, by the bytes of one block.
    #[expect(clippy::inline_always, reason = "what is not inlined is compiled without the instructions")]
    #[inline(always)]
    fn of(self, V3 { avx, avx2, .. }: V3, text: &[u8], from: usize) -> __m256i {
        let bytes: [u8; BLOCK] = text[from..][..BLOCK].try_into().unwrap_or_default();
        let bytes: __m256i = pulp::cast(bytes);
        let half = avx._mm256_set1_epi8(0x0f);
        let upper = avx2._mm256_and_si256(avx2._mm256_srli_epi16::<4>(bytes), half);
        let lower = avx2._mm256_and_si256(bytes, half);
        let [low, high] =
            [avx2._mm256_shuffle_epi8(self.low, lower), avx2._mm256_shuffle_epi8(self.high, upper)];
        avx2._mm256_and_si256(low, high)
    }
}

/// All pieces in a table without collisions.
#[derive(Clone, Debug)]
struct Exact {
    /// Pieces of three bytes and of four; 0 where there is none.
    table: Vec<u32>,
    factor: u32,
}

impl Exact {
    fn of(pieces: &[Piece]) -> Self {
        let mut all: Vec<u32> = pieces.iter().map(number_of).collect();
        all.sort_unstable();
        all.dedup();
        let mut size = (all.len() * 8).next_power_of_two();
        let mut factor = 0x9e37_79b1_u32;
        loop {
            // The odds of no collision are better than a thousandth, at this size and more so at the next.
            for _ in 0..1_000 {
                let mut one = Self { table: vec![0; size], factor };
                if all.iter().all(|&piece| one.put(piece)) {
                    return one;
                }
                factor = factor.wrapping_mul(0x2c1b_3c6d).wrapping_add(2) | 1;
            }
            size *= 2;
        }
    }

    /// Whether there was room.
    fn put(&mut self, piece: u32) -> bool {
        let place = self.place_of(piece);
        let is_free = self.table[place] == 0;
        self.table[place] = piece;
        is_free
    }

    #[inline]
    fn place_of(&self, piece: u32) -> usize {
        piece.wrapping_mul(self.factor) as usize >> 16 & (self.table.len() - 1)
    }

    #[inline]
    fn holds(&self, text: &[u8]) -> bool {
        let four = text.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)) | CASELESS;
        let three = four & THREE;
        self.table[self.place_of(four)] == four || self.table[self.place_of(three)] == three
    }
}

/// A piece as one number, its letters in either case; of three bytes if any may come fourth.
fn number_of(piece: &Piece) -> u32 {
    let four = u32::from_le_bytes(*piece) | CASELESS;
    if piece[PIECE - 1] == ANY { four & THREE } else { four }
}

/// By place, the lower and the upper halves of bytes that pieces have there, as bits.
fn halves(pieces: &[Piece]) -> [[u16; 2]; PIECE] {
    let mut halves = [[0; 2]; PIECE];
    for (place, halves) in halves.iter_mut().enumerate() {
        for byte in pieces.iter().map(|piece| piece[place]) {
            let both = [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()];
            let (low, high) = match byte {
                ANY => (u16::MAX, u16::MAX),
                _ => (1 << (byte & 0x0f), 1 << (both[0] >> 4) | 1 << (both[1] >> 4)),
            };
            *halves = [halves[0] | low, halves[1] | high];
        }
    }
    halves
}

/// How often a bucket lets something through, with all bytes of text alike likely: what is added is put where it adds least.
fn chance(pieces: &[Piece]) -> f64 {
    let share = |halves: u16| f64::from(halves.count_ones()) / 16.0;
    halves(pieces).iter().map(|[low, high]| share(*low) * share(*high)).product()
}

/// The pieces that tell a key of somebody's own, by its words: about the first joint, where keys differ most, with every
/// separator.
pub(super) fn pieces_of(words: &[String]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for separator in ["", "_", "-", "."] {
        let whole = words.join(separator).into_bytes();
        let joint = words.first().map_or(0, String::len);
        if whole.len() >= PIECE {
            let from = if words.len() > 1 { joint.saturating_sub(2) } else { whole.len() - PIECE };
            let from = from.min(whole.len() - PIECE);
            pieces.extend(whole[from..].first_chunk::<PIECE>());
        } else {
            let ended = ENDS.map(|end| [whole.as_slice(), &[end, ANY]].concat());
            pieces.extend(ended.iter().filter_map(|ended| ended.first_chunk::<PIECE>()));
        }
    }
    pieces.sort_unstable();
    pieces.dedup();
    pieces
}

#[cfg(test)]
mod tests {
    use super::super::keys::words;
    use super::*;
    use proptest::prelude::*;

    fn places(seeker: &Seeker, text: &[u8]) -> Vec<usize> {
        let mut places = Vec::new();
        seeker.find(text, |place| places.push(place));
        places
    }

    /// Place by place, piece by piece.
    fn naively(pieces: &[Piece], text: &[u8]) -> Vec<usize> {
        let is_at = |at: usize, piece: &Piece| {
            piece.iter().enumerate().all(|(place, byte)| {
                *byte == ANY || text.get(at + place).is_some_and(|met| met.eq_ignore_ascii_case(byte))
            })
        };
        (0..text.len()).filter(|at| pieces.iter().any(|piece| is_at(*at, piece))).collect()
    }

    #[test]
    fn a_key_of_ones_own_is_told_by_its_joint_and_a_short_one_by_what_follows() {
        let pieces = |key| {
            pieces_of(&words(key)).iter().map(|piece| piece.escape_ascii().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(pieces("orderRef"), ["er-r", "er.r", "er_r", "erre"]);
        assert_eq!(pieces("tenant"), ["nant"]);
        assert!(pieces("po").contains(&"po=?".to_owned()));
        let seeker = Seeker::new(pieces_of(&words("po")));
        assert_eq!(places(&seeker, b"{\"po\":1, Po=2, po 3, poll, x.po"), [2, 9, 15]);
    }

    proptest! {
        #[test]
        fn pieces_are_found_wherever_they_stand(
            parts in proptest::collection::vec("[a-z_ =\":-]{0,40}|[cC]orr|RACE|B3=|b3\": |cid=|Cid |der-|qu.s|[^a]{0,3}", 0..30),
            without in any::<bool>(),
        ) {
            let text = parts.concat().into_bytes();
            let own = pieces_of(&words("po"));
            let pieces: Vec<Piece> = BUCKETS.concat().into_iter().copied().chain(own.iter().copied()).collect();
            let mut seeker = Seeker::new(own);
            #[cfg(target_arch = "x86_64")]
            if without {
                seeker.wide = None;
            }
            let _ = (&mut seeker, without);
            // What is found may be more by a stray control character, and is never less.
            let found = places(&seeker, &text);
            prop_assert!(naively(&pieces, &text).iter().all(|place| found.contains(place)));
            let is_plain = text.iter().all(|byte| (b' '..=b'~').contains(byte) && !matches!(byte, b'\\' | b'['..=b'`' | b'{'..=b'~'));
            prop_assert!(!is_plain || naively(&pieces, &text) == found);
        }
    }
}
