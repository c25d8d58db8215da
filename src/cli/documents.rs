//! Completions and the manual page, made from what can be typed.

use super::output::Output;
use super::{Cli, Failure, Outcome};
use clap::CommandFactory;
use clap_complete::Shell;

pub(super) fn completions(shell: Shell, output: &Output) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "bridgewatch", &mut script);
    output.raw(&script)?;
    output.flush()?;
    Ok(Outcome::Done)
}

/// The manual page of the program, with a section for each command.
pub(super) fn man(output: &Output) -> Result<Outcome, Failure> {
    let command = Cli::command();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    output.raw(&page)?;
    for each in command.get_subcommands() {
        let mut page = Vec::new();
        let name = format!("bridgewatch {}", each.get_name());
        let man = clap_mangen::Man::new(each.clone().name("bridgewatch").bin_name(name.clone()));
        let title = format!(".SH {}\n", name.to_uppercase());
        page.extend(title.as_bytes());
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
        output.raw(&page)?;
    }
    output.flush()?;
    Ok(Outcome::Done)
}
