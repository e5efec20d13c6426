//! The servers that a session asks, for each of its sockets.

use super::allowance::Allowance;
use super::checked::Checked;
use super::clock::Clock;
use super::config::IceServers;
use super::mapping::Mapping;
use super::relay::Relay;
use crate::sdp::{Candidate, CandidateKind, Credentials, IceAgreement};
use crate::transport::servers::{Came, Servers};
use crate::transport::transmit::Channel;
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
    last: Vec<(Channel, SocketAddr, Vec<u8>)>,
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
        Self { servers: servers.clone(), advertised, sockets, clock: None, last: Vec::new() }
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

    /// The next datagram to a server.
    fn poll_datagram(&mut self) -> Option<(Channel, SocketAddr, Vec<u8>)> {
        let mapping = self.mapping.as_mut().and_then(Mapping::poll_datagram);
        let next = mapping.or_else(|| self.relay.as_mut()?.poll_datagram());
        next.map(|(remote, octets)| (self.channel, remote, octets))
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
        let Self { servers, advertised, sockets, .. } = self;
        let tells = servers.stun.or_else(|| servers.turn.as_ref().map(|turn| turn.at));
        for socket in sockets {
            let same_family = |at: &SocketAddr| at.is_ipv4() == socket.local.is_ipv4();
            // What is told instead was told by the user, who knows.
            let tells = tells.filter(same_family).filter(|_| advertised.is_none());
            socket.mapping = tells.map(|server| Mapping::new(socket.local, server, now));
            let turn = servers.turn.as_ref().filter(|turn| same_family(&turn.at));
            socket.relay = turn.map(|turn| Relay::new(socket.local, turn, now));
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

    fn poll_datagram(&mut self) -> Option<(Channel, SocketAddr, Vec<u8>)> {
        let last = self.last.pop();
        last.or_else(|| self.sockets.iter_mut().find_map(Socket::poll_datagram))
    }

    fn wrap(
        &mut self, channel: Channel, remote: SocketAddr, octets: &[u8],
    ) -> Option<(SocketAddr, Vec<u8>)> {
        let clock = self.clock?;
        self.socket(channel).relay.as_mut()?.wrap(remote, octets, clock)
    }

    fn agent(&mut self, agreed: &IceAgreement, rtcp_mux: bool, now: Instant) -> Box<dyn Agent> {
        let clock = *self.clock.get_or_insert_with(|| Clock::new(now));
        if rtcp_mux {
            // RFC 8445 §8.3: a candidate that nobody uses is freed. Its socket goes, too.
            let rtcp = self.socket(Channel::Rtcp);
            rtcp.close(now, clock);
            let last: Vec<_> = std::iter::from_fn(|| rtcp.poll_datagram()).collect();
            rtcp.relay = None;
            self.last.extend(last);
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
