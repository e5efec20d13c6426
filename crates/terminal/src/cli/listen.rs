//! `listen`: register where configured, wait for calls, answer or ask.

use super::agents::{Agents, Voices};
use super::args::{Global, Listen};
use super::audio::{Record, Say};
use super::binds::Purpose;
use super::control::{Control, Wanted};
use super::input::{self, Input};
use super::json::Object;
use super::output::{Output, asserted_as, tell};
use super::person::{Answer, Expected, Person};
use super::placing::Placing;
use super::session::{END_WITHIN, Next, Session, configuration};
use super::stop::Stop;
use crate::assembly::Event;
use crate::error::{Error, Result};
use crate::file;
use crate::voice::{Door, News, Offered};
use media_ctl::audio::Sides;
use sip_core::manager::CallId;
use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a person may take to answer: as long as a call rings.
const RINGING: Duration = Duration::from_secs(180);

/// Waits for calls until it is told to stop.
pub(super) async fn run(global: &Global, listen: Listen, out: Output) -> Result<()> {
    let door = Door::named(listen.audio.as_deref())?;
    if door.is_none() && !listen.auto_answer && !io::stdin().is_terminal() && !input::is_program() {
        // What is wrong with the configuration is told first.
        configuration(global).await?;
        return Err(Error::Usage(
            "nobody can be asked about calls here, and standard input is no pipe that commands \
             (answer, reject) come through; say --auto-answer"
                .to_owned(),
        ));
    }
    let out = listen.records.beside(out, door.as_ref())?;
    let mut stop = Stop::new()?;
    let mut session =
        stop.unless(Session::open(global, Purpose::Listen, listen.records.clone())).await?;
    let mut voices = Voices::open(door.as_ref())?;
    let agents = voices.agents();
    let waited = wait(&mut session, &listen, &mut voices, &mut stop, out).await;
    let closed = session.close(END_WITHIN, &mut stop, |event| {
        agents.on(event);
        tell(out, event)
    });
    let closed = closed.await;
    voices.close().await;
    waited.and(closed)
}

async fn wait(
    session: &mut Session, listen: &Listen, voices: &mut Voices, stop: &mut Stop, out: Output,
) -> Result<()> {
    let agents = voices.agents();
    // What cannot be said or recorded is an error now, not when somebody calls.
    let audio = listen.audio.as_deref();
    let say = stop.unless(Say::choose(audio, &session.config, &agents, out)).await?;
    if let Some(folder) = &listen.record {
        std::fs::create_dir_all(folder).map_err(|error| Error::write(folder, error))?;
        file::check(&folder.join("call.wav"))?;
    }
    if let Some(nobody) = session.config.nobody_can_prove() {
        tracing::warn!("{nobody}");
    }
    let asked = match session.person.clone() {
        _ if agents.are_asked() => Asked::Agents { at_once: listen.auto_answer },
        _ if listen.auto_answer => Asked::Nobody,
        Some(person) => Asked::Person(person),
        None => Asked::Program,
    };
    let input = Input::beside(session.person.as_ref(), audio);
    let control = Control::new(input, session.config.clone(), agents.clone(), out);
    let (record, asking) = (listen.record.clone(), VecDeque::new());
    let sides = listen.record_as.sides();
    let placing = Placing::default();
    let mut listener =
        Listener { session, say, agents, record, sides, asked, asking, control, placing, out };
    let waited = listener.wait(voices, stop).await;
    listener.leave();
    let given_up = listener.control.given_up(listener.placing.give_up());
    waited.and(given_up)
}

/// Who decides about a call that comes in.
enum Asked {
    /// Nobody: every call is answered.
    Nobody,
    /// The person at the terminal.
    Person(Person),
    /// The program that gives commands.
    Program,
    /// The agents, each about its call: or none of them, where all are answered.
    Agents { at_once: bool },
}

struct Listener<'a> {
    session: &'a mut Session,
    say: Say,
    agents: Agents,
    record: Option<PathBuf>,
    sides: Sides,
    asked: Asked,
    /// Calls that the person has not answered yet, in the order in which they are asked about.
    asking: VecDeque<(CallId, Answer)>,
    control: Control,
    /// Calls that are asked for, until it is known where they go.
    placing: Placing,
    out: Output,
}

