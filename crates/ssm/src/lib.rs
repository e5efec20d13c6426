//! **SSM**: the interface between a media controller and a security manager.
//!
//! ```text
//!   media controller                            security manager
//!        │  offer(call, line) ──────────────────────▶ │   profile and attributes, slots for keys
//!        │  answer(call, line, offered) ────────────▶ │   what to answer, or 488
//!        │  judge(call, line, answered) ────────────▶ │   accepted, or a downgrade
//!        │  moved(call, line) ──────────────────────▶ │   the peer is elsewhere since
//!        │  guard(call, line) ──────────────────────▶ │   Sealer and Opener, after authentication,
//!        │                                            │   or the handshake that ends in them
//! ```
//!
//! **Keys never pass through here.** An `a=crypto` attribute holds the slot [`SLOT`], which the
//! manager fills when the body leaves and empties when it comes in; the guard is two halves that
//! transform packets in place. The controller cannot tell an open guard from a sealed one.
//!
//! What it is *not*: SDP, ciphers, policy. It needs nothing but `std`. Every method answers at
//! once: who is asked here has been authenticated already, or is refused.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

#[cfg(feature = "conformance")]
pub mod conformance;
mod handshake;
mod null;
mod observed;

pub use handshake::{Guard, Handshake, ending};
pub use null::{Deny, Open};
pub use observed::{Observed, Signal, Sink};

use std::fmt;

/// A call, as the stack names it: a keyed hash of Call-ID and From tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Call(pub u64);

/// A media line of a call: its place in the SDP, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Line(pub u8);

/// What stands in `a=crypto` where the key belongs: `inline:{slot}`.
pub const SLOT: &str = "{slot}";

/// The RTP profile of a media line. RFC 3551, RFC 3711, RFC 4585, RFC 5124, RFC 5764.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// `RTP/AVP`.
    Avp,
    /// `RTP/SAVP`.
    Savp,
    /// `RTP/AVPF`.
    Avpf,
    /// `RTP/SAVPF`.
    Savpf,
    /// `UDP/TLS/RTP/SAVP`: keyed by DTLS.
    TlsSavp,
    /// `UDP/TLS/RTP/SAVPF`: keyed by DTLS.
    TlsSavpf,
}

impl Profile {
    /// The `proto` of an `m=` line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avp => "RTP/AVP",
            Self::Savp => "RTP/SAVP",
            Self::Avpf => "RTP/AVPF",
            Self::Savpf => "RTP/SAVPF",
            Self::TlsSavp => "UDP/TLS/RTP/SAVP",
            Self::TlsSavpf => "UDP/TLS/RTP/SAVPF",
        }
    }

    /// The profile that an `m=` line names, or `None` for one that is not known here.
    pub fn parse(proto: &str) -> Option<Self> {
        [Self::Avp, Self::Savp, Self::Avpf, Self::Savpf, Self::TlsSavp, Self::TlsSavpf]
            .into_iter()
            .find(|profile| profile.name() == proto)
    }

    /// Whether media under this profile is SRTP.
    pub const fn is_secure(self) -> bool {
        !matches!(self, Self::Avp | Self::Avpf)
    }

    /// Whether its keys come of a DTLS handshake on the media path.
    pub const fn is_by_dtls(self) -> bool {
        matches!(self, Self::TlsSavp | Self::TlsSavpf)
    }
}

/// An attribute of a media line: `a=name:value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The name, for example `crypto`.
    pub name: String,
    /// The value, with a slot in place of a key.
    pub value: String,
}

/// What a media line says about its security.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineSecurity {
    /// The profile.
    pub profile: Profile,
    /// Its `crypto`, `fingerprint`, `setup` and like attributes, in order.
    pub attributes: Vec<Attribute>,
}

/// Why the manager refuses a media line or a guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refused {
    /// The profile is not acceptable here: 488.
    Profile,
    /// The line is to be keyed by DTLS, which policy does not take: 488.
    ByDtls,
    /// No attribute can be used, or the answer does not match the offer: 488.
    Attributes,
    /// SRTP was agreed and plain RTP is asked for.
    Downgrade,
    /// The peer has not been authenticated.
    NotAuthenticated,
    /// Policy asks for keys that are agreed on afresh, and the peer does not do that: 488.
    Secrecy,
    /// The call or line is not known.
    Unknown,
    /// The line is keyed by a handshake, and the media controller drives none; or it did not end in
    /// time, or broke off.
    Handshake,
    /// The handshake found no common ground, as with a certificate of a kind that is not known here.
    NothingInCommon,
    /// The handshake's certificate is not the one that the session description names.
    Fingerprint,
    /// The security manager is a process of its own, and does not answer or is not there.
    Unavailable,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Profile => "the media profile is not acceptable",
            Self::ByDtls => {
                "the peer wants the media keyed by DTLS-SRTP, which policy does not take (media-dtls)"
            }
            Self::Attributes => "no usable security attribute",
            Self::Downgrade => "secured media may not become plain",
            Self::NotAuthenticated => "the peer has not been authenticated",
            Self::Secrecy => {
                "the media would not stay secret from who records them, as policy demands"
            }
            Self::Unknown => "the call or media line is not known",
            Self::Handshake => "the media are not keyed: no handshake succeeded",
            Self::NothingInCommon => {
                "the media are not keyed: the handshake found nothing in common with the peer's \
                 (certificates for ECDSA on P-256 or P-384 are understood; those for RSA, of 2048 bits \
                 at least, in builds with `--features dtls-openssl`)"
            }
            Self::Fingerprint => {
                "the certificate on the media path is not the one that the session description names: \
                 somebody may stand between"
            }
            Self::Unavailable => "the security manager does not answer",
        })
    }
}

