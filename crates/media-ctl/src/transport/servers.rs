//! The seam between a session and the servers that help it through translators: what they tell of us,
//! and what they relay. It is there before a call is agreed on, and lasts as long as the session.

use super::relayed::{RelayConnection, RelayLoss};
use super::transmit::{Carrier, Channel};
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

/// What a server is sent.
#[derive(Debug)]
pub(crate) struct ToServer {
    pub(crate) channel: Channel,
    pub(crate) carrier: Carrier,
    pub(crate) remote: SocketAddr,
    pub(crate) octets: Vec<u8>,
}

/// Servers that are asked. What they are sent and send goes by the line's sockets, or by a connection
/// for each of them.
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

    /// What a server is sent next.
    fn poll_message(&mut self) -> Option<ToServer>;

    /// Wraps what the relay is to send to `remote`. `None` where there is no relay, or it does not yet
    /// take what is for there.
    fn wrap(&mut self, channel: Channel, remote: SocketAddr, octets: &[u8]) -> Option<ToServer>;

    /// The connection that a channel's relay is reached by, as long as there is to be one.
    fn connection(&self, channel: Channel) -> Option<&RelayConnection>;

    /// Takes octets that came by that connection.
    fn on_stream(&mut self, now: Instant, channel: Channel, octets: &[u8]);

    /// The next datagram of a peer's in them, and who sent it.
    fn poll_relayed(&mut self, now: Instant, channel: Channel) -> Option<(SocketAddr, Vec<u8>)>;

    /// That connection could not be made, or has ended.
    fn on_disconnected(&mut self, channel: Channel);

    /// Why there is no relay, told once of all that are asked for together.
    fn poll_loss(&mut self) -> Option<RelayLoss>;

    /// How many relays were lost.
    fn losses(&self) -> u64;

    /// Who finds the way that was agreed on, from now on; relays take what is for the peer's candidates.
    fn agent(&mut self, agreed: &IceAgreement, rtcp_mux: bool, now: Instant) -> Box<dyn Agent>;

    /// The time that a way is looked for begins anew: the call is answered.
    fn begin_anew(&mut self, now: Instant);

    /// Gives back what servers hold for us.
    fn close(&mut self, now: Instant);
}
