//! The ledger of changes, and alerts.

use super::super::blueprint::Sys;
use super::super::world::World;
use super::write;
use crate::telemetry::ChangeKind;

/// A change of the ledger; gives its id.
pub(in super::super) fn change(world: &mut World, kind: ChangeKind, system: Sys, text: &str) -> String {
    world.changes += 1 + (world.dice.next() % 7) as u32;
    let id = format!("CHG{:07}", world.changes);
    let at = world.time().utc().format("%Y-%m-%dT%H:%M:%SZ");
    let name = system.name();
    let line = format!(
        "{{\"id\":\"{id}\",\"time\":\"{at}\",\"system\":\"{name}\",\"kind\":\"{kind}\",\"text\":\"{text} ({id})\"}}\n"
    );
    write(world, "changes.jsonl".to_owned(), line);
    id
}

/// An alert, in a file of its own, since files of alerts are read whole.
pub(in super::super) fn alert(world: &mut World, number: u32, system: Sys, metric: &str, text: &str) {
    let at = world.time().utc().format("%Y-%m-%dT%H:%M:%SZ");
    let line = format!(
        "{{\"id\":\"alert-{number:04}\",\"time\":\"{at}\",\"system\":\"{}\",\"kind\":\"alert\",\"metric\":\"{metric}\",\"text\":\"{text}\"}}\n",
        system.name()
    );
    write(world, format!("alerts/{number:04}.jsonl"), line);
}

/// A change that breaks nothing.
pub(in super::super) fn harmless_change(world: &mut World, system: Sys) -> (ChangeKind, String) {
    let version = format!("{}.{}.{}", 1 + world.dice.below(7), world.dice.below(30), world.dice.below(9));
    let name = system.name();
    let all = [
        (
            ChangeKind::Deploy,
            format!("{name} {version} deployed (all pods): dependencies updated, no functional change"),
        ),
        (ChangeKind::Deploy, format!("{name} {version} deployed: texts of two messages, a dashboard link")),
        (ChangeKind::Config, format!("{name}: log level of the health check from DEBUG to INFO")),
        (ChangeKind::Flag, format!("{name}: flag new-footer turned on for 10 %")),
        (
            ChangeKind::Infrastructure,
            format!("{name}: node of a pod drained for kernel updates and taken back"),
        ),
        (ChangeKind::Config, format!("{name}: dashboards moved to another folder")),
    ];
    world.dice.one_of(&all).clone()
}
