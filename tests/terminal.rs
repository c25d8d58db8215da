//! The built program in a real terminal: it opens, draws, can be driven, and leaves the terminal as it was found.
#![allow(clippy::unwrap_used)]

#[path = "terminal/bridge.rs"]
mod bridge;
#[path = "terminal/drill.rs"]
mod drill;
#[path = "sources/fake.rs"]
#[expect(dead_code, reason = "only some answers are of use here")]
mod fake;
#[path = "terminal/faults.rs"]
mod faults;
#[path = "terminal/picture.rs"]
mod picture;
#[path = "terminal/proxy.rs"]
mod proxy;
#[path = "terminal/pty.rs"]
mod pty;
#[path = "terminal/tour.rs"]
mod tour;

use pty::Session;

#[test]
fn it_opens_draws_at_every_size_and_quits() {
    let mut session = Session::start(&["demo"], 80, 24, &[]);
    session.see("Size-up");
    for (columns, rows) in [(200, 60), (40, 10), (120, 36), (80, 24)] {
        session.resize(columns, rows);
        session.see("Bridge");
    }
    // Drawn at the last size: crossterm may keep a key that comes in the same instant as a resize until the next key.
    session.see("6 Susp.");
    session.press("q");
    assert_eq!(session.end(), 0);
    session.is_as_found();
}

#[test]
fn without_arguments_there_is_a_way_into_the_demo() {
    let mut session = Session::start(&[], 80, 24, &[]);
    session.see("demo");
    session.press("o");
    session.see("Size-up");
    session.press("ctrl-c");
    assert_eq!(session.end(), 0);
    session.is_as_found();
}

/// A picture of true colours would fail on this screen; it has none.
#[test]
fn no_colour_means_none() {
    let mut session = Session::start(&["demo"], 80, 24, &[("NO_COLOR", "1")]);
    session.see("Size-up");
    session.settle();
    session.look(|screen| {
        let (rows, columns) = screen.size();
        for (row, column) in
            (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column)))
        {
            let cell = screen.cell(row, column).unwrap();
            assert_eq!((cell.fgcolor(), cell.bgcolor()), (vt100::Color::Default, vt100::Color::Default));
        }
    });
    session.press("q");
    assert_eq!(session.end(), 0);
}

#[cfg(unix)]
#[test]
fn what_ends_it_from_outside_leaves_the_terminal_as_found() {
    for signal in ["TERM", "HUP", "INT"] {
        let mut session = Session::start(&["demo"], 80, 24, &[]);
        session.see("Size-up");
        session.signal(signal);
        assert_eq!(session.end(), 0, "{signal}");
        session.is_as_found();
    }
}

/// `:panic` is in debug builds only, for this.
#[test]
fn a_panic_leaves_the_terminal_as_found_and_says_what_happened() {
    let mut session = Session::start(&["demo"], 80, 24, &[]);
    session.see("Size-up");
    session.press(":");
    session.press("panic");
    session.press("enter");
    assert_eq!(session.end(), 101);
    session.is_as_found();
    session.see("asked to panic");
}

#[test]
fn the_first_five_minutes() {
    tour::run("first-five-minutes");
}

#[test]
fn running_the_bridge() {
    tour::run("running-the-bridge");
}

/// Each numbered step of the README is what one of the tours does, word for word.
#[test]
fn the_readme_tells_what_the_tours_do() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let steps: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.split_once(". ").filter(|(number, _)| number.len() == 1))
        .map(|(_, step)| step)
        .collect();
    let tours: String = std::fs::read_dir(root.join("tests/tours"))
        .unwrap()
        .map(|tour| std::fs::read_to_string(tour.unwrap().path()).unwrap())
        .collect();
    let told: Vec<&str> = tours.lines().filter_map(|line| line.strip_prefix("# ")).collect();
    assert!(steps.len() >= 5, "the README has a tour");
    for step in steps {
        assert!(told.contains(&step), "no tour does what the README tells: {step}");
    }
}
