//! What the telephony application tells the manager: each command goes to its usage.

use super::config::{NextHop, RegisterConfig};
use super::core::SipManager;
use super::event::{CallId, Prepared, RegistrationId, RequestId};
use super::io::Io;
use super::misuse::Misuse;
use super::readings::Of;
use super::requests::{Draft, Way};
use super::slab::Key;
use super::target::Target;
use super::usages::{Cx, InviteUsage, OneKind, Registration, Single, Usage};
use crate::{Fields, Method, Payload, methods};
use ssa::Body;
use std::time::Instant;

impl SipManager {
    /// Prepares a call, so that its name is known before its offer is made. Nothing is sent.
    ///
    /// `from` is a URI or a name-addr, `to` a URI. `next_hop`: where the INVITE goes first, if not
    /// where `to` points.
    ///
    /// # Errors
    /// What is no URI or cannot be reached; a full table of calls.
    pub fn prepare(
        &mut self, now: Instant, from: &str, to: &str, next_hop: Option<&NextHop>,
    ) -> Result<Prepared, Misuse> {
        if self.calls >= self.config.dialogs {
            return Err(Misuse::Full);
        }
        let call = InviteUsage::prepare(&mut self.io(now), &Way { from, to, next_hop })?;
        let usage = Usage::Invite(Box::new(call));
        let call = usage.name();
        Ok(Prepared { id: CallId(self.insert(now, usage)), call })
    }

