//! How a challenge is answered: `got_401_unauthorized`, `encrypt`, `authorize`, and the request
//! leaves again. RFC 3261 §8.1.3.5, §22.2.

use super::draft::{Proven, Sequence};
use super::exchange::{Outcome, Signing, State, Step};
use super::table::{Requests, why};
use crate::Message;
use crate::manager::consult::Verdict;
use crate::manager::dialogs::Dialogs;
use crate::manager::event::Cause;
use crate::manager::io::Io;
use crate::manager::slab::Key;
use ssa::{Authorized, BodyVerdict, Field, Plan, Required, Why};

impl Requests {
    /// Goes on with a challenge that is being answered.
    pub(super) fn authorize(
        &mut self, io: &mut Io<'_>, dialogs: &mut Dialogs, key: Key, step: Step, verdict: Verdict,
    ) {
        match (step, verdict) {
            (
                Step::Challenged(_),
                Verdict::Required(Required::SendWwwAuthenticate { plan, reserve }),
            ) => self.plan(io, dialogs, key, plan, reserve),
            (Step::Challenged(answer), Verdict::Required(Required::GiveUp(why))) => {
                self.give_up(io, key, why, Some(answer.response));
            }
            (Step::Encrypting { plan, reserve }, Verdict::Body(BodyVerdict::Body(body))) => {
                if let Some(exchange) = self.table.get_mut(key) {
                    exchange.draft.body = body;
                }
                self.sign(io, key, plan, reserve);
            }
            (Step::Encrypting { .. }, Verdict::Body(BodyVerdict::Refused(refusal))) => {
                self.give_up(io, key, why(&refusal), None);
            }
            (Step::Signing(signing), Verdict::Authorized(Authorized::Fields(fields))) => {
                self.on_signed(io, key, &signing, fields);
            }
            // Nobody has challenged it: it leaves without.
            (Step::Signing(signing), _) if !signing.is_challenged => self.send(io, key),
            (Step::Signing(_), Verdict::Authorized(Authorized::GiveUp(why))) => {
                self.give_up(io, key, why, None);
            }
            // No answer, or one to another question: a refusal.
            (Step::Challenged(_) | Step::Encrypting { .. } | Step::Signing(_), _) => {
                self.give_up(io, key, Why::ApplicationUnavailable, None);
            }
        }
    }

    /// The challenge is to be answered: a new request, with the original body. RFC 3261 §8.1.3.5.
    fn plan(
        &mut self, io: &mut Io<'_>, dialogs: &mut Dialogs, key: Key, plan: Plan, reserve: usize,
    ) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        exchange.answered += 1;
        let draft = &mut exchange.draft;
        let counted = match draft.sequence {
            Sequence::OfDialog(dialog) => dialogs.next_cseq(dialog),
            Sequence::Own => None,
        };
        draft.cseq = counted.unwrap_or_else(|| draft.cseq.saturating_add(1));
        draft.credentials.clear();
        if exchange.has_body() {
            self.suspend(io, key, State::Authorizing(Step::Encrypting { plan, reserve }));
        } else {
            self.sign(io, key, plan, reserve);
        }
    }

    /// Has a request authorized that was challenged.
    fn sign(&mut self, io: &mut Io<'_>, key: Key, plan: Plan, reserve: usize) {
        match self.signing(io, key, plan, reserve) {
            Some(signing) => self.suspend(io, key, State::Authorizing(Step::Signing(signing))),
            None => self.finish(io, key, Outcome::Failed(Cause::Transport, None)),
        }
    }

    /// Has a request authorized as the accepted one before it was, where it goes the same way: that
    /// saves the challenge. Else it leaves without. RFC 7616 §3.4, §3.5.
    pub(super) fn sign_again(&mut self, io: &mut Io<'_>, key: Key, proven: Proven) {
        let signing = self.signing(io, key, proven.plan, proven.reserve);
        match signing.filter(|signing| proven.serves(&signing.hop)) {
            Some(mut signing) => {
                signing.is_challenged = false;
                self.suspend(io, key, State::Authorizing(Step::Signing(signing)));
            }
            None => self.send(io, key),
        }
    }

    /// The request as it will leave, but for the credentials.
    fn signing(
        &mut self, io: &mut Io<'_>, key: Key, plan: Plan, reserve: usize,
    ) -> Option<Box<Signing>> {
        let branch = io.random();
        let (hop, draft) = self.shape(io, key, reserve, branch)?;
        Some(Box::new(Signing { plan, reserve, hop, branch, draft, is_challenged: true }))
    }

    /// The credentials are there: the request leaves.
    fn on_signed(&mut self, io: &mut Io<'_>, key: Key, signing: &Signing, fields: Vec<Field>) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        let Signing { plan, reserve, hop, branch, .. } = *signing;
        exchange.draft.credentials = fields;
        let (transport, remote) = (hop.transport, hop.remote);
        exchange.proven = Some(Proven { plan, reserve, transport, remote });
        let octets = exchange.draft.octets(io.config.own(), &hop, branch);
        match Message::parse(octets, &io.config.limits) {
            Ok(request) => self.start(io, key, hop, branch, request),
            Err(_) => self.give_up(io, key, Why::ApplicationFailed, None),
        }
    }
}
