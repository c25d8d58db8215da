//! `bridgewatch demo`: the cockpit on a bundled incident.

use super::arguments::{DemoArguments, Shared};
use super::gather::unknown_scenario;
use super::open::{Opening, cockpit};
use super::output::{Output, Role, Table};
use super::{Failure, Outcome};
use crate::sources::bundled;
use serde::Serialize;

#[derive(Serialize)]
struct Line<'a> {
    scenario: &'a str,
    title: &'a str,
}

pub(super) fn run(shared: &Shared, arguments: &DemoArguments, output: &Output) -> Result<Outcome, Failure> {
    let scenarios = bundled::scenarios();
    if !arguments.list {
        let name = arguments.scenario.clone().or_else(|| Some(scenarios.first()?.name.clone()));
        let name = name.ok_or_else(|| Failure::unread("this build bundles no scenario"))?;
        bundled::scenario(&name).ok_or_else(|| unknown_scenario(&name))?;
        return cockpit(shared, Opening::Demo(name));
    }
    let mut table = Table::new(&["scenario", "what happens"]);
    for scenario in &scenarios {
        if output.json {
            output.object(&Line { scenario: &scenario.name, title: &scenario.title })?;
        } else {
            table.row(vec![(Role::Strong, scenario.name.clone()), (Role::Plain, scenario.title.clone())]);
        }
    }
    if !output.json {
        output.table(&table)?;
    }
    output.flush()?;
    Ok(Outcome::Done)
}
