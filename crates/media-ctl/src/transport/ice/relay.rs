//! An address at a TURN server that takes what is for us. RFC 8656.
//!
//! ```text
//!   asked for ─▶ there ─▶ given back
//!       │          │
//!       └────┬─────┘
//!            ▼
//!          lost: nothing is sent to it, and nothing taken from it, any more
//! ```

use super::clock::Clock;
use super::config::{TurnServer, TurnTransport};
use super::frames::{Frames, Rubbish};
use crate::transport::relayed::{RelayConnection, RelayLoss};
use crate::transport::servers::{Came, ToServer};
use crate::transport::transmit::{Carrier, Channel};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use stun_proto::agent::Transmit;
use stun_proto::types::TransportType;
use turn_client_proto::api::{TurnConfig, TurnEvent, TurnPollRet, TurnRecvRet};
use turn_client_proto::client::TurnClient;
use turn_client_proto::prelude::*;
use turn_client_proto::tcp::TurnClientTcp;
use turn_client_proto::types::TurnCredentials;
use turn_client_proto::udp::TurnClientUdp;

/// Addresses that the server lets through to us, at most.
const MAX_PERMISSIONS: usize = 16;

/// The time between two requests, at least.
const PACE: Duration = Duration::from_millis(50);

/// Requests that may wait when an address is given back, at most: for permissions, and the last one.
const CLOSING: u32 = MAX_PERMISSIONS as u32 + 1;

/// How long an address is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// A socket's relay.
pub(super) struct Relay {
    channel: Channel,
    server: SocketAddr,
    local: SocketAddr,
    client: TurnClient,
    /// The connection to the server, where it is reached by one.
    link: Option<Link>,
    lost: Option<RelayLoss>,
    /// Whether there has been an address.
    there: bool,
    began: Instant,
    permitted: Vec<IpAddr>,
    now: Instant,
    due: Option<Instant>,
    out: VecDeque<Vec<u8>>,
}

struct Link {
    connection: RelayConnection,
    frames: Frames,
}

impl Relay {
    /// A relay for this socket, which `turn` is asked for from `now` on; by the connection of this
    /// number, where it is reached by one.
    pub(super) fn new(
        (channel, local): (Channel, SocketAddr), turn: &TurnServer, number: u64, now: Instant,
    ) -> Self {
        let mut config = TurnConfig::new(TurnCredentials::new(&turn.username, &turn.password));
        config.set_address_family(if turn.at.is_ipv4() {
            stun_proto::types::AddressFamily::IPV4
        } else {
            stun_proto::types::AddressFamily::IPV6
        });
        let link = Link::to(turn, number);
        let client = if link.is_some() {
            TurnClientTcp::allocate(local, turn.at, config).into()
        } else {
            TurnClientUdp::allocate(local, turn.at, config).into()
        };
        Self {
            channel,
            server: turn.at,
            local,
            client,
            link,
            lost: None,
            there: false,
            began: now,
            permitted: Vec::new(),
            now,
            due: Some(now),
            out: VecDeque::new(),
        }
    }

