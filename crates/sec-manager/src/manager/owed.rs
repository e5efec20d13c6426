//! What a request owes: which proofs of its sender will do, and which it need not bring itself.

use super::record::Record;
use super::{Inner, Shared};
use crate::aor::Aor;
use crate::pgp;
use crate::policy::{Hop, Policy};
use sip_syntax::auth::of_scheme;
use ssa::{Arrival, CallRef, InDialog, Request};
use sst::{Denied, Means, Requirement};
use std::net::IpAddr;
use std::time::Instant;

/// `Authorization` fields that are looked at.
const LOOKED_AT: usize = 8;

/// The values of a request's `Authorization` fields, as many as are looked at.
pub(crate) fn authorizations<'a>(request: &Request<'a>) -> impl Iterator<Item = &'a [u8]> {
    let headers = request.headers;
    (0..LOOKED_AT).map_while(move |nth| headers.value("Authorization", nth))
}

/// What a request owes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owed {
    /// Nothing.
    Nothing,
    /// Nothing that it had to bring: the server of this domain has brought it over TLS.
    NothingMore {
        /// The domain, which the request claims to be of.
        name: String,
    },
    /// One of these proofs, and one of them at least can be asked for.
    OneOf(Requirement),
}

impl Shared {
    /// What a request owes.
    ///
    /// # Errors
    /// Why nobody could give it.
    pub(super) fn owed<'a>(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>, policy: &Policy,
        from: impl FnOnce() -> Option<&'a Aor>,
    ) -> Result<Owed, Denied> {
        let inner = self.lock();
        if arrival.in_dialog != InDialog::No {
            return inner.owed_in_dialog(call, arrival, request, policy, from);
        }
        let (from, account) = (from(), inner.vouching(arrival, request));
        let required = policy.required_of_caller(from, account.map(String::as_str));
        if required.accepts(Means::TlsName) && !self.is_to_be_signed(required, request) {
            let domain = from.map(Aor::as_contact);
            let domain = domain.as_ref().and_then(Aor::domain);
            if let Some(name) = domain.filter(|name| inner.is_certified(name, arrival)) {
                return Ok(Owed::NothingMore { name: name.to_owned() });
            }
        }
        let vouched = account.is_some() && required.accepts(Means::Digest);
        match required.is_nothing() {
            // D08: what reaches the user without being asked comes from somebody who proved it.
            true if comes_unasked(arrival, request) => {
                match self.provable(&inner, request, (from, account.is_some())) {
                    proofs if !proofs.is_nothing() => Ok(Owed::OneOf(proofs)),
                    _ if account.is_some() => Ok(Owed::Nothing),
                    _ => Err(Denied::OfAnother),
                }
            }
            true => Ok(Owed::Nothing),
            false if vouched => Ok(Owed::Nothing),
            false if required.without(Means::TlsName) == Requirement::IMPOSSIBLE => {
                Err(Denied::NotCertified)
            }
            false => Ok(Owed::OneOf(required)),
        }
    }

    /// Which proofs can be asked for with what comes unasked: a signature of whoever subscribes under an
    /// address whose key is pinned, and a password of whom no registrar vouches for.
    fn provable(
        &self, inner: &Inner, request: &Request<'_>, (from, vouched): (Option<&Aor>, bool),
    ) -> Requirement {
        let signs = || from.is_some_and(|from| inner.pins.of(from).is_some());
        let signed = request.method == "SUBSCRIBE" && self.jobs.is_some() && signs();
        let proofs = if signed { Requirement::PGP } else { Requirement::NOTHING };
        if self.digest.is_some() && !vouched { proofs.or(Means::Digest) } else { proofs }
    }

    /// Whether a request of somebody of whom a signature will do is there to be signed. A call to
    /// whom one is required begins without a body (T17), and waits to be challenged.
    fn is_to_be_signed(&self, required: Requirement, request: &Request<'_>) -> bool {
        let mut given = authorizations(request);
        self.jobs.is_some()
            && required.accepts(Means::Pgp)
            && (request.method == "INVITE" && request.body.is_empty()
                || given.any(|value| of_scheme(value, pgp::SCHEME).is_some()))
    }
}

