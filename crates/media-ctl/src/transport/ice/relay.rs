//! An address at a TURN server that takes what is for us. RFC 8656.

use super::clock::Clock;
use super::config::TurnServer;
use crate::transport::servers::Came;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use stun_proto::agent::Transmit;
use stun_proto::types::TransportType;
use turn_client_proto::api::{TurnConfig, TurnEvent, TurnPollRet, TurnRecvRet};
use turn_client_proto::prelude::*;
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
    server: SocketAddr,
    local: SocketAddr,
    client: TurnClientUdp,
    /// Whether the server has refused.
    refused: bool,
    began: Instant,
    permitted: Vec<IpAddr>,
    now: Instant,
    due: Option<Instant>,
    out: VecDeque<Vec<u8>>,
}

impl Relay {
    /// A relay for this socket, which `turn` is asked for from `now` on.
    pub(super) fn new(local: SocketAddr, turn: &TurnServer, now: Instant) -> Self {
        let mut config = TurnConfig::new(TurnCredentials::new(&turn.username, &turn.password));
        config.set_address_family(if turn.at.is_ipv4() {
            stun_proto::types::AddressFamily::IPV4
        } else {
            stun_proto::types::AddressFamily::IPV6
        });
        Self {
            server: turn.at,
            local,
            client: TurnClientUdp::allocate(local, turn.at, config),
            refused: false,
            began: now,
            permitted: Vec::new(),
            now,
            due: Some(now),
            out: VecDeque::new(),
        }
    }

    /// Its address, once there is one.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.client.relayed_addresses().next().map(|(_, address)| address)
    }

    /// Whether the address is still waited for.
    pub(super) fn is_open(&self) -> bool {
        let patient = self.now.saturating_duration_since(self.began) < PATIENCE;
        self.address().is_none() && !self.refused && patient
    }

    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    pub(super) fn on_timeout(&mut self, now: Instant, clock: Clock) {
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
                TurnEvent::AllocationCreateFailed(_) => self.refused = true,
                TurnEvent::PermissionCreateFailed(_, ip) => self.permitted.retain(|it| *it != ip),
                _ => {}
            }
        }
        if self.is_open() {
            let until = (self.began + PATIENCE).max(now);
            self.due = Some(self.due.map_or(until, |due| due.min(until)));
        }
    }

    pub(super) fn poll_datagram(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.out.pop_front().map(|octets| (self.server, octets))
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
    ) -> Option<(SocketAddr, Vec<u8>)> {
        let moment = clock.moment(self.now);
        let wrapped = self.client.send_to(TransportType::Udp, remote, octets, moment).ok()??;
        Some((self.server, wrapped.data.build()))
    }

    /// Takes what came by the socket.
    pub(super) fn on_datagram<'a>(
        &mut self, now: Instant, clock: Clock, source: SocketAddr, octets: &'a [u8],
    ) -> Came<'a> {
        if source != self.server {
            return Came::Direct(octets);
        }
        let came = Transmit::new(octets, TransportType::Udp, source, self.local);
        let came = match self.client.recv(came, clock.moment(now)) {
            TurnRecvRet::PeerData(data) => Came::Relayed(data.peer, data.data().to_vec()),
            // What a server says that is nothing of these is nobody's else.
            TurnRecvRet::Handled | TurnRecvRet::Ignored(_) | TurnRecvRet::PeerIcmp { .. } => {
                Came::Taken
            }
        };
        self.on_timeout(now, clock);
        came
    }

    /// Gives the address back.
    pub(super) fn close(&mut self, now: Instant, clock: Clock) {
        if self.client.delete(clock.moment(now)).is_ok() {
            // The library leaves time between two requests, and there is no later: what waits goes now.
            (0..=CLOSING).for_each(|wait| self.on_timeout(now + PACE * wait, clock));
        }
    }
}