    /// Adds header fields to the INVITE of a prepared call, in place of those added before.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn add_fields(&mut self, now: Instant, id: CallId, fields: Fields) -> Result<(), Misuse> {
        self.call(now, id, |call, _| call.add_fields(fields))
    }

    /// Sends the INVITE of a prepared call with this offer; an empty one leaves it to the callee to
    /// make one, which [`Event::Offered`](super::Event::Offered) brings.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn invite(&mut self, now: Instant, id: CallId, body: Body) -> Result<(), Misuse> {
        self.call(now, id, |call, cx| call.invite(cx, body))
    }

    /// Answers an offer of the peer's, which came where we had made none, within 16 s. The answer
    /// leaves in what acknowledges the offer, once the security manager has it; where it may not, as
    /// an empty one may not, the call ends. RFC 3261 §13.2.2.4, RFC 3262 §5.
    ///
    /// # Errors
    /// [`Misuse::Unknown`]; [`Misuse::WrongState`] where no offer waits.
    pub fn answer(&mut self, now: Instant, id: CallId, body: Body) -> Result<(), Misuse> {
        let answered = self.call(now, id, |call, cx| Ok((call.answer(cx, body)?, call.name())))?;
        if let (Some((cseq, over, body)), name) = answered {
            let io = &mut Io { now, config: &self.config, out: &mut self.outputs };
            self.readings.ask(io, (id.0, name), (Of::OurAck(cseq), over), body);
        }
        Ok(())
    }

    /// Tells the caller that the user is being alerted: 180 Ringing.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn ring(&mut self, now: Instant, id: CallId) -> Result<(), Misuse> {
        self.call(now, id, |call, cx| call.ring(cx))
    }

    /// Answers a call with 200 and this body.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn accept(&mut self, now: Instant, id: CallId, body: Body) -> Result<(), Misuse> {
        self.call(now, id, |call, cx| call.accept(cx, body))
    }

    /// Refuses a call, or a re-INVITE in a call, with a status of 300 to 699.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn reject(&mut self, now: Instant, id: CallId, status: u16) -> Result<(), Misuse> {
        self.call(now, id, |call, cx| call.reject(cx, status))
    }

    /// Refuses a call that the application cannot be told of: 503, and no event follows.
    pub fn reject_overloaded(&mut self, now: Instant, id: CallId) {
        // Gone already: there is nothing to refuse.
        let _ = self.call(now, id, |call, cx| {
            call.reject_overloaded(cx);
            Ok(())
        });
    }

    /// Ends a call: CANCEL, BYE, or 603, by its state. The application hears
    /// [`Event::Ended`](super::Event::Ended) at once; what is owed to the peer goes on.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn hang_up(&mut self, now: Instant, id: CallId) -> Result<(), Misuse> {
        self.hang_up_with(now, id, Fields::default())
    }

    /// The same, with these header fields in the BYE: its Reason tells the peer why (RFC 3326). A
    /// CANCEL and a 603 have none.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn hang_up_with(&mut self, now: Instant, id: CallId, fields: Fields) -> Result<(), Misuse> {
        self.call(now, id, |call, cx| {
            call.hang_up(cx, fields);
            Ok(())
        })
    }

    /// Ends a call that nobody is there for any more, in whatever state it is: as
    /// [`hang_up`](Self::hang_up), and with 480 where it came in and has no answer yet.
    pub fn leave(&mut self, now: Instant, id: CallId) {
        // Gone already: there is nothing to end.
        let _ = self.call(now, id, |call, cx| {
            if call.confirmed().is_some() || call.reject(cx, 480).is_err() {
                call.hang_up(cx, Fields::default());
            }
            Ok(())
        });
    }

    /// Asks the peer to change the session with this offer; an empty one leaves it to the peer to make
    /// one, as with [`invite`](Self::invite).
    ///
    /// # Errors
    /// [`Misuse::Unknown`]; [`Misuse::WrongState`] before the call is up; [`Misuse::Pending`]
    /// while a re-INVITE of either side, or the ACK to our answer, is awaited.
    pub fn reinvite(&mut self, now: Instant, id: CallId, body: Body) -> Result<(), Misuse> {
        self.call(now, id, |call, cx| call.reinvite(cx, body))
    }

    /// Accepts the peer's re-INVITE with 200 and this body.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn accept_reinvite(&mut self, now: Instant, id: CallId, body: Body) -> Result<(), Misuse> {
        self.call(now, id, |call, cx| call.accept_reinvite(cx, body))
    }

    /// Registers an address of record, and keeps it registered until
    /// [`unregister`](Self::unregister).
    ///
    /// # Errors
    /// What is no URI or cannot be reached.
    pub fn register(
        &mut self, now: Instant, config: RegisterConfig,
    ) -> Result<RegistrationId, Misuse> {
        self.register_with(now, config, Fields::default())
    }

    /// The same, with these header fields in each REGISTER.
    ///
    /// # Errors
    /// As [`register`](Self::register).
    pub fn register_with(
        &mut self, now: Instant, config: RegisterConfig, fields: Fields,
    ) -> Result<RegistrationId, Misuse> {
        let mut registration = Registration::prepare(&mut self.io(now), config)?;
        registration.add_fields(fields);
        let key = self.insert(now, Usage::Registration(Box::new(registration)));
        self.registration(now, RegistrationId(key), Registration::begin)?;
        Ok(RegistrationId(key))
    }

    /// Ends a registration: what the registrar granted is taken back (RFC 3261 §10.2.2). Where it
    /// granted nothing, or refuses us since, nothing is sent.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn unregister(&mut self, now: Instant, id: RegistrationId) -> Result<(), Misuse> {
        self.registration(now, id, Registration::unregister)
    }

    /// Sends a request that stands for itself outside any dialog, such as OPTIONS (RFC 3261 §11.1),
    /// or one of a method that this stack knows nothing of.
    ///
    /// # Errors
    /// [`Misuse::Method`], and as [`prepare`](Self::prepare).
    pub fn request(
        &mut self, now: Instant, method: Method<'static>, from: &str, to: &str,
        next_hop: Option<&NextHop>, payload: impl Into<Payload>,
    ) -> Result<RequestId, Misuse> {
        self.request_as(now, method, Way { from, to, next_hop }, (payload.into(), false))
    }

    /// The same, and [`Event::Responded`](super::Event::Responded) brings its final response.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn ask(
        &mut self, now: Instant, method: Method<'static>, from: &str, to: &str,
        payload: impl Into<Payload>,
    ) -> Result<RequestId, Misuse> {
        self.request_as(now, method, Way { from, to, next_hop: None }, (payload.into(), true))
    }

    /// Asks a registrar for all that it keeps of an address of record, and
    /// [`Event::Responded`](super::Event::Responded) brings its final response. RFC 3261 §10.2.3.
    ///
    /// # Errors
    /// As [`register`](Self::register) has them of a URI.
    pub fn fetch_bindings(
        &mut self, now: Instant, aor: &str, registrar: &str, next_hop: Option<&NextHop>,
    ) -> Result<RequestId, Misuse> {
        let way = Way { from: aor, to: registrar, next_hop };
        let (mut single, request) = Single::fetch(&mut self.io(now), &way)?;
        single.want_response();
        self.send_single(now, single, request)
    }

    fn request_as(
        &mut self, now: Instant, method: Method<'static>, way: Way<'_>,
        (payload, wants_response): (Payload, bool),
    ) -> Result<RequestId, Misuse> {
        stands_alone(method, false)?;
        let Payload { body, fields } = payload;
        let (mut single, mut request) = Single::prepare(&mut self.io(now), method, &way, body)?;
        request.0.added = fields;
        if wants_response {
            single.want_response();
        }
        self.send_single(now, single, request)
    }

    /// Sends a request that stands for itself in the dialog of a call that is up.
    ///
    /// # Errors
    /// [`Misuse::Method`], [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn request_within(
        &mut self, now: Instant, id: CallId, method: Method<'static>, payload: impl Into<Payload>,
    ) -> Result<RequestId, Misuse> {
        stands_alone(method, true)?;
        let Payload { body, fields } = payload.into();
        let (name, dialog) = self.call(now, id, |call, _| Ok((call.name(), call.confirmed())))?;
        let dialog = dialog.ok_or(Misuse::WrongState)?;
        let dialog = Single::within(&mut self.dialogs, dialog, name, method, body);
        let (single, mut request) = dialog.ok_or(Misuse::WrongState)?;
        request.0.added = fields;
        self.send_single(now, single, request)
    }

    fn send_single(
        &mut self, now: Instant, single: Single, request: (Draft, Target),
    ) -> Result<RequestId, Misuse> {
        let id = RequestId(self.insert(now, Usage::Single(single)));
        self.single(now, id, |single, cx| {
            single.send(cx, request);
            Ok(id)
        })
    }

    /// Answers a peer's request that stands for itself with a final status.
    ///
    /// # Errors
    /// [`Misuse::Unknown`]: it is answered, or was never there.
    pub fn reply(&mut self, now: Instant, id: RequestId, status: u16) -> Result<(), Misuse> {
        self.single(now, id, |single, cx| single.reply(cx, status))
    }

    /// Ends all calls and takes all registrations back.
    pub fn hang_up_all(&mut self, now: Instant) {
        self.input(now, |this| this.with_all(now, Usage::stop));
    }

    /// Gives a command to a call.
    pub(super) fn call<T>(
        &mut self, now: Instant, id: CallId,
        give: impl FnOnce(&mut InviteUsage, &mut Cx<'_>) -> Result<T, Misuse>,
    ) -> Result<T, Misuse> {
        self.give(now, id.0, |call: &mut InviteUsage, cx| {
            call.check().and_then(|()| give(call, cx))
        })
    }

    /// Gives a command to a request that stands for itself.
    fn single<T>(
        &mut self, now: Instant, id: RequestId,
        give: impl FnOnce(&mut Single, &mut Cx<'_>) -> Result<T, Misuse>,
    ) -> Result<T, Misuse> {
        self.give(now, id.0, give)
    }

    /// Gives a command to a registration.
    fn registration(
        &mut self, now: Instant, id: RegistrationId,
        give: impl FnOnce(&mut Registration, &mut Cx<'_>),
    ) -> Result<(), Misuse> {
        self.give(now, id.0, |it, cx| {
            give(it, cx);
            Ok(())
        })
    }

    /// Gives a command to a usage of its kind.
    ///
    /// # Errors
    /// [`Misuse::Unknown`] where there is none; and those of `give`.
    pub(super) fn give<K: OneKind, T>(
        &mut self, now: Instant, key: Key,
        give: impl FnOnce(&mut K, &mut Cx<'_>) -> Result<T, Misuse>,
    ) -> Result<T, Misuse> {
        let given = self.input(now, |this| {
            this.with(now, key, |usage, cx| K::of(usage).map(|it| give(it, cx)))
        });
        given.flatten().unwrap_or(Err(Misuse::Unknown))
    }
}

/// Whether a method may be sent by itself: outside a dialog one, too, that no RFC defines, and which
/// therefore is part of nothing that this stack knows.
fn stands_alone(method: Method<'_>, in_dialog: bool) -> Result<(), Misuse> {
    let may = match methods::served(method.as_bytes()) {
        Some(row) => row.stands_alone(in_dialog),
        None => !in_dialog && method.registered().is_none(),
    };
    may.then_some(()).ok_or(Misuse::Method)
}
