//! Which attributes differ: what failing flows carry that completed ones do not, and the other way round.

use super::statistics::Shares;
use std::collections::{BTreeMap, BTreeSet};

/// The attributes of one flow: names with their values.
pub type Attributes = BTreeSet<(String, String)>;

/// An attribute that tells failing flows from completed ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub name: String,
    pub value: String,
    /// How many carry it, of how many that were looked at.
    pub failing: (u32, u32),
    pub completed: (u32, u32),
    /// In standard errors, limited by the size of the effect; negative where the completed carry it.
    pub strength: f64,
}

/// Fewer flows than this on a side say nothing.
const LEAST: u32 = 5;
/// Weaker differences are chance among so many attributes.
const KEPT: f64 = 3.0;

/// The attributes that differ: those that failing flows carry first, each side by how much it tells.
pub fn differences(failing: &[Attributes], completed: &[Attributes]) -> Vec<Difference> {
    let of = [completed.len() as u32, failing.len() as u32];
    if of.iter().any(|flows| *flows < LEAST) {
        return Vec::new();
    }
    let mut counts: BTreeMap<&(String, String), [u32; 2]> = BTreeMap::new();
    for (side, flows) in [completed, failing].into_iter().enumerate() {
        for attribute in flows.iter().flatten() {
            counts.entry(attribute).or_default()[side] += 1;
        }
    }
    let mut differing: Vec<Difference> = counts
        .into_iter()
        .filter_map(|((name, value), [before, after])| {
            let strength = Shares { before: (before, of[0]), after: (after, of[1]) }.departure();
            // What failing flows lack because they never came there says where they stop, not how they differ.
            let is_there = strength > 0.0 || carriers(failing, name) * 2 >= of[1];
            (strength.abs() >= KEPT && is_there).then(|| Difference {
                name: name.clone(),
                value: value.clone(),
                failing: (after, of[1]),
                completed: (before, of[0]),
                strength,
            })
        })
        .collect();
    let order = |one: &Difference| (-one.strength.signum(), -one.strength.abs());
    differing.sort_by(|a, b| {
        let ((a_side, a_size), (b_side, b_size)) = (order(a), order(b));
        a_side.total_cmp(&b_side).then(a_size.total_cmp(&b_size)).then_with(|| a.name.cmp(&b.name))
    });
    differing
}

/// How many flows carry an attribute of the name, whatever its value.
fn carriers(flows: &[Attributes], name: &str) -> u32 {
    flows.iter().filter(|flow| flow.iter().any(|(known, _)| known == name)).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(region: &str, order: usize) -> Attributes {
        let one = |name: &str, value: String| (name.to_owned(), value);
        [one("region", region.to_owned()), one("order", order.to_string()), one("channel", "web".to_owned())]
            .into()
    }

    #[test]
    fn what_only_failing_flows_carry_stands_first_and_what_all_carry_not_at_all() {
        let failing: Vec<Attributes> = (0..20).map(|order| flow("eu-2", order)).collect();
        let completed: Vec<Attributes> =
            (100..140).map(|order| flow(if order % 10 == 0 { "eu-2" } else { "eu-1" }, order)).collect();
        let found = differences(&failing, &completed);
        let said: Vec<(&str, &str, u32, u32)> = found
            .iter()
            .map(|one| (one.name.as_str(), one.value.as_str(), one.failing.0, one.completed.0))
            .collect();
        assert_eq!(said, [("region", "eu-2", 20, 4), ("region", "eu-1", 0, 36)]);
        assert!(differences(&failing[..3], &completed).is_empty(), "three flows say nothing");
    }
}
