//! What this side says of ICE, from description to description.

use super::candidate::{Candidate, CandidateKind, component};
use super::credentials::Credentials;
use super::side::{IceAgreement, IceSide};
use crate::Channel;
use sdp_types::{Connection, Media};
use std::net::{IpAddr, SocketAddr};

/// A way that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) channel: Channel,
    /// Where the peer is.
    pub(crate) remote: SocketAddr,
    /// Whether our relay is on it.
    pub(crate) relayed: bool,
}

/// What this side says of ICE.
#[derive(Clone, Debug)]
pub(crate) struct LocalIce {
    credentials: Credentials,
    /// Those that come after a restart. RFC 8839 §4.4.1.1.1.
    next: Credentials,
    candidates: Vec<Candidate>,
    chosen: Vec<Chosen>,
    /// Our role, once there is one.
    pub(crate) controlling: Option<bool>,
    /// The peer's credentials of the last exchange.
    peer: Option<Credentials>,
}

impl LocalIce {
    /// ICE under these credentials, and under the next ones after a restart.
    pub(crate) fn new(credentials: Credentials, next: Credentials) -> Self {
        let (candidates, chosen) = (Vec::new(), Vec::new());
        Self { credentials, next, candidates, chosen, controlling: None, peer: None }
    }

    /// What is known before the next description: our candidates, what is chosen of them, and
    /// credentials for another restart.
    pub(crate) fn set(
        &mut self, candidates: Vec<Candidate>, chosen: Vec<Chosen>, next: Credentials,
    ) {
        (self.candidates, self.chosen, self.next) = (candidates, chosen, next);
    }

    /// Begins anew with our next offer.
    pub(crate) fn restart(&mut self) {
        self.credentials = self.next.clone();
        self.chosen.clear();
    }

    /// What this side is.
    pub(crate) fn side(&self) -> IceSide {
        let (credentials, candidates) = (self.credentials.clone(), self.candidates.clone());
        IceSide { credentials, lite: false, candidates }
    }

    /// Our credentials towards a peer that has offered: others, where its own are not those of before,
    /// which is how it restarts. RFC 8839 §4.4.1.1.1.
    pub(in crate::sdp) fn credentials_towards(&self, there: &IceSide) -> Credentials {
        let restarts = self.peer.as_ref().is_some_and(|before| *before != there.credentials);
        if restarts { self.next.clone() } else { self.credentials.clone() }
    }

    /// Keeps what was agreed on.
    pub(in crate::sdp) fn keep(&mut self, agreed: Option<&IceAgreement>) {
        if let Some(agreed) = agreed {
            self.controlling = Some(agreed.controlling);
            self.peer = Some(agreed.there.credentials.clone());
            if self.credentials != agreed.here.credentials {
                self.credentials = agreed.here.credentials.clone();
                self.chosen.clear();
            }
        }
    }

    /// Writes what this side says of these channels, in an offer or an answer whose address is `ip`, and
    /// returns it. The default destination is the chosen candidate, or else the one that is most likely to be reached.
    /// RFC 8445 §5.1.4.
    pub(in crate::sdp) fn write(
        &self, media: &mut Media, ip: IpAddr, channels: &[Channel], offers: bool,
    ) -> IceSide {
        media.add_attribute_with_value("ice-ufrag", self.credentials.ufrag());
        media.add_attribute_with_value("ice-pwd", self.credentials.pwd());
        // RFC 8445 §10: nothing is nominated before the controlling side has chosen.
        media.add_attribute_with_value("ice-options", "ice2");
        for candidate in self.candidates.iter().filter(|it| channels.contains(&it.channel)) {
            media.add_attribute_with_value("candidate", candidate.to_string());
        }
        self.write_default(media, ip, channels);
        if offers && self.controlling == Some(true) {
            self.write_chosen(media, channels);
        }
        self.side()
    }

    fn write_default(&self, media: &mut Media, ip: IpAddr, channels: &[Channel]) {
        let Some(rtp) = self.default(Channel::Rtp) else { return };
        media.port = rtp.port();
        if rtp.ip() != ip {
            media.connections = vec![Connection::from_ip_addr(rtp.ip())];
        }
        media.attributes.retain(|attribute| attribute.attribute != "rtcp");
        let rtcp = self.default(Channel::Rtcp).filter(|_| channels.contains(&Channel::Rtcp));
        if let Some(rtcp) = rtcp.filter(|rtcp| rtcp.port() != rtp.port().wrapping_add(1)) {
            media.add_attribute_with_value("rtcp", rtcp.port());
        }
    }

    /// RFC 8839 §4.4.1.2.2: what the controlling side has chosen of the peer's.
    fn write_chosen(&self, media: &mut Media, channels: &[Channel]) {
        let of = self.chosen.iter().filter(|it| channels.contains(&it.channel));
        let places: Vec<_> = of
            .map(|Chosen { channel, remote, .. }| {
                format!("{} {} {}", component(*channel), remote.ip(), remote.port())
            })
            .collect();
        if !places.is_empty() {
            media.add_attribute_with_value("remote-candidates", places.join(" "));
        }
    }

    /// The default destination of a channel, where that is not where its socket is.
    fn default(&self, channel: Channel) -> Option<SocketAddr> {
        let chosen = self.chosen.iter().find(|it| it.channel == channel);
        let kinds = match chosen {
            Some(Chosen { relayed: true, .. }) => [CandidateKind::Relayed; 2],
            Some(_) | None => [CandidateKind::ServerReflexive, CandidateKind::Host],
        };
        let of = |kind| {
            let mut of = self.candidates.iter().filter(|it| it.channel == channel);
            of.find(|it| it.kind == kind).map(|it| it.address)
        };
        kinds.into_iter().find_map(of)
    }
}
