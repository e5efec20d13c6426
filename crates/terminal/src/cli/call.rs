//! `call`: place a call, talk, hang up.

use super::agents::{Agents, Voices};
use super::args::{Call, Global};
use super::audio::{Record, Say};
use super::binds::Purpose;
use super::control::{Control, Wanted};
use super::input::Input;
use super::json::Object;
use super::output::{Output, tell, tell_failure};
use super::patience::Patience;
use super::placing::Placing;
use super::redirects::Redirects;
use super::session::{END_WITHIN, Session, UNANSWERED_END_WITHIN};
use super::stop::Stop;
use crate::assembly::{Event, Invitation, Outcome};
use crate::config::any_of;
use crate::error::{Error, Result};
use crate::record::redacted;
use crate::voice::{Door, News, Offered, Reserved};
use media_ctl::audio::Ends;
use net::BoxFuture;
use sip_core::manager::{CallId, EndReason, NextHop};
use sst::Requirement;
use std::io::{self, Write as _};
use std::time::Duration;

/// A wait that needs no word.
const MOMENT: Duration = Duration::from_millis(500);

/// Calls, and waits until the call is over.
pub(super) async fn run(global: &Global, call: Call, out: Output) -> Result<()> {
    let door = Door::named(call.audio.as_deref())?;
    let out = call.records.beside(out, door.as_ref())?;
    let mut stop = Stop::new()?;
    let purpose = Purpose::Call(call.account.as_deref());
    let mut session = stop.unless(Session::open(global, purpose, call.records.clone())).await?;
    let mut voices = Voices::open(door.as_ref())?;
    let agents = voices.agents();
    let talked = talk(&mut session, &call, &mut voices, &mut stop, out).await;
    let unanswered = matches!(talked, Ok((_, Reached::Nobody)));
    let within = if unanswered { UNANSWERED_END_WITHIN } else { END_WITHIN };
    // Why the call failed says more than why its record cannot be written.
    let closing = session.close(within, &mut stop, |event| {
        agents.on(event);
        tell(out, event)
    });
    let closed = if unanswered { with_a_word(closing).await } else { closing.await };
    voices.close().await;
    match talked? {
        // Only a signal ends a call here that is not up, and it may have come again since.
        (Outcome::Ended(EndReason::Local), Reached::Nobody | Reached::Ringing) => {
            closed.and(Err(Error::Interrupted("the call failed: interrupted")))
        }
        (outcome, _) if outcome.is_ordinary() => closed,
        (outcome, _) => Err(Error::Call(outcome.to_string())),
    }
}

/// Does `work`, the end of a call that nobody has answered, and says what it waits for.
async fn with_a_word<T>(work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = tokio::time::sleep(MOMENT) => {}
    }
    let seconds = UNANSWERED_END_WITHIN.as_secs();
    let line = format!(
        "nothing was heard yet, and the callee may ring later: waiting for up to {seconds} s to take \
         the call back (Ctrl-C leaves now)"
    );
    drop(writeln!(io::stderr(), "{line}"));
    work.await
}

/// How far a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    /// No response that says anything.
    Nobody,
    /// The callee is being alerted.
    Ringing,
    /// It was up.
    Up,
}

impl Reached {
    /// How far it is after `event`.
    const fn after(self, event: &Event) -> Self {
        match (self, event) {
            (_, Event::Established { .. }) => Self::Up,
            (Self::Nobody, Event::Ringing { .. }) => Self::Ringing,
            (reached, _) => reached,
        }
    }
}

/// Whom to call, and what is asked of them.
struct Wish<'a> {
    uri: String,
    require: Requirement,
    record: Option<Record<'a>>,
    late_offer: bool,
}

impl<'a> Wish<'a> {
    /// What the command line asks for: it may ask for more proof than the configuration does, never
    /// for less.
    fn of(call: &'a Call, session: &Session) -> Result<Self> {
        let uri = session.config.dial(&call.uri)?;
        let asked =
            any_of(&call.require).map_err(|why| Error::invalid(format!("--require: {why}")))?;
        let require = both(&uri, asked, session.config.required_of(&uri))?;
        let sides = call.record_as.sides();
        let record = call.record.as_deref().map(|path| Record { path, sides });
        let late_offer = call.late_offer;
        Ok(Self { uri, require, record, late_offer })
    }

    /// Somebody else in the callee's stead: of them no less is asked.
    fn redirected(&mut self, uri: String, session: &Session) -> Result<()> {
        self.require = both(&uri, self.require, session.config.required_of(&uri))?;
        self.uri = uri;
        Ok(())
    }
}