impl Inner {
    /// What a request within a dialog owes.
    fn owed_in_dialog<'a>(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>, policy: &Policy,
        from: impl FnOnce() -> Option<&'a Aor>,
    ) -> Result<Owed, Denied> {
        let record = self.records.get(call.0);
        let came_as_it_does = self.came_as_it_does(record, arrival, request);
        let required = match record {
            Some(record) if !record.tells => record.require,
            // D07: who is subscribed to is no caller. It tells what was asked for, and cannot sign.
            _ if came_as_it_does && request.method == "NOTIFY" => Requirement::NOTHING,
            _ => match policy.required_of_caller(from(), None) {
                signed if signed.accepts(Means::Pgp) && !signed.accepts(Means::Digest) => {
                    Requirement::PGP
                }
                other => other,
            },
        };
        if required == Requirement::PGP {
            return Ok(Owed::OneOf(required));
        }
        match arrival.in_dialog {
            // D03: within a dialog that needed no signature, the dialog's identifiers suffice.
            _ if came_as_it_does => Ok(Owed::Nothing),
            // It ends the call and moves nothing.
            InDialog::FromElsewhere if request.method == "BYE" => Ok(Owed::Nothing),
            // D04: what may move the media or the target must come from who began the call. Where
            // that one has proved nothing, no proof could show it.
            InDialog::No | InDialog::FromPeer | InDialog::FromElsewhere | InDialog::OffItsTls => {
                let proved = record.is_some_and(|record| record.digest.verified.is_some());
                let owed = proved.then_some(Owed::OneOf(Requirement::DIGEST));
                owed.ok_or(Denied::OfAnother)
            }
        }
    }

    /// Whether the other end of a hop has shown a certificate for this domain. Of a response the stack
    /// says so; a request comes over a connection that we opened only where an account is registered
    /// over it, with a registrar of that name.
    pub(super) fn is_certified(&self, domain: &str, arrival: &Arrival<'_>) -> bool {
        let opened = |account: &str| self.policy.is_of_registrar(account, domain);
        let flow = Some(arrival.flow.0);
        Hop::of(arrival).is_certified(domain)
            || arrival.transport.is_secure()
                && self.flows.iter().any(|(account, at)| at.flow == flow && opened(account))
    }

    /// D07: where all that comes is to be encrypted, what a subscription of ours tells is not. Until
    /// it is abandoned.
    pub(super) fn expect_in_the_clear(&mut self, call: CallRef, now: Instant) {
        if self.policy.lets_in_unproved() || self.records.get(call.0).is_some() {
            return;
        }
        if let Some(record) = self.records.enter(call.0, now) {
            record.tells = true;
        }
    }

    /// The account whose registered flow a request came over.
    pub(super) fn vouching(&self, arrival: &Arrival<'_>, request: &Request<'_>) -> Option<&String> {
        let flow = self.flows.iter().find(|(_, flow)| admits(flow, arrival, request));
        flow.map(|(account, _)| account)
    }

    /// Whether a request came as its dialog does. D03: also from the registrar that the call came
    /// through, over a connection that took the place of the dialog's: it was opened for the same name.
    pub(super) fn came_as_it_does(
        &self, record: Option<&Record>, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> bool {
        match arrival.in_dialog {
            InDialog::No | InDialog::FromElsewhere => false,
            InDialog::FromPeer => true,
            InDialog::OffItsTls => self.came_back(record, arrival, request),
        }
    }

    /// Whether a request came over TLS from the registrar of an account that its call may have been
    /// set up through.
    fn came_back(
        &self, record: Option<&Record>, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> bool {
        let through = record.map(|record| record.through.as_slice()).unwrap_or_default();
        let account = self.vouching(arrival, request).filter(|_| arrival.transport.is_secure());
        account.is_some_and(|account| through.is_empty() || through.contains(account))
    }
}

/// Whether a request would begin a call.
pub(crate) fn opens_call(arrival: &Arrival<'_>, request: &Request<'_>) -> bool {
    arrival.in_dialog == InDialog::No && request.method == "INVITE"
}

/// Whether a request reaches the user, or is kept, without the user being asked.
pub(crate) fn comes_unasked(arrival: &Arrival<'_>, request: &Request<'_>) -> bool {
    let unasked =
        matches!(request.method, "MESSAGE" | "SUBSCRIBE" | "NOTIFY" | "PUBLISH" | "REFER");
    arrival.in_dialog == InDialog::No && unasked
}

/// Whether a request came over a registered flow: its connection, or over UDP the registrar's
/// address and the random user part of our Contact.
fn admits(flow: &sst::RegisteredFlow, arrival: &Arrival<'_>, request: &Request<'_>) -> bool {
    match flow.flow {
        Some(connection) => arrival.transport.is_reliable() && arrival.flow.0 == connection,
        None => {
            let registrar: IpAddr = flow.registrar.to_canonical();
            !arrival.transport.is_reliable()
                && arrival.source.ip().to_canonical() == registrar
                && user_part(request.uri) == Some(flow.contact_user.as_bytes())
        }
    }
}

/// The user part of a SIP URI.
fn user_part(uri: &[u8]) -> Option<&[u8]> {
    let colon = uri.iter().position(|octet| *octet == b':')?;
    let rest = uri.get(colon + 1..)?;
    rest.get(..rest.iter().position(|octet| *octet == b'@')?)
}
