//! The callee's signed 2xx, as the caller checks it.

use crate::cs1::{Fields, Role};
use crate::keying::Names;
use crate::manager::Shared;
use crate::manager::record::{MOVED, REROUTED};
use crate::pgp::signed::signed_with;
use crate::pgp::{
    CHECKING, Credentials, GRACE, Jobs, Refused, fresh, is_rerouted, judge, question, unix_seconds,
};
use crate::scheme::pgp::exchange::Exchange;
use sma::{Error, Fingerprint, ToVerify};
use ssa::{Answer, CallRef, Incoming, Request, Response, Why};
use sst::{Call, Mismatch, Proof, Trust};
use std::sync::Arc;

impl Shared {
    /// Whether a 2xx to a signed request carries its callee's signature.
    pub(crate) fn pgp_response(
        self: &Arc<Self>, call: CallRef, jobs: Jobs, exchange: Exchange, response: &Response<'_>,
        sent: &Request<'_>,
    ) -> Answer<Incoming> {
        let signers = self.signers(call, &exchange);
        let prepared = statement(&signers, response, sent);
        let Prepared { question, date, nonce, contact } = match prepared {
            Ok(prepared) => prepared,
            Err(why) => return Answer::Ready(Incoming::AckThenBye(why)),
        };
        let rerouted = is_rerouted(response.headers, &contact);
        let names = Names::of(sent, response);
        let shared = Arc::clone(self);
        let future = Box::pin(async move {
            let report = match jobs.verify(None, question.clone()).await {
                Ok(report) => report,
                Err(Error::NoSuchKey | Error::Malformed | Error::TooLarge) => {
                    return Incoming::AckThenBye(Why::ProofInvalid);
                }
                Err(error) => return Incoming::AckThenBye(super::client::why(error)),
            };
            let now = shared.platform.unix_time();
            let judged = judge(&report, &question, Role::Uas, now);
            match judged.and_then(|_| fresh(date, now.as_secs())) {
                Ok(()) => {
                    let exchange = Exchange { peer: question.signer, ..exchange };
                    shared.pgp_answered(call, Answered { exchange, nonce, rerouted, names })
                }
                Err(Refused::Stale { ahead }) => {
                    shared.application.mismatch(Call(call.0), Mismatch::Clock(ahead));
                    Incoming::AckThenBye(Why::ProofInvalid)
                }
                Err(Refused::Expired | Refused::Revoked) => {
                    let fingerprint = question.signer.as_str().to_owned();
                    let mismatch = Mismatch::Key { fingerprint, own: false };
                    shared.application.mismatch(Call(call.0), mismatch);
                    Incoming::AckThenBye(Why::ProofInvalid)
                }
                Err(Refused::Invalid) => Incoming::AckThenBye(Why::ProofInvalid),
            }
        });
        Answer::Pending { within: CHECKING + GRACE, future }
    }

    /// Whose signature an answer may have: of the key that the call is with or, before the peer has
    /// proved anything, of the one that the user has named as its next.
    fn signers(&self, call: CallRef, exchange: &Exchange) -> Vec<Fingerprint> {
        let inner = self.lock();
        let is_proved = inner.records.get(call.0).is_some_and(|record| record.authenticated);
        let next = inner.pins.next(&exchange.to, &exchange.peer).filter(|_| !is_proved);
        std::iter::once(&exchange.peer).chain(next).cloned().collect()
    }

    fn pgp_answered(&self, call: CallRef, answered: Answered) -> Incoming {
        let Answered { exchange, nonce, rerouted, names } = answered;
        let mut guard = self.lock();
        let inner = &mut *guard;
        let Some(record) = inner.records.get_mut(call.0) else {
            return Incoming::Discard;
        };
        // Meanwhile another answer may have said which key the call is with.
        if record.authenticated && record.pgp.peer().is_some_and(|peer| *peer != exchange.peer) {
            return Incoming::AckThenBye(Why::ProofInvalid);
        }
        if inner.pins.moved(&exchange.to, &exchange.peer) {
            record.note(MOVED);
        }
        record.authenticated = true;
        record.plan = None;
        record.tries.clear();
        record.media.named(names);
        if rerouted {
            record.note(REROUTED);
        }
        record.assurance.proof = Proof::Pgp {
            aor: exchange.to.as_str().to_owned(),
            fingerprint: exchange.peer.as_str().to_owned(),
            trust: Trust::Pinned,
        };
        // The answer's body is bound to the one challenge that its sender made.
        record.pgp.sent = Some(Exchange { nonces: vec![nonce], ..exchange });
        drop(guard);
        self.tell_assurance(call.0);
        Incoming::Accept
    }
}

/// What a callee has signed.
struct Answered {
    exchange: Exchange,
    /// Of the one challenge that it made.
    nonce: Vec<u8>,
    rerouted: bool,
    names: Option<Names>,
}

/// What must have been signed, and by whom, and what is judged beside it.
struct Prepared {
    question: ToVerify,
    /// The response's Date, in Unix seconds.
    date: u64,
    nonce: Vec<u8>,
    contact: Vec<u8>,
}

/// Reads the callee's proof. G28: missing, swapped, or of another call.
fn statement(
    signers: &[Fingerprint], response: &Response<'_>, sent: &Request<'_>,
) -> Result<Prepared, Why> {
    let value = response.headers.value("PGP-Signature", 0).ok_or(Why::ProofMissing)?;
    let proof = Credentials::parse(value).ok().flatten().ok_or(Why::ProofInvalid)?;
    if !signers.contains(&proof.signer) || response.headers.value("PGP-Signature", 1).is_some() {
        return Err(Why::ProofInvalid);
    }
    let asked = signed_with(sent, &[proof.nonce.to_vec()]).ok_or(Why::OtherCall)?;
    let request = Fields::of_request(sent, &asked.parameters()).map_err(|_| Why::ProofInvalid)?;
    let answer =
        request.of_response(response, &proof.parameters()).map_err(|_| Why::ProofInvalid)?;
    let question = question(&proof.signer, answer.octets(), &proof.signature);
    Ok(Prepared {
        question: question.map_err(|_| Why::ProofInvalid)?,
        date: unix_seconds(&answer.date).ok_or(Why::ProofInvalid)?,
        nonce: proof.nonce.to_vec(),
        contact: proof.contact.to_vec(),
    })
}
