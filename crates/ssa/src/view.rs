//! What crosses SSA of a message: views that the stack implements over its own types.

use std::{fmt, net::SocketAddr};

/// A keyed hash of Call-ID and From tag, so that nothing is stored before a 401.
///
/// Both ends of the interface use it to name a call; it never goes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallRef(pub u64);

/// A connection, or a UDP socket with one remote address; unique as long as the network lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(pub u64);

/// The transport protocol of a hop. RFC 3261 §18, RFC 7118.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// WebSocket.
    Ws,
    /// WebSocket over TLS.
    Wss,
}

impl Transport {
    /// Whether the transport retransmits by itself. RFC 3261 §17.
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Self::Udp)
    }

    /// Whether the hop is encrypted.
    pub const fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }

    /// Whether it keeps messages apart by itself, and only whoever opened a connection is sure to be
    /// reached: over that connection. RFC 7118 §5.
    pub const fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }

    /// The port that is meant where none is said. RFC 3261 §19.1.2, RFC 7118 §5.5.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }

    /// The name in a Via, for example `UDP`. RFC 3261 §20.42.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
        }
    }
}

/// The header fields of a message, as the stack holds them.
pub trait Headers {
    /// The raw value of the `nth` (from 0) header field named `name`, or `None`.
    ///
    /// `name` is the long form in any case; compact forms are found under it. A value is what
    /// stands between colon and line end, trimmed, folding kept; a comma-separated list in one
    /// row is one value.
    fn value(&self, name: &str, nth: usize) -> Option<&[u8]>;

    /// The `nth` (from 0) header field of the message in the order in which they stand: its name, in
    /// the long form as its RFC spells it where the stack knows it, and its value as above. `None`
    /// behind the last, and for all of them from a stack that keeps no order: what is signed by it is
    /// refused there.
    fn field(&self, _nth: usize) -> Option<(&str, &[u8])> {
        None
    }
}

/// One side of a dialog, as From or To name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party<'a> {
    /// The URI (addr-spec), without display name, angle brackets and header parameters.
    pub uri: &'a [u8],
    /// The `tag` parameter.
    pub tag: Option<&'a [u8]>,
}

/// A request, borrowed from the stack.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method, in its own case.
    pub method: &'a str,
    /// The Request-URI as it stands in the start line.
    pub uri: &'a [u8],
    /// Call-ID.
    pub call_id: &'a [u8],
    /// The number of CSeq, below 2³¹.
    pub cseq: u32,
    /// From.
    pub from: Party<'a>,
    /// To.
    pub to: Party<'a>,
    /// All header fields.
    pub headers: &'a dyn Headers,
    /// The body, `Content-Length` octets of it.
    pub body: &'a [u8],
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.uri.escape_ascii())
    }
}

/// A response, borrowed from the stack.
#[derive(Clone, Copy)]
pub struct Response<'a> {
    /// Status code, 100–699.
    pub status: u16,
    /// The method of CSeq.
    pub method: &'a str,
    /// Call-ID.
    pub call_id: &'a [u8],
    /// The number of CSeq, below 2³¹.
    pub cseq: u32,
    /// From.
    pub from: Party<'a>,
    /// To.
    pub to: Party<'a>,
    /// All header fields.
    pub headers: &'a dyn Headers,
    /// The body.
    pub body: &'a [u8],
}

impl fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.status, self.method)
    }
}

/// How a message arrived.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The packet's source address, not what Via claims.
    pub source: SocketAddr,
    /// The transport.
    pub transport: Transport,
    /// The flow.
    pub flow: FlowId,
    /// The top Via's `branch`, empty where it has none.
    pub branch: &'a [u8],
    /// Octets of the message: what is sent back unasked over UDP must not be many times as large.
    pub octets: usize,
    /// Whether the request belongs to a dialog that the stack holds.
    pub in_dialog: InDialog,
    /// Of a response over TLS: whom the connection that its request went over was opened for.
    pub certified: Certified<'a>,
}

/// For whom a connection was opened, and whose certificate its other end has therefore shown: one
/// that [`TransportSecurity`](crate::TransportSecurity) took for theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certified<'a> {
    /// Nobody: there is no TLS, the peer opened it, or it is not known any more.
    Nobody,
    /// The address that the message came from.
    Source,
    /// This host name.
    Name(&'a str),
}

/// Whether a request belongs to a dialog, and whether it came as the dialog's requests do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InDialog {
    /// It is outside of every dialog.
    No,
    /// It came over the dialog's connection, or from an address that the dialog's messages came
    /// from, or that ours go to. The port does not count: NATs and new connections change it.
    FromPeer,
    /// It came from elsewhere: its sender has shown that it knows the dialog's identifiers.
    FromElsewhere,
    /// The dialog is over TLS, and it did not come over its connection: its sender has shown that it
    /// knows the identifiers, and not that it is who was connected to.
    OffItsTls,
}
