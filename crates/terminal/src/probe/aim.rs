//! What is asked, of whom, and as whom.

use sec_manager::digest::Asked;
use sip_core::Method;
use sst::Password;

/// The requests of a probe, and whose they are.
pub(crate) struct Aim {
    /// REGISTER asks what is registered, and changes nothing.
    pub(crate) method: Method<'static>,
    /// The Request-URI.
    pub(crate) uri: String,
    /// From, and To of a REGISTER.
    pub(crate) aor: String,
    /// The user's name, as the server's realm has it.
    pub(crate) user: String,
    /// The user's password.
    pub(crate) password: Password,
}

impl Aim {
    /// The body of a request that needs none to be understood: a MESSAGE says something.
    pub(super) fn body(&self) -> &'static [u8] {
        if self.method == Method::MESSAGE { b"This tests how you authenticate." } else { b"" }
    }

    /// What a response covers.
    pub(super) fn asked(&self) -> Asked<'static> {
        Asked { method: self.method.as_str(), body: self.body() }
    }

    /// To, without a tag. RFC 3261 §10.2: a REGISTER's is the address of record.
    pub(super) fn to(&self) -> &str {
        if self.method == Method::REGISTER { &self.aor } else { &self.uri }
    }
}
