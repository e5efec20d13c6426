//! What this stack serves: one row a method. Allow, 405, 481 and the answer to OPTIONS come from
//! here.

use crate::Method;

/// What a method is to this stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served {
    pub(crate) method: Method<'static>,
    /// What becomes of it outside a dialog.
    pub(crate) outside: Place,
    /// What becomes of it in a dialog.
    pub(crate) inside: Place,
    /// Whether its body, and that of its 2xx, pass the security manager: even an empty one, which
    /// may be an offer withheld or to be filled in.
    pub(crate) is_protected: bool,
    /// Content types that it may carry beside those of all.
    pub(crate) content: &'static [&'static str],
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It belongs to the transaction of an INVITE, or to its 2xx.
    Transaction,
    /// It is answered with what we can do, and forgotten. RFC 3261 §11.2.
    Capabilities,
    /// It is for a dialog usage of this kind, or makes one.
    Usage(Kind),
    /// There is nothing that it could be about: 481. RFC 3261 §12.2.2.
    Nowhere,
}

/// Kinds of what a request can be for. RFC 5057 §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The INVITE usage: a call.
    Invite,
    /// Nothing beyond itself.
    Single,
    /// Somebody who tells a peer what it subscribed to, or how it goes on with what its REFER asked
    /// for.
    Notifier,
    /// Somebody who is told.
    Subscription,
}

const fn row(method: Method<'static>, outside: Place, inside: Place, is_protected: bool) -> Served {
    Served { method, outside, inside, is_protected, content: &[] }
}

/// The methods, in the order that Allow names them in.
pub(crate) const SERVED: &[Served] = {
    use Place::{Capabilities, Nowhere, Transaction, Usage};
    &[
        row(Method::INVITE, Usage(Kind::Invite), Usage(Kind::Invite), true),
        row(Method::ACK, Transaction, Transaction, false),
        row(Method::CANCEL, Transaction, Transaction, false),
        row(Method::BYE, Nowhere, Usage(Kind::Invite), false),
        row(Method::PRACK, Nowhere, Usage(Kind::Invite), false),
        row(Method::UPDATE, Nowhere, Usage(Kind::Invite), true),
        row(Method::OPTIONS, Capabilities, Capabilities, false),
        // RFC 3428 §7: text/plain must be taken.
        row(Method::MESSAGE, Usage(Kind::Single), Usage(Kind::Single), true)
            .carrying(&["text/plain"]),
        // RFC 6086 §4.2: it belongs to a dialog.
        row(Method::INFO, Nowhere, Usage(Kind::Single), true)
            .carrying(&["application/dtmf-relay", "application/dtmf"]),
        // Outside a dialog only where the application takes it: Config::referrals.
        row(Method::REFER, Usage(Kind::Notifier), Usage(Kind::Notifier), false),
        // Where there is an event package: Capabilities::events.
        row(Method::SUBSCRIBE, Usage(Kind::Notifier), Usage(Kind::Notifier), false),
        // Case D07: what nobody subscribed to.
        row(Method::NOTIFY, Nowhere, Usage(Kind::Subscription), true)
            .carrying(&["message/sipfrag"]),
    ]
};

impl Served {
    const fn carrying(self, content: &'static [&'static str]) -> Self {
        Self { content, ..self }
    }

    /// Whether it may carry whatever was asked for.
    pub(crate) const fn takes_any(&self) -> bool {
        matches!(self.inside, Place::Usage(Kind::Subscription))
    }

    /// Whether an application may send it by itself: in a dialog, or outside one.
    pub(crate) fn stands_alone(&self, in_dialog: bool) -> bool {
        let place = if in_dialog { self.inside } else { self.outside };
        matches!(place, Place::Capabilities | Place::Usage(Kind::Single))
    }
}

/// The row of a method; `None` where it is not served.
pub(crate) fn served(method: &[u8]) -> Option<&'static Served> {
    SERVED.iter().find(|row| row.method.as_bytes() == method)
}
