//! What a session tells the application.

use crate::format::Dtmf;
use crate::transport::RelayLoss;
use std::io;

/// What a session tells the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The first packet of the peer was accepted.
    Heard,
    /// The peer pressed a key.
    Key(Dtmf),
    /// The key that was pressed here has been sent: another may be.
    KeySent,
    /// It has not, or not all of it: nothing is sent to the peer any more, or no events.
    KeyNotSent,
    /// The peer gave no sign of life for the configured time, or, where media does not flow both ways
    /// (the call is on hold), for half an hour.
    TimedOut,
    /// ICE has found a way to the peer: media may flow.
    Connected,
    /// ICE has found none, or the peer does not consent any more to being sent to (RFC 7675): nothing
    /// is sent until there is a way again, which a new offer may bring about.
    Unreachable,
    /// There is no relay of ours, or not any more: media go by other ways, if there are any. Told once of
    /// the relays of both ports.
    RelayLost(RelayLoss),
    /// The handshake on the media path has ended in keys: media flows from now on.
    Keyed,
    /// It has failed: media never will.
    NotKeyed(ssm::Refused),
    /// The key has protected as many packets as it may: negotiate anew, or end. RFC 3711 §9.2.
    KeyExhausted,
    /// The sink takes nothing more of what is heard; media goes on.
    SinkFailed(io::ErrorKind),
}
