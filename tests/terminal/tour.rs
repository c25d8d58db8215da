//! Tours: what is run, which keys are pressed, what must then be seen, and which screens become pictures.
//!
//! A line is a step; `#` begins what a reader of the README is told. A picture that is not as the screen is now fails
//! its tour; `BRIDGEWATCH_DOCS=write` makes the pictures anew.

use super::picture;
use super::pty::Session;
use std::fs;
use std::path::Path;

pub fn run(name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = fs::read_to_string(root.join(format!("tests/tours/{name}.tour"))).unwrap();
    let mut tour = Tour { session: None, size: (120, 36), title: String::new() };
    for (number, line) in script.lines().enumerate() {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        eprintln!("{name}.tour:{}: {line}", number + 1);
        tour.step(verb, rest.trim(), root);
    }
    assert!(tour.session.is_none(), "{name}: a tour ends with `quit`");
}

struct Tour {
    session: Option<Session>,
    size: (u16, u16),
    /// The last thing that the reader was told.
    title: String,
}

impl Tour {
    fn step(&mut self, verb: &str, rest: &str, root: &Path) {
        match verb {
            "" => {}
            "#" => rest.clone_into(&mut self.title),
            "size" => {
                let (columns, rows) = rest.split_once('x').unwrap();
                self.size = (columns.parse().unwrap(), rows.parse().unwrap());
                if let Some(session) = &self.session {
                    session.resize(self.size.0, self.size.1);
                }
            }
            "run" => {
                let arguments: Vec<&str> = rest.split_whitespace().collect();
                self.session = Some(Session::start(&arguments, self.size.0, self.size.1, &[]));
            }
            "press" => rest.split_whitespace().for_each(|key| self.session().press(key)),
            "type" => self.session().press(rest),
            "see" => self.session().see(rest),
            "see-no" => self.session().see_no(rest),
            "picture" => self.picture(rest, root),
            "quit" => {
                let mut session = self.session.take().unwrap();
                session.press("q");
                assert_eq!(session.end(), 0);
                session.is_as_found();
            }
            other => panic!("`{other}` is no step of a tour"),
        }
    }

    fn session(&mut self) -> &mut Session {
        self.session.as_mut().expect("a tour begins with `run`")
    }

    fn picture(&mut self, name: &str, root: &Path) {
        let title = self.title.clone();
        let session = self.session();
        session.settle();
        let now = session.look(|screen| picture::svg(screen, &title));
        let path = root.join(format!("docs/pictures/{name}.svg"));
        if std::env::var("BRIDGEWATCH_DOCS").as_deref() == Ok("write") {
            fs::write(&path, &now).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            without_clocks(&kept) == without_clocks(&now),
            "docs/pictures/{name}.svg is not what the screen is now; look at it, then BRIDGEWATCH_DOCS=write:\n{}",
            session.text()
        );
    }
}

/// Pictures are taken while a clock runs: what it shows, and how wide that is, is no difference.
fn without_clocks(svg: &str) -> String {
    let clocks = regex::Regex::new(r"\d\d:\d\d:\d\d|\d+ (?:min|s)\b(?: \d+ s)?").unwrap();
    let places = regex::Regex::new(r#" (?:x|textLength|width)="[0-9.]+""#).unwrap();
    let spaces = regex::Regex::new(" +").unwrap();
    let svg = clocks.replace_all(svg, "T");
    let svg = places.replace_all(&svg, "");
    spaces.replace_all(&svg, " ").into_owned()
}
