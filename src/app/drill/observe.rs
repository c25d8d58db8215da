//! The interviewer's terminal: looks at a drill's folder twice a second, and appends to its log what is asked for.

use super::super::terminal::{Signal, Signals, Terminal};
use super::super::{now, theme_named};
use super::Folder;
use crate::config::Config;
use crate::drill::{Debrief, Line, Run};
use crate::incident::Incident;
use crate::store::Store;
use crate::ui::{ObserveEffect, Observer, Watched};
use color_eyre::eyre::{Result, WrapErr, eyre};
use crossterm::event::{Event, EventStream, KeyEventKind};
use futures::StreamExt;
use std::time::Duration;
use tokio::{select, time};

/// What is known of the drill so far, kept so that only what is new is read and simulated.
struct Watch {
    folder: Folder,
    run: Run,
    read: u64,
    /// The record, once there is one.
    store: Option<Store>,
}

impl Watch {
    fn open(folder: Folder) -> Result<Self, String> {
        let mut read = 0;
        let lines = folder.news(&mut read).map_err(|error| format!("cannot read the log: {error}"))?;
        let (run, _) = Run::again(&lines, crate::telemetry::Time::MIN)?;
        Ok(Self { folder, run, read, store: None })
    }

    async fn look(&mut self) -> Result<Watched, String> {
        let lines =
            self.folder.news(&mut self.read).map_err(|error| format!("cannot read the log: {error}"))?;
        self.run.follow(&lines);
        if self.store.is_none() && self.folder.record().exists() {
            let path = self.folder.record().display().to_string();
            self.store = Some(Store::open(&path).await.map_err(|error| error.to_string())?);
        }
        let (name, entries) = match &self.store {
            Some(store) => super::record_in(store).await?,
            None => (None, Vec::new()),
        };
        let log = self.run.log().clone();
        let now = log.time(now());
        let incident = Incident::replay(name.as_deref().unwrap_or_default(), &entries);
        let debrief = Debrief::of(&self.run, &incident, &entries, now);
        Ok(Watched { log, debrief, now })
    }
}

/// One look at a drill, for who has no terminal.
pub async fn watched(folder: Folder) -> Result<Watched, String> {
    Watch::open(folder)?.look().await
}

/// Opens the interviewer's screen on a drill, and comes back when they leave it.
pub fn observe(config: &Config, theme: Option<&str>, folder: Folder) -> Result<()> {
    let theme = theme_named(theme.unwrap_or(&config.theme), config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .wrap_err("cannot start the threads that wait for the drill")?;
    runtime.block_on(async {
        let mut watch = Watch::open(folder).map_err(|reason| eyre!(reason))?;
        let mut terminal = Terminal::enter(false, |_| {}).wrap_err("cannot use this terminal")?;
        let outcome = screen(&mut terminal, Observer::new(theme), &mut watch).await;
        terminal.leave();
        outcome
    })
}

async fn screen(terminal: &mut Terminal, mut observer: Observer, watch: &mut Watch) -> Result<()> {
    let mut input = EventStream::new();
    let mut signals = Signals::new()?;
    let mut looks = time::interval(Duration::from_millis(500));
    looks.set_missed_tick_behavior(time::MissedTickBehavior::Skip);
    loop {
        terminal.draw_with(|frame| observer.draw(frame))?;
        let effects = select! {
            biased;
            event = input.next() => match event {
                Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => observer.key(key),
                Some(Ok(event)) => {
                    if matches!(event, Event::Resize(..)) {
                        terminal.resized();
                    }
                    Vec::new()
                }
                Some(Err(error)) => return Err(error).wrap_err("the terminal is gone"),
                None => return Ok(()),
            },
            signal = signals.next() => match signal {
                Signal::Leave => return Ok(()),
                Signal::Suspend => {
                    terminal.suspend(false)?;
                    Vec::new()
                }
            },
            _ = looks.tick() => {
                match watch.look().await {
                    Ok(watched) => observer.see(watched),
                    Err(reason) => observer.complain(reason),
                }
                Vec::new()
            }
        };
        for effect in effects {
            match effect {
                ObserveEffect::Quit => return Ok(()),
                ObserveEffect::Append(what) => {
                    let at = watch.run.log().time(now());
                    if let Err(error) = watch.folder.append(&[Line::new(at, what)]) {
                        observer.complain(format!("cannot write the log: {error}"));
                    }
                }
            }
        }
    }
}
