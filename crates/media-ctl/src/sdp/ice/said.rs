//! Reading what a peer's line says of ICE, within limits. RFC 8839 §5.

use super::candidate::Candidate;
use super::credentials::Credentials;
use super::side::IceSide;
use crate::Channel;
use crate::sdp::address;
use sdp_types::{Attribute, Media, Session};
use std::net::{IpAddr, SocketAddr};

/// Candidates that are kept of a peer's, for each channel: those of the highest priority.
pub const MAX_CANDIDATES: usize = 8;

/// Candidates that are read of a peer's; those behind them are passed over.
const MAX_READ: usize = 64;

/// The port of a default destination that is none yet: candidates are to follow. RFC 8840 §4.1.1.
const DISCARD: u16 = 9;

/// What a peer's line comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sdp) enum Said {
    /// Nothing that could be used.
    Nothing,
    /// ICE of a peer that has somebody between who does not know it: its default destination is none
    /// of its candidates. RFC 8839 §4.2.5.
    Mismatch,
    /// ICE.
    Side(IceSide),
}

impl Said {
    /// Reads a line; `local` is our address, whose family candidates must have.
    pub(in crate::sdp) fn read(
        session: &Session, media: &Media, local: IpAddr, peer_on_loopback: bool,
    ) -> Self {
        let value = |name: &str| {
            let of = |attributes: &[Attribute]| {
                let mut of = attributes.iter().filter(|it| it.attribute == name);
                of.next().map(|it| it.value.clone().unwrap_or_default())
            };
            of(&media.attributes).or_else(|| of(&session.attributes))
        };
        if value("ice-mismatch").is_some() {
            return Self::Nothing;
        }
        let credentials = value("ice-ufrag")
            .zip(value("ice-pwd"))
            .and_then(|(ufrag, pwd)| Credentials::new(&ufrag, &pwd));
        let Some(credentials) = credentials else { return Self::Nothing };
        let all = candidates(media);
        if is_mismatch(session, media, &all) {
            return Self::Mismatch;
        }
        let may_be = |candidate: &Candidate| {
            let ip = candidate.address.ip();
            address::may_be(ip, local, peer_on_loopback) && candidate.address.port() != 0
        };
        let mut usable: Vec<_> = all.into_iter().filter(may_be).collect();
        usable.sort_by_key(|candidate| std::cmp::Reverse(candidate.priority));
        let best = |channel| {
            let of = usable.iter().filter(move |candidate| candidate.channel == channel);
            of.take(MAX_CANDIDATES).cloned()
        };
        let candidates = best(Channel::Rtp).chain(best(Channel::Rtcp)).collect();
        Self::Side(IceSide { credentials, lite: value("ice-lite").is_some(), candidates })
    }
}

/// The line's candidates over UDP at addresses.
fn candidates(media: &Media) -> Vec<Candidate> {
    let of = media.attributes.iter().filter(|it| it.attribute == "candidate");
    let values = of.filter_map(|it| it.value.as_deref());
    values.take(MAX_READ).filter_map(Candidate::parse).collect()
}

/// Whether the default destination is an address that no candidate has. One that is a name, or that is
/// none yet, says nothing.
fn is_mismatch(session: &Session, media: &Media, candidates: &[Candidate]) -> bool {
    let connection = media.connections.first().or(session.connection.as_ref());
    let ip = connection.and_then(|it| it.connection_address.parse::<IpAddr>().ok());
    let Some(ip) = ip.map(|ip| ip.to_canonical()).filter(|ip| !ip.is_unspecified()) else {
        return false;
    };
    let default = SocketAddr::new(ip, media.port);
    let has =
        |candidate: &Candidate| candidate.channel == Channel::Rtp && candidate.address == default;
    media.port != DISCARD && !candidates.iter().any(has)
}
