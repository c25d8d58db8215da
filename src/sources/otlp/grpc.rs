//! OTLP over gRPC: the frame around a message, and an answer with its trailers. What is in the message is read as over HTTP.
//!
//! Three unary calls need no more of gRPC than this, and our own reader of protobuf already knows their messages; a
//! framework would bring generated code for them a second time.

use super::{Problem, unpacked};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A flag and four bytes of length.
const HEAD: usize = 5;

/// The message in a request of one message.
pub(super) fn message(headers: &HeaderMap, body: &[u8], most: u64) -> Result<Vec<u8>, Problem> {
    let Some((head, rest)) = body.split_at_checked(HEAD) else {
        return Err(Problem::bad("there is no message"));
    };
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    let Some(message) = rest.get(..length) else { return Err(Problem::bad("the message is cut off")) };
    if rest.len() > length {
        return Err(Problem::bad("there is more than one message"));
    }
    match (head[0], headers.get("grpc-encoding").and_then(|word| word.to_str().ok())) {
        (0, _) => Ok(message.to_vec()),
        (1, Some("gzip")) => unpacked(message, most).map_err(|reason| Problem::bad(&reason)),
        _ => Err(Problem::unknown_packing()),
    }
}

/// An empty message and how it went; the status stands behind the body.
pub(super) fn answer(outcome: &Result<(), Problem>) -> Response {
    let mut trailers = HeaderMap::new();
    let code = outcome.as_ref().map_or_else(|problem| problem.code(), |()| 0);
    trailers.insert("grpc-status", HeaderValue::from(u16::from(code)));
    if let Err(problem) = outcome {
        let said: String = problem.said().bytes().map(percent).collect();
        trailers.extend(
            HeaderValue::from_str(&said)
                .ok()
                .map(|said| (header::HeaderName::from_static("grpc-message"), said)),
        );
    }
    let message = outcome.is_ok().then(|| Bytes::from_static(&[0; HEAD]));
    let mut response = Response::new(Body::new(Unary { message, trailers: Some(trailers) }));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

fn percent(byte: u8) -> String {
    match byte {
        b' '..=b'~' if byte != b'%' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

/// At most one message, then the trailers.
struct Unary {
    message: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl http_body::Body for Unary {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(message) = self.message.take() {
            return Poll::Ready(Some(Ok(Frame::data(message))));
        }
        Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.message.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.message.as_ref().map_or(0, |message| message.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
        let mut framed = vec![flag];
        framed.extend((message.len() as u32).to_be_bytes());
        framed.extend(message);
        framed
    }

    #[test]
    fn a_frame_holds_one_whole_message_and_nothing_else() {
        let none = HeaderMap::new();
        assert_eq!(message(&none, &framed(0, b"abc"), 10).unwrap(), b"abc");
        let mut two = framed(0, b"abc");
        two.extend(framed(0, b"d"));
        let huge = [0, 0xff, 0xff, 0xff, 0xff, 1];
        for bad in
            [&b""[..], &[0, 0], &framed(0, b"abc")[..7], &two, &huge, &framed(1, b"abc"), &framed(9, b"")]
        {
            assert!(message(&none, bad, 10).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_characters_that_a_trailer_may_hold() {
        let said: String = "größe 100 %\n".bytes().map(percent).collect();
        assert_eq!(said, "gr%C3%B6%C3%9Fe 100 %25%0A");
    }
}