/// The proofs that will do for both: what is asked of this call, and what is of whom it is to.
fn both(uri: &str, asked: Requirement, configured: Requirement) -> Result<Requirement> {
    match asked.and(configured) {
        Requirement::IMPOSSIBLE => Err(Error::invalid(format!(
            "{to} must prove who it is by {configured}, and this call asks for {asked}: no proof does \
             for both",
            to = redacted(uri)
        ))),
        either => Ok(either),
    }
}

/// A call that was placed.
struct Placed {
    id: CallId,
    to: String,
    /// How many addresses of the callee are tried.
    addresses: u32,
}

/// What else is seen to while a call waits for an agent.
struct Meanwhile<'a> {
    voices: &'a mut Voices,
    control: &'a mut Control,
    placing: &'a mut Placing,
    stop: &'a mut Stop,
}

impl Meanwhile<'_> {
    /// Waits until an agent is ready, where one is to speak. Calls that come in are declined; those
    /// that are asked for are placed later.
    async fn wait(&mut self, session: &mut Session, say: &Say, out: Output) -> Result<()> {
        let Self { voices, control, placing, stop } = self;
        loop {
            tokio::select! {
                () = stop.wanted() => {
                    control.given_up(placing.give_up())?;
                    return Err(Error::Interrupted("interrupted"));
                }
                ready = say.is_ready() => return ready,
                line = control.line() => {
                    let wanted = line.map(|line| control.obey(line, &session.terminal));
                    begin(wanted.transpose()?.flatten(), session, control, placing)?;
                }
                // There is no call that they could be about.
                _ = voices.next() => {}
                event = session.events.next() => match event {
                    Some(event) => {
                        tell(out, &event)?;
                        match event {
                            Event::Incoming { .. } => session.decline(&event),
                            event => control.on(&event, &session.terminal)?,
                        }
                    }
                    None => return Err(Error::Call("the terminal stopped".to_owned())),
                },
            }
        }
    }
}

/// Where a call goes first, its ends, and the agent who speaks in it.
type Ready = (Option<NextHop>, Ends, Option<Reserved>);

/// Finds the way of a call, and an agent for it where one is to speak; one that leaves meanwhile is
/// waited for again.
async fn make_ready(
    session: &mut Session, wish: &Wish<'_>, say: &Say, meanwhile: &mut Meanwhile<'_>, out: Output,
) -> Result<Ready> {
    loop {
        meanwhile.wait(session, say, out).await?;
        let found = session.terminal.locate(&wish.uri, session.next_hop(&wish.uri));
        let next_hop = meanwhile.stop.unless(found).await?;
        match say.ends(wish.record) {
            Err(Error::NotNow(_)) => {}
            ends => return ends.map(|(ends, reserved)| (next_hop, ends, reserved)),
        }
    }
}

/// Places a call, and says so.
async fn place(
    session: &mut Session, wish: &Wish<'_>, say: &Say, mut meanwhile: Meanwhile<'_>, out: Output,
) -> Result<Placed> {
    let Wish { uri, require, record, late_offer } = wish;
    #[cfg(feature = "pgp")]
    if *require == Requirement::PGP {
        session.can_sign()?;
    }
    let ready = make_ready(session, wish, say, &mut meanwhile, out).await?;
    let (next_hop, Ends { source, sink }, reserved) = ready;
    tracing::info!(?next_hop, %require, "from {}", session.addresses().join(", "));
    let addresses = next_hop.as_ref().map_or(1, NextHop::tried);
    let invitation = Invitation {
        to: uri.clone(),
        next_hop,
        require: *require,
        late_offer: *late_offer,
        source,
        sink,
    };
    let id = session.terminal.call(invitation)?;
    session.seat(reserved, id, uri);
    let to = redacted(uri);
    let calling = Object::Calling { call: id.to_string(), to: &to };
    out.say(&format!("calling {to}"), calling)?;
    record.map_or(Ok(()), |record| record.tell(id, &meanwhile.voices.agents(), out))?;
    meanwhile.control.place(id, &to);
    Ok(Placed { id, to, addresses })
}

/// Answers a call that takes the place of another, or declines it where no agent is there for it;
/// `true` where it is answered.
fn take_over(event: &Event, id: CallId, session: &Session, say: &Say, agents: &Agents) -> bool {
    if matches!(agents.offer(event), None | Some(Offered::Seated)) {
        return session.answer(id, say, None).is_ok();
    }
    agents.withdraw(event);
    session.decline(event);
    false
}

/// Begins what a command wants.
fn begin(
    wanted: Option<Wanted>, session: &Session, control: &mut Control, placing: &mut Placing,
) -> Result<()> {
    match wanted {
        // Calls that come in are declined.
        Some(Wanted::Answer(id)) => control.answered(id, Err(Error::NotWaiting)),
        Some(Wanted::Place(wanted)) => {
            let found = session.find(wanted.uri());
            match placing.wait(wanted, found) {
                Ok(()) => Ok(()),
                Err(wanted) => control.crowded_out(&wanted),
            }
        }
        None => Ok(()),
    }
}