    /// Its address, once there is one.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        let mut there = self.client.relayed_addresses().filter(|_| self.lost.is_none());
        there.next().map(|(_, address)| address)
    }

    /// Whether the address is still waited for.
    pub(super) fn is_open(&self) -> bool {
        self.address().is_none() && self.lost.is_none() && !self.is_late()
    }

    fn is_late(&self) -> bool {
        self.now.saturating_duration_since(self.began) >= PATIENCE
    }

    /// Why it is lost, if it is.
    pub(super) const fn lost(&self) -> Option<RelayLoss> {
        self.lost
    }

    /// The same, or that there was no address in time: one by datagrams may come later.
    pub(super) fn trouble(&self) -> Option<RelayLoss> {
        let late = !self.there && self.is_late();
        self.lost.or_else(|| late.then_some(RelayLoss::Late))
    }

    /// The connection that the server is reached by, as long as there is to be one.
    pub(super) fn connection(&self) -> Option<&RelayConnection> {
        let link = self.link.as_ref().filter(|_| self.lost.is_none());
        link.map(|link| &link.connection)
    }

    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    pub(super) fn on_timeout(&mut self, now: Instant, clock: Clock) {
        if self.lost.is_some() {
            return;
        }
        self.now = now;
        let moment = clock.moment(now);
        // What comes of one step may be the next one's; a server is not waited for in here.
        self.due = match self.client.poll(moment) {
            TurnPollRet::WaitUntil(until) => Some(clock.due(now, until)),
            TurnPollRet::Closed => None,
            // Of relays over TCP, which are not asked for.
            TurnPollRet::AllocateTcpSocket { .. } | TurnPollRet::TcpClose { .. } => {
                Some(now + PATIENCE)
            }
        };
        while let Some(sent) = self.client.poll_transmit(moment) {
            self.out.push_back(sent.data.as_ref().to_vec());
        }
        while let Some(event) = self.client.poll_event() {
            match event {
                TurnEvent::AllocationCreateFailed(_) => self.lose(RelayLoss::Refused),
                TurnEvent::PermissionCreateFailed(_, ip) => self.permitted.retain(|it| *it != ip),
                _ => {}
            }
        }
        self.there |= self.address().is_some();
        if self.is_open() {
            self.wake_by((self.began + PATIENCE).max(now));
        }
        self.watch_link(now);
    }

    /// A connection that leads to no address, or that nothing whole comes by, is given up.
    fn watch_link(&mut self, now: Instant) {
        let Some(link) = &self.link else { return };
        match link.frames.until() {
            Some(until) if until <= now => self.lose(RelayLoss::Unfinished),
            Some(until) => self.wake_by(until),
            None => {}
        }
        if !self.there && self.is_late() {
            self.lose(RelayLoss::Late);
        }
    }

    fn wake_by(&mut self, until: Instant) {
        self.due = self.lost.is_none().then(|| self.due.map_or(until, |due| due.min(until)));
    }

    /// Nothing more comes of it. What was first said of that stays.
    fn lose(&mut self, why: RelayLoss) {
        self.lost.get_or_insert(why);
        self.due = None;
        self.out.clear();
    }

    /// The connection could not be made, or has ended.
    pub(super) fn on_disconnected(&mut self) {
        self.lose(RelayLoss::Disconnected);
    }

    pub(super) fn poll_message(&mut self) -> Option<ToServer> {
        let octets = self.out.pop_front()?;
        Some(self.message(octets, true))
    }

    /// A message to the server. What is media's does not wait for a connection.
    fn message(&self, octets: Vec<u8>, may_wait: bool) -> ToServer {
        let carrier =
            if self.link.is_some() { Carrier::Connection { may_wait } } else { Carrier::Socket };
        ToServer { channel: self.channel, carrier, remote: self.server, octets }
    }

    /// Has the server let through what comes from there.
    pub(super) fn permit(&mut self, ip: IpAddr, clock: Clock, now: Instant) {
        let full = self.permitted.len() >= MAX_PERMISSIONS || self.permitted.contains(&ip);
        if self.address().is_none() || full {
            return;
        }
        if self.client.create_permission(TransportType::Udp, ip, clock.moment(now)).is_ok() {
            self.permitted.push(ip);
        }
        self.on_timeout(now, clock);
    }

    /// Wraps what it is to send on to `remote`; `None` while it does not.
    pub(super) fn wrap(
        &mut self, remote: SocketAddr, octets: &[u8], clock: Clock,
    ) -> Option<ToServer> {
        self.address()?;
        let moment = clock.moment(self.now);
        let wrapped = self.client.send_to(TransportType::Udp, remote, octets, moment).ok()??;
        Some(self.message(wrapped.data.build(), false))
    }

    /// Takes what came by the socket.
    pub(super) fn on_datagram<'a>(
        &mut self, now: Instant, clock: Clock, source: SocketAddr, octets: &'a [u8],
    ) -> Came<'a> {
        if source != self.server || self.link.is_some() {
            return Came::Direct(octets);
        }
        if self.lost.is_some() {
            return Came::Taken;
        }
        let came = self.take(now, clock, octets, TransportType::Udp);
        came.map_or(Came::Taken, |(peer, octets)| Came::Relayed(peer, octets))
    }

    /// Takes up what came by the connection.
    pub(super) fn on_stream(&mut self, now: Instant, octets: &[u8]) {
        if let Some(link) = self.link.as_mut().filter(|_| self.lost.is_none()) {
            link.frames.push(now, octets);
        }
    }

    /// The next datagram of a peer's in it.
    pub(super) fn poll_relayed(
        &mut self, now: Instant, clock: Clock,
    ) -> Option<(SocketAddr, Vec<u8>)> {
        loop {
            let link = self.link.as_mut().filter(|_| self.lost.is_none())?;
            match link.frames.next(now) {
                Ok(Some(message)) => {
                    let relayed = self.take(now, clock, &message, TransportType::Tcp);
                    if relayed.is_some() {
                        return relayed;
                    }
                }
                Ok(None) => {
                    self.watch_link(now);
                    return None;
                }
                Err(Rubbish) => {
                    self.lose(RelayLoss::Malformed);
                    return None;
                }
            }
        }
    }

    /// Takes a message of the server's: what a peer has sent, if it is that.
    fn take(
        &mut self, now: Instant, clock: Clock, octets: &[u8], by: TransportType,
    ) -> Option<(SocketAddr, Vec<u8>)> {
        let came = Transmit::new(octets, by, self.server, self.local);
        let relayed = match self.client.recv(came, clock.moment(now)) {
            TurnRecvRet::PeerData(data) => Some((data.peer, data.data().to_vec())),
            // What a server says that is nothing of these is nobody's else.
            TurnRecvRet::Handled | TurnRecvRet::Ignored(_) | TurnRecvRet::PeerIcmp { .. } => None,
        };
        self.on_timeout(now, clock);
        relayed
    }

    /// Gives the address back.
    pub(super) fn close(&mut self, now: Instant, clock: Clock) {
        if self.lost.is_none() && self.client.delete(clock.moment(now)).is_ok() {
            // The library leaves time between two requests, and there is no later: what waits goes now.
            (0..=CLOSING).for_each(|wait| self.on_timeout(now + PACE * wait, clock));
        }
    }
}

impl Link {
    /// The connection to this server, unless it is reached by datagrams.
    fn to(turn: &TurnServer, number: u64) -> Option<Self> {
        let tls = match &turn.by {
            TurnTransport::Udp => return None,
            TurnTransport::Tcp => None,
            TurnTransport::Tls(name) => Some(name.clone()),
        };
        let connection = RelayConnection { number, remote: turn.at, tls };
        Some(Self { connection, frames: Frames::default() })
    }
}
