//! `bridgewatch templates`: message patterns with their counts, those that changed first.

use super::arguments::{Shared, StateName, TemplatesArguments};
use super::gather::gather;
use super::output::{Output, Role, Table};
use super::{Failure, Outcome};
use crate::suspects::{Suspects, TemplateState};
use serde::Serialize;

#[derive(Serialize)]
struct Line<'a> {
    system: &'a str,
    template: &'a str,
    count: u64,
    baseline: u64,
    state: TemplateState,
}

pub(super) fn run(
    shared: &Shared,
    arguments: &TemplatesArguments,
    output: &Output,
) -> Result<Outcome, Failure> {
    let gathered = gather(shared, &arguments.inputs, output)?;
    let flows = gathered.flows();
    let suspects = Suspects::of(&gathered.evidence, &flows, &gathered.config.suspect_settings());
    let is_wanted = |found: TemplateState| {
        arguments.state.is_empty() || arguments.state.iter().any(|name| state(*name) == found)
    };
    let mut table = Table::new(&["state", ">count", ">baseline", "system", "template"]);
    for template in suspects.templates.iter().filter(|template| is_wanted(template.state)) {
        let system = gathered.evidence.system_name(template.system);
        if output.json {
            output.object(&Line {
                system,
                template: &template.template,
                count: template.count,
                baseline: template.baseline,
                state: template.state,
            })?;
            continue;
        }
        let (role, word) = match template.state {
            TemplateState::New => (Role::Bad, "✱ new"),
            TemplateState::Surging => (Role::Warning, "▲ surging"),
            TemplateState::Vanished => (Role::Warning, "▽ vanished"),
            TemplateState::Steady => (Role::Muted, "· steady"),
        };
        table.row(vec![
            (role, word.to_owned()),
            (Role::Plain, template.count.to_string()),
            (Role::Plain, template.baseline.to_string()),
            (Role::Accent, system.to_owned()),
            (Role::Plain, template.template.clone()),
        ]);
    }
    if !output.json {
        output.table(&table)?;
    }
    output.flush()?;
    Ok(gathered.outcome)
}

fn state(name: StateName) -> TemplateState {
    match name {
        StateName::New => TemplateState::New,
        StateName::Surging => TemplateState::Surging,
        StateName::Steady => TemplateState::Steady,
        StateName::Vanished => TemplateState::Vanished,
    }
}
