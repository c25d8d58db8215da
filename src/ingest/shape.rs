//! Fingerprints: messages and operations with their variable parts masked, so that equal ones are equal.

mod known;

pub(super) use known::Shapes;

/// How much of a message decides its shape; the rest is detail.
const SIGNIFICANT: usize = 240;

/// The fingerprint of a message with its variable parts masked. 0 for an empty one.
///
/// Each step takes in a word and what stands between it and the next one, eight bytes at a time.
#[inline]
pub fn fingerprint(message: &[u8]) -> u64 {
    let length = message.len().min(SIGNIFICANT);
    // Padded, so that eight bytes can be read anywhere.
    let mut bytes = [0u8; SIGNIFICANT + 16];
    bytes[..length].copy_from_slice(&message[..length]);
    let (words, digits) = classes(&bytes, length);
    let (mut hash, mut word) = (0u64, 0u64);
    let (mut from, mut is_word) = (0, words[0] & 1 == 1);
    let mut last = words[0] & 1;
    for (block, &bits) in words.iter().enumerate().take(length / 64 + 1) {
        // A bit is set where a run of the other kind begins, and at the end.
        let mut edges = bits ^ (bits << 1 | last);
        last = bits >> 63;
        if block == length / 64 {
            let end = 1 << (length % 64);
            edges = edges & (end - 1) | end;
        }
        while edges != 0 {
            let to = block * 64 + edges.trailing_zeros() as usize;
            edges &= edges - 1;
            if is_word {
                word = if any_between(&digits, from, to) { VARIABLE } else { run(&bytes, from, to) };
            } else {
                let between = run(&bytes, from, to);
                hash = step(hash, word ^ between.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                word = 0;
            }
            (from, is_word) = (to, !is_word);
        }
    }
    if word == 0 { hash } else { step(hash, word) }
}

#[inline]
fn step(hash: u64, number: u64) -> u64 {
    (hash.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95)
}

/// Stands for every word with a digit in it.
const VARIABLE: u64 = 0x2a2a_2a2a_2a2a_2a2a;

type Bits = [u64; SIGNIFICANT.div_ceil(64)];

/// By byte, whether it belongs to a word, and whether it is a digit.
#[inline]
fn classes(bytes: &[u8; SIGNIFICANT + 16], length: usize) -> (Bits, Bits) {
    let (mut words, mut digits) = (Bits::default(), Bits::default());
    for (number, eight) in bytes.as_chunks::<8>().0.iter().take(length.div_ceil(8)).enumerate() {
        let (word, digit) = classes_of_eight(u64::from_le_bytes(*eight));
        words[number / 8] |= gathered(word) << (number % 8 * 8);
        digits[number / 8] |= gathered(digit) << (number % 8 * 8);
    }
    (words, digits)
}

/// The same for eight bytes, in the top bit of each.
#[inline]
fn classes_of_eight(bytes: u64) -> (u64, u64) {
    const fn all(byte: u8) -> u64 {
        0x0101_0101_0101_0101 * byte as u64
    }
    const TOP: u64 = all(0x80);
    let high = bytes & TOP;
    let low = bytes & !TOP;
    // Sets the top bit where the byte is at least `from`, and at most `to`.
    let between = |bytes: u64, from: u8, to: u8| (bytes + all(0x80 - from)) & !(bytes + all(0x7f - to)) & TOP;
    let digit = between(low, b'0', b'9') & !high;
    let letter = between(low | all(0x20), b'a', b'z');
    let other = between(low, b'-', b'.') | between(low, b'_', b'_');
    (digit | high | ((letter | other) & !high), digit)
}

/// The top bits of eight bytes, side by side.
#[inline]
fn gathered(tops: u64) -> u64 {
    (tops >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[inline]
fn any_between(bits: &Bits, from: usize, to: usize) -> bool {
    let (first, last) = (from / 64, (to - 1) / 64);
    let after = u64::MAX << (from % 64);
    let upto = u64::MAX >> (63 - (to - 1) % 64);
    if first == last {
        return bits[first] & after & upto != 0;
    }
    bits[first] & after != 0 || bits[last] & upto != 0 || bits[first + 1..last].iter().any(|bits| *bits != 0)
}

/// A run of bytes as a number; the same bytes at another length are another number.
#[inline]
fn run(bytes: &[u8; SIGNIFICANT + 16], from: usize, to: usize) -> u64 {
    let eight =
        |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes were asked for"));
    let length = to - from;
    if length == 0 {
        return 0;
    }
    let mut number = length as u64;
    let mut at = from;
    while to - at > 8 {
        number = (number.rotate_left(5) ^ eight(at)).wrapping_mul(0x517c_c1b7_2722_0a95);
        at += 8;
    }
    let rest = eight(at) & u64::MAX >> (64 - 8 * (to - at));
    number.rotate_left(5).wrapping_add(rest)
}

/// The masked text behind [`fingerprint`].
pub fn masked(message: &[u8]) -> String {
    let message = &message[..message.len().min(SIGNIFICANT)];
    let mut text = Vec::with_capacity(message.len());
    tokens(message, |token| text.extend_from_slice(token));
    super::scrub::scrub(&text).trim().to_owned()
}

const WORD: u8 = 1;
const DIGIT: u8 = 2;

/// Word characters and digits by byte: a token is a run of word characters, and one with a digit is variable.
const CLASS: [u8; 256] = {
    let mut table = [0u8; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.') || b >= 0x80 {
            table[byte] = WORD;
        }
        if b.is_ascii_digit() {
            table[byte] |= DIGIT;
        }
        byte += 1;
    }
    table
};

/// Hands on each token in turn: words, `*` for variable words, and the characters between them in runs.
#[inline]
fn tokens<'a>(message: &'a [u8], mut take: impl FnMut(&'a [u8])) {
    runs(message, |run, is_variable| take(if is_variable { b"*" } else { run }));
}

/// Hands on each word, and each run of characters between words, and whether it is variable.
#[inline]
fn runs<'a>(message: &'a [u8], mut take: impl FnMut(&'a [u8], bool)) {
    let mut at = 0;
    while at < message.len() {
        let start = at;
        let mut seen = CLASS[message[at] as usize];
        let is_word = seen & WORD;
        at += 1;
        while at < message.len() {
            let class = CLASS[message[at] as usize];
            if class & WORD != is_word {
                break;
            }
            seen |= class;
            at += 1;
        }
        take(&message[start..at], seen & DIGIT != 0);
    }
}

/// The same of a span's name, where a digit may belong to a word: `Travel2Controller.query`, `/api/v1/orders`.
fn tokens_of_name<'a>(name: &'a [u8], mut take: impl FnMut(&'a [u8])) {
    for run in name.chunk_by(|a, b| (CLASS[*a as usize] ^ CLASS[*b as usize]) & WORD == 0) {
        take(if is_variable_word(run) { b"*" } else { run });
    }
}

/// Mostly digits, a long run of them, or long hex: a number or an identifier and no part of a name.
fn is_variable_word(word: &[u8]) -> bool {
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_hex = word.len() >= 8 && word.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    let longest = word.split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len).max().unwrap_or(0);
    // `v1` and `s4` are names, `42` is none.
    let is_short_name = word.len() == 2 && digits == 1;
    digits > 0 && (digits * 2 >= word.len() && !is_short_name || longest >= 3 || is_hex)
}

#[inline]
fn mix(hash: u64, token: &[u8]) -> u64 {
    let mut hash = hash ^ token.len() as u64;
    let (words, rest) = token.as_chunks::<8>();
    for word in words {
        hash = (hash.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
    let mut last = [0u8; 8];
    last[..rest.len()].copy_from_slice(rest);
    (hash.rotate_left(5) ^ u64::from_le_bytes(last)).wrapping_mul(0x517c_c1b7_2722_0a95)
}

/// What is being done, as access logs and spans name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Operation<'a> {
    #[default]
    None,
    Http {
        method: &'a [u8],
        path: &'a [u8],
    },
    Name(&'a [u8]),
}

impl Operation<'_> {
    /// The fingerprint of the operation; 0 for none.
    #[inline]
    pub fn fingerprint(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Http { method, path } => {
                let mut hash = mix(1, method);
                segments(path, |segment| hash = mix(hash, segment));
                hash
            }
            Self::Name(name) => {
                let mut hash = mix(2, &[]);
                tokens_of_name(&name[..name.len().min(SIGNIFICANT)], |token| hash = mix(hash, token));
                hash
            }
        }
    }

    /// `POST /v1/orders/*`: the query cut, variable segments masked.
    pub fn text(self) -> String {
        match self {
            Self::None => String::new(),
            Self::Http { method, path } => {
                let mut text = method.to_vec();
                text.push(b' ');
                segments(path, |segment| {
                    text.push(b'/');
                    text.extend_from_slice(segment);
                });
                super::scrub::scrub(&text).into_owned()
            }
            Self::Name(name) => {
                let mut text = Vec::with_capacity(name.len());
                tokens_of_name(&name[..name.len().min(SIGNIFICANT)], |token| text.extend_from_slice(token));
                super::scrub::scrub(&text).trim().to_owned()
            }
        }
    }
}

/// The segments of a path, those with a digit masked unless they are a version such as `v1`.
fn segments(path: &[u8], mut take: impl FnMut(&[u8])) {
    let end = path.iter().position(|byte| matches!(byte, b'?' | b'#' | b';')).unwrap_or(path.len());
    let path = &path[..end];
    // An absolute URL counts from its path.
    let scheme = if path.first() == Some(&b'/') { None } else { memchr::memmem::find(path, b"://") };
    let path = match scheme {
        Some(scheme) => path[scheme + 3..]
            .iter()
            .position(|byte| *byte == b'/')
            .map_or(&[][..], |at| &path[scheme + 3 + at..]),
        None => path,
    };
    for segment in path.strip_prefix(b"/").unwrap_or(path).split(|byte| *byte == b'/') {
        let is_version = segment.len() <= 3 && segment.first() == Some(&b'v');
        let is_variable = !is_version && segment.iter().any(u8::is_ascii_digit);
        take(if is_variable { b"*" } else { segment });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_differ_in_their_variables_share_a_shape() {
        let one = b"Received order ORD-30614969 items=7 total=928.27 from 10.2.1.43:51022";
        let other = b"Received order ORD-1 items=12 total=1.5 from 10.2.1.9:80";
        assert_eq!(fingerprint(one), fingerprint(other));
        assert_eq!(masked(one), "Received order * items=* total=* from *:*");
        assert_ne!(fingerprint(b"order accepted"), fingerprint(b"order rejected"));
        assert_ne!(fingerprint(b"a b"), fingerprint(b"a  b"));
        assert_eq!(fingerprint(b""), 0);
    }

    proptest::proptest! {
        /// The fast way and the plain way agree on what is equal.
        #[test]
        fn fingerprints_are_equal_exactly_where_masked_texts_are(
            one in "[a-cA-C0-2_.é =:/-]{0,12}|[ -)+-~]{0,300}", other in "[a-cA-C0-2_.é =:/-]{0,12}",
        ) {
            let plain = |text: &str| {
                let mut tokens_of = Vec::new();
                tokens(&text.as_bytes()[..text.len().min(SIGNIFICANT)], |token| tokens_of.push(token.to_vec()));
                tokens_of
            };
            let same = fingerprint(one.as_bytes()) == fingerprint(other.as_bytes());
            proptest::prop_assert_eq!(same, plain(&one) == plain(&other));
            let numbered = one.replace(['0', '1', '2'], "7");
            proptest::prop_assert_eq!(fingerprint(one.as_bytes()), fingerprint(numbered.as_bytes()));
        }
    }

    #[test]
    fn names_of_operations_keep_the_digits_that_belong_to_words() {
        let name = |text: &'static str| Operation::Name(text.as_bytes()).text();
        assert_eq!(name("Travel2Controller.queryInfo"), "Travel2Controller.queryInfo");
        assert_eq!(name("/api/v1/orders/4711/lines"), "/api/v1/orders/*/lines");
        assert_eq!(name("job 8a533bf9-bd12-4608"), "job *");
        assert_eq!(name("order-30614969"), "*");
        let print = |text: &'static str| Operation::Name(text.as_bytes()).fingerprint();
        assert_eq!(print("GET /orders/1"), print("GET /orders/42"));
        assert_ne!(print("Travel2Controller.query"), print("TravelController.query"));
    }

    #[test]
    fn routes_keep_their_words_and_lose_their_numbers() {
        let route = |path: &'static str| Operation::Http { method: b"POST", path: path.as_bytes() };
        assert_eq!(route("/v1/orders/4711/lines?page=2").text(), "POST /v1/orders/*/lines");
        assert_eq!(route("https://api.example.com:8443/v1/orders").text(), "POST /v1/orders");
        assert_eq!(route("/v1/orders/1").fingerprint(), route("/v1/orders/2").fingerprint());
        assert_ne!(route("/v1/orders").fingerprint(), route("/v1/refunds").fingerprint());
    }
}
