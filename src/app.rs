//! The shell: the only place where messages, the terminal and the outside world meet.

mod clock;
mod collect;
/// Drills in the outside world: their folder, the thread that lets their time pass, the interviewer's terminal.
pub mod drill;
mod engine;
mod extent;
mod follow;
mod healths;
mod look;
mod perform;
mod publish;
mod record;
mod survey;
mod terminal;

pub use look::Searches;
pub use survey::{Survey, survey, too_many};

use crate::config::Config;
use crate::incident::Gate;
use crate::sources::bundled;
use crate::store::{OUTBOX, Store};
use crate::telemetry::Time;
use crate::ui::{Depth, Effect, Keymap, Msg, Notice, Theme, Ui};
use color_eyre::eyre::{Result, WrapErr, eyre};
use crossterm::event::{Event as Input, EventStream};
use futures::StreamExt;
use std::iter;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::{select, time};

/// What the cockpit opens on.
#[derive(Clone, Debug, PartialEq)]
pub enum Opening {
    /// The newest incident, or the list of them, with these files and all that the configuration names: files and live
    /// sources.
    Evidence(Vec<String>),
    /// A bundled scenario, by name.
    Demo(String),
    /// A drill that was begun in this folder.
    Drill(drill::Folder),
}

/// The time of this machine's clock; nothing else reads it.
#[expect(clippy::disallowed_methods, reason = "the one place that may")]
pub fn now() -> Time {
    Time::from(chrono::Utc::now())
}

/// Opens the cockpit and comes back when the person leaves it.
pub fn run(config: Config, theme: Option<&str>, opening: Opening) -> Result<()> {
    let theme = theme_named(theme.unwrap_or(&config.theme), &config)?;
    let keymap = keymap_of(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .wrap_err("cannot start the threads that wait for sources")?;
    runtime.block_on(run_in(config, theme, keymap, opening))
}

async fn run_in(config: Config, theme: Theme, keymap: Keymap, opening: Opening) -> Result<()> {
    let mut next = Some(opening);
    while let Some(opening) = next.take() {
        next = Box::pin(session(config.clone(), theme.clone(), keymap.clone(), opening)).await?;
    }
    Ok(())
}

/// One session of the cockpit; gives what to open anew, if the person asked for that.
async fn session(config: Config, theme: Theme, keymap: Keymap, opening: Opening) -> Result<Option<Opening>> {
    let config = match &opening {
        Opening::Drill(folder) => config_of_drill(config, folder),
        _ => config,
    };
    let offset = local_offset();
    let (gate, packs, mistake) = match (config.gate(), config.packs()) {
        (Ok(gate), Ok(packs)) => (gate, packs, None),
        // The built-in ones serve until the files are mended.
        (Err(mistake), _) | (_, Err(mistake)) => (Gate::default(), None, Some(mistake)),
    };
    let targets = publish::destinations(&config);
    let ui = Ui::new(theme, keymap, offset, config.local_time).of_team(gate.clone(), packs, targets);
    let (outbox, inbox) = mpsc::channel(256);
    let is_demo = matches!(opening, Opening::Demo(_));
    // A demo leaves no trace; what cannot be kept on disk is kept in memory, and said.
    let (store, trouble) = if is_demo { (Store::memory(), None) } else { open_store(&config).await };
    let failed = outbox.clone();
    let failures = move |text| {
        let _ = failed.try_send(Msg::Notice(Notice { text, is_error: true })); // A full inbox has worse news.
    };
    let mut shell = perform::Shell::new(config, gate, Arc::new(store), outbox);
    if let Some(trouble) = trouble.or(mistake) {
        shell.tell(Msg::Notice(Notice { text: trouble, is_error: true }));
    }
    shell.open(opening);
    let mut terminal =
        terminal::Terminal::enter(shell.has_mouse(), failures).wrap_err("cannot use this terminal")?;
    let outcome = screen(&mut terminal, ui, &mut shell, inbox).await;
    terminal.leave();
    shell.stop();
    outcome
}

/// Input first, then what has arrived, then one frame.
async fn screen(
    terminal: &mut terminal::Terminal,
    mut ui: Ui,
    shell: &mut perform::Shell,
    mut inbox: mpsc::Receiver<Msg>,
) -> Result<Option<Opening>> {
    let mut input = EventStream::new();
    let mut ticks = time::interval(Duration::from_millis(250));
    ticks.set_missed_tick_behavior(time::MissedTickBehavior::Skip);
    let mut signals = terminal::Signals::new()?;
    let mut effects = ui.update(Msg::Tick(shell.now()));
    loop {
        for effect in effects.drain(..) {
            if effect == Effect::Quit {
                return Ok(None);
            }
            if effect == Effect::RestartDrill
                && let Some(opening) = shell.restarted()
            {
                return Ok(Some(opening));
            }
            shell.perform(effect);
        }
        terminal.draw(&mut ui)?;
        let first = select! {
            biased; // A person never waits for a backend.
            event = input.next() => match event {
                Some(event) => Msg::Input(event.wrap_err("the terminal is gone")?),
                None => return Ok(None),
            },
            signal = signals.next() => match signal {
                terminal::Signal::Leave => return Ok(None),
                terminal::Signal::Suspend => {
                    terminal.suspend(shell.has_mouse())?;
                    Msg::Tick(shell.now())
                }
            },
            Some(msg) = inbox.recv() => msg,
            _ = ticks.tick() => Msg::Tick(shell.now()),
        };
        let waiting = iter::from_fn(|| inbox.try_recv().ok()).take(256);
        for msg in iter::once(first).chain(waiting) {
            if matches!(msg, Msg::Input(Input::Resize(..))) {
                terminal.resized();
            }
            // What a person does happens now, not at the last tick: else a later entry could stand before an earlier one.
            if shell.observe(&msg) || matches!(msg, Msg::Input(_)) {
                effects.extend(ui.update(Msg::Tick(shell.now())));
            }
            effects.extend(ui.update(msg));
        }
    }
}

/// A drill has a record of its own, reads what its estate writes, and publishes nothing; the rest is as the person has it.
fn config_of_drill(mut config: Config, folder: &drill::Folder) -> Config {
    let own = std::fs::read_to_string(folder.configuration()).unwrap_or_default();
    let own = Config::parse(&own).unwrap_or_default();
    config.systems = own.systems;
    config.formats = own.formats;
    config.identifiers = own.identifiers;
    config.evidence = Vec::new();
    config.sources = Vec::new();
    config.publish = Vec::new();
    config.store.postgres = None;
    config.store.path = folder.record();
    if let Ok(start) = folder.start() {
        config.author = start.candidate;
    }
    config
}

fn theme_named(name: &str, config: &Config) -> Result<Theme> {
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if env("NO_COLOR").is_some() || env("TERM").as_deref() == Some("dumb") {
        return Ok(Theme::named("plain").unwrap_or_default());
    }
    let depth = Depth::of(env("COLORTERM").as_deref(), env("TERM").as_deref());
    if let Some(theme) = Theme::named(name) {
        return Ok(theme.at(depth));
    }
    let path = config.resolve(std::path::Path::new(name));
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let names = Theme::names().collect::<Vec<_>>().join(", ");
        eyre!("`{name}` is no theme ({names}) and no file that can be read: {error}")
    })?;
    let theme = Theme::parse(&text).map_err(|error| eyre!("theme {}: {error}", path.display()))?;
    Ok(theme.at(depth))
}

