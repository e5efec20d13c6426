//! The seam between a session and the servers that help it through translators: what they tell of us,
//! and what they relay. It is there before a call is agreed on, and lasts as long as the session.

use super::transmit::Channel;
use super::ways::Agent;
use crate::sdp::{Candidate, Credentials, IceAgreement};
use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Instant;

/// What a datagram is that came to one of our sockets.
#[derive(Debug)]
#[cfg_attr(not(feature = "ice"), expect(dead_code, reason = "nobody is asked"))]
pub(crate) enum Came<'a> {
    /// A peer's, or anybody's.
    Direct(&'a [u8]),
    /// A peer's that a relay passes on.
    Relayed(SocketAddr, Vec<u8>),
    /// A server's own.
    Taken,
}

/// Servers that are asked. What they are sent and send goes by the line's sockets.
pub(crate) trait Servers: Debug + Send {
    /// Credentials that nobody has had.
    fn credentials(&self) -> Credentials;

    /// Whom to ask.
    #[cfg(feature = "ice")]
    fn ask(&mut self, servers: &super::ice::IceServers);

    /// Begins to ask.
    fn begin(&mut self, now: Instant);

    /// Where we may be reached, as far as that is known.
    fn candidates(&self) -> Vec<Candidate>;

    /// Whether no more candidates will come.
    fn is_done(&self) -> bool;

    /// Takes a datagram that came.
    fn on_datagram<'a>(
        &mut self, now: Instant, at: (Channel, SocketAddr), octets: &'a [u8],
    ) -> Came<'a>;

    /// When [`on_timeout`](Self::on_timeout) is due.
    fn due(&self) -> Option<Instant>;

    /// Lets time pass.
    fn on_timeout(&mut self, now: Instant);

    /// The next datagram to a server.
    fn poll_datagram(&mut self) -> Option<(Channel, SocketAddr, Vec<u8>)>;

    /// Wraps what the relay is to send to `remote`: where to, and what. `None` where there is no relay,
    /// or it does not yet take what is for there.
    fn wrap(
        &mut self, channel: Channel, remote: SocketAddr, octets: &[u8],
    ) -> Option<(SocketAddr, Vec<u8>)>;

    /// Who finds the way that was agreed on, from now on; relays take what is for the peer's candidates.
    fn agent(&mut self, agreed: &IceAgreement, rtcp_mux: bool, now: Instant) -> Box<dyn Agent>;

    /// The time that a way is looked for begins anew: the call is answered.
    fn begin_anew(&mut self, now: Instant);

    /// Gives back what servers hold for us.
    fn close(&mut self, now: Instant);
}
