//! The thread that lets the time of a drill pass: it advances the estate, writes what systems write, and does what is asked.

use super::super::clock::Clock;
use super::{Folder, Telemetry};
use crate::drill::{Came, Command, Happening, Line, Log, Run};
use crate::incident::Incident;
use crate::telemetry::{Nanos, Time};
use crate::ui::{Msg, Notice};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::mpsc as outbox;

/// How often time is let pass.
const BEAT: Duration = Duration::from_millis(100);
/// How often the log says how far it is, so that a drill that was killed goes on where it was.
const SIGN: Duration = Duration::from_secs(10);

/// What the thread is told.
pub(in crate::app) enum Order {
    /// The record as it is now.
    See(Box<Incident>),
    Do(Command),
}

/// A handle on a running drill; dropping it ends the thread.
pub(in crate::app) struct Session {
    orders: mpsc::Sender<Order>,
    pub(in crate::app) clock: Clock,
    pub(in crate::app) folder: Folder,
    pub(in crate::app) hides_suspects: bool,
    /// What the screen calls it.
    pub(in crate::app) title: String,
}

struct State {
    run: Run,
    folder: Folder,
    telemetry: Telemetry,
    clock: Clock,
    /// How far the log was read.
    read: u64,
    signed: Instant,
    outbox: outbox::Sender<Msg>,
    is_told: bool,
}

impl Session {
    /// Takes up a drill where its log ends, and lets its time pass.
    pub(in crate::app) fn start(folder: Folder, outbox: outbox::Sender<Msg>) -> Result<Self, String> {
        let lines = folder.lines()?;
        let last = Log::of(&lines).last;
        let (run, emissions) = Run::again(&lines, last)?;
        let mut telemetry = Telemetry::of(&folder);
        telemetry.write(&emissions).map_err(|error| super::unwritten(&folder, &error))?;
        let wall = super::super::now();
        let mut read = 0;
        let _ = folder.news(&mut read); // Everything so far is known.
        let clock = Clock::of_drill(crate::drill::Pace { wall, at: run.now(), speed: run.log().start.speed });
        let (orders, inbox) = mpsc::channel();
        let mut state = State {
            run,
            folder: folder.clone(),
            telemetry,
            clock: clock.clone(),
            read,
            signed: Instant::now(),
            outbox,
            is_told: false,
        };
        let hides_suspects = state.run.log().start.hides_suspects;
        let title = state.run.log().start.scenario.title.clone();
        state.pace(state.run.log().start.speed);
        thread::Builder::new()
            .name("drill".into())
            .spawn(move || state.run(&inbox))
            .map_err(|error| format!("cannot start the drill's thread: {error}"))?;
        Ok(Self { orders, clock, folder, hides_suspects, title })
    }

    pub(in crate::app) fn tell(&self, order: Order) {
        let _ = self.orders.send(order); // The thread ends only with us.
    }
}

impl State {
    fn run(mut self, inbox: &mpsc::Receiver<Order>) {
        loop {
            let order = match inbox.recv_timeout(BEAT) {
                Ok(order) => Some(order),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => {
                    self.pace(0.0); // So that the log says where it stands.
                    return;
                }
            };
            self.pass();
            match order {
                Some(Order::See(incident)) => {
                    let came = self.run.see(&incident);
                    self.keep(came);
                }
                Some(Order::Do(command)) => self.obey(&command),
                None => {}
            }
            self.hear();
            if !std::mem::replace(&mut self.is_told, true) {
                let _ = self.outbox.blocking_send(Msg::Drill(Box::new(self.run.log().clone())));
            }
        }
    }

    /// Lets time pass up to now.
    fn pass(&mut self) {
        let was_over = self.run.log().ended.is_some();
        let came = self.run.advance(self.clock.now());
        self.keep(came);
        let is_over = self.run.log().ended.is_some();
        if self.signed.elapsed() >= SIGN && !is_over && !self.run.log().is_paused() {
            self.pace(self.run.log().pace.speed);
        }
        if is_over && !was_over {
            // What is written from now on is later than the end, and does not count.
            self.clock.set_pace(crate::drill::Pace {
                wall: super::super::now(),
                at: self.run.now() + Nanos(1),
                speed: 1.0,
            });
        }
    }

    /// From now on so fast.
    fn pace(&mut self, speed: f64) {
        if self.run.log().ended.is_some() {
            return;
        }
        self.signed = Instant::now();
        let came = self.run.note(Happening::Pace { speed, wall: super::super::now() });
        self.clock.set_pace(self.run.log().pace);
        self.keep(came);
    }

    /// Writes what came: telemetry first, so that the log never tells of what is not there.
    fn keep(&mut self, came: Came) {
        if came == Came::default() {
            return;
        }
        self.is_told &= came.lines.is_empty();
        let Came { emissions, lines } = came;
        let written = self.telemetry.write(&emissions).and_then(|()| self.folder.append(&lines));
        if let Err(error) = written {
            let notice = Notice { text: super::unwritten(&self.folder, &error), is_error: true };
            let _ = self.outbox.blocking_send(Msg::Notice(notice));
        }
    }

    /// What the interviewer's terminal appended.
    fn hear(&mut self) {
        let lines: Vec<Line> = self.folder.news(&mut self.read).unwrap_or_default();
        for line in lines {
            if !line.what.is_of_observer() {
                continue; // Our own.
            }
            self.run.hear(&line);
            self.is_told = false;
            if let Happening::Asked { command } = &line.what {
                self.obey(command);
            }
        }
    }

    fn obey(&mut self, command: &Command) {
        let speed = self.run.log().start.speed;
        match command {
            Command::Pause => self.pace(0.0),
            Command::Resume => self.pace(speed),
            Command::Speed { speed } => self.pace(speed.clamp(0.0, 600.0)),
            Command::Step { minutes } => self.step(*minutes),
            Command::Inject { name } => {
                let came = self.run.give(name);
                self.keep(came);
            }
            Command::Say { from, text } => {
                let (from, text) = (from.clone(), text.clone());
                let came = self.run.note(Happening::InjectGiven { name: String::new(), from, text });
                self.keep(came);
            }
            Command::Hint => {
                let came = self.run.hint();
                self.keep(came);
            }
            Command::End if self.run.log().ended.is_none() => {
                let came = self.run.note(Happening::Ended { why: "ended by hand".to_owned() });
                self.keep(came);
            }
            Command::End => {}
        }
    }

    /// Lets so many minutes pass at once.
    fn step(&mut self, minutes: u32) {
        let to: Time = self.run.now() + Nanos::seconds(i64::from(minutes) * 60);
        let came = self.run.advance(to);
        self.keep(came);
        self.pace(self.run.log().pace.speed);
    }
}
