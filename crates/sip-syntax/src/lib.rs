//! **sip-syntax**: the basic rules of RFC 3261 §25.1 that a SIP stack and its security manager must
//! read alike.
//!
//! ```text
//!   sip-core ───┐                        ┌─── sec-manager
//!   messages    └──▶   sip-syntax   ◀────┘    challenges, credentials, what is signed
//!                octets ──▶ Cursor ──▶ token · quoted string · parameters · list · date
//!                                      host · URI · AOR · name-addr · auth-params
//! ```
//!
//! Where two readers of one header field disagree, the one that decides can be shown another value
//! than the one that acts. So there is one reader of everything that crosses SSA as octets: what
//! the manager judges is what the stack routes by.
//!
//! Everything is borrowed from its input: the crate is `no_std` and has no allocator, so no input
//! makes it allocate. A [`Cursor`] walks a value by the rules; typed values are made of its moves;
//! escapes are undone piece by piece ([`Text`]). Input that does not have its form is a
//! [`ParseError`], which says where and what was expected; none panics.
//!
//! What it is *not*: messages, header tables, limits, policy.
//!
//! ```
//! use sip_syntax::{Expected, NameAddr, Uri};
//!
//! let contact = NameAddr::parse(br#""<sip:alice@example.org>" <sip:bob@example.net>;q=0.5"#)?;
//! assert_eq!(contact.uri(), Uri::parse(b"sip:bob@example.net")?);
//! assert_eq!(contact.params().value("q"), Some(&b"0.5"[..]));
//!
//! let error = NameAddr::parse(b"<sip:bob@example.net").unwrap_err();
//! assert_eq!((error.at, error.expected), (20, Expected::Octet(b'>')));
//! # Ok::<(), sip_syntax::ParseError>(())
//! ```
#![cfg_attr(not(test), no_std)]
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

pub mod aor;
pub mod auth;
mod block;
pub mod class;
mod content;
mod cursor;
mod date;
mod error;
pub mod hex;
mod host;
mod list;
pub mod multipart;
mod name_addr;
mod params;
mod quoted;
mod uri;

pub use block::block;
pub use content::{ContentDisposition, ContentType};
pub use cursor::{Cursor, decimal};
pub use date::Date;
pub use error::{Expected, ParseError};
pub use host::Host;
pub use list::List;
pub use name_addr::NameAddr;
pub use params::{Param, Params};
pub use quoted::{Escape, Parts, Text};
pub use uri::{Scheme, Uri, UriHeaders, UriParams, unescaped};
