//! The servers that a session asks, for each of its sockets.

use super::allowance::Allowance;
use super::checked::Checked;
use super::clock::Clock;
use super::config::{IceServers, TurnServer, TurnTransport};
use super::mapping::Mapping;
use super::relay::Relay;
use crate::sdp::{Candidate, CandidateKind, Credentials, IceAgreement};
use crate::transport::relayed::{RelayConnection, RelayLoss};
use crate::transport::servers::{Came, Servers, ToServer};
use crate::transport::transmit::{Carrier, Channel};
use crate::transport::ways::Agent;
use rice_proto::random_string;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

/// The servers that a session asks.
struct Asked {
    servers: IceServers,
    advertised: Option<IpAddr>,
    sockets: [Socket; 2],
    clock: Option<Clock>,
    /// What servers are still to be told of sockets that are not needed any more.
    last: Vec<ToServer>,
    /// Relays that were asked for: each connection has the number of its own.
    relays: u64,
    /// Those that were lost before others were asked for, or because they are not needed any more.
    losses: u64,
    /// Whether it was told that a relay is lost.
    told: bool,
}

/// One of our sockets, and what is known of it elsewhere.
struct Socket {
    channel: Channel,
    local: SocketAddr,
    mapping: Option<Mapping>,
    relay: Option<Relay>,
    allowance: Allowance,
}

/// These servers, as they are asked for the sockets at these addresses; `advertised` is what a
/// translator before this host was configured with.
pub(crate) fn asked(
    servers: &IceServers, (rtp, rtcp): (SocketAddr, SocketAddr), advertised: Option<IpAddr>,
) -> Box<dyn Servers> {
    Box::new(Asked::new(servers, (rtp, rtcp), advertised))
}

impl Asked {
    fn new(
        servers: &IceServers, (rtp, rtcp): (SocketAddr, SocketAddr), advertised: Option<IpAddr>,
    ) -> Self {
        let socket = |channel, local| Socket {
            channel,
            local,
            mapping: None,
            relay: None,
            allowance: Allowance::default(),
        };
        let sockets = [socket(Channel::Rtp, rtp), socket(Channel::Rtcp, rtcp)];
        Self {
            servers: servers.clone(),
            advertised,
            sockets,
            clock: None,
            last: Vec::new(),
            relays: 0,
            losses: 0,
            told: false,
        }
    }

    fn relay(&self, channel: Channel) -> Option<&Relay> {
        let mut sockets = self.sockets.iter();
        sockets.find(|socket| socket.channel == channel)?.relay.as_ref()
    }

    fn socket(&mut self, channel: Channel) -> &mut Socket {
        let [rtp, rtcp] = &mut self.sockets;
        match channel {
            Channel::Rtp => rtp,
            Channel::Rtcp => rtcp,
        }
    }
}

impl Socket {
    /// Where it may be reached.
    fn candidates(&self, advertised: Option<IpAddr>) -> impl Iterator<Item = Candidate> {
        let Self { channel, local, .. } = *self;
        let new = move |kind, address, related| Candidate::new(channel, kind, address, related);
        let same_family = move |at: &SocketAddr| at.is_ipv4() == local.is_ipv4();
        let told = advertised.map(|ip| SocketAddr::new(ip, local.port()));
        let seen = self.mapping.as_ref().and_then(Mapping::seen);
        let seen = told.or(seen).filter(|at| *at != local).filter(same_family);
        let relayed = self.relay.as_ref().and_then(Relay::address).filter(same_family);
        let relay = relayed.map(|at| new(CandidateKind::Relayed, at, Some(seen.unwrap_or(local))));
        let seen = seen.map(|at| new(CandidateKind::ServerReflexive, at, Some(local)));
        [Some(new(CandidateKind::Host, local, None)), seen, relay].into_iter().flatten()
    }

    /// Asks nobody for it any more, and has its relay give its address back.
    fn close(&mut self, now: Instant, clock: Clock) {
        self.mapping = None;
        if let Some(relay) = &mut self.relay {
            relay.close(now, clock);
        }
    }

    /// What a server is sent next.
    fn poll_message(&mut self) -> Option<ToServer> {
        let (channel, carrier) = (self.channel, Carrier::Socket);
        let asked = self.mapping.as_mut().and_then(Mapping::poll_datagram);
        let asked = asked.map(|(remote, octets)| ToServer { channel, carrier, remote, octets });
        asked.or_else(|| self.relay.as_mut()?.poll_message())
    }

    fn has_lost(&self) -> bool {
        self.relay.as_ref().is_some_and(|relay| relay.lost().is_some())
    }

    fn is_open(&self) -> bool {
        self.mapping.as_ref().is_some_and(Mapping::is_open)
            || self.relay.as_ref().is_some_and(Relay::is_open)
    }
}

/// The libraries' machines would show passwords.
impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("servers", &self.servers).finish_non_exhaustive()
    }
}

impl Servers for Asked {
    fn credentials(&self) -> Credentials {
        // Both are letters, digits, + and /, and as long as is asked for.
        loop {
            let (ufrag, pwd) = (random_string(Credentials::UFRAG), random_string(Credentials::PWD));
            if let Some(credentials) = Credentials::new(&ufrag, &pwd) {
                return credentials;
            }
        }
    }

    fn ask(&mut self, servers: &IceServers) {
        self.servers = servers.clone();
    }

