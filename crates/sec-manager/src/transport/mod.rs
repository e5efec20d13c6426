//! Trust in TLS connections: what the network layer asks through [`ssa::TransportSecurity`].
//!
//! The handshake has shown that the peer holds the key of its certificate. Here it is decided whether
//! that certificate was issued, for the time being and for this use, by an authority that is trusted
//! (RFC 5280 §6), and whether it is for the domain that was asked for (RFC 5922 §7.1–7.3). A common
//! name counts for nothing, and a wildcard matches nothing (case X01). Revocation is not looked up.

mod identities;
mod path;
#[cfg(test)]
mod tests;
mod trust;
mod words;

pub use trust::{NotACertificate, TlsTrust};
