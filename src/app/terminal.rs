//! The terminal: taken over, drawn on, and left as it was found, whatever ends the program.

use crate::ui::Ui;
use color_eyre::eyre::Result;
use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::execute;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::layout::{Position, Rect};
use ratatui::{DefaultTerminal, Frame};
use std::io;
use std::panic;
use std::thread;

/// A terminal in our hands.
pub(super) struct Terminal {
    inner: DefaultTerminal,
    is_ours: bool,
    /// What it shows is not what was drawn last.
    is_stale: bool,
}

impl Terminal {
    /// `tell` brings a failure on another thread to the person: the screen is up, and goes on.
    pub(super) fn enter(has_mouse: bool, tell: impl Fn(String) + Send + Sync + 'static) -> io::Result<Self> {
        // The hook of ratatui leaves the alternate screen and raw mode; what we add to these is ours to undo, before.
        let inner = ratatui::try_init()?;
        let hook = panic::take_hook();
        let screen = thread::current().id();
        panic::set_hook(Box::new(move |info| {
            if thread::current().id() == screen {
                undo();
                hook(info);
            } else {
                tell(one_line(info));
            }
        }));
        begin(has_mouse)?;
        Ok(Self { inner, is_ours: true, is_stale: false })
    }

    /// Its size changed, perhaps there and back between two frames: it may have cut off what it showed.
    pub(super) fn resized(&mut self) {
        self.is_stale = true;
    }

    pub(super) fn draw(&mut self, ui: &mut Ui) -> Result<()> {
        self.draw_with(|frame| ui.draw(frame))
    }

    pub(super) fn draw_with(&mut self, draw: impl FnOnce(&mut Frame)) -> Result<()> {
        // One frame is shown at once, on terminals that can: no half-drawn screen over a slow line.
        let _ = execute!(io::stdout(), BeginSynchronizedUpdate);
        let cleared = if std::mem::take(&mut self.is_stale) { self.clear() } else { Ok(()) };
        let outcome = cleared.and_then(|()| self.inner.draw(draw).map(|_| ()));
        let _ = execute!(io::stdout(), EndSynchronizedUpdate);
        Ok(outcome?)
    }

    /// Begins with an empty screen. `clear` of ratatui asks the terminal where its cursor is, and its answer would come as
    /// keys, so this goes by the size.
    fn clear(&mut self) -> io::Result<()> {
        let size = self.inner.size()?;
        self.inner.resize(Rect::from((Position::ORIGIN, size)))
    }

    pub(super) fn leave(&mut self) {
        if self.is_ours {
            self.is_ours = false;
            undo();
            ratatui::restore();
        }
    }

    /// Gives the terminal back to the shell until we are continued.
    #[cfg(unix)]
    pub(super) fn suspend(&mut self, has_mouse: bool) -> Result<()> {
        self.leave();
        // Stop as if the terminal had stopped us; the shell takes over here, and `fg` continues behind this line.
        let _ = std::process::Command::new("kill").args(["-STOP", &std::process::id().to_string()]).status();
        self.inner = ratatui::try_init()?;
        self.is_ours = true;
        begin(has_mouse)?;
        self.clear()?;
        Ok(())
    }

    #[cfg(not(unix))]
    pub(super) fn suspend(&mut self, _has_mouse: bool) -> Result<()> {
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.leave();
    }
}

fn one_line(info: &panic::PanicHookInfo) -> String {
    let what = info.payload_as_str().unwrap_or("no reason given").replace('\n', " ");
    let place =
        info.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
    format!("a part of bridgewatch failed: {what}{place}; what was read stays, please report this")
}

fn begin(has_mouse: bool) -> io::Result<()> {
    if has_mouse {
        execute!(io::stdout(), EnableMouseCapture)?;
    }
    execute!(io::stdout(), EnableBracketedPaste)
}

fn undo() {
    let _ = execute!(io::stdout(), DisableMouseCapture, DisableBracketedPaste, Show);
}

/// What the system asks of us.
pub(super) enum Signal {
    Leave,
    Suspend,
}

/// Signals that would end or stop the program with the terminal in disorder.
#[cfg(unix)]
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    stop: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            // SIGTSTP: 20 on Linux and 18 on macOS, by their signal lists.
            stop: signal(SignalKind::from_raw(if cfg!(target_os = "macos") { 18 } else { 20 }))?,
        })
    }

    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Leave,
            _ = self.hang_up.recv() => Signal::Leave,
            _ = self.interrupt.recv() => Signal::Leave,
            _ = self.stop.recv() => Signal::Suspend,
        }
    }
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn next(&mut self) -> Signal {
        let _ = tokio::signal::ctrl_c().await;
        Signal::Leave
    }
}
