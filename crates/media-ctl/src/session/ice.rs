//! What a session does for ICE: it tells the peer where it may be reached, asks for an agent when that
//! is agreed on anew, and sends by its relay what goes that way.

use super::Session;
use crate::line::Line;
use crate::sdp::{Agreement, Chosen};
use crate::transport::{Agent, Arrival, Channel, RelayConnection, ToServer, Transmit};
use std::time::Instant;

impl Session {
    /// Begins to ask the servers where we may be reached, where any are configured. Whether they have
    /// said so, [`is_gathered`](Self::is_gathered) tells.
    pub fn gather(&mut self, now: Instant) {
        if let Some(servers) = &mut self.servers {
            servers.begin(now);
        }
    }

    /// Asks these servers in place of those of the configuration. Without ICE, nobody is asked.
    #[cfg(feature = "ice")]
    pub fn ask(&mut self, servers: &crate::IceServers, now: Instant) {
        if let Some(asked) = &mut self.servers {
            asked.ask(servers);
            asked.begin(now);
        }
    }

    /// Whether it is known where we may be reached, as far as it ever will be: without ICE, at once.
    pub fn is_gathered(&self) -> bool {
        self.servers.as_ref().is_none_or(|servers| servers.is_done())
    }

    /// Whether what comes in is to be handed over: media runs, or servers are being asked.
    pub fn is_listening(&self) -> bool {
        !self.stopped && (self.servers.is_some() || !self.lines.is_empty())
    }

    /// The connection that a channel's relay is reached by, as long as there is to be one. Whoever drives
    /// the session makes it, and closes one that is not wanted any more; what is to be sent by it,
    /// [`poll_transmit`](Self::poll_transmit) gives as ever, from the beginning on.
    pub fn connection(&self, channel: Channel) -> Option<&RelayConnection> {
        self.servers.as_ref().filter(|_| !self.stopped)?.connection(channel)
    }

    /// Takes octets that came by a channel's connection, in whatever pieces.
    pub fn on_stream(&mut self, now: Instant, channel: Channel, octets: &[u8]) {
        let Self { servers, lines, stopped, .. } = self;
        let Some(servers) = servers.as_mut().filter(|_| !*stopped) else { return };
        servers.on_stream(now, channel, octets);
        while let Some((source, octets)) = servers.poll_relayed(now, channel) {
            if let Some(line) = lines.first_mut() {
                line.on_packet(now, Arrival { channel, source, relayed: true }, &octets);
            }
        }
    }

    /// A channel's connection could not be made, or has ended: its relay is lost.
    pub fn on_disconnected(&mut self, channel: Channel) {
        if let Some(servers) = &mut self.servers {
            servers.on_disconnected(channel);
        }
    }

    /// Brings what is said of ICE up to date before an offer or an answer. An offer begins anew where
    /// there is no way.
    pub(super) fn tell_of_ice(&mut self, offers: bool) {
        let (Some(servers), Some(ice)) = (&self.servers, self.negotiator.ice()) else { return };
        let line = self.lines.first();
        let chosen = |channel| {
            let way = line?.way(channel)?;
            Some(Chosen { channel, remote: way.remote, relayed: way.relayed })
        };
        let mux = line.is_some_and(|line| line.agreement().rtcp_mux);
        let channels = [Some(Channel::Rtp), Some(Channel::Rtcp).filter(|_| !mux)];
        let chosen = channels.into_iter().flatten().filter_map(chosen).collect();
        ice.set(servers.candidates(), chosen, servers.credentials());
        if offers && line.is_some_and(Line::is_unreachable) {
            ice.restart();
        }
    }

    /// Who finds the way that was agreed on, unless who did before goes on. Before the call is answered,
    /// the way of before is forgotten: it may be another callee's.
    pub(super) fn agent(&mut self, agreed: &Agreement, now: Instant) -> Option<Box<dyn Agent>> {
        let (servers, ice) = (self.servers.as_mut()?, agreed.ice.as_ref()?);
        let before = self.lines.first().map(Line::agreement);
        let goes_on = before.is_some_and(|before| {
            let same = |before: &crate::sdp::IceAgreement| {
                before.here.credentials == ice.here.credentials
                    && before.there.credentials == ice.there.credentials
            };
            before.rtcp_mux == agreed.rtcp_mux && before.ice.as_ref().is_some_and(same)
        });
        let failed = self.early && self.lines.iter().any(Line::is_unreachable);
        if goes_on && !failed {
            return None;
        }
        if self.early {
            // Who rang need not be who answers, and there is no dialog to begin anew in.
            // RFC 3261 §13.2.2.4, RFC 8445 §9.
            self.lines.iter_mut().for_each(Line::forget_ways);
        }
        Some(servers.agent(ice, agreed.rtcp_mux, now))
    }

    /// The next packet of the lines, or to a server; wrapped where it goes by our relay. What the relay
    /// does not take yet is lost, as any packet may be.
    pub(super) fn poll_by_servers(&mut self) -> Option<Transmit<'_>> {
        let Self { servers, lines, wrapped, .. } = self;
        let servers = servers.as_mut()?;
        if let Some(message) = servers.poll_message() {
            return Some(sent(wrapped, message));
        }
        loop {
            let Transmit { channel, remote, octets, relayed, .. } =
                lines.iter_mut().find_map(Line::poll_transmit)?;
            if !relayed {
                wrapped.clear();
                wrapped.extend_from_slice(octets);
                return Some(Transmit::new(channel, remote, wrapped, false));
            }
            if let Some(message) = servers.wrap(channel, remote, octets) {
                return Some(sent(wrapped, message));
            }
        }
    }
}

/// What a server is sent, lent from where it is kept.
fn sent(kept: &mut Vec<u8>, message: ToServer) -> Transmit<'_> {
    let ToServer { channel, carrier, remote, octets } = message;
    *kept = octets;
    Transmit { channel, carrier, remote, octets: kept, relayed: false }
}
