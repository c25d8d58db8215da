//! Runbooks: Markdown with steps to tick off, which a team keeps in git; what was ticked stands in the record.

use super::Incident;

/// A runbook and how far it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runbook {
    pub title: String,
    pub steps: Vec<RunbookStep>,
}

/// One step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunbookStep {
    pub text: String,
    /// A command or query that stands below it, to copy; bridgewatch itself executes nothing.
    pub command: String,
    /// How the evidence may answer it by itself: a fenced block of the language `bridgewatch`, in the words of triage packs.
    pub look: Option<String>,
    /// What was found, if somebody did it.
    pub done: Option<String>,
}

impl Runbook {
    /// Reads `- [ ] step`, `1. step` and the fenced code below; what was recorded of the steps is filled in.
    pub fn read(text: &str, incident: &Incident) -> Self {
        let mut runbook = Self::default();
        let has_boxes = text.lines().any(|line| boxed(line).is_some());
        // (whether it is for us, its lines)
        let mut code: Option<(bool, Vec<&str>)> = None;
        for line in text.lines() {
            let is_fence = line.trim_start().starts_with("```");
            match (&mut code, is_fence) {
                (Some((is_look, lines)), true) => {
                    match runbook.steps.last_mut() {
                        Some(step) if *is_look => step.look = lines.first().map(|&look| look.to_owned()),
                        Some(step) if step.command.is_empty() => step.command = lines.join("\n"),
                        _ => {}
                    }
                    code = None;
                }
                (Some((_, lines)), false) => lines.push(line.trim()),
                (None, true) => {
                    let language = line.trim_start().trim_start_matches('`').trim();
                    code = Some((language == "bridgewatch", Vec::new()));
                }
                (None, false) => {
                    let step = if has_boxes { boxed(line) } else { numbered(line) };
                    if let Some(step) = step {
                        let done = incident.steps.get(step).cloned();
                        runbook.steps.push(RunbookStep {
                            text: step.to_owned(),
                            done,
                            ..RunbookStep::default()
                        });
                    } else if runbook.title.is_empty()
                        && let Some(title) = line.strip_prefix("# ")
                    {
                        title.trim().clone_into(&mut runbook.title);
                    }
                }
            }
        }
        runbook
    }
}

/// `- [ ] step`, `* [x] step`, `2. [ ] step`. A box that is ticked in the file is a step like any other: nobody did it today.
fn boxed(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).or_else(|| numbered(line))?;
    let rest = rest.trim_start();
    let step = ["[ ] ", "[x] ", "[X] "].iter().find_map(|sign| rest.strip_prefix(sign))?.trim();
    (!step.is_empty()).then_some(step)
}

fn numbered(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let digits = line.find(|c: char| !c.is_ascii_digit()).filter(|digits| *digits > 0)?;
    let step = line[digits..].strip_prefix(". ")?.trim();
    (!step.is_empty()).then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_with_the_commands_below_them_and_what_was_found() {
        let text = "# Certificate of erp\n\nSome words.\n1. not a step, for there are boxes\n\n- [ ] Read NotAfter\n\n  ```sh\n  openssl x509 -enddate\n  ```\n- [x] Ask security\n* [ ] Roll back\n- no step\n";
        let mut incident = Incident::default();
        incident.steps.insert("Ask security".into(), "renewed at 11:02".into());
        let runbook = Runbook::read(text, &incident);
        assert_eq!(runbook.title, "Certificate of erp");
        let steps: Vec<_> =
            runbook.steps.iter().map(|step| (step.text.as_str(), step.done.is_some())).collect();
        assert_eq!(steps, [("Read NotAfter", false), ("Ask security", true), ("Roll back", false)]);
        assert_eq!(runbook.steps[0].command, "openssl x509 -enddate");
        let looks =
            Runbook::read("- [ ] lag\n```bridgewatch\nseries lag\n```\n```sh\nkafka-lag\n```\n", &incident);
        assert_eq!(looks.steps[0].look.as_deref(), Some("series lag"));
        assert_eq!(looks.steps[0].command, "kafka-lag", "the other block is what a person runs");
        let plain = Runbook::read("1. first\n2. second\n```\nunclosed", &incident);
        assert_eq!(plain.steps.len(), 2);
        assert_eq!(Runbook::read("", &incident), Runbook::default());
    }
}
