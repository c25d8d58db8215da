//! What can go wrong with a call or a piece of work, and how systems say so.

use super::blueprint::{Link, LinkPlan, Sys};

/// A problem as the system sees it that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// Nobody listens.
    Refused,
    /// The caller's patience is over.
    TimedOut,
    /// The other side answered with this HTTP status.
    Status(u16),
    /// More waits than may wait.
    Overloaded,
    /// Over the quota: seconds until it may be tried again.
    Throttled(u16),
    CertificateExpired,
    ClientCertificateExpired,
    TokenExpired,
    /// The signature's time is so many seconds off.
    Skewed(i32),
    PoolTimeout,
    BreakerOpen,
    BrokerBlocked,
    Unmappable,
    Poison,
    LockTimeout,
    /// It was done before.
    Duplicate,
    /// The process ended under it.
    Restarted,
    /// A rare fault of its own, with no pattern.
    Transient,
}

impl Problem {
    /// Whether a caller may hope that another attempt goes well.
    pub(super) fn is_retryable(self) -> bool {
        !matches!(
            self,
            Self::BreakerOpen
                | Self::Unmappable
                | Self::Poison
                | Self::Duplicate
                | Self::TokenExpired
                | Self::Skewed(_)
                | Self::Status(400..=428 | 430..=499)
        )
    }

    /// The status that whoever called this system gets.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Throttled(_) => 429,
            Self::TimedOut => 504,
            Self::Duplicate => 409,
            Self::Unmappable | Self::Poison => 422,
            Self::TokenExpired | Self::Skewed(_) => 401,
            Self::Refused
            | Self::Overloaded
            | Self::BreakerOpen
            | Self::BrokerBlocked
            | Self::PoolTimeout
            | Self::Restarted
            | Self::CertificateExpired
            | Self::ClientCertificateExpired => 503,
            Self::Status(status) if status >= 500 => 502,
            Self::Status(429) => 503,
            Self::Status(409) => 409,
            Self::Status(_) | Self::LockTimeout | Self::Transient => 500,
        }
    }

    /// Whether what the caller gets is a status, or the very same problem, since nobody answered.
    pub(super) fn reaches_caller_as(self, is_served: bool) -> Self {
        match self {
            Self::Refused | Self::TimedOut if !is_served => self,
            Self::Throttled(_) if !is_served => self,
            Self::Duplicate => Self::Status(409),
            other => Self::Status(other.status()),
        }
    }
}

/// In the words of the system that has it; with the call that it happened at, if it was one.
pub(super) fn says(problem: Problem, system: Sys, link: Option<Link>) -> String {
    let call = link.map(Link::plan);
    let address = call.map_or("", |call| call.address);
    let peer = call.map_or("", |call| call.to.name());
    match problem {
        Problem::Refused => format!("connection refused: {address}"),
        Problem::TimedOut => {
            let after = call.map_or(0, |call: LinkPlan| call.timeout_ms);
            format!("read timed out after {after} ms: {address}")
        }
        Problem::Status(status) => format!("{status} {} from {peer}", reason(status)),
        Problem::Overloaded => "503 request queue is full".to_owned(),
        Problem::Throttled(seconds) => {
            format!("429 Too Many Requests from {peer}: quota exceeded, Retry-After {seconds}")
        }
        Problem::CertificateExpired => {
            format!(
                "TLS handshake with {address} failed: PKIX path validation failed: certificate of {peer} expired"
            )
        }
        Problem::ClientCertificateExpired => {
            format!(
                "TLS handshake with {address} failed: alert certificate_expired, our client certificate is past notAfter"
            )
        }
        Problem::TokenExpired => {
            format!("401 Unauthorized from {peer}: invalid_grant, client credential expired")
        }
        Problem::Skewed(off) => {
            format!("401 Unauthorized from {peer}: signature timestamp is {off} s off, check the clock")
        }
        Problem::PoolTimeout => {
            let (pool, ms) = system.plan().pool.map_or(("pool", 0), |pool| (pool.name, pool.patience_ms));
            format!("{pool} - Connection is not available, request timed out after {ms} ms")
        }
        Problem::BreakerOpen => {
            format!("circuit breaker '{peer}' is OPEN and does not permit further calls")
        }
        Problem::BrokerBlocked => {
            "publisher confirm timed out: connection is blocked by the broker".to_owned()
        }
        Problem::Unmappable => {
            "mapping failed: schema mismatch, missing required field 'priceUnit' (cannot deserialize)"
                .to_owned()
        }
        Problem::Poison => "message rejected: NumberFormatException at line item 3, redelivered".to_owned(),
        Problem::LockTimeout => "canceling statement due to lock timeout".to_owned(),
        Problem::Duplicate => "document already exists, duplicate rejected".to_owned(),
        Problem::Restarted => "connection reset: process is shutting down".to_owned(),
        Problem::Transient => "unexpected end of stream".to_owned(),
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        401 => "Unauthorized",
        409 => "Conflict",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Internal Server Error",
    }
}
