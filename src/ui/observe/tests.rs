//! The interviewer's screen: what it shows, and what its keys append to the log.

use super::*;
use crate::drill::{
    Cue, Dimension, DimensionScore, Found, Line as Logged, Marked, Matched, Scenario, Score, Start, When,
};
use crate::telemetry::Nanos;
use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn inject(name: &str, text: &str) -> Inject {
    Inject {
        name: name.into(),
        from: "The CFO".into(),
        text: text.into(),
        when: When { after: Cue::Brief, minutes: 12.0 },
        strike: None,
    }
}

fn watched() -> Watched {
    let begin = Time::parse("2026-03-10T10:00:00Z").unwrap();
    let scenario = Scenario {
        title: "Orders pile up in front of the ERP".into(),
        injects: vec![
            inject("executive", "What is lost?"),
            inject("wrong-lead", "It is the deploy, roll it back."),
        ],
        ..Scenario::default()
    };
    let start = Start { scenario, minutes: 30, speed: 10.0, ..Start::default() };
    let now = begin + Nanos::seconds(600);
    let mut log = Log::of(&[Logged::new(begin, Happening::Started(Box::new(start)))]);
    log.apply(&Logged::new(now, Happening::Pace { speed: 10.0, wall: now }));
    let row = |seconds: i64, truth: &str, did: &str| Beside {
        time: begin + Nanos::seconds(seconds),
        after: crate::drill::after(begin, begin + Nanos::seconds(seconds)),
        truth: truth.into(),
        did: did.into(),
    };
    let marked = |name: &str, title: &str, points: u32, of: u32, text: Option<&str>| Marked {
        name: name.into(),
        title: title.into(),
        dimension: Dimension::Operability,
        points,
        of,
        at: None,
        said: "as the record says".into(),
        matched: text.map(|text| Matched {
            text: text.into(),
            found: Found { met: vec!["erp".into()], missed: vec!["certificate|tls".into()] },
            ruling: None,
        }),
    };
    let mut debrief = Debrief {
        title: "Orders pile up in front of the ERP".into(),
        begin,
        timeline: vec![
            row(-300, "flows begin to suffer: the certificate of erp expired", ""),
            row(0, "the brief", ""),
            row(95, "", "declared: SEV2 Orders fail"),
            row(300, "", "hypothesis: the ERP is too slow"),
            row(540, "", "mitigation: restart mule"),
        ],
        score: Score {
            objectives: vec![
                marked("declared-in-time", "Declared within 5 minutes", 5, 5, None),
                marked(
                    "first-correct-hypothesis",
                    "A hypothesis names the root cause",
                    0,
                    12,
                    Some("the ERP is too slow"),
                ),
            ],
            dimensions: vec![DimensionScore { dimension: Dimension::Operability, points: 5, of: 17 }],
            percent: 29,
            to_confirm: 1,
            ..Score::default()
        },
        path: vec!["Look at mule's log".into()],
        ..Debrief::default()
    };
    debrief.truth.trigger = "the certificate reached notAfter".into();
    debrief.truth.root_cause = "the certificate of erp expired unwatched".into();
    debrief.truth.root_system = "erp".into();
    debrief.truth.mode = "expired-certificate".into();
    Watched { log, debrief, now }
}

fn observer() -> Observer {
    let mut observer = Observer::new(Theme::named("dark").unwrap());
    observer.see(watched());
    observer
}

fn screen(observer: &mut Observer, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| observer.draw(frame)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let rows = (0..height).map(|y| {
        let line: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
        format!("{}\n", line.trim_end())
    });
    rows.collect()
}

fn press(observer: &mut Observer, keys: &str) -> Vec<ObserveEffect> {
    keys.split_whitespace()
        .flat_map(|key| {
            let key: crokey::KeyCombination = key.parse().unwrap();
            observer.key(key.into())
        })
        .collect()
}

fn write(observer: &mut Observer, text: &str) {
    for letter in text.chars() {
        let _ = observer.key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE));
    }
}

#[test]
fn truth_timeline_injects_and_score_side_by_side_or_one_at_a_time() {
    assert_snapshot!("observe_120x36", screen(&mut observer(), 120, 36));
    let mut small = observer();
    assert_snapshot!("observe_80x24", screen(&mut small, 80, 24));
    press(&mut small, "tab");
    assert!(screen(&mut small, 80, 24).contains("Score so far"));
    press(&mut small, "tab");
    assert!(screen(&mut small, 80, 24).contains("expired unwatched"));
    for (width, height) in [(1, 1), (29, 7), (30, 8), (60, 100), (200, 60)] {
        screen(&mut small, width, height);
    }
}

#[test]
fn a_digit_gives_an_inject_and_one_that_was_given_is_no_longer_offered() {
    let mut observer = observer();
    let asked = Happening::Asked { command: Command::Inject { name: "wrong-lead".into() } };
    assert_eq!(press(&mut observer, "2"), [ObserveEffect::Append(asked)]);
    let mut given = watched();
    given.log.apply(&Logged::new(
        given.now,
        Happening::InjectGiven { name: "wrong-lead".into(), from: String::new(), text: String::new() },
    ));
    observer.see(given);
    assert!(press(&mut observer, "2").is_empty());
    assert!(screen(&mut observer, 80, 24).contains("there is no inject 2"));
}

#[test]
fn notes_and_sayings_are_typed_and_letters_are_no_keys_then() {
    let mut observer = observer();
    press(&mut observer, "n");
    write(&mut observer, "quit early?");
    let noted = Happening::Noted { text: "quit early?".into() };
    assert_eq!(press(&mut observer, "enter"), [ObserveEffect::Append(noted)]);
    press(&mut observer, "i");
    write(&mut observer, "The CEO: and now?");
    let said = Command::Say { from: "The CEO".into(), text: "and now?".into() };
    assert_eq!(press(&mut observer, "enter"), [ObserveEffect::Append(Happening::Asked { command: said })]);
    press(&mut observer, "n esc");
    assert_eq!(press(&mut observer, "q"), [ObserveEffect::Quit]);
}

#[test]
fn a_text_is_confirmed_or_overruled_where_there_is_one() {
    let mut observer = observer();
    assert!(press(&mut observer, "c").is_empty(), "the first objective has no text");
    let ruled =
        |fits| ObserveEffect::Append(Happening::Ruled { objective: "first-correct-hypothesis".into(), fits });
    assert_eq!(press(&mut observer, "j c"), [ruled(Some(true))]);
    assert_eq!(press(&mut observer, "o w"), [ruled(Some(false)), ruled(None)]);
}

#[test]
fn it_is_paused_stepped_hurried_and_ended_from_there() {
    let mut observer = observer();
    let ask = |command| ObserveEffect::Append(Happening::Asked { command });
    assert_eq!(
        press(&mut observer, "p s + -"),
        [
            ask(Command::Pause),
            ask(Command::Step { minutes: 1 }),
            ask(Command::Speed { speed: 20.0 }),
            ask(Command::Speed { speed: 5.0 })
        ]
    );
    assert!(press(&mut observer, "e j e").is_empty());
    assert_eq!(press(&mut observer, "e"), [ask(Command::End)]);
}
