//! What a STUN server sees of a socket of ours: the address that translators give it. RFC 8489.

use super::clock::Clock;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use stun_proto::agent::{StunAgent, StunAgentPollRet};
use stun_proto::types::TransportType;
use stun_proto::types::attribute::XorMappedAddress;
use stun_proto::types::message::{
    BINDING, Message, MessageClass, MessageWriteExt, MessageWriteVec,
};
use stun_proto::types::prelude::*;

/// How often a translator is reminded of us until there is traffic. RFC 8445 §11.
const REMINDER: Duration = Duration::from_secs(15);

/// What a server sees of a socket.
pub(super) struct Mapping {
    server: SocketAddr,
    agent: StunAgent,
    seen: Option<SocketAddr>,
    /// Whether an answer is waited for.
    asking: bool,
    /// When it is asked next.
    next: Option<Instant>,
    due: Option<Instant>,
    out: VecDeque<Vec<u8>>,
}

impl Mapping {
    /// A socket that `server` is asked for from `now` on.
    pub(super) fn new(local: SocketAddr, server: SocketAddr, now: Instant) -> Self {
        // 0, 0.5 and 1.5 s; what has not come by 3 s is not waited for.
        let waits = StunAgent::builder(TransportType::Udp, local).remote_addr(server);
        let agent = waits
            .request_retransmits(
                Duration::from_millis(500),
                Duration::from_secs(4),
                3,
                Duration::from_millis(1_500),
            )
            .build();
        let out = VecDeque::new();
        Self { server, agent, seen: None, asking: true, next: Some(now), due: Some(now), out }
    }

    /// What the server sees, once it has said so.
    pub(super) const fn seen(&self) -> Option<SocketAddr> {
        self.seen
    }

    /// Whether the first answer is still waited for.
    pub(super) const fn is_open(&self) -> bool {
        self.asking && self.seen.is_none()
    }

    /// Asks no more: packets of the call remind translators.
    pub(super) fn rest(&mut self) {
        self.next = None;
    }

    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    pub(super) fn on_timeout(&mut self, now: Instant, clock: Clock) {
        if self.next.is_some_and(|next| next <= now) {
            self.ask(now, clock);
        }
        self.drive(now, clock);
    }

    fn ask(&mut self, now: Instant, clock: Clock) {
        self.next = Some(now + REMINDER);
        self.asking = true;
        let mut request = Message::builder_request(BINDING, MessageWriteVec::new());
        if request.add_fingerprint().is_ok()
            && let Ok(sent) =
                self.agent.send_request(request.finish(), self.server, clock.moment(now))
        {
            self.out.push_back(sent.data.as_ref().to_vec());
        }
    }

    fn drive(&mut self, now: Instant, clock: Clock) {
        let moment = clock.moment(now);
        let wait = loop {
            match self.agent.poll(moment) {
                StunAgentPollRet::WaitUntil(until) => break until,
                StunAgentPollRet::TransactionTimedOut(_)
                | StunAgentPollRet::TransactionCancelled(_) => self.asking = false,
            }
        };
        while let Some(again) = self.agent.poll_transmit(moment) {
            self.out.push_back(again.data.to_vec());
        }
        let wait = clock.due(now, wait);
        self.due = Some(self.next.map_or(wait, |next| wait.min(next)));
    }

    pub(super) fn poll_datagram(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.out.pop_front().map(|octets| (self.server, octets))
    }

    /// Takes what came from there; `false` for what does not answer our question. Only who has seen
    /// that knows its number.
    pub(super) fn on_datagram(
        &mut self, now: Instant, clock: Clock, source: SocketAddr, octets: &[u8],
    ) -> bool {
        let Ok(message) = Message::from_bytes(octets) else { return false };
        let ours = self.agent.mut_request_transaction(message.transaction_id()).is_some();
        if source != self.server || !ours || !message.is_response() {
            return false;
        }
        let moment = clock.moment(now);
        self.agent.handle_stun_message_with_time(&message, source, moment);
        self.asking = false;
        if message.has_class(MessageClass::Success)
            && let Ok(seen) = message.attribute::<XorMappedAddress>()
        {
            self.seen = Some(seen.addr(message.transaction_id()));
        }
        self.drive(now, clock);
        true
    }
}
