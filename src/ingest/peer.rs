//! Whom a call is to, as the attributes of the caller's span name it: databases, brokers and partners that nobody traces are
//! seen only so. Names are those of OpenTelemetry's semantic conventions, the old ones too.

use crate::telemetry::SpanKind;
use core::net::IpAddr; // Only the type; sockets are in `std`.

/// Longer is no name.
const LONGEST: usize = 128;
/// Hosts of these are named by their first part.
const INTERNAL: [&str; 6] = [".svc.cluster.local", ".svc", ".local", ".internal", ".localdomain", ".lan"];

/// What attributes say of the other end.
#[derive(Clone, Copy, Debug, Default)]
struct Peer<'a> {
    service: &'a str,
    host: &'a str,
    /// Which database or broker it is, and what of it.
    store: &'a str,
    store_part: &'a str,
    broker: &'a str,
    broker_part: &'a str,
}

/// Whom a span of this kind is a call to, by its attributes; `None` if it is no call, or nobody is named.
pub(super) fn named<'a>(
    kind: SpanKind,
    attributes: impl IntoIterator<Item = (&'a [u8], &'a str)>,
) -> Option<String> {
    // Some exporters lose the kind.
    if !matches!(kind, SpanKind::Client | SpanKind::Producer | SpanKind::Unset) {
        return None;
    }
    let mut peer = Peer::default();
    attributes.into_iter().for_each(|(name, value)| peer.note(name, value));
    peer.name()
}

impl<'a> Peer<'a> {
    fn note(&mut self, name: &[u8], value: &'a str) {
        let known = match name {
            b"peer.service" | b"service.peer.name" => &mut self.service,
            b"server.address" | b"net.peer.name" | b"peer.hostname" => &mut self.host,
            b"db.system.name" | b"db.system" | b"db.type" => &mut self.store,
            b"db.namespace" | b"db.name" | b"db.instance" => &mut self.store_part,
            b"messaging.system" => &mut self.broker,
            b"messaging.destination.name" | b"messaging.destination" => &mut self.broker_part,
            _ => return,
        };
        if known.is_empty() {
            *known = value;
        }
    }

    /// What the other end is called: its service, its topic or queue, its host, its database.
    fn name(&self) -> Option<String> {
        let of = |whole: &str, part: &str| match (whole, part) {
            ("", _) => None,
            (whole, "") => Some(whole.to_owned()),
            (whole, part) => Some(format!("{whole}/{part}")),
        };
        let service = (!self.service.is_empty()).then(|| self.service.to_owned());
        let topic = (!self.broker_part.is_empty()).then(|| of(self.broker, self.broker_part)).flatten();
        let name = service
            .or(topic)
            .or_else(|| host(self.host, !self.store.is_empty()))
            .or_else(|| of(self.store, self.store_part))
            .or_else(|| of(self.broker, ""))?;
        (name.len() <= LONGEST).then(|| super::scrub::scrub_text(&name).into_owned())
    }
}

/// A host by its name: whole if it is somebody else's, the first part if it is ours or a database's. Addresses name nobody.
fn host(text: &str, is_store: bool) -> Option<String> {
    let lower = text.trim_end_matches('.').to_ascii_lowercase();
    if lower.is_empty() || lower == "localhost" || lower.parse::<IpAddr>().is_ok() {
        return None;
    }
    let is_internal = is_store || INTERNAL.iter().any(|end| lower.ends_with(end));
    let first = lower.split('.').next().unwrap_or_default();
    Some(if is_internal && !first.is_empty() { first.to_owned() } else { lower })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(attributes: &[(&str, &str)]) -> Option<String> {
        super::named(SpanKind::Client, attributes.iter().map(|(name, value)| (name.as_bytes(), *value)))
    }

    #[test]
    fn the_other_end_is_named_as_people_call_it() {
        assert_eq!(named(&[("peer.service", "billing"), ("server.address", "10.0.0.7")]).unwrap(), "billing");
        let cluster = ("net.peer.name", "orders-db.prod.svc.cluster.local");
        assert_eq!(named(&[("db.system", "postgresql"), cluster]).unwrap(), "orders-db");
        let cloud = ("server.address", "orders-1.c9x.eu-west-1.rds.amazonaws.com");
        assert_eq!(named(&[("db.system.name", "postgresql"), cloud]).unwrap(), "orders-1");
        assert_eq!(named(&[("server.address", "API.Partner.example")]).unwrap(), "api.partner.example");
        let database = [("db.system", "mysql"), ("db.name", "stock"), ("server.address", "10.2.3.4")];
        assert_eq!(named(&database).unwrap(), "mysql/stock");
        let topic = [("messaging.system", "kafka"), ("messaging.destination.name", "orders.created")];
        assert_eq!(named(&topic).unwrap(), "kafka/orders.created");
    }

    #[test]
    fn what_names_nobody_is_nobody() {
        for attributes in [
            &[("server.address", "127.0.0.1")][..],
            &[("server.address", "::1")],
            &[("server.address", "localhost")],
            &[("http.method", "GET")],
            &[("db.name", "stock")],
        ] {
            assert_eq!(named(attributes), None, "{attributes:?}");
        }
        assert_eq!(named(&[("peer.service", &"x".repeat(200))]), None);
        assert_eq!(named(&[("peer.service", "a\u{1b}[31mb")]).unwrap().find('\u{1b}'), None);
    }
}