    fn begin(&mut self, now: Instant) {
        self.clock = Some(Clock::new(now));
        self.losses = self.losses();
        self.told = false;
        let Self { servers, advertised, sockets, relays, .. } = self;
        // Over a connection it would see the connection's address.
        let by_datagrams = |turn: &&TurnServer| turn.by == TurnTransport::Udp;
        let turn = servers.turn.as_ref();
        let tells = servers.stun.or_else(|| turn.filter(by_datagrams).map(|turn| turn.at));
        for socket in sockets {
            let same_family = |at: &SocketAddr| at.is_ipv4() == socket.local.is_ipv4();
            // What is told instead was told by the user, who knows.
            let tells = tells.filter(same_family).filter(|_| advertised.is_none());
            socket.mapping = tells.map(|server| Mapping::new(socket.local, server, now));
            let ours = (socket.channel, socket.local);
            let turn = turn.filter(|turn| same_family(&turn.at));
            socket.relay = turn.map(|turn| {
                *relays += 1;
                Relay::new(ours, turn, *relays, now)
            });
        }
    }

    fn candidates(&self) -> Vec<Candidate> {
        self.sockets.iter().flat_map(|socket| socket.candidates(self.advertised)).collect()
    }

    fn is_done(&self) -> bool {
        !self.sockets.iter().any(Socket::is_open)
    }

    fn on_datagram<'a>(
        &mut self, now: Instant, (channel, source): (Channel, SocketAddr), octets: &'a [u8],
    ) -> Came<'a> {
        let Some(clock) = self.clock else { return Came::Direct(octets) };
        let Socket { mapping, relay, .. } = self.socket(channel);
        if mapping.as_mut().is_some_and(|it| it.on_datagram(now, clock, source, octets)) {
            return Came::Taken;
        }
        match relay {
            Some(relay) => relay.on_datagram(now, clock, source, octets),
            None => Came::Direct(octets),
        }
    }

    fn due(&self) -> Option<Instant> {
        let due = |socket: &Socket| {
            let mapping = socket.mapping.as_ref().and_then(Mapping::due);
            mapping.into_iter().chain(socket.relay.as_ref().and_then(Relay::due)).min()
        };
        self.sockets.iter().filter_map(due).min()
    }

    fn on_timeout(&mut self, now: Instant) {
        let Some(clock) = self.clock else { return };
        for Socket { mapping, relay, .. } in &mut self.sockets {
            if let Some(mapping) =
                mapping.as_mut().filter(|it| it.due().is_some_and(|at| at <= now))
            {
                mapping.on_timeout(now, clock);
            }
            if let Some(relay) = relay {
                relay.on_timeout(now, clock);
            }
        }
    }

    fn poll_message(&mut self) -> Option<ToServer> {
        let last = self.last.pop();
        last.or_else(|| self.sockets.iter_mut().find_map(Socket::poll_message))
    }

    fn wrap(&mut self, channel: Channel, remote: SocketAddr, octets: &[u8]) -> Option<ToServer> {
        let clock = self.clock?;
        self.socket(channel).relay.as_mut()?.wrap(remote, octets, clock)
    }

    fn connection(&self, channel: Channel) -> Option<&RelayConnection> {
        self.relay(channel)?.connection()
    }

    fn on_stream(&mut self, now: Instant, channel: Channel, octets: &[u8]) {
        if let Some(relay) = &mut self.socket(channel).relay {
            relay.on_stream(now, octets);
        }
    }

    fn poll_relayed(&mut self, now: Instant, channel: Channel) -> Option<(SocketAddr, Vec<u8>)> {
        let clock = self.clock?;
        self.socket(channel).relay.as_mut()?.poll_relayed(now, clock)
    }

    fn on_disconnected(&mut self, channel: Channel) {
        if let Some(relay) = &mut self.socket(channel).relay {
            relay.on_disconnected();
        }
    }

    fn poll_loss(&mut self) -> Option<RelayLoss> {
        if self.told {
            return None;
        }
        let loss = Channel::ALL.into_iter().find_map(|channel| self.relay(channel)?.trouble());
        self.told = loss.is_some();
        loss
    }

    fn losses(&self) -> u64 {
        let lost = self.sockets.iter().filter(|socket| socket.has_lost());
        self.losses + lost.count() as u64
    }

    fn agent(&mut self, agreed: &IceAgreement, rtcp_mux: bool, now: Instant) -> Box<dyn Agent> {
        let clock = *self.clock.get_or_insert_with(|| Clock::new(now));
        if rtcp_mux {
            // RFC 8445 §8.3: a candidate that nobody uses is freed. Its socket goes, too.
            let rtcp = self.socket(Channel::Rtcp);
            rtcp.close(now, clock);
            let last: Vec<_> = std::iter::from_fn(|| rtcp.poll_message()).collect();
            let lost = u64::from(rtcp.has_lost());
            rtcp.relay = None;
            self.last.extend(last);
            self.losses += lost;
        }
        for Socket { channel, mapping, relay, .. } in &mut self.sockets {
            mapping.iter_mut().for_each(Mapping::rest);
            if let Some(relay) = relay {
                let of = agreed.there.candidates.iter().filter(|it| it.channel == *channel);
                of.for_each(|it| relay.permit(it.address.ip(), clock, now));
            }
        }
        let allowances = self.sockets.each_ref().map(|socket| &socket.allowance);
        Box::new(Checked::new(agreed, rtcp_mux, allowances, clock, now))
    }

    fn begin_anew(&mut self, now: Instant) {
        self.sockets.iter().for_each(|socket| socket.allowance.begin_anew(now));
    }

    fn close(&mut self, now: Instant) {
        let Some(clock) = self.clock else { return };
        self.sockets.iter_mut().for_each(|socket| socket.close(now, clock));
    }
}
