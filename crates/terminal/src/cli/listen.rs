//! `listen`: register where configured, wait for calls, answer or ask.

use super::args::{Global, Listen};
use super::audio::{self, Say};
use super::output::{Output, tell};
use super::run::Done;
use super::session::Session;
use super::stop::Stop;
use crate::assembly::Event;
use crate::error::{Error, Result};
use serde_json::json;
use sip_core::manager::CallId;
use std::collections::VecDeque;
use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// The port of SIP. RFC 3261 §19.1.2.
const PORT: u16 = 5_060;

/// Waits for calls until it is told to stop.
pub(super) async fn run(global: &Global, listen: Listen, out: Output) -> Result<Done> {
    if !listen.auto_answer && !io::stdin().is_terminal() {
        return Err(Error::Usage(
            "nobody can be asked about calls here; say --auto-answer".to_owned(),
        ));
    }
    let mut stop = Stop::new()?;
    let session = Session::open(global, PORT, listen.records.clone()).await?;
    let say = listen.audio.clone().or_else(|| session.config.audio.say.clone());
    let mut listener = Listener {
        say: Say::new(say.as_deref().unwrap_or("tone")),
        record: listen.record,
        auto: listen.auto_answer,
        asking: VecDeque::new(),
        session,
        out,
    };
    let waited = listener.wait(&mut stop).await;
    listener.session.close(|event| tell(out, event)).await?;
    waited.map(|()| Done::Well)
}

struct Listener {
    session: Session,
    say: Say,
    record: Option<PathBuf>,
    auto: bool,
    /// Calls that the user has not answered yet; the first one is asked about.
    asking: VecDeque<CallId>,
    out: Output,
}

impl Listener {
    async fn wait(&mut self, stop: &mut Stop) -> Result<()> {
        // What cannot be said is an error now, not when somebody calls.
        self.say.source()?;
        if let Some(folder) = &self.record {
            std::fs::create_dir_all(folder).map_err(|error| Error::write(folder, error))?;
        }
        let addresses: Vec<String> =
            self.session.terminal.local_addrs().iter().map(ToString::to_string).collect();
        let line = format!("listening on {}", addresses.join(", "));
        self.out.say(&line, json!({ "event": "listening", "addresses": addresses }));
        super::register::start(&self.session)?;
        let mut lines = lines(self.auto);
        loop {
            tokio::select! {
                () = stop.wanted() => return Ok(()),
                Some(line) = lines.recv() => self.decided(line.trim()),
                event = self.session.events.next() => match event {
                    Some(event) => self.on(event),
                    None => return Err(Error::Call("the terminal stopped".to_owned())),
                },
            }
        }
    }

    fn on(&mut self, event: Event) {
        tell(self.out, &event);
        match event {
            Event::Incoming { id, .. } => self.incoming(id),
            Event::Over { id, .. } => self.asking.retain(|asked| *asked != id),
            _ => {}
        }
    }

    fn incoming(&mut self, id: CallId) {
        if self.auto {
            return self.answer(id);
        }
        // The caller hears that the user is asked; a call that is over needs nothing.
        drop(self.session.terminal.ring(id));
        self.asking.push_back(id);
        self.out.line("answer? [y/N]");
    }

    /// The user typed a line: it is about the call that has waited longest.
    fn decided(&mut self, line: &str) {
        let Some(id) = self.asking.pop_front() else {
            return;
        };
        if line.eq_ignore_ascii_case("y") || line.eq_ignore_ascii_case("yes") {
            self.answer(id);
        } else {
            _ = self.session.terminal.reject(id, 603);
        }
    }

    fn answer(&self, id: CallId) {
        let answered = self.say.source().and_then(|source| {
            let file = self.record.as_deref().map(free_name);
            let sink = audio::sink(file.as_deref())?;
            self.session.terminal.accept(id, source, sink)
        });
        if let Err(error) = answered {
            tracing::warn!(reason = error.line(), "a call is not answered");
            _ = self.session.terminal.reject(id, 500);
        }
    }
}

/// The first name in `folder` that no recording has, finished or not.
fn free_name(folder: &Path) -> PathBuf {
    let names = (1_u32..).map(|n| folder.join(format!("call-{n:04}.wav")));
    let taken = |path: &PathBuf| path.exists() || path.with_extension("wav.part").exists();
    names.into_iter().find(|path| !taken(path)).unwrap_or_default()
}

/// Lines of standard input, where a person answers calls; else none ever.
fn lines(auto: bool) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(8);
    if auto {
        // Kept by nobody, the channel would end at once; a closed channel only disables its arm.
        return receiver;
    }
    // Reading a terminal cannot be cancelled: the thread ends with the process.
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(io::Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