impl Listener<'_> {
    async fn wait(&mut self, voices: &mut Voices, stop: &mut Stop) -> Result<()> {
        let addresses = self.session.addresses();
        let line = format!("listening on {}", addresses.join(", "));
        self.out.say(&line, Object::Listening { addresses: &addresses })?;
        voices.greet(self.out)?;
        self.control.greet()?;
        #[cfg(feature = "watch")]
        self.session.publish()?;
        let registrars = super::register::start(self.session)?.len();
        let mut patience = super::register::patience(self.session);
        if registrars == 0 {
            patience.ends();
        }
        loop {
            tokio::select! {
                () = stop.wanted() => return Ok(()),
                () = patience.is_over() => {}
                said = first(&mut self.asking) => self.decided(said),
                line = self.control.line() => self.obey(line)?,
                news = voices.next() => match news {
                    News::Closed => {
                        tracing::warn!("the agent is gone, or reads nothing: the command ends");
                        return Ok(());
                    }
                    news => self.heard_of(news)?,
                },
                (wanted, found) = self.placing.next() => {
                    let placed = self.session.place(&wanted, found, &self.say);
                    self.control.placed(&wanted, placed)?;
                }
                next = self.session.next() => match next {
                    Next::Event(Some(event)) => {
                        if matches!(event, Event::Registered { .. } | Event::NotRegistered { .. }) {
                            patience.ends();
                        }
                        self.on(event)?;
                    }
                    Next::Event(None) => {
                        return Err(Error::Call("the terminal stopped".to_owned()));
                    }
                    #[cfg(feature = "pgp")]
                    Next::Pins(pins) => self.repinned(pins)?,
                },
            }
        }
    }

    fn on(&mut self, event: Event) -> Result<()> {
        tell(self.out, &event)?;
        self.control.on(&event, &self.session.terminal)?;
        match event {
            Event::Incoming { id, replaces, .. } if self.agents.are_asked() => {
                self.offer(id, replaces.is_some(), &event);
            }
            // Whoever talks to the one talks to the other: nobody is asked. Why it is not answered,
            // the log says.
            Event::Incoming { id, replaces: Some(_), .. } => drop(self.answer(id)),
            Event::Incoming { id, from, asserted, assurance, .. } => {
                let caller = assurance.caller(&from) + &asserted_as(&asserted);
                self.incoming(id, &caller);
            }
            Event::Over { id, .. } => self.asking.retain(|(asked, _)| *asked != id),
            _ => {}
        }
        Ok(())
    }

    /// Does what a line says; where there is none, there are no more.
    fn obey(&mut self, line: Option<Vec<u8>>) -> Result<()> {
        let Some(line) = line else {
            if matches!(self.asked, Asked::Program) {
                tracing::warn!("standard input has ended: calls are not answered any more");
                self.leave();
            }
            return Ok(());
        };
        let wanted = self.control.obey(line, &self.session.terminal)?;
        self.begin(wanted)
    }

    /// Begins what a command wants.
    fn begin(&mut self, wanted: Option<Wanted>) -> Result<()> {
        match wanted {
            None => Ok(()),
            Some(Wanted::Place(wanted)) => {
                let found = self.session.find(wanted.uri());
                match self.placing.wait(wanted, found) {
                    Ok(()) => Ok(()),
                    Err(wanted) => self.control.crowded_out(&wanted),
                }
            }
            Some(Wanted::Answer(id)) => {
                // Whoever is asked about it need not say any more.
                self.asking.retain(|(asked, _)| *asked != id);
                let answered = self.answer(id);
                self.control.answered(id, answered)
            }
        }
    }

    /// Does what follows from what happened where agents come in.
    fn heard_of(&mut self, news: News) -> Result<()> {
        match news {
            News::Command { call, object } => {
                let wanted = self.control.obey_agent(&call, &object, &self.session.terminal)?;
                self.begin(wanted)
            }
            News::Seated(call) => {
                if let (Asked::Agents { at_once: true }, Some(id)) =
                    (&self.asked, self.control.named(&call))
                {
                    // Why it is not answered, the log says.
                    drop(self.answer(id));
                }
                Ok(())
            }
            News::Unattended(call) => {
                tracing::warn!("a call is refused: no agent has come for it in time");
                self.control.abandoned(&call, &self.session.terminal);
                Ok(())
            }
            News::Left(call) => {
                tracing::warn!("the agent of a call is gone, and the call ends");
                self.control.abandoned(&call, &self.session.terminal);
                Ok(())
            }
            News::Closed => Ok(()),
        }
    }

    /// Finds an agent for a call. One that takes the place of another is answered at once, or refused.
    fn offer(&mut self, id: CallId, replaces: bool, incoming: &Event) {
        let at_once = replaces || matches!(self.asked, Asked::Agents { at_once: true });
        match self.agents.offer(incoming) {
            // Why it is not answered, the log says.
            Some(Offered::Seated) if at_once => drop(self.answer(id)),
            // The caller hears that somebody is asked. A call that is over needs nothing.
            Some(Offered::Seated | Offered::Waits) if !replaces => {
                drop(self.session.terminal.ring(id));
            }
            _ => {
                self.agents.withdraw(incoming);
                _ = self.session.terminal.reject(id, 480);
            }
        }
    }

    /// Says that the pins were changed, by whomever.
    #[cfg(feature = "pgp")]
    fn repinned(&self, pins: Result<usize>) -> Result<()> {
        match pins {
            Ok(count) => {
                let line = format!("the pins were changed: {count} from now on");
                self.out.say(&line, Object::Repinned { pins: count })
            }
            Err(error) => {
                let reason = error.line();
                tracing::error!(
                    reason,
                    "the pins were changed and cannot be read; the earlier hold"
                );
                Ok(())
            }
        }
    }

    fn incoming(&mut self, id: CallId, caller: &str) {
        let terminal = &self.session.terminal;
        // A call that is over needs nothing.
        match &self.asked {
            // At once, so that nothing rings before (RFC 3261 §13.3.1.1). Why it is not answered, the
            // log says.
            Asked::Nobody => drop(self.answer(id)),
            Asked::Program if !self.control.is_open() => _ = terminal.reject(id, 480),
            // They are offered it instead.
            Asked::Agents { .. } => {}
            // The caller hears that the user is asked.
            Asked::Program => drop(terminal.ring(id)),
            Asked::Person(person) => {
                drop(terminal.ring(id));
                let text = format!("answer {caller}? [y/N]");
                self.asking.push_back((id, person.ask(&text, Expected::YesOrNo, RINGING)));
            }
        }
    }

    /// The person said yes or no to the call that was asked about first, or nothing in time.
    fn decided(&mut self, said: Option<bool>) {
        let Some((id, _)) = self.asking.pop_front() else {
            return;
        };
        let status = match said {
            Some(true) => return drop(self.answer(id)),
            Some(false) => 603,
            None => 480,
        };
        // A call that is over already needs no answer.
        _ = self.session.terminal.reject(id, status);
    }

    /// Nobody is there any more for the calls that are not answered yet. RFC 3261 §21.4.18:
    /// Temporarily Unavailable; to decline them (603) would end the search for others, too.
    fn leave(&mut self) {
        self.asking.clear();
        for id in self.control.unanswered() {
            // A call that is over already needs no answer.
            _ = self.session.terminal.reject(id, 480);
        }
    }

    /// Answers a call, as [`Session::answer`].
    fn answer(&self, id: CallId) -> Result<()> {
        let file = self.record.as_deref().map(free_name);
        let record = file.as_deref().map(|path| Record { path, sides: self.sides });
        self.session.answer(id, &self.say, record)?;
        record.map_or(Ok(()), |record| record.tell(id, &self.agents, self.out))
    }
}

/// What is said to the call that is asked about first. Cancel-safe.
async fn first(asking: &mut VecDeque<(CallId, Answer)>) -> Option<bool> {
    match asking.front_mut() {
        Some((_, answer)) => answer.yes().await,
        None => std::future::pending().await,
    }
}

/// The first name in `folder` that no recording has, finished or not.
fn free_name(folder: &Path) -> PathBuf {
    let names = (1_u32..).map(|n| folder.join(format!("call-{n:04}.wav")));
    let taken = |path: &PathBuf| path.exists() || path.with_extension("wav.part").exists();
    names.into_iter().find(|path| !taken(path)).unwrap_or_default()
}
