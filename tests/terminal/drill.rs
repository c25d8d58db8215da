//! A drill in two terminals: the candidate's cockpit and the interviewer's observer on the same folder.

use super::pty::Session;
use std::path::Path;

fn started(folder: &Path, more: &[&str]) -> Session {
    let dir = folder.display().to_string();
    let mut arguments = vec!["drill", "start", "orders-pile-up", "--dir", &dir];
    arguments.extend(more);
    Session::start(&arguments, 120, 36, &[])
}

#[test]
fn a_drill_is_declared_mitigated_paused_taken_up_again_and_ended() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("d");
    let mut session = started(&folder, &["--speed", "10", "--hide-suspects", "--candidate", "Kim"]);
    session.see("DRILL: Orders pile up in front of the ERP");
    session.press("esc");
    session.see("DRILL");
    session.see("Where flows stop");
    session.press("6");
    session.see("hidden in this drill");
    session.press("1");
    session.press("D");
    session.see("Are customers or partners hit?");
    for key in ["down", "y", "enter"] {
        session.press(key);
    }
    session.see("Record of INC-0001");
    session.see("declared   Kim");
    session.press("p");
    session.see("PAUSED");
    session.press("q");
    assert_eq!(session.end(), 0);
    session.is_as_found();
    let dir = folder.display().to_string();
    let mut session = Session::start(&["drill", "resume", &dir], 120, 36, &[]);
    session.see("The brief");
    session.press("esc");
    session.see("Record of INC-0001");
    session.press("M");
    session.see("Log a mitigation");
    // Suspects are hidden, so what it acts on is not filled in.
    for key in ["down", "erp", "enter"] {
        session.press(key);
    }
    session.press("7");
    session.see("1 logged, 1 in force");
    session.press("S");
    session.press("X");
    session.see("again to end the drill");
    session.press("X");
    session.see("of 100");
    for name in ["debrief.md", "debrief.html"] {
        assert!(std::fs::read_to_string(folder.join(name)).unwrap().contains("This was a drill."), "{name}");
    }
    let log = std::fs::read_to_string(folder.join("drill.jsonl")).unwrap();
    assert!(log.contains("\"kind\":\"pulled\"") && log.contains("ended by hand"), "{log}");
    session.press("q");
    assert_eq!(session.end(), 0);
    session.is_as_found();
}

#[test]
fn the_interviewer_sees_the_truth_gives_an_inject_and_the_candidate_gets_the_call() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("d");
    let mut candidate = started(&folder, &[]);
    candidate.see("The brief");
    candidate.press("esc");
    let dir = folder.display().to_string();
    let mut observer = Session::start(&["drill", "observe", &dir], 120, 36, &[]);
    observer.see("Truth, hidden from the candidate");
    observer.see("notAfter");
    // What it is called comes from the evidence, once that is there.
    candidate.see("on the way to mule");
    candidate.press("D");
    candidate.see("Are customers or partners hit?");
    for key in ["down", "y", "enter"] {
        candidate.press(key);
    }
    candidate.see("INC-0001");
    observer.see("declared");
    observer.press("1");
    candidate.see("The head of sales");
    observer.press("p");
    candidate.see("PAUSED");
    observer.press("n");
    observer.press("asks the right people");
    observer.press("enter");
    observer.see("note: asks the right people");
    for mut session in [candidate, observer] {
        session.press("q");
        assert_eq!(session.end(), 0);
        session.is_as_found();
    }
}

#[test]
fn begun_anew_it_is_in_a_folder_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    let mut session = started(&home.path().join("d"), &[]);
    session.see("The brief");
    session.press("esc");
    session.press("Z");
    session.see("begin it anew");
    session.press("Z");
    session.see("The brief");
    session.press("esc");
    session.press("q");
    assert_eq!(session.end(), 0);
    assert!(home.path().join("d-2/drill.jsonl").is_file());
    session.is_as_found();
}
