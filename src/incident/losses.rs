//! What was lost, in terms of the business: customers and value, counted from fields of the events of lost flows.

use crate::evidence::{Evidence, Row};
use crate::flows::{FlowId, Flows, Verdict};
use crate::telemetry::{Event, Time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The fields that say who was hit, and what it was worth.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossFields {
    /// Names of fields that hold a customer or partner; the first that an event has counts.
    pub customer: Vec<String>,
    /// Names of fields that hold an amount of money.
    pub value: Vec<String>,
    /// What the amounts are in, such as `EUR`.
    pub currency: String,
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Losses {
    /// Lost flows that were looked at, and those among them that say who the customer is, and what it was worth.
    pub flows: usize,
    pub with_customer: usize,
    pub with_value: usize,
    pub customers: usize,
    /// In hundredths, so that sums are exact.
    pub hundredths: i64,
    pub currency: String,
    /// There were more lost flows than could be looked at.
    pub is_cut: bool,
}

/// Events of more flows than this are not read again.
const MOST: usize = 5_000;

impl LossFields {
    pub fn is_empty(&self) -> bool {
        self.customer.is_empty() && self.value.is_empty()
    }

    /// The events of lost flows since `since`, to be read in full.
    fn rows(&self, evidence: &Evidence, flows: &Flows, since: Option<Time>) -> Vec<(FlowId, Vec<Row>)> {
        if self.is_empty() {
            return Vec::new();
        }
        let lost = flows.iter().filter(|(_, flow)| {
            matches!(flow.verdict, Verdict::Failed | Verdict::Stuck)
                && since.is_none_or(|since| since <= flow.last)
        });
        lost.take(MOST + 1)
            .filter_map(|(id, _)| {
                let timeline = flows.timeline(evidence, id)?;
                Some((id, timeline.steps.iter().map(|step| step.row).collect()))
            })
            .collect()
    }

    /// Counts what was lost since `since`; `read` gives events in full.
    pub fn counted(
        &self,
        evidence: &Evidence,
        flows: &Flows,
        since: Option<Time>,
        read: impl Fn(&[Row]) -> Vec<(Row, Option<Event>)>,
    ) -> Losses {
        let rows = self.rows(evidence, flows, since);
        let lost: Vec<(FlowId, Vec<Event>)> = rows
            .into_iter()
            .map(|(id, rows)| (id, read(&rows).into_iter().filter_map(|(_, event)| event).collect()))
            .collect();
        self.count(&lost)
    }

    /// Counts customers once, and each flow's value once.
    fn count(&self, flows: &[(FlowId, Vec<Event>)]) -> Losses {
        let mut losses = Losses { currency: self.currency.clone(), ..Losses::default() };
        let mut customers: BTreeSet<String> = BTreeSet::new();
        let mut worth: BTreeMap<FlowId, i64> = BTreeMap::new();
        for (id, events) in flows.iter().take(MOST) {
            losses.flows += 1;
            if let Some(customer) = events.iter().find_map(|event| field(event, &self.customer)) {
                losses.with_customer += 1;
                customers.insert(customer.to_owned());
            }
            if let Some(value) =
                events.iter().find_map(|event| field(event, &self.value).and_then(hundredths))
            {
                losses.with_value += 1;
                worth.insert(*id, value);
            }
        }
        losses.is_cut = flows.len() > MOST;
        losses.customers = customers.len();
        losses.hundredths = worth.values().fold(0, |sum: i64, value| sum.saturating_add(*value));
        losses
    }
}

impl Losses {
    /// `38 customers, 12 400.50 EUR (of 55 lost flows 55 name the customer, 40 the value)`; `None` if nothing was said.
    pub fn sentence(&self) -> Option<String> {
        let mut parts = Vec::new();
        if self.with_customer > 0 {
            parts.push(format!("{} customers", self.customers));
        }
        if self.with_value > 0 {
            let sum = format!("{}.{:02}", self.hundredths / 100, (self.hundredths % 100).abs());
            parts.push(format!("{sum} {}", self.currency).trim_end().to_owned());
        }
        if parts.is_empty() {
            return None;
        }
        let cut = if self.is_cut { "the first " } else { "" };
        Some(format!(
            "{} (of {cut}{} lost flows {} name the customer, {} the value)",
            parts.join(", "),
            self.flows,
            self.with_customer,
            self.with_value
        ))
    }
}

fn field<'a>(event: &'a Event, names: &[String]) -> Option<&'a str> {
    names.iter().find_map(|name| {
        let fits = |key: &str| {
            key.eq_ignore_ascii_case(name)
                || key.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case(name))
        };
        let value = event.attributes.iter().find(|(key, _)| fits(key)).map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty() && *value != "null")
    })
}

