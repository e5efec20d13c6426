//! The challenges of registrars and proxies: which are answered, for which of our accounts, and what
//! the answer has shown. RFC 3261 §22.2, §22.3.
//!
//! Whose challenge is answered, how often, and what goes along is the same whatever scheme asks.
//! What a challenge says is its [`Client`](super::client::Client)'s, and what answers it stands in
//! [`super::given`].

mod answered;
mod plan;
