//! What is wrong with a command.

use std::fmt;

/// A command that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// An argument is not the URI it should be.
    NotAUri,
    /// The URI's scheme or transport is not built in.
    Unsupported,
    /// A `sips:` URI is to be reached over a transport without TLS.
    Insecure,
    /// The call, the registration or the subscription is over or was never there.
    Unknown,
    /// The call is not in a state for this.
    WrongState,
    /// A re-INVITE is under way.
    Pending,
    /// The method does not stand for itself there.
    Method,
    /// Neither an event package nor the media types that its notifications have.
    NotAPackage,
    /// The table of calls, or of subscriptions, is full.
    Full,
    /// There is no local address of the family that the peer has.
    NoLocalAddress,
    /// Port 0, at which nobody is reached.
    PortZero,
    /// What names a terminal for good is no URN.
    Instance,
    /// Flows of a registration that has no instance, does not ask for them, or has too many.
    Flows,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAUri => "not a SIP URI such as sip:bob@example.org",
            Self::Unsupported => {
                "a scheme or transport that is not built in; sip: over UDP, TCP, TLS and \
                 WebSocket is, and sips: over TLS"
            }
            Self::Insecure => {
                "sips: goes over TLS alone, and the way there is set to another transport"
            }
            Self::Unknown => "no such call",
            Self::WrongState => "not possible in the call's state",
            Self::Pending => "a re-INVITE is under way",
            Self::Method => "a method that is part of something larger, or is not sent there",
            Self::NotAPackage => {
                "not an event package such as message-summary, or a media type such as text/plain"
            }
            Self::Full => "too many calls or subscriptions",
            Self::NoLocalAddress => {
                "it cannot be reached from our addresses: another transport, or IPv4 for IPv6"
            }
            Self::PortZero => "port 0, at which nobody can be reached",
            Self::Instance => "the instance of a registration is no URN such as urn:uuid:…",
            Self::Flows => {
                "a registration over flows of its own has an instance, and four of them at most"
            }
        })
    }
}

impl std::error::Error for Misuse {}