/// `1 234.50`, `1,234.50` and `1.234,50` are the same amount; what is no amount is none.
fn hundredths(text: &str) -> Option<i64> {
    let text: String =
        text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '€' | '$' | '£')).collect();
    let (sign, text) = text.strip_prefix('-').map_or((1, text.as_str()), |rest| (-1, rest));
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',')) {
        return None;
    }
    // The last sign divides the cents if one or two digits follow it; three are thousands, unless it is the only dot.
    let place = text.rfind(['.', ',']);
    let (whole, cents) = match place {
        Some(place)
            if text.len() - place <= 3
                || text[place..].starts_with('.') && text.matches(['.', ',']).count() == 1 =>
        {
            (&text[..place], &text[place + 1..])
        }
        _ => (text, ""),
    };
    let whole: i64 = match whole.replace(['.', ','], "").as_str() {
        "" => 0,
        digits => digits.parse().ok()?,
    };
    let cents: i64 = format!("{cents:0<2}").get(..2)?.parse().ok()?;
    whole.checked_mul(100)?.checked_add(cents).map(|value| value * sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{EventKind, Severity, SourceRef};

    fn event(fields: &[(&str, &str)]) -> Event {
        Event {
            time: Time(0),
            system: "erp".into(),
            kind: EventKind::Log,
            severity: Severity::default(),
            operation: None,
            body: String::new(),
            duration: None,
            attributes: fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            identifiers: Vec::new(),
            span: None,
            source: SourceRef::File { path: "a".into(), offset: 0 },
        }
    }

    #[test]
    fn customers_count_once_and_each_flow_is_worth_what_its_first_event_says() {
        let fields = LossFields {
            customer: vec!["customer_id".into()],
            value: vec!["amount".into(), "total".into()],
            currency: "EUR".into(),
        };
        let flows = [
            (
                FlowId(0),
                vec![
                    event(&[("order.customer_id", "c1"), ("amount", "1.234,50")]),
                    event(&[("amount", "9")]),
                ],
            ),
            (FlowId(1), vec![event(&[]), event(&[("CUSTOMER_ID", "c1"), ("total", "0.5")])]),
            (FlowId(2), vec![event(&[("customer_id", "null"), ("amount", "many")])]),
        ];
        let losses = fields.count(&flows);
        assert_eq!((losses.customers, losses.with_customer, losses.with_value), (1, 2, 2));
        assert_eq!(
            losses.sentence().unwrap(),
            "1 customers, 1235.00 EUR (of 3 lost flows 2 name the customer, 2 the value)"
        );
        assert_eq!(LossFields::default().count(&flows).sentence(), None);
    }

    #[test]
    fn amounts_are_read_as_they_are_written() {
        for (text, expected) in [
            ("12", Some(1_200)),
            ("12.5", Some(1_250)),
            ("1,234.50", Some(123_450)),
            ("1.234,50", Some(123_450)),
            ("1,234,567", Some(123_456_700)),
            ("12.345", Some(1_234)),
            ("-3.10", Some(-310)),
            ("€ 7", Some(700)),
            ("12 units", None),
            ("", None),
        ] {
            assert_eq!(hundredths(text), expected, "{text}");
        }
    }
}
