//! A call that is answered, by the SIP manager alone: INVITE, 100, 180, 200, ACK, BYE, 200.
//!
//! From the datagram's octets to those of the response, with every transaction, dialog, timer and
//! question to a security manager that lets all pass; without sockets and media. Calls follow one
//! another at one a second of virtual time, so that the timers of ended calls run out among them.
//! What the caller costs, which writes its requests, is an operation of its own.

use crate::sipp::{Ends, SDP, to_tag};
use bytes::Bytes;
use net::sim::Random;
use sip_core::manager::{
    Action, Arrival, CallId, Config, Event, Local, Ports, Query, SipManager, Verdict,
};
use sip_core::{Limits, Message};
use ssa::{Body, BodyVerdict, FlowId, Incoming, Leaving, Received, Transport};
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// Where the callee is, and the caller.
const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 5060);
const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5060);

/// A terminal that answers, and the peer that calls it.
pub struct Answering {
    manager: SipManager,
    limits: Limits,
    now: Instant,
    number: u64,
    answer: Body,
    /// The last message that was sent.
    sent: Bytes,
    incoming: Option<CallId>,
    ended: bool,
}

impl std::fmt::Debug for Answering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answering({} calls)", self.number)
    }
}

impl Default for Answering {
    #[expect(clippy::disallowed_methods, reason = "any instant does as a beginning")]
    fn default() -> Self {
        let octets = b"v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n\
            m=audio 40000 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n";
        Self {
            manager: manager(Config::default()),
            limits: Limits::default(),
            now: Instant::now(),
            number: 0,
            answer: Body {
                content_type: Some(b"application/sdp".to_vec()),
                octets: octets.to_vec(),
            },
            sent: Bytes::new(),
            incoming: None,
            ended: false,
        }
    }
}

/// The SIP manager of the callee, which listens at [`LOCAL`].
pub(crate) fn manager(config: Config) -> SipManager {
    let locals = vec![Local { transport: Transport::Udp, address: LOCAL }];
    let key = RandomState::new();
    let mut random = Random::new(1);
    let ports = Ports {
        keyed: Box::new(move |parts| key.hash_one(parts)),
        random: Box::new(move || random.next_u64()),
    };
    SipManager::new(Config { locals, ..config }, ports)
}

/// How the caller's datagrams arrive.
pub(crate) fn arrival() -> Arrival {
    Arrival { source: PEER, local: LOCAL, transport: Transport::Udp, flow: FlowId(1) }
}

/// Answers as a terminal without security does.
fn open(query: Query<'_>) -> Verdict {
    match query {
        Query::RequestReceived { .. } => Verdict::Received(Received::Admit),
        Query::Encrypt { body, .. } => Verdict::Body(BodyVerdict::Body(body.clone())),
        Query::Decrypt { body, .. } => Verdict::Body(BodyVerdict::Body(body)),
        Query::ResponseLeaving { .. } => Verdict::Leaving(Leaving::Fields(Vec::new())),
        Query::ResponseReceived { .. } => Verdict::Incoming(Incoming::Accept),
        Query::Authenticate { .. }
        | Query::Got401 { .. }
        | Query::Authorize { .. }
        | Query::Locate { .. } => Verdict::Unanswered,
    }
}

/// What the caller does for one call: it writes INVITE, ACK and BYE.
pub fn caller() -> [Bytes; 3] {
    ["INVITE", "ACK", "BYE"].map(|method| written(1, method, ";tag=0123456789abcdef"))
}

/// A request of the caller.
fn written(number: u64, method: &str, tag: &str) -> Bytes {
    let ends = Ends { caller: "192.0.2.1:5060", callee: "192.0.2.2:5060", over: "UDP" };
    let cseq = if method == "BYE" { 2 } else { 1 };
    let body = if method == "INVITE" { SDP } else { "" };
    Bytes::from(ends.request(method, cseq, method, number, tag, body))
}

impl Answering {
    /// One call from its INVITE to the 200 of its BYE; whether all of it happened.
    pub fn call(&mut self) -> bool {
        self.number += 1;
        self.now += Duration::from_secs(1);
        while self.manager.poll_timeout().is_some_and(|due| due <= self.now) {
            self.manager.on_timeout(self.now);
            self.act();
        }
        self.receive(written(self.number, "INVITE", ""));
        let Some(id) = self.incoming.take() else { return false };
        if self.manager.ring(self.now, id).is_err()
            || self.manager.accept(self.now, id, self.answer.clone()).is_err()
        {
            return false;
        }
        self.act();
        let tag = to_tag(&String::from_utf8_lossy(&self.sent)).to_owned();
        if tag.is_empty() {
            return false;
        }
        self.receive(written(self.number, "ACK", &tag));
        self.receive(written(self.number, "BYE", &tag));
        std::mem::take(&mut self.ended) && self.sent.starts_with(b"SIP/2.0 200")
    }

    fn receive(&mut self, datagram: Bytes) {
        let Ok(message) = Message::parse(datagram, &self.limits) else { return };
        self.manager.on_message(self.now, arrival(), message);
        self.act();
    }

    fn act(&mut self) {
        while let Some(action) = self.manager.poll_action() {
            match action {
                Action::Send { octets, .. } => self.sent = octets,
                Action::Consult(id) => {
                    let verdict = self.manager.query(id).map_or(Verdict::Unanswered, open);
                    self.manager.verdict(self.now, id, verdict);
                }
                Action::Event(Event::Incoming { id, .. }) => self.incoming = Some(id),
                Action::Event(Event::Ended { .. }) => self.ended = true,
                Action::Event(_)
                | Action::CancelConsult(_)
                | Action::Abandon(_)
                | Action::Close(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_end_and_leave_what_their_timers_hold() {
        let mut answering = Answering::default();
        assert!((0..100).all(|_| answering.call()));
        // One call a second, and 32 s of Timer J and of RFC 6026's Timer L for each.
        assert!(answering.manager.sizes().transactions <= 2 * 33);
        assert_eq!(answering.manager.sizes().calls, 0);
    }
}
