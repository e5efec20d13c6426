//! The manager's side: frames become signals, in the order in which they came.

use crate::guard::MediaKeys;
use crate::handshakes::Handshakes;
use crate::jobs::{Jobs, Spawn};
use crate::pipe::{Carrier, Frames, Pipe, STALL, halves};
use crate::remote::RemoteApplication;
use crate::wire::{
    self, Assurance, Assured, Body, BodyQuestion, Carries, Hello, LineQuestion, LineVerdict,
    Missed, Nothing, Stepped, Waitings, line_verdict, state,
};
use ssa::{Answer, CallRef, SipSecurity};
use ssm::MediaSecurity;
use sst::{Call, TelephonySecurity};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use zeroize::Zeroizing;

/// A security manager behind its interfaces.
#[derive(Clone)]
pub struct Manager {
    /// SSA.
    pub sip: Arc<dyn SipSecurity>,
    /// SST.
    pub telephony: Arc<dyn TelephonySecurity>,
    /// SSM, but for its guards.
    pub media: Arc<dyn MediaSecurity>,
    /// What guards are made of.
    pub keys: Arc<dyn MediaKeys>,
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Manager")
    }
}

/// The manager's end of a connection.
pub struct Server {
    pipe: Pipe,
    frames: Frames,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}

impl Server {
    /// Over a connection that is there. All that the system is asked of it is asked here, but for
    /// reading, writing and its end: a process may give up the rest before it serves.
    ///
    /// # Errors
    /// The system refuses.
    pub fn over(stream: UnixStream) -> io::Result<Self> {
        let (pipe, frames) = halves(stream, STALL)?;
        Ok(Self { pipe, frames })
    }

    /// Offers a manager until the other side closes the connection, and stands still until then.
    ///
    /// `make` is given the application behind the connection. Signals are answered on this thread,
    /// one after the other; what is pending runs where `spawn` puts it.
    ///
    /// # Errors
    /// No manager is made; or the other side says what cannot be, or stands still in the middle of it
    /// (both [`io::ErrorKind::InvalidData`]).
    pub fn serve(
        mut self, spawn: Spawn, make: impl FnOnce(Arc<RemoteApplication>) -> io::Result<Manager>,
    ) -> io::Result<()> {
        let session = Session::begin(Arc::new(self.pipe), spawn, make)?;
        let mut next = || {
            while let Some(frame) = self.frames.next()? {
                session.on_frame(frame)?;
            }
            Ok(())
        };
        let ended = next();
        session.end();
        ended
    }
}

/// One connection's work.
pub(crate) struct Session {
    manager: Manager,
    application: Arc<RemoteApplication>,
    carrier: Arc<dyn Carrier>,
    jobs: Jobs,
    handshakes: Handshakes,
}

/// Not understood: the connection ends.
fn nonsense() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

impl Session {
    /// Says who is there.
    pub(crate) fn begin(
        carrier: Arc<dyn Carrier>, spawn: Spawn,
        make: impl FnOnce(Arc<RemoteApplication>) -> io::Result<Manager>,
    ) -> io::Result<Self> {
        let application = RemoteApplication::over(Arc::clone(&carrier));
        let manager = make(Arc::clone(&application))?;
        let (jobs, handshakes) = (Jobs::new(spawn), Handshakes::default());
        let session = Self { manager, application, carrier, jobs, handshakes };
        session.say(0, Body::Hello(Hello { version: crate::VERSION.to_owned() }))?;
        Ok(session)
    }

    pub(crate) fn end(&self) {
        self.application.end();
        self.jobs.end();
        self.carrier.close();
    }

    fn say(&self, id: u64, body: Body) -> io::Result<()> {
        say(&*self.carrier, id, body)
    }

    /// Takes a frame. A manager that panics has not answered, and goes on.
    pub(crate) fn on_frame(&self, octets: Zeroizing<Vec<u8>>) -> io::Result<()> {
        let (id, body) = wire::decode(octets).map_err(|_| nonsense())?;
        match catch_unwind(AssertUnwindSafe(|| self.take(id, body))) {
            Ok(Some(Some(answer))) => self.say(id, answer),
            Ok(Some(None)) => Ok(()),
            Ok(None) => Err(nonsense()),
            Err(_) => self.say(id, FAILED),
        }
    }