impl std::error::Error for Refused {}

/// What the media controller asks of the security manager.
pub trait MediaSecurity: Send + Sync {
    /// What to offer on a media line.
    ///
    /// # Errors
    /// Policy forbids media in this call.
    fn offer(&self, call: Call, line: Line) -> Result<LineSecurity, Refused>;

    /// Judges what was offered, and says what to answer.
    ///
    /// # Errors
    /// The line is to be rejected (port 0), and the call with 488 if no line is left.
    fn answer(
        &self, call: Call, line: Line, offered: &LineSecurity,
    ) -> Result<LineSecurity, Refused>;

    /// Judges what was answered to our offer.
    ///
    /// # Errors
    /// The answer is a downgrade or matches no offer: the call ends.
    fn judge(&self, call: Call, line: Line, answered: &LineSecurity) -> Result<(), Refused>;

    /// Says, before [`guard`](Self::guard) is asked for anew, that the peer's address is another
    /// since: without a `tls-id` that asks for another handshake. RFC 8842 §4.
    fn moved(&self, call: Call, line: Line) {
        let _ = (call, line);
    }

    /// Hands out what protects a line's packets, once for each agreement: the two halves, the
    /// handshake that ends in them, or that the guard of before goes on.
    ///
    /// # Errors
    /// [`Refused::NotAuthenticated`] before authentication succeeded, where policy asks for it.
    fn guard(&self, call: Call, line: Line) -> Result<Guard, Refused>;
}

/// The two halves that protect a media line's packets.
pub struct MediaGuard {
    /// For packets that leave.
    pub sealer: Box<dyn Sealer>,
    /// For packets that came in.
    pub opener: Box<dyn Opener>,
}

impl fmt::Debug for MediaGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaGuard([redacted])")
    }
}

/// Bytes that sealing adds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overhead {
    /// To an RTP packet.
    pub rtp: usize,
    /// To an RTCP packet.
    pub rtcp: usize,
}

/// Why a packet is not sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PacketError {
    /// Not an RTP or RTCP packet of version 2, or too short.
    Malformed,
    /// The buffer has no tail room of [`Sealer::overhead`].
    NoRoom,
    /// The authentication tag does not verify.
    NotAuthentic,
    /// Seen before, or older than the replay window.
    Replayed,
    /// More sources than are admitted.
    TooManySources,
    /// The key has protected as many packets as it may. RFC 3711 §9.2.
    KeyExhausted,
    /// There is no key yet: a handshake goes on, or has failed.
    NoKey,
}

impl fmt::Display for PacketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not an RTP or RTCP packet",
            Self::NoRoom => "no tail room in the buffer",
            Self::NotAuthentic => "the authentication tag does not verify",
            Self::Replayed => "replayed",
            Self::TooManySources => "too many sources",
            Self::KeyExhausted => "the key is exhausted",
            Self::NoKey => "there is no key yet",
        })
    }
}

impl std::error::Error for PacketError {}

/// Protects packets in place, without allocating.
pub trait Sealer: Send {
    /// Bytes that the methods below add at most.
    fn overhead(&self) -> Overhead;

    /// Seals the RTP packet in `buffer[..length]` and returns its new length.
    ///
    /// # Errors
    /// See [`PacketError`]; the packet must then not be sent.
    fn seal_rtp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, PacketError>;

    /// Seals the compound RTCP packet in `buffer[..length]` and returns its new length.
    ///
    /// # Errors
    /// See [`PacketError`]; the packet must then not be sent.
    fn seal_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, PacketError>;
}

impl fmt::Debug for dyn Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer([redacted])")
    }
}

/// Checks and opens packets in place, without allocating.
pub trait Opener: Send {
    /// Opens the packet in `packet` and returns the length of the RTP packet at its start.
    ///
    /// # Errors
    /// See [`PacketError`]; the packet is to be dropped and counted.
    fn open_rtp(&mut self, packet: &mut [u8]) -> Result<usize, PacketError>;

    /// Opens the packet in `packet` and returns the length of the RTCP packet at its start.
    ///
    /// # Errors
    /// See [`PacketError`]; the packet is to be dropped and counted.
    fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, PacketError>;
}

impl fmt::Debug for dyn Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener([redacted])")
    }
}