fn keymap_of(config: &Config) -> Result<Keymap> {
    if config.keymap.as_os_str().is_empty() {
        return Ok(Keymap::default());
    }
    let path = config.resolve(&config.keymap);
    let text = std::fs::read_to_string(&path)
        .wrap_err_with(|| format!("cannot read the keymap {}", path.display()))?;
    Keymap::with_own(&text).map_err(|mistakes| eyre!("keymap {}:\n{}", path.display(), mistakes.join("\n")))
}

async fn open_store(config: &Config) -> (Store, Option<String>) {
    match try_open_store(config).await {
        Ok(store) => {
            let trouble = store.trouble();
            (store, trouble)
        }
        Err(error) => (
            Store::memory(),
            Some(format!("{error}; the record is kept in memory only and is gone when you leave")),
        ),
    }
}

async fn try_open_store(config: &Config) -> Result<Store, String> {
    let path = config.store_path().ok_or("there is no folder for data; name one with store.path")?;
    let opened = match &config.store.postgres {
        Some(secret) => {
            let address = secret.read().await?;
            Store::open_team(address.expose(), &path.with_file_name(OUTBOX)).await
        }
        None => Store::open(&path.display().to_string()).await,
    };
    opened.map_err(|error| error.to_string())
}

#[expect(clippy::disallowed_methods, reason = "the zone of this machine is read where its clock is")]
fn local_offset() -> i32 {
    chrono::Local::now().offset().local_minus_utc()
}

/// The bundled scenario that comes after the one that is open.
fn scenario_after(name: Option<&str>) -> Option<bundled::Scenario> {
    let scenarios = bundled::scenarios();
    let place = name.and_then(|name| scenarios.iter().position(|scenario| scenario.name == name));
    let next = place.map_or(0, |place| (place + 1) % scenarios.len().max(1));
    scenarios.into_iter().nth(next)
}
