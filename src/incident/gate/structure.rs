//! What the parts of a write-up must have: claims that cite evidence, whys without gaps, actions that can be verified.

use super::{Limits, Passage, names};
use crate::incident::{Factor, Incident, Phase, Rca};
use regex::Regex;
use std::sync::LazyLock;

/// `#12` cites entry 12 of the record.
static CITATION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"#(\d{1,15})\b").expect("a pattern that the tests run"));

pub(super) fn cited(text: &str) -> impl Iterator<Item = u64> + '_ {
    CITATION.captures_iter(text).filter_map(|found| found[1].parse().ok())
}

/// Claims cite what they rest on, and what they cite is there and stands.
pub(super) fn claims(
    incident: &Incident,
    limits: &Limits,
    passages: &[Passage],
    object: &mut impl FnMut(&str, &str, &str),
) {
    let (pinned, any) =
        (limits.pinned.as_deref().unwrap_or_default(), limits.cited.as_deref().unwrap_or_default());
    for passage in passages {
        let entries: Vec<u64> = cited(passage.text).collect();
        for entry in entries.iter().filter(|entry| incident.standing(**entry).is_none()) {
            let reason = format!("cites #{entry}, which is not in the record or was taken back");
            object(&passage.place, "citation", &reason);
        }
        if passage.text.trim().is_empty() {
            continue;
        }
        let mut standing = entries.iter().filter_map(|entry| incident.standing(*entry));
        // A why has a place of its own for what it rests on.
        if passage.field == "whys" {
            continue;
        }
        if names(pinned, passage.field) {
            if !standing.any(|line| line.pins > 0) {
                let reason = "claims this without a pin: pin what shows it (m) and cite the entry, as in #12";
                object(&passage.place, "evidence", reason);
            }
        } else if names(any, passage.field) && standing.next().is_none() {
            let reason = "rests on nothing in the record: cite the fact or the pin that shows it, as in #12";
            object(&passage.place, "evidence", reason);
        }
    }
}

/// Each why answers the one above it, and none goes past its evidence.
pub(super) fn whys(
    incident: &Incident,
    rca: &Rca,
    limits: &Limits,
    object: &mut impl FnMut(&str, &str, &str),
) {
    let must_cite = names(limits.cited.as_deref().unwrap_or_default(), "whys");
    if rca.whys.len() < limits.whys.unwrap_or(0) {
        object("whys", "none", "asks no why: begin with why it failed, and stop where evidence stops");
    }
    let mut depth = None;
    let mut unsupported: Option<u8> = None;
    for (number, why) in (1..).zip(&rca.whys) {
        let place = format!("whys {number}");
        if unsupported.is_some_and(|above| why.depth <= above) {
            unsupported = None; // Another branch of the tree.
        }
        if why.evidence.trim().is_empty() {
            let reason = "goes past the evidence: give what shows it, or let the tree stop above";
            object(&place, "evidence", reason);
            unsupported = unsupported.or(Some(why.depth));
        } else if must_cite && !cited(&why.evidence).any(|entry| incident.standing(entry).is_some()) {
            let reason =
                "rests on nothing in the record: pin what shows it (m) and cite the entry, as in #12";
            object(&place, "evidence", reason);
        } else if unsupported.is_some() {
            object(&place, "evidence", "stands on a why that no evidence supports");
        }
        let deepest = depth.map_or(0, |depth: u8| depth.saturating_add(1));
        if why.depth > deepest {
            object(&place, "gap", "skips a step: each why answers the one above it");
        }
        depth = Some(why.depth);
    }
}

pub(super) fn factors(factors: &[Factor], limits: &Limits, object: &mut impl FnMut(&str, &str, &str)) {
    let fewest = limits.factors.unwrap_or(0);
    if factors.len() < fewest {
        let reason = format!(
            "names {} contributing factors, {fewest} are the least: incidents never have just one",
            factors.len()
        );
        object("factors", "several", &reason);
    }
    for (number, factor) in (1..).zip(factors) {
        if !Factor::TAXONOMY.contains(&factor.class.as_str()) {
            let reason =
                format!("has the class `{}`; known are {}", factor.class, Factor::TAXONOMY.join(", "));
            object(&format!("factor {number}"), "class", &reason);
        }
    }
}

pub(super) fn actions(rca: &Rca, limits: &Limits, object: &mut impl FnMut(&str, &str, &str)) {
    let systemic = rca.actions.iter().filter(|(_, action, _)| action.is_systemic).count();
    if rca.actions.is_empty() {
        object("actions", "none", "has no actions: nothing would keep it from happening again");
    } else if systemic < limits.systemic_actions.unwrap_or(0) {
        object(
            "actions",
            "systemic",
            "has only patches: at least one action must change the system that let it happen",
        );
    }
    for (number, (_, action, _)) in (1..).zip(&rca.actions) {
        let place = format!("action {number}");
        for (what, text) in
            [("owner", &action.owner), ("due date", &action.due), ("verification", &action.verification)]
        {
            if text.trim().is_empty() {
                object(&place, what, &format!("has no {what}"));
            }
        }
        if !action.due.is_empty() && chrono::NaiveDate::parse_from_str(&action.due, "%Y-%m-%d").is_err() {
            object(&place, "due date", "has a due date that is not like 2026-04-01");
        }
    }
}

pub(super) fn times(incident: &Incident, object: &mut impl FnMut(&str, &str, &str)) {
    let orders: [&[(&str, Option<crate::telemetry::Time>)]; 2] = [
        &[
            ("impact began", incident.impact_began),
            ("impact ended", incident.impact_ended),
            ("resolved", incident.resolved),
        ],
        &[
            ("declared", incident.declared),
            ("acknowledged", incident.acknowledged),
            ("resolved", incident.resolved),
        ],
    ];
    for order in orders {
        let known: Vec<_> = order.iter().filter_map(|(name, time)| Some((*name, (*time)?))).collect();
        for pair in known.windows(2) {
            if pair[1].1 < pair[0].1 {
                object("timeline", "order", &format!("says {} before {}", pair[1].0, pair[0].0));
            }
        }
    }
    for line in incident.lines.iter().filter(|line| !line.is_undone && line.recorded < line.happened) {
        let reason = format!("has entry {} happen after it was recorded: correct its time", line.entry);
        object("timeline", "order", &reason);
    }
    for one in &incident.mitigations {
        if let crate::incident::MitigationState::Undone(undone) = one.state
            && undone < one.started
        {
            object(
                "timeline",
                "order",
                &format!("undoes {} {} before it began", one.plan.kind, one.plan.target),
            );
        }
    }
}

/// What nobody looked after, once it is over.
pub(super) fn loose_ends(incident: &Incident, rca: &Rca, object: &mut impl FnMut(&str, &str, &str)) {
    if incident.phase < Phase::Resolved {
        return;
    }
    for one in incident.in_force() {
        let target = one.plan.target.to_lowercase();
        let is_looked_after =
            rca.actions.iter().any(|(_, action, done)| !done && action.text.to_lowercase().contains(&target));
        if !is_looked_after {
            let reason = format!(
                "leaves {} {} in force: undo it, or add the action that will",
                one.plan.kind, one.plan.target
            );
            object("mitigations", "in force", &reason);
        }
    }
    for one in incident.hypotheses.iter().filter(|one| one.judged.is_none()) {
        object(
            "hypotheses",
            "open",
            &format!("leaves open whether {}: judge it, if only as inconclusive", one.text),
        );
    }
}
