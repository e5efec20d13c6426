//! Keys of a DTLS handshake on the media path. RFC 5763, RFC 5764, RFC 8122, RFC 8842.
//!
//! ```text
//!   offer: actpass, fingerprint, tls-id ──▶
//!                   ◀── answer: active or passive, fingerprint, tls-id      said
//!                             │ the same as before? ──▶ Guard::Kept         lines
//!                             ▼
//!   ClientHello … Finished, on the path of the media                        handshake, machine
//!        the certificate must be the one that the fingerprint names
//! ```
//!
//! A fingerprint is worth what protects the description that it stands in: under OpenPGP it is the
//! peer's own; else whoever can change a description on its way can put in another.

mod certificate;
mod fingerprint;
mod handshake;
mod lines;
mod machine;
mod said;
#[cfg(test)]
mod tests;

pub(super) use lines::Dtls;
