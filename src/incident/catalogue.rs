//! The service catalogue: what a team knows of a system, to be looked at when it is suspected.

use crate::evidence::Evidence;
use crate::flows::{Flow, Flows, Verdict};
use crate::telemetry::Time;

/// One system as its team describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    pub name: String,
    pub owner: Option<String>,
    pub pager: Option<String>,
    pub tier: Option<u8>,
    /// Links.
    pub dashboards: Vec<String>,
    /// A link, or the path of a Markdown file.
    pub runbook: Option<String>,
    /// Kinds of flows that are expected to pass it, or the beginnings of their names.
    pub flows: Vec<String>,
}

impl Service {
    /// A page: whom to call, where to look, and what became of the flows that are expected to pass it.
    pub fn page(&self, evidence: &Evidence, flows: &Flows, onset: Option<Time>) -> String {
        let mut text = format!("{}\n", self.name);
        let mut field = |name: &str, value: &str| text.push_str(&format!("\n{name:<16} {value}"));
        let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "not said".to_owned());
        field("owner", &said(&self.owner));
        field("pager", &said(&self.pager));
        field("tier", &self.tier.map_or_else(|| "not said".to_owned(), |tier| tier.to_string()));
        field("runbook", &said(&self.runbook));
        for (place, link) in self.dashboards.iter().enumerate() {
            field(if place == 0 { "dashboards" } else { "" }, link);
        }
        for (place, line) in self.expected(evidence, flows, onset).iter().enumerate() {
            field(if place == 0 { "expected flows" } else { "" }, line);
        }
        text
    }

    /// Each kind of flow that is expected here: how many came this far since onset.
    pub fn expected(&self, evidence: &Evidence, flows: &Flows, onset: Option<Time>) -> Vec<String> {
        let system = evidence.system_named(&self.name);
        let passes =
            |flow: &Flow| system.is_some_and(|system| flow.visits.iter().any(|visit| visit.system == system));
        let is_lost = |flow: &&Flow| matches!(flow.verdict, Verdict::Failed | Verdict::Stuck);
        let told = self.flows.iter().map(|wanted| {
            let since: Vec<&Flow> = flows
                .iter()
                .map(|(_, flow)| flow)
                .filter(|flow| onset.is_none_or(|onset| onset <= flow.last))
                .filter(|flow| flows.kind(flow.kind).name.starts_with(wanted.as_str()))
                .collect();
            if since.is_empty() {
                return format!("{wanted}: none was seen");
            }
            let here = since.iter().filter(|flow| passes(flow)).count();
            let lost = since.iter().copied().filter(is_lost).count();
            format!("{wanted}: {here} of {} came here, {lost} failed or are stuck", since.len())
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_whom_to_call_where_to_look_and_what_is_missing() {
        let service = Service {
            name: "erp".into(),
            pager: Some("erp-oncall".into()),
            tier: Some(1),
            dashboards: vec!["https://one".into(), "https://two".into()],
            flows: vec!["order".into()],
            ..Service::default()
        };
        let page = service.page(&Evidence::default(), &Flows::default(), None);
        for line in [
            "owner            not said",
            "pager            erp-oncall",
            "                 https://two",
            "expected flows   order: none was seen",
        ] {
            assert!(page.contains(line), "{line} in\n{page}");
        }
    }
}
