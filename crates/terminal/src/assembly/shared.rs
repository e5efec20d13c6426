//! What commands and the event pump work on.

use super::assurance::Assurance;
use super::calls::{Calls, Live};
use super::events::Outcome;
#[cfg(feature = "digest")]
use super::flows::Flows;
#[cfg(feature = "watch")]
use super::known::Watches;
use super::mailboxes::Mailboxes;
use super::ports::Entropy;
#[cfg(feature = "watch")]
use super::publications::Publications;
#[cfg(feature = "watch")]
use super::told::Told;
use crate::config::{Media, Network};
use crate::error::{Error, Result, plain};
use crate::record::redacted;
use media_ctl::audio::{AudioSink, AudioSource};
use media_ctl::driver::MediaSession;
use media_ctl::{MediaConfig, Seed};
use sip_core::driver::Endpoint;
use sip_core::manager::{CallId, Prepared, RequestId};
use sip_core::{Fields, HeaderName};
use ssa::{Body, CallRef};
use sst::Requirement;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
#[cfg(feature = "digest")]
use std::sync::{Mutex, PoisonError};

/// What commands and the event pump work on.
pub(super) struct Shared {
    pub(super) identity: String,
    pub(super) endpoint: Endpoint,
    #[cfg(feature = "digest")]
    pub(super) telephony: Arc<dyn sst::TelephonySecurity>,
    pub(super) media: media_ctl::driver::Ports,
    pub(super) calls: Calls,
    /// The flows that accounts are registered over: what comes over them is the registrar's.
    #[cfg(feature = "digest")]
    pub(super) flows: Mutex<Flows>,
    /// Whose word counts for who calls, beside that of registrars over TLS. RFC 3325 §8.
    pub(super) trusted: Vec<Network>,
    /// Whose waiting messages are subscribed to.
    /// How media is held to its peer.
    pub(super) lines: Media,
    pub(super) mailboxes: Mailboxes,
    /// Who is watched.
    #[cfg(feature = "watch")]
    pub(super) watches: Watches,
    /// Who may watch our calls, and what is told of them.
    #[cfg(feature = "watch")]
    pub(super) watchers: super::settings::Watchers,
    #[cfg(feature = "watch")]
    pub(super) told: Told,
    /// Whose presence is published.
    #[cfg(feature = "watch")]
    pub(super) publications: Publications,
    /// Who helps media through translators.
    #[cfg(feature = "ice")]
    pub(super) helpers: Arc<super::helpers::Helpers>,
    /// Where to tell what becomes of a call that is not placed yet.
    #[cfg(feature = "ice")]
    pub(super) events: tokio::sync::mpsc::WeakSender<super::events::Event>,
    /// The address that peers are told instead of a bound one, and that one.
    pub(super) advertised: Option<(IpAddr, IpAddr)>,
    pub(super) entropy: Arc<dyn Entropy>,
}

impl Shared {
    /// Opens media at the address that the call's signalling leaves from: the peer can reach it,
    /// and it is of the peer's family. Where a name is still to be resolved, at the first address.
    pub(super) fn open_media(
        &self, Prepared { id, call }: Prepared, source: Box<dyn AudioSource>,
        sink: Box<dyn AudioSink>,
    ) -> Result<MediaSession> {
        let mut seed = [0; Seed::LENGTH];
        self.entropy.fill(&mut seed).map_err(Error::no_randomness)?;
        let hop = self.endpoint.hop(id);
        let first = || self.endpoint.local_addrs().first().map(|local| local.address);
        let local = hop.map(|hop| hop.local).or_else(first);
        let told = local.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |local| local.ip());
        let local_ip = self.bound(told, hop.map_or(told, |hop| hop.remote.ip()));
        let mut config = MediaConfig::new(ssm::Call(call.0), local_ip, Seed::new(seed));
        config.advertised = (told != local_ip).then_some(told);
        config.peer_on_loopback = hop.is_some_and(|hop| hop.remote.ip().is_loopback());
        config.codecs.clone_from(&self.lines.codecs);
        #[cfg(feature = "ice")]
        {
            config.ice = self.lines.ice.then(media_ctl::IceServers::default);
        }
        config.timeout = self.lines.timeout();
        config.symmetric = hop.is_some_and(|hop| {
            let peer = hop.remote.ip();
            self.lines.is_symmetric(peer, self.is_registrar(peer))
        });
        MediaSession::open(&self.media, config, source, sink)
            .map_err(|error| Error::Call(format!("no ports for media: {}", plain(&error))))
    }

    /// Where media is received that `to` is to send to `told`: elsewhere only where that is
    /// advertised for another.
    fn bound(&self, told: IpAddr, to: IpAddr) -> IpAddr {
        match self.advertised {
            Some((advertised, all)) if advertised == told && all.is_unspecified() => {
                self.media.network.route(to).unwrap_or(all)
            }
            Some((advertised, bound)) if advertised == told => bound,
            Some(_) | None => told,
        }
    }

    /// Offers media, unless that is left to the callee, and sends the INVITE to this URI, under the
    /// proof that it requires: with these header fields, as this referrer asked.
    ///
    /// Where media have helpers, that is once they have helped; what comes of it is told then.
    pub(super) fn invite(
        self: &Arc<Self>, prepared: Prepared, (to, require, late_offer): (&str, Requirement, bool),
        media: MediaSession, (fields, referrer): (Vec<(HeaderName, Vec<u8>)>, Option<RequestId>),
    ) -> Result<()> {
        let added = fields
            .into_iter()
            .try_fold(Fields::default(), |added, (name, value)| added.with(name, value));
        let added = added.map_err(Error::invalid)?;
        self.endpoint.add_fields(prepared.id, added).map_err(Error::invalid)?;
        let mut live = Live::outgoing(prepared.call, redacted(to), require, media.clone());
        live.late_offer = late_offer;
        live.referrer = referrer;
        self.calls.insert(prepared.id, live);
        if self.has_helpers() {
            self.invite_once_helped(prepared, late_offer, media);
            return Ok(());
        }
        let offer = offer(&media, late_offer).map_err(|error| {
            drop(media.stop());
            Error::Call(error.to_string())
        })?;
        self.endpoint.invite(prepared.id, offer).map_err(Error::invalid)
    }

    /// Answers a call that waits for it; where it cannot be, it is refused with the status that it is
    /// owed.
    pub(super) fn answer(&self, id: CallId, media: MediaSession, offer: &[u8]) -> Result<()> {
        let answer = answer_or_offer(&media, offer).map_err(|error| {
            drop(media.stop());
            self.refuse(id, error.status(), &error);
            Error::Call(error.to_string())
        })?;
        self.calls.attach(id, media);
        self.endpoint.accept(id, sdp(answer)).map_err(|_| Error::NotWaiting)
    }

    /// Refuses a call that waits to be answered, for this reason.
    pub(super) fn refuse(&self, id: CallId, status: u16, why: &dyn std::fmt::Display) {
        self.calls.note(id, Outcome::Media(why.to_string()));
        _ = self.endpoint.reject(id, status);
    }
}

