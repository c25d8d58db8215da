//! Fingerprints: messages and operations with their variable parts masked, so that equal ones are equal.

/// How much of a message decides its shape; the rest is detail.
const SIGNIFICANT: usize = 240;

/// The fingerprint of a message with its variable parts masked. 0 for an empty one.
#[inline]
pub fn fingerprint(message: &[u8]) -> u64 {
    let message = &message[..message.len().min(SIGNIFICANT)];
    let mut hash = 0u64;
    tokens(message, |token| hash = mix(hash, token));
    hash
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
        take(if seen & DIGIT != 0 { b"*" } else { &message[start..at] });
    }
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
            Self::Name(name) => mix(2, &[]) ^ fingerprint(name),
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
            Self::Name(name) => masked(name),
        }
    }
}

/// The segments of a path, those with a digit masked unless they are a version such as `v1`.
fn segments(path: &[u8], mut take: impl FnMut(&[u8])) {
    let end = path.iter().position(|byte| matches!(byte, b'?' | b'#' | b';')).unwrap_or(path.len());
    let path = &path[..end];
    // An absolute URL counts from its path.
    let path = match memchr::memmem::find(path, b"://") {
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
        assert_eq!(fingerprint(b""), 0);
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