    /// What is answered at once, if anything is; `None` where it cannot be.
    fn take(&self, id: u64, body: Body) -> Option<Option<Body>> {
        match body {
            Body::RequestReceived(_)
            | Body::Authenticate(_)
            | Body::Got401(_)
            | Body::Authorize(_)
            | Body::ResponseLeaving(_)
            | Body::ResponseReceived(_)
            | Body::Encrypt(_)
            | Body::Decrypt(_) => self.on_sip(id, body),
            Body::Offer(_) | Body::Answer(_) | Body::Judge(_) | Body::Guard(_) => {
                self.on_media(body).map(Some)
            }
            Body::Step(step) => {
                self.handshakes.step(&step).map(|gave| Some(Body::Stepped(Stepped::of(gave))))
            }
            Body::Configure(_) | Body::Assurance(_) | Body::State(_) | Body::Waiting(_) => {
                self.on_telephony(body).map(Some)
            }
            Body::Password(_) | Body::Trusted(_) => {
                self.application.on_answer(id, body);
                Some(None)
            }
            Body::Cancel(_) => {
                self.jobs.cancel(id);
                Some(None)
            }
            told => self.on_told(told).map(|()| None),
        }
    }

    fn on_told(&self, body: Body) -> Option<()> {
        let Manager { sip, telephony, media, .. } = &self.manager;
        match body {
            Body::Abandon(call) => {
                sip.abandon(CallRef(call));
                self.handshakes.ended(ssm::Call(call));
            }
            Body::GivenUp(handshake) => self.handshakes.given_up(handshake),
            Body::Moved(question) => {
                let (call, line) = question.which()?;
                media.moved(call, line);
            }
            Body::Pins(pins) => telephony.pins(pins.read()?),
            Body::CallStarted(started) => {
                let (call, outgoing) = started.read()?;
                telephony.call_started(call, outgoing);
            }
            Body::CallEnded(call) => {
                telephony.call_ended(Call(call));
                self.handshakes.ended(ssm::Call(call));
            }
            Body::Registered(registered) => {
                let (aor, flows) = registered.read()?;
                telephony.registered(&aor, flows);
            }
            _ => return None,
        }
        Some(())
    }

    fn on_telephony(&self, body: Body) -> Option<Body> {
        let telephony = &self.manager.telephony;
        Some(match body {
            Body::Configure(configuration) => {
                telephony.configure(&wire::configuration_of(configuration)?);
                Body::Done(Nothing {})
            }
            Body::Assurance(call) => {
                let assurance = telephony.assurance(Call(call));
                Body::Assured(Assured { assurance: assurance.as_ref().map(Assurance::of) })
            }
            Body::State(call) => Body::Stands(state(telephony.state(Call(call)))),
            Body::Waiting(_) => Body::Waitings(Waitings::of(telephony.waiting())),
            _ => return None,
        })
    }

    fn on_media(&self, body: Body) -> Option<Body> {
        let Manager { media, keys, .. } = &self.manager;
        Some(Body::Line(match body {
            Body::Offer(question) => {
                let (call, line) = question.which()?;
                line_verdict(media.offer(call, line), LineVerdict::said)
            }
            Body::Answer(question) => {
                let (call, line, offered) = LineQuestion::taken(question)?;
                line_verdict(media.answer(call, line, &offered), LineVerdict::said)
            }
            Body::Judge(question) => {
                let (call, line, answered) = LineQuestion::taken(question)?;
                line_verdict(media.judge(call, line, &answered), |()| LineVerdict::default())
            }
            Body::Guard(question) => {
                let (call, line) = question.which()?;
                let keys = keys.keys(call, line);
                let crosses = keys.and_then(|keys| self.handshakes.hold(call, line, keys));
                line_verdict(crosses, LineVerdict::keyed)
            }
            _ => return None,
        }))
    }

