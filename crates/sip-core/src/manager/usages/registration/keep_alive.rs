//! The way to a registrar: kept open, and given up once it is not. RFC 5626 §3.5, §4.4.
//!
//! ```text
//!   registered ── 24 s to 29 s over UDP, 95 s to 120 s over a stream ──▶ CRLF CRLF ──▶ …
//!                                        │
//!        over a stream that has answered one before, and does not within 10 s
//!                                        ▼
//!                     the connection is closed, and we register at once
//! ```
//!
//! Where the registrar knows of flows, its Flow-Timer says how often, and a stream must answer.

use super::flow::{Flow, Stands, Wanted};
use super::way::{NO_BINDING, NO_PONG, OpenWay, PING};
use crate::manager::action::{Action, Hop, Sender};
use crate::manager::event::{Event, RegistrationId};
use crate::manager::io::Io;
use crate::manager::renewal::Renewal;
use crate::manager::requests::Answer;
use crate::manager::usages::cx::Cx;
use crate::manager::usages::pace::LONGEST;
use crate::{HeaderName, Message, delta_seconds};
use bytes::Bytes;
use ssa::FlowId;
use std::time::Duration;

/// Between two pings over a stream, in ms. RFC 5626 §4.4.1.
const OVER_A_STREAM: (u64, u64) = (95_000, 120_000);

/// Between two over UDP, in ms. A gateway that translates addresses may forget after half a minute.
/// RFC 5626 §4.4.2, RFC 4787 §4.3.
const OVER_UDP: (u64, u64) = (24_000, 29_000);

/// What a Flow-Timer is taken for, in seconds, where it says less: nobody has us ping several times a
/// second.
const SHORTEST: u32 = 4;

/// How long a pong may take. RFC 5626 §4.4.1.
const PONG_WITHIN: Duration = Duration::from_secs(10);

/// RFC 5626 §3.5.1. Over UDP deployed registrars take it for what it is, and nobody answers.
const CRLF_CRLF: &[u8] = b"\r\n\r\n";

impl Flow {
    /// The registrar has answered: from now on the way is kept open.
    pub(super) fn keep_open(&mut self, cx: &mut Cx<'_>, answer: &Answer) {
        let reliable = answer.hop.transport.is_reliable();
        let flow = reliable.then_some(answer.response.arrival.flow);
        let hop = Hop { flow, ..answer.hop };
        let before = self.way.filter(|way| way.hop == hop);
        let answers = before.is_some_and(|way| way.answers);
        let binding = before.map(|way| way.binding.ended()).unwrap_or_default();
        let knows_flows = self.knows_flows();
        let flow_timer = flow_timer(&answer.response.message).filter(|_| knows_flows);
        let way = OpenWay { hop, answers, flow_timer, binding, is_dead: false };
        self.way = Some(way);
        self.stop(cx, NO_PONG);
        self.stop(cx, NO_BINDING);
        self.ping_later(cx);
    }

    /// The way is kept open no longer.
    pub(super) fn let_go(&mut self, cx: &mut Cx<'_>) {
        self.way = None;
        self.stop(cx, PING);
        self.stop(cx, NO_PONG);
        self.stop(cx, NO_BINDING);
    }

    /// A ping is due; why the flow has failed, where it has.
    pub(super) fn on_ping_due(&mut self, cx: &mut Cx<'_>) -> Option<Renewal> {
        let way = self.way?;
        let hop = way.hop;
        if cx.io.config.own().has_moved(hop.local, hop.remote.ip()) {
            self.renew(cx, Renewal::AddressChanged);
            return None;
        }
        // RFC 5626 §4.4.2: line ends are for streams, where the registrar knows of that.
        if hop.flow.is_none() && self.knows_flows() {
            return self.ask_for_binding(cx);
        }
        cx.io.send(Sender::Ping, hop, Bytes::from_static(CRLF_CRLF));
        let must_answer = way.answers || self.knows_flows();
        if must_answer && hop.flow.is_some() {
            self.start(cx, NO_PONG, PONG_WITHIN);
        }
        self.ping_later(cx);
        None
    }

    /// Sends the next ping after a while.
    pub(super) fn ping_later(&self, cx: &mut Cx<'_>) {
        if let Some(way) = &self.way {
            let wait = interval(&mut cx.io, way);
            self.start(cx, PING, wait);
        }
    }

    /// Something came over a connection on which a ping was sent.
    pub(super) fn on_alive(&mut self, cx: &mut Cx<'_>, flow: FlowId, is_pong: bool) {
        if self.way.is_none_or(|way| way.hop.flow != Some(flow)) {
            return;
        }
        if is_pong {
            self.on_ping_answered();
        }
        self.stop(cx, NO_PONG);
    }

    /// A ping was answered. RFC 5626 §4.5: such a flow was a success.
    pub(super) fn on_ping_answered(&mut self) {
        if let Some(way) = &mut self.way {
            way.answers = true;
        }
        if self.stands == Stands::Outbound {
            self.failures = 0;
        }
    }

    /// No pong came in time: nobody is there any more. We register again once all have heard that
    /// the connection is closed.
    pub(super) fn on_no_pong(&mut self, cx: &mut Cx<'_>) {
        let Some(way) = &mut self.way else { return };
        if let Some(flow) = way.hop.flow {
            way.is_dead = true;
            cx.io.out.actions.push_back(Action::Close(flow));
        }
    }

    /// Registers again at once, and says why; one that is under way is enough.
    pub(super) fn renew(&mut self, cx: &mut Cx<'_>, why: Renewal) {
        self.let_go(cx);
        self.tell_renewal(cx, why);
        if self.wanted == Wanted::Yes && self.request.is_none() {
            self.refresh(cx);
        }
    }

    /// Tells why the registration is made again before its time.
    pub(super) fn tell_renewal(&self, cx: &mut Cx<'_>, why: Renewal) {
        if self.wanted == Wanted::Yes {
            let (id, aor) = (RegistrationId(cx.me), self.config.aor.clone());
            cx.tell(Event::Renewing { id, aor, why });
        }
    }
}

/// A random time between two pings: those of many do not come together.
fn interval(io: &mut Io<'_>, way: &OpenWay) -> Duration {
    let (least, most) = match (way.flow_timer, way.hop.flow) {
        (Some(seconds), _) => {
            let most = u64::from(seconds.clamp(SHORTEST, LONGEST)) * 1000;
            (most / 10 * 8, most)
        }
        (None, Some(_)) => OVER_A_STREAM,
        (None, None) => OVER_UDP,
    };
    Duration::from_millis(least + io.random() % (most - least + 1))
}

/// The Flow-Timer of a response, in seconds. RFC 5626 §10.
fn flow_timer(response: &Message) -> Option<u32> {
    delta_seconds(response.header(HeaderName::FlowTimer)?).ok()
}