/// Places the call and sees it through.
async fn talk(
    session: &mut Session, call: &Call, voices: &mut Voices, stop: &mut Stop, out: Output,
) -> Result<(Outcome, Reached)> {
    session.tell_moved(out)?;
    voices.greet(out)?;
    let mut wish = Wish::of(call, session)?;
    let agents = voices.agents();
    let say =
        stop.unless(Say::choose(call.audio.as_deref(), &session.config, &agents, out)).await?;
    let mut redirects = Redirects::of(&wish.uri, call.follow, &call.follow_to);
    let input = Input::beside(session.person.as_ref(), call.audio.as_deref());
    let mut control = Control::new(input, session.config.clone(), agents.clone(), out);
    let mut placing = Placing::default();
    let meanwhile = Meanwhile { voices, control: &mut control, placing: &mut placing, stop };
    let Placed { id, to, addresses } = place(session, &wish, &say, meanwhile, out).await?;
    // A transfer puts another call into its place.
    let mut calls = vec![id];
    control.greet()?;
    let mut patience = Patience::with(&to, addresses, session.person.as_ref());
    let mut reached = Reached::Nobody;
    // Only an established call starts the clock.
    let mut talked: BoxFuture<()> = Box::pin(std::future::pending());
    loop {
        tokio::select! {
            () = stop.wanted() => {
                session.hang_up(&calls);
                control.given_up(placing.give_up())?;
            }
            () = patience.is_over() => {}
            line = control.line() => {
                let wanted = line.map(|line| control.obey(line, &session.terminal)).transpose()?;
                begin(wanted.flatten(), session, &mut control, &mut placing)?;
            }
            news = voices.next() => match news {
                News::Command { call, object } => {
                    let wanted = control.obey_agent(&call, &object, &session.terminal)?;
                    begin(wanted, session, &mut control, &mut placing)?;
                }
                News::Left(call) => control.abandoned(&call, &session.terminal),
                // No call waits for an agent here.
                News::Seated(_) | News::Unattended(_) | News::Closed => {}
            },
            (wanted, found) = placing.next() => {
                let placed = session.place(&wanted, found, &say);
                calls.extend(placed.as_ref().ok());
                control.placed(&wanted, placed)?;
            }
            () = &mut talked => {
                talked = Box::pin(std::future::pending());
                session.hang_up(&calls);
                control.given_up(placing.give_up())?;
            }
            event = session.events.next() => match event {
                Some(Event::Over { id, outcome, stats }) if calls == [id] => {
                    let tell = if outcome.is_ordinary() { tell } else { tell_failure };
                    let over = Event::Over { id, outcome: outcome.clone(), stats };
                    control.on(&over, &session.terminal)?;
                    tell(out, &over)?;
                    let Some(uri) = redirects.take() else {
                        control.given_up(placing.give_up())?;
                        return Ok((outcome, reached));
                    };
                    wish.redirected(uri, session)?;
                    let meanwhile =
                        Meanwhile { voices, control: &mut control, placing: &mut placing, stop };
                    let placed = place(session, &wish, &say, meanwhile, out).await?;
                    calls = vec![placed.id];
                    reached = Reached::Nobody;
                    patience =
                        Patience::with(&placed.to, placed.addresses, session.person.as_ref());
                }
                Some(event) => {
                    reached = reached.after(&event);
                    if reached != Reached::Nobody {
                        patience.ends();
                    }
                    if let (Event::Established { .. }, Some(seconds)) = (&event, call.seconds) {
                        talked = Box::pin(tokio::time::sleep(seconds));
                    }
                    tell(out, &event)?;
                    match &event {
                        Event::Incoming { id, replaces: Some(_), .. } => {
                            // Before an agent has it, which is told of it as it is offered.
                            control.on(&event, &session.terminal)?;
                            // The other one goes on where it is not answered.
                            let answered = take_over(&event, *id, session, &say, &agents);
                            calls.extend(answered.then_some(*id));
                            continue;
                        }
                        Event::Incoming { .. } => {
                            session.decline(&event);
                            continue;
                        }
                        Event::Over { id, .. } => calls.retain(|call| call != id),
                        Event::Redirected { id, to } if calls == [*id] => redirects.on(to),
                        _ => {}
                    }
                    control.on(&event, &session.terminal)?;
                }
                None => return Err(Error::Call("the terminal stopped".to_owned())),
            },
        }
    }
}