    fn on_sip(&self, id: u64, body: Body) -> Option<Option<Body>> {
        let sip = &*self.manager.sip;
        let missed = Missed::default();
        let given = match body {
            Body::Encrypt(question) => {
                let (call, (direction, over), plan, body) = BodyQuestion::taken(question)?;
                Given::of(sip.encrypt(call, direction, over, plan, body))
            }
            Body::Decrypt(question) => {
                let (call, (direction, over), _, body) = BodyQuestion::taken(question)?;
                Given::of(sip.decrypt(call, direction, over, body))
            }
            body => on_messages(sip, &body, &missed)?,
        };
        match given {
            // It was judged without a field that may have been there.
            _ if missed.get() => Some(Some(FAILED)),
            Given::Now(answer) => Some(Some(answer)),
            Given::Later(within, answer) => Some(self.later(id, within, answer)),
        }
    }

    /// Says that an answer is pending, and sends it when it is there.
    fn later(&self, id: u64, within: Duration, answer: Awaited) -> Option<Body> {
        let within = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        // Said first: where tasks begin at once, the answer must not come before it. Where it cannot
        // be said, reading sees the connection's end.
        self.say(id, Body::Pending(within)).ok()?;
        let carrier = Arc::clone(&self.carrier);
        let begun = self.jobs.start(id, async move {
            drop(say(&*carrier, id, answer.await));
        });
        if begun { None } else { Some(FAILED) }
    }
}

fn say(carrier: &dyn Carrier, id: u64, body: Body) -> io::Result<()> {
    // What does not fit is no answer; the connection goes on.
    let frame = wire::encode(id, body).or_else(|_| wire::encode(id, FAILED));
    carrier.send(frame.map_err(|_| nonsense())?)
}

const FAILED: Body = Body::Failed(Nothing {});

type Awaited = Pin<Box<dyn Future<Output = Body> + Send>>;

/// An answer on its way.
enum Given {
    Now(Body),
    Later(Duration, Awaited),
}

impl Given {
    fn of<T: Carries + Send + 'static>(answer: Answer<T>) -> Self {
        match answer {
            Answer::Ready(answer) => Self::Now(verdict(answer)),
            Answer::Pending { within, mut future } => {
                // A manager that panics has not answered.
                let answer = poll_fn(move |cx| {
                    catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx).map(verdict)))
                        .unwrap_or(Poll::Ready(FAILED))
                });
                Self::Later(within, Box::pin(answer))
            }
        }
    }
}

fn verdict<T: Carries>(answer: T) -> Body {
    answer.to_wire().map_or(FAILED, Body::Verdict)
}

/// Signals that are about messages; `None` where it is none, or lacks what its signal has.
fn on_messages(sip: &dyn SipSecurity, body: &Body, missed: &Missed) -> Option<Given> {
    let (Body::RequestReceived(exchange)
    | Body::Authenticate(exchange)
    | Body::Got401(exchange)
    | Body::Authorize(exchange)
    | Body::ResponseLeaving(exchange)
    | Body::ResponseReceived(exchange)) = body
    else {
        return None;
    };
    let fields = exchange.request_fields(missed)?;
    let (call, request) = (CallRef(exchange.call), exchange.request(&fields)?);
    let response_fields = exchange.response_fields(missed);
    let response = response_fields.as_ref().and_then(|fields| exchange.response(fields));
    let hop = exchange.arrival();
    Some(match body {
        Body::RequestReceived(_) => {
            Given::Now(verdict(sip.request_received(call, &hop?, &request)))
        }
        Body::Authenticate(_) => Given::of(sip.authenticate(call, &hop?, &request)),
        Body::Got401(_) => Given::of(sip.got_401_unauthorized(call, &hop?, &response?, &request)),
        Body::Authorize(_) => Given::of(sip.authorize(call, exchange.under_plan()?, &request)),
        Body::ResponseLeaving(_) => Given::of(sip.response_leaving(call, &request, &response?)),
        _ => Given::of(sip.response_received(call, &hop?, &response?, &request)),
    })
}
