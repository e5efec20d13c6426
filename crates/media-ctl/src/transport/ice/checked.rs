//! The agent of a line: the checks of its channels.

use super::allowance::Allowance;
use super::checks::Checks;
use super::clock::Clock;
use crate::sdp::IceAgreement;
use crate::stats::Reason;
use crate::transport::transmit::Channel;
use crate::transport::ways::{Agent, Arrival, Message, Standing, Way};
use std::fmt;
use std::net::SocketAddr;
use std::time::Instant;

/// The checks of a line's channels.
pub(super) struct Checked {
    rtp: Option<Checks>,
    /// Where RTCP does not go with RTP.
    rtcp: Option<Checks>,
    rtcp_mux: bool,
}

impl Checked {
    /// Checks as agreed, within what is allowed on each channel.
    pub(super) fn new(
        agreed: &IceAgreement, rtcp_mux: bool, [rtp, rtcp]: [&Allowance; 2], clock: Clock,
        now: Instant,
    ) -> Self {
        let checks = |channel, allowance| Checks::new(agreed, channel, allowance, clock, now);
        let of_rtcp = if rtcp_mux { None } else { checks(Channel::Rtcp, rtcp) };
        Self { rtp: checks(Channel::Rtp, rtp), rtcp: of_rtcp, rtcp_mux }
    }

    fn each(&self) -> impl Iterator<Item = &Checks> {
        self.rtp.iter().chain(&self.rtcp)
    }

    fn each_mut(&mut self) -> impl Iterator<Item = &mut Checks> {
        self.rtp.iter_mut().chain(&mut self.rtcp)
    }
}

/// The library's machine would show passwords.
impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checked({:?})", self.standing())
    }
}

impl Agent for Checked {
    fn on_message(&mut self, now: Instant, arrival: Arrival, octets: &[u8]) -> Result<(), Reason> {
        let checks = match arrival.channel {
            Channel::Rtp => &mut self.rtp,
            Channel::Rtcp => &mut self.rtcp,
        };
        checks.as_mut().ok_or(Reason::Unexpected)?.on_message(now, arrival, octets)
    }

    fn due(&self) -> Option<Instant> {
        self.each().filter_map(Checks::due).min()
    }

    fn on_timeout(&mut self, now: Instant) {
        self.each_mut().for_each(|checks| checks.on_timeout(now));
    }

    fn poll_message(&mut self) -> Option<Message> {
        self.each_mut().find_map(Checks::poll_message)
    }

    fn way(&self, channel: Channel) -> Option<Way> {
        match channel {
            Channel::Rtp => self.rtp.as_ref()?.way(),
            Channel::Rtcp if self.rtcp_mux => self.rtp.as_ref()?.way(),
            Channel::Rtcp => self.rtcp.as_ref()?.way(),
        }
    }

    fn knows(&self, source: SocketAddr) -> bool {
        self.each().any(|checks| checks.knows(source))
    }

    /// What RTP's is: a peer without a way for its reports is heard all the same.
    fn standing(&self) -> Standing {
        self.rtp.as_ref().map_or(Standing::Failed, Checks::standing)
    }
}