#[cfg(feature = "digest")]
impl Shared {
    /// Whether an account is registered there.
    fn is_registrar(&self, peer: IpAddr) -> bool {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner).lead_to(peer)
    }

    /// Tells the security manager whom the user calls.
    pub(super) fn started(&self, prepared: Prepared, to: &str, require: Requirement) {
        let (from, to) = (self.identity.clone(), to.to_owned());
        let outgoing = sst::Outgoing { from, to, require };
        self.telephony.call_started(sst::Call(prepared.call.0), outgoing);
    }

    /// Tells the security manager that a call is over.
    pub(super) fn forget(&self, call: CallRef) {
        self.telephony.call_ended(sst::Call(call.0));
    }

    /// What is known of who asks for something: before there are media, or without any.
    pub(super) fn assurance_of(&self, call: CallRef) -> Assurance {
        self.told_of(call, None).unwrap_or_else(Assurance::nothing_yet)
    }

    /// What is known of the peer of a call that is up. Of one that the security manager was never asked
    /// about, nothing protects the media.
    pub(super) fn assurance(&self, Prepared { id, call }: Prepared) -> Assurance {
        let called = self.calls.called(id);
        self.told_of(call, called.as_deref()).unwrap_or_else(Assurance::none)
    }

    /// What the security manager tells, if anything; `called` is the URI that we called.
    fn told_of(&self, call: CallRef, called: Option<&str>) -> Option<Assurance> {
        let told = self.telephony.assurance(sst::Call(call.0))?;
        Some(Assurance::of(&told, called))
    }
}

#[cfg(not(feature = "digest"))]
impl Shared {
    /// There are no accounts.
    fn is_registrar(&self, _: IpAddr) -> bool {
        false
    }

    /// There is no security manager to tell whom the user calls.
    pub(super) fn started(&self, _: Prepared, _: &str, _: Requirement) {}

    /// There is no security manager to tell that a call is over.
    pub(super) fn forget(&self, _: CallRef) {}

    pub(super) fn assurance_of(&self, _: CallRef) -> Assurance {
        Assurance::nothing_yet()
    }

    pub(super) fn assurance(&self, _: Prepared) -> Assurance {
        Assurance::none()
    }
}

/// What an INVITE offers: nothing, where that is left to the callee.
pub(super) fn offer(
    media: &MediaSession, late_offer: bool,
) -> std::result::Result<Body, media_ctl::Error> {
    if late_offer { Ok(Body::default()) } else { media.offer().map(sdp) }
}

/// What a peer's offer is answered with; where it made none, our offer. RFC 3261 §13.2.1, §14.2.
pub(super) fn answer_or_offer(
    media: &MediaSession, offer: &[u8],
) -> std::result::Result<Vec<u8>, media_ctl::Error> {
    if offer.is_empty() { media.offer() } else { media.answer(offer) }
}

/// Nobody helps media.
#[cfg(not(feature = "ice"))]
impl Shared {
    pub(super) const fn has_helpers(&self) -> bool {
        false
    }

    pub(super) const fn has_helpers_for(&self, _: &[u8]) -> bool {
        false
    }

    fn invite_once_helped(&self, _: Prepared, _: bool, _: MediaSession) {}

    pub(super) fn answer_once_helped(&self, _: CallId, _: MediaSession, _: Vec<u8>) {}
}

pub(super) fn sdp(octets: Vec<u8>) -> Body {
    Body { content_type: Some(b"application/sdp".to_vec()), octets }
}
