//! The session: one audio line, from negotiation to the last packet, sans-IO.

use crate::{Error, MediaConfig, Misuse, Stats};
use ssm::MediaSecurity;
use std::time::Instant;

/// What a session tells the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The first packet of the peer was accepted.
    Heard,
    /// Neither RTP nor RTCP came for the configured time. Sending pauses until something comes.
    TimedOut,
    /// The key has protected as many packets as it may: negotiate anew, or end. RFC 3711 §9.2.
    KeyExhausted,
}

/// One audio line.
#[derive(Debug)]
pub struct Session {
    config: MediaConfig,
    stats: Stats,
}

impl Session {
    /// A session that nothing has been agreed for.
    pub fn new(config: MediaConfig, _rtp_port: u16, _rtcp_port: u16) -> Self {
        Self { config, stats: Stats::default() }
    }

    /// The call.
    pub fn call(&self) -> ssm::Call {
        self.config.call
    }

    /// Makes an offer.
    ///
    /// # Errors
    /// [`Error::Misuse`] while another offer waits; [`Error::Security`] where media is forbidden.
    pub fn offer(&mut self, _security: &dyn MediaSecurity) -> Result<Vec<u8>, Error> {
        Err(Misuse::OfferPending.into())
    }

    /// Answers an offer.
    ///
    /// # Errors
    /// See [`Error::status`]; what was agreed before stays.
    pub fn answer(&mut self, _: &dyn MediaSecurity, _offer: &[u8]) -> Result<Vec<u8>, Error> {
        Err(Misuse::OfferPending.into())
    }

    /// Takes the answer to our offer.
    ///
    /// # Errors
    /// The answer cannot be accepted: the call ends.
    pub fn accept_answer(&mut self, _: &dyn MediaSecurity, _answer: &[u8]) -> Result<(), Error> {
        Err(Misuse::NoOffer.into())
    }

    /// Forgets our offer, which was refused.
    pub fn withdraw_offer(&mut self) {}

    /// Whether our next offer puts the peer on hold.
    pub fn set_hold(&mut self, _hold: bool) {}

    /// Starts media as agreed, or goes over to what was agreed anew.
    ///
    /// # Errors
    /// The manager gives no guard; what ran before goes on.
    pub fn start(&mut self, _: &dyn MediaSecurity, _now: Instant) -> Result<(), Error> {
        Err(Misuse::NothingAgreed.into())
    }

    /// Ends media.
    pub fn stop(&mut self, _now: Instant) {}

    /// What was counted.
    pub fn stats(&self) -> Stats {
        self.stats
    }
}
