//! The built program in a real pseudo-terminal: a keyboard, a screen, and what the terminal is like afterwards.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Machines that test are busy; only what never comes waits this long.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Session {
    screen: Arc<Mutex<vt100::Parser>>,
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    reader: Option<thread::JoinHandle<()>>,
    master: Box<dyn MasterPty + Send>,
    /// The line discipline before the program began.
    found: String,
    /// A home of its own: no configuration and no record of whoever runs the tests.
    _home: TempDir,
}

impl Session {
    pub fn start(arguments: &[&str], columns: u16, rows: u16, variables: &[(&str, &str)]) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let home = tempfile::tempdir().unwrap();
        let measured = std::env::var("BRIDGEWATCH_TEST_PROGRAM");
        let program = measured.as_deref().unwrap_or(env!("CARGO_BIN_EXE_bridgewatch"));
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.env("HOME", home.path());
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        for (name, value) in variables {
            command.env(name, value);
        }
        command.cwd(env!("CARGO_MANIFEST_DIR"));
        let found = discipline(pty.master.as_ref());
        let child = pty.slave.spawn_command(command).unwrap();
        let (high, wide) = (NonZero::new(rows).unwrap(), NonZero::new(columns).unwrap());
        let screen = Arc::new(Mutex::new(vt100::Parser::new(high, wide, 0)));
        let (mut output, parser) = (pty.master.try_clone_reader().unwrap(), screen.clone());
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                parser.lock().unwrap().process(&bytes[..length]);
            }
        });
        Self {
            screen,
            keyboard: pty.master.take_writer().unwrap(),
            child,
            reader: Some(reader),
            master: pty.master,
            found,
            _home: home,
        }
    }

    /// Presses a key by its name (`enter`, `esc`, `ctrl-p`), or types what is no name.
    pub fn press(&mut self, key: &str) {
        let control = key.strip_prefix("ctrl-").map(|letter| vec![letter.as_bytes()[0] & 0x1f]);
        let bytes = control.unwrap_or_else(|| match key {
            "enter" => b"\r".to_vec(),
            "esc" => b"\x1b".to_vec(),
            "tab" => b"\t".to_vec(),
            "space" => b" ".to_vec(),
            "up" => b"\x1b[A".to_vec(),
            "down" => b"\x1b[B".to_vec(),
            "right" => b"\x1b[C".to_vec(),
            "left" => b"\x1b[D".to_vec(),
            typed => typed.as_bytes().to_vec(),
        });
        self.keyboard.write_all(&bytes).unwrap();
        // Two keys in one read could be a third: escape and a letter is alt and the letter.
        thread::sleep(Duration::from_millis(if key == "esc" { 120 } else { 20 }));
    }

    /// How long it takes until a text is on the screen, from when a key is pressed, or from now.
    #[track_caller]
    pub fn time(&mut self, key: Option<&str>, text: &str) -> Duration {
        assert!(
            key.is_none() || !self.text().contains(text),
            "{text:?} is there before the key:\n{}",
            self.text()
        );
        let begun = Instant::now();
        if let Some(key) = key {
            self.keyboard.write_all(key.as_bytes()).unwrap();
        }
        while !self.text().contains(text) {
            assert!(begun.elapsed() < PATIENCE, "{text:?} is not on the screen:\n{}", self.text());
            thread::sleep(Duration::from_micros(300));
        }
        begun.elapsed()
    }

    pub fn text(&self) -> String {
        self.look(vt100::Screen::contents)
    }

    pub fn look<T>(&self, at: impl FnOnce(&vt100::Screen) -> T) -> T {
        at(self.screen.lock().unwrap().screen())
    }

    #[track_caller]
    pub fn see(&self, text: &str) {
        self.until(|screen| screen.contains(text), &format!("{text:?} is not"));
    }

    #[track_caller]
    pub fn see_no(&self, text: &str) {
        self.until(|screen| !screen.contains(text), &format!("{text:?} is still"));
    }

    #[track_caller]
    fn until(&self, is_there: impl Fn(&str) -> bool, complaint: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !is_there(&self.text()) {
            assert!(Instant::now() < deadline, "{complaint} on the screen:\n{}", self.text());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until nothing moves: two looks in a row that are the same.
    pub fn settle(&self) {
        let deadline = Instant::now() + PATIENCE;
        let mut before = self.text();
        loop {
            thread::sleep(Duration::from_millis(150));
            let now = self.text();
            if now == before || Instant::now() > deadline {
                return;
            }
            before = now;
        }
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        // A terminal has its new size before it tells.
        let (high, wide) = (NonZero::new(rows).unwrap(), NonZero::new(columns).unwrap());
        self.screen.lock().unwrap().screen_mut().set_size(high, wide);
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    pub fn signal(&self, name: &str) {
        let process = self.child.process_id().unwrap().to_string();
        let status = std::process::Command::new("kill").args(["-s", name, &process]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end; the exit status, and all that was written.
    pub fn end(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.text());
            thread::sleep(Duration::from_millis(20));
        };
        self.settle();
        status.exit_code()
    }

    /// The terminal is as it was found: its screen, cursor, mouse, paste and line discipline.
    #[track_caller]
    pub fn is_as_found(&self) {
        self.look(|screen| {
            assert!(!screen.alternate_screen(), "the alternate screen is still shown");
            assert!(!screen.hide_cursor(), "the cursor is still hidden");
            assert!(!screen.bracketed_paste(), "pastes still come in brackets");
            assert!(!screen.application_cursor(), "cursor keys still send other codes");
            assert_eq!(
                screen.mouse_protocol_mode(),
                vt100::MouseProtocolMode::None,
                "the mouse is still ours"
            );
        });
        assert_eq!(discipline(self.master.as_ref()), self.found, "the line discipline is another");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // The reader ends with the last holder of the other side, and that was the child.
        drop(self.reader.take());
    }
}

#[cfg(unix)]
fn discipline(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}

#[cfg(not(unix))]
fn discipline(_: &dyn MasterPty) -> String {
    String::new()
}
