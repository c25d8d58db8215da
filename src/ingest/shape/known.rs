//! Shapes met lately: most messages are one of a few, and comparing is quicker than taking apart.

use super::{CLASS, DIGIT, SIGNIFICANT, WORD, fingerprint, runs};

/// Sets of shapes, by how messages begin.
const SETS: usize = 256;
/// Shapes that begin alike and are remembered.
const WAYS: usize = 8;

/// The memory of one reader. Gives the same fingerprints as [`fingerprint`].
#[derive(Clone, Debug)]
pub(in crate::ingest) struct Shapes {
    sets: Vec<Vec<Known>>,
}

/// One shape: its literal pieces, between which variable words stand.
#[derive(Clone, Debug)]
struct Known {
    fingerprint: u64,
    literals: Box<[u8]>,
    /// Where each piece ends in `literals`.
    ends: Box<[u16]>,
}

impl Default for Shapes {
    fn default() -> Self {
        Self { sets: vec![Vec::new(); SETS] }
    }
}

impl Shapes {
    /// The fingerprint of a message with its variable parts masked. 0 for an empty one.
    #[inline]
    pub(in crate::ingest) fn fingerprint(&mut self, message: &[u8]) -> u64 {
        let message = &message[..message.len().min(SIGNIFICANT)];
        let set = &mut self.sets[beginning(message)];
        if let Some(place) = set.iter().position(|known| known.fits(message)) {
            let found = set[place].fingerprint;
            if place > 0 {
                set.swap(place, place - 1); // What comes often is looked at first.
            }
            return found;
        }
        let fingerprint = fingerprint(message);
        if set.len() == WAYS {
            set.pop();
        }
        set.push(Known::new(message, fingerprint));
        fingerprint
    }
}

/// The set that a message belongs to: by its first bytes, up to the first that may be of a variable word.
#[inline]
fn beginning(message: &[u8]) -> usize {
    let mut first = [0u8; 8];
    let length = message.len().min(8);
    first[..length].copy_from_slice(&message[..length]);
    let first = u64::from_le_bytes(first);
    // Sets the top bit of each byte that is a digit, and perhaps of some behind the first one.
    let apart = first ^ 0x3030_3030_3030_3030;
    let is_digit = !(apart.wrapping_add(0x7676_7676_7676_7676) | apart) & 0x8080_8080_8080_8080;
    let kept = if is_digit == 0 { first } else { first & ((1 << (is_digit.trailing_zeros() - 7)) - 1) };
    (kept.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SETS.ilog2())) as usize
}

impl Known {
    fn new(message: &[u8], fingerprint: u64) -> Self {
        let (mut literals, mut ends) = (Vec::new(), Vec::new());
        runs(message, |run, is_variable| {
            if is_variable {
                ends.push(literals.len() as u16);
            } else {
                literals.extend_from_slice(run);
            }
        });
        ends.push(literals.len() as u16);
        Self { fingerprint, literals: literals.into(), ends: ends.into() }
    }

    /// Whether a message is of this shape.
    #[inline]
    fn fits(&self, message: &[u8]) -> bool {
        let (mut from, mut at) = (0, 0);
        let last = self.ends.len() - 1;
        for (place, &end) in self.ends.iter().enumerate() {
            let literal = &self.literals[from..usize::from(end)];
            from = usize::from(end);
            if !begins_with(&message[at..], literal) {
                return false;
            }
            at += literal.len();
            if place == last {
                return at == message.len();
            }
            let mut seen = 0;
            while let Some(&byte) = message.get(at) {
                let class = CLASS[usize::from(byte)];
                if class & WORD == 0 {
                    break;
                }
                seen |= class;
                at += 1;
            }
            if seen & DIGIT == 0 {
                return false;
            }
        }
        false
    }
}

/// Whether a text begins with a piece, which is short: nothing is called for it.
#[inline]
fn begins_with(text: &[u8], piece: &[u8]) -> bool {
    let Some(text) = text.get(..piece.len()) else { return false };
    let ((one, rest), (other, other_rest)) = (piece.as_chunks::<8>(), text.as_chunks::<8>());
    let is_same = |(a, b): (&[u8; 8], &[u8; 8])| u64::from_le_bytes(*a) == u64::from_le_bytes(*b);
    one.iter().zip(other).all(is_same) && rest.iter().zip(other_rest).all(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_known_again_and_told_from_its_likes() {
        let mut shapes = Shapes::default();
        let messages: [&[u8]; 9] = [
            b"Received order ORD-30614969 items=7 from 10.2.1.43:51022",
            b"Received order ORD-1 items=12 from 10.2.1.9:80",
            b"Received order ORD items=12 from 10.2.1.9:80",
            b"Received order ORD-1 items=12 from 10.2.1.9:80 again",
            b"Received order ORD-1 items=12 from 10.2.1.9:",
            b"*1 * 2*",
            b"* * *",
            b"4711",
            b"",
        ];
        for _ in 0..3 {
            for message in messages {
                assert_eq!(shapes.fingerprint(message), fingerprint(message), "{message:?}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn fingerprints_are_those_of_the_plain_way(
            messages in proptest::collection::vec("[ab1 *.=-]{0,9}|(GET|POST) /v[12]/[a-c0-2/*]{0,8}|[ -~é]{0,300}", 1..40),
        ) {
            let mut shapes = Shapes::default();
            for message in messages.iter().chain(&messages) {
                let message = message.as_bytes();
                proptest::prop_assert_eq!(shapes.fingerprint(message), fingerprint(message));
            }
        }
    }
}
