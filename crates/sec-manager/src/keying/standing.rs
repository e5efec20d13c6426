//! What a call's media may be, as far as policy, proof and way of its messages say.

use ssa::Transport;
use ssm::Refused;
use sst::{Requirement, Secrecy};

/// What a call's media are judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// The proofs of which the call requires one.
    pub(crate) require: Requirement,
    /// Whether the peer has given it.
    pub(crate) authenticated: bool,
    /// What the body at hand travels in.
    pub(crate) carried: Carried,
    /// Without which secrecy of its keys no media flow.
    pub(crate) secrecy: Secrecy,
    /// Whether media may be keyed by a handshake of their own.
    pub(crate) by_dtls: Allowed,
    /// Whether media may be keyed by SDES where messages go over TLS.
    pub(crate) by_sdes: Allowed,
}

/// Who can read a body on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carried {
    /// Anybody.
    Clear,
    /// The SIP servers on the way: its hop is TLS.
    Tls,
    /// The peer alone, who has signed it: it is encrypted itself.
    Sealed,
}

impl Carried {
    /// What a body that is not encrypted itself travels in.
    pub(crate) const fn over(transport: Transport) -> Self {
        if transport.is_secure() { Self::Tls } else { Self::Clear }
    }
}

/// Whether a call's media may be keyed in a way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Allowed {
    /// No.
    #[default]
    No,
    /// Where the peer offers it.
    Taken,
    /// It is offered, too, where nothing better is.
    Offered,
}

impl Allowed {
    /// As a call offers it, and as policy takes it.
    pub(crate) const fn new(offered: bool, taken: bool) -> Self {
        match (offered, taken) {
            (true, _) => Self::Offered,
            (false, true) => Self::Taken,
            (false, false) => Self::No,
        }
    }
}

impl Standing {
    /// Whether nothing less than SRTP under the peer's proof will do.
    pub(super) fn is_secured(self) -> bool {
        self.require == Requirement::PGP
    }

    /// Whether media in the clear will do.
    pub(super) fn may_be_plain(self) -> bool {
        !self.is_secured() && matches!(self.secrecy, Secrecy::None)
    }

    /// Whether keys of a handshake are as good as policy demands: they are gone with the call, and a
    /// quantum computer could compute them.
    pub(super) fn may_be_by_dtls(self) -> Result<(), Refused> {
        match self.by_dtls {
            Allowed::No => Err(Refused::ByDtls),
            Allowed::Taken | Allowed::Offered if self.secrecy > Secrecy::Forward => {
                Err(Refused::Secrecy)
            }
            Allowed::Taken | Allowed::Offered => Ok(()),
        }
    }

    /// Whether the body at hand may hold keys. M06: in the clear it never may, and over TLS, where each
    /// server on the way reads them, not in a call that the peer must sign.
    pub(super) fn may_carry_keys(self) -> bool {
        match self.carried {
            Carried::Clear => false,
            Carried::Tls => self.by_sdes != Allowed::No && !self.is_secured(),
            Carried::Sealed => true,
        }
    }

    /// S07: no media before the proof that the policy asks for.
    pub(super) const fn may_flow(self) -> bool {
        self.authenticated || self.require.is_nothing()
    }
}
