//! The SIP core: messages, transactions, dialogs and the SIP manager, sans-IO.
//!
//! ```text
//!   octets ──▶ Message::parse / StreamFramer ──▶ validate ──▶ manager: transactions, dialogs, calls
//!                │                                 │              │ ▲
//!                └ one buffer, offsets             └ the status   │ │ messages, commands, verdicts
//!                                                    that is owed │ │
//!   driver (feature): sockets, timers, security manager ◀─actions─┘ └── application
//! ```
//!
//! The parts can be used one by one: a parser, the [`transaction`] machines, the [`manager`] with
//! a loop of one's own, or the `driver` over any runtime and network.
//!
//! It is *not*: a socket, a clock, a source of randomness, a runtime, an authentication scheme or
//! an SDP parser. Time and random bytes are arguments; `Authorization` is a scheme and raw bytes;
//! security decisions are asked for through [`ssa`].
//!
//! ```
//! use sip_core::{Capabilities, Limits, Message, Verdict, validate};
//!
//! let datagram = b"OPTIONS sip:bob@example.net SIP/2.0\r\n\
//!     Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK77ef\r\n\
//!     From: <sip:alice@example.net>;tag=1928301774\r\n\
//!     To: <sip:bob@example.net>\r\n\
//!     Call-ID: a84b4c76e66710\r\n\
//!     CSeq: 1 OPTIONS\r\n\
//!     Max-Forwards: 70\r\n\
//!     Content-Length: 0\r\n\r\n";
//! let message = Message::parse(datagram[..].into(), &Limits::default())?;
//! assert_eq!(validate(&message, &Capabilities::default()), Verdict::Valid);
//! assert_eq!(message.top_via()?.branch(), Some(&b"z9hG4bK77ef"[..]));
//! assert_eq!(message.from()?.tag(), Some(&b"1928301774"[..]));
//! # Ok::<(), sip_core::ParseError>(())
//! ```

mod builder;
mod content;
pub mod dialog;
#[cfg(feature = "driver")]
pub mod driver;
mod fault;
mod fields;
mod framing;
mod head;
mod headers;
mod identity;
pub mod inspect;
mod limits;
pub mod locate;
pub mod manager;
mod message;
mod method;
mod methods;
mod name;
pub mod packages;
mod places;
mod start_line;
mod status;
mod stun;
pub mod transaction;
mod typed;
mod validate;
mod view;

pub use builder::{RequestBuilder, ResponseBuilder};
pub use fault::{Fault, FaultKind};
pub use fields::{FieldError, Fields, Payload};
pub use framing::{FrameError, Framed, StreamFramer};
pub use headers::{
    AssertedIdentity, AuthValue, CSeq, CallId, Contact, ContentDisposition, ContentType, Date,
    HeaderName, InfoUri, NameAddr, Reason, Via, delta_seconds,
};
pub use identity::Identity;
pub use limits::Limits;
pub use message::Message;
pub use method::Method;
pub use sip_syntax::{
    Expected, Host, Param, Params, ParseError, Scheme, Text, Uri, UriHeaders, UriParams,
};
pub use status::StatusCode;
pub use validate::{Capabilities, Verdict, validate, validate_within};
