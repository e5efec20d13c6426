//! One flow of a registration: a way to the registrar, and what is bound over it. RFC 5626 §4.2.

use super::way::{FLOW_TIMERS, NO_BINDING, NO_PONG, OpenWay, PING, REFRESH};
use crate::manager::config::{NextHop, RegisterConfig};
use crate::manager::event::Misuse;
use crate::manager::io::Io;
use crate::manager::renewal::Renewal;
use crate::manager::requests::{Contact, Draft, Purpose, Registered, Way};
use crate::manager::slab::Key;
use crate::manager::target::Target;
use crate::manager::usages::cx::Cx;
use crate::places::Party;
use crate::{Fields, Method, Uri};
use ssa::{CallRef, FlowId};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A flow. It keeps its Call-ID and counts its CSeq for as long as its registration lives. RFC 3261
/// §10.2.4.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) config: Arc<RegisterConfig>,
    /// Its place among the flows of the registration.
    place: u8,
    name: CallRef,
    pub(super) draft: Draft,
    pub(super) target: Target,
    /// Our Contact. Its user part is 64 random bits, so that a request that names it comes from
    /// whoever was told.
    pub(super) contact: Registered,
    /// The lifetime to ask for, in seconds.
    pub(super) expires: u32,
    /// REGISTERs in a row that only corrected the Contact.
    pub(super) corrections: u8,
    /// The REGISTER under way.
    pub(super) request: Option<Key>,
    /// The flow that the registrar answered on last.
    pub(super) flow: Option<FlowId>,
    /// The way there, while it is kept open.
    pub(super) way: Option<OpenWay>,
    /// When it answered.
    pub(super) answered: Option<Instant>,
    /// Failures in a row, connections that were closed soon among them.
    pub(super) failures: u32,
    /// The registrar's Min-Expires was taken over since the last outcome.
    pub(super) lengthened: bool,
    /// Whether the registrar holds a binding of ours, as far as it said: what is to be taken back.
    pub(super) bound: bool,
    pub(super) stands: Stands,
    pub(super) wanted: Wanted,
    /// Whether the registrar confirmed that it holds no binding any more, where it was asked.
    taken_back: Option<bool>,
}

/// Whether we are reached by way of a flow, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    No,
    /// At our Contact.
    AtContact,
    /// Over the flow itself: the registrar knows of RFC 5626.
    Outbound,
}

/// How long a flow is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Nothing is to be done over it: yet, or any more.
    Rests,
    /// It is kept.
    Yes,
    /// The REGISTER under way is its last, but for the one that takes it back. RFC 3261 §10.2: not
    /// before the final response to the one before.
    NoMore,
    /// It is being taken back.
    TakenBack,
}

impl Flow {
    /// A flow that has sent nothing yet.
    ///
    /// # Errors
    /// As [`Draft::prepare`].
    pub(super) fn prepare(
        io: &mut Io<'_>, config: &Arc<RegisterConfig>, next_hop: Option<&NextHop>, place: u8,
    ) -> Result<Self, Misuse> {
        let way = Way { from: &config.aor, to: &config.registrar, next_hop };
        let (mut draft, target, name) = Draft::prepare(io, Method::REGISTER, &way)?;
        draft.to = Party::new(b"", config.aor.as_bytes(), None);
        draft.cseq = 0;
        let mut contact = Registered::of(io.random(), config.instance.clone());
        contact.reg_id = config.outbound.then_some(place + 1);
        Ok(Self {
            config: Arc::clone(config),
            place,
            name,
            draft,
            target,
            contact,
            expires: config.expires,
            corrections: 0,
            request: None,
            flow: None,
            way: None,
            answered: None,
            failures: 0,
            lengthened: false,
            bound: false,
            stands: Stands::No,
            wanted: Wanted::Rests,
            taken_back: None,
        })
    }

    /// Enters itself among the accounts, as one whose REGISTER goes there first.
    pub(super) fn enter(&self, io: &mut Io<'_>, aor: &Uri<'_>, at: Option<&NextHop>) {
        let at = at.filter(|_| self.config.outbound);
        io.out.accounts.insert(self.contact.number, aor, (self.place, at.cloned()));
        if self.place > 0 {
            io.hold(self.name);
        }
    }

    /// Takes back what [`enter`](Self::enter) has done.
    pub(super) fn leave(&self, cx: &mut Cx<'_>) {
        cx.io.out.accounts.remove(self.contact.number);
        if self.place > 0 {
            cx.io.release(self.name);
        }
    }

    pub(super) fn add_fields(&mut self, fields: Fields) {
        self.draft.added = fields;
    }

    pub(super) const fn name(&self) -> CallRef {
        self.name
    }

    pub(super) const fn reg_id(&self) -> u8 {
        self.place + 1
    }

    pub(super) fn is_over_flow(&self, flow: FlowId) -> bool {
        self.flow == Some(flow)
    }

    pub(super) fn rests(&self) -> bool {
        self.wanted == Wanted::Rests
    }

    pub(super) fn stands(&self) -> bool {
        self.stands != Stands::No
    }

    /// Whether it stands, or nothing says yet that it will not.
    pub(super) fn may_stand(&self) -> bool {
        self.stands() || (self.rests() || self.request.is_some()) && self.failures == 0
    }

    pub(super) const fn taken_back(&self) -> Option<bool> {
        self.taken_back
    }

    /// Whether the registrar is asked to tell it from other flows.
    pub(super) const fn asks(&self) -> bool {
        self.contact.reg_id.is_some()
    }

    /// Whether the registrar tells it from other flows, as far as it said.
    pub(super) const fn knows_flows(&self) -> bool {
        self.contact.is_replaced
    }

    /// Starts a timer of the flow's, or moves it.
    pub(super) fn start(&self, cx: &mut Cx<'_>, timer: u8, after: Duration) {
        cx.start(self.place * FLOW_TIMERS + timer, after);
    }

    /// Stops a timer that may not run.
    pub(super) fn stop(&self, cx: &mut Cx<'_>, timer: u8) {
        cx.stop(self.place * FLOW_TIMERS + timer);
    }

    /// Registers over it, where nothing is done over it yet: at once, or after this time.
    pub(super) fn begin_after(&mut self, cx: &mut Cx<'_>, after: Duration) {
        if !self.rests() {
            return;
        }
        if after.is_zero() {
            (self.wanted, self.taken_back) = (Wanted::Yes, None);
            self.refresh(cx);
        } else {
            self.start(cx, REFRESH, after);
        }
    }

    /// Registers again after this time.
    pub(super) fn try_after(&self, cx: &mut Cx<'_>, wait: Duration) {
        self.start(cx, REFRESH, wait);
    }

    /// Registers once more, without asking for a flow of its own.
    pub(super) fn ask_no_more(&mut self, cx: &mut Cx<'_>) {
        self.contact.reg_id = None;
        self.refresh(cx);
    }

    /// Asks for a flow of its own again, where that is configured.
    pub(super) fn ask_again(&mut self) {
        self.contact.reg_id = self.config.outbound.then_some(self.reg_id());
    }

    /// Ends it: what the registrar granted is taken back.
    pub(super) fn end(&mut self, cx: &mut Cx<'_>) {
        self.taken_back = None;
        match self.wanted {
            Wanted::Rests => self.rest(cx),
            Wanted::NoMore | Wanted::TakenBack => {}
            Wanted::Yes => {
                self.wanted = Wanted::NoMore;
                self.end_request(cx);
            }
        }
    }

    fn end_request(&mut self, cx: &mut Cx<'_>) {
        match self.request {
            Some(request) if cx.requests.has_left(request) => cx.requests.try_no_more(request),
            request => {
                let last = request.and_then(|request| cx.requests.forget(&mut cx.io, request));
                self.request = None;
                self.draft.cseq = last.unwrap_or(self.draft.cseq);
                self.take_back(cx);
            }
        }
    }

    /// Takes back what the registrar granted, or has nothing to take back.
    pub(super) fn take_back(&mut self, cx: &mut Cx<'_>) {
        if self.bound {
            self.wanted = Wanted::TakenBack;
            self.refresh(cx);
        } else {
            self.rest(cx);
        }
    }

    /// The registrar was asked to take it back.
    pub(super) fn on_taken_back(&mut self, cx: &mut Cx<'_>, confirmed: bool) {
        self.taken_back = Some(confirmed);
        self.bound = false;
        self.rest(cx);
    }

    /// Nothing is done over it any more.
    fn rest(&mut self, cx: &mut Cx<'_>) {
        (self.wanted, self.flow, self.failures) = (Wanted::Rests, None, 0);
        self.ask_again();
        self.fall(cx);
        self.let_go(cx);
        self.stop(cx, REFRESH);
    }

    /// Sends REGISTER.
    pub(super) fn refresh(&mut self, cx: &mut Cx<'_>) {
        self.stop(cx, REFRESH);
        self.draft.cseq = self.draft.cseq.saturating_add(1);
        let taken_back = self.wanted == Wanted::TakenBack;
        let expires = if taken_back { 0 } else { self.expires };
        let mut draft = self.draft.clone();
        draft.contact = Contact::Registered(Box::new(self.contact.clone()));
        let expires = expires.to_string().into_bytes();
        draft.fields = vec![("Expires", expires), ("Supported", self.supported())];
        let request = (draft, self.target.clone());
        self.request = Some(cx.send(Purpose(self.place), self.name, request));
    }

    /// What we know of. RFC 3327 §5.1: proxies on the way may have themselves put on the way back.
    fn supported(&self) -> Vec<u8> {
        let gruu = (self.config.gruu && self.config.instance.is_some()).then_some("gruu");
        let outbound = self.asks().then_some("outbound");
        let all: Vec<&str> = [Some("path"), gruu, outbound].into_iter().flatten().collect();
        all.join(", ").into_bytes()
    }

    /// A timer of its own fired; why the flow has failed by it.
    pub(super) fn on_timer(&mut self, cx: &mut Cx<'_>, timer: u8) -> Option<Renewal> {
        match timer {
            PING => return self.on_ping_due(cx),
            NO_BINDING => return self.send_binding(cx),
            NO_PONG => self.on_no_pong(cx),
            _ if self.rests() => self.begin_after(cx, Duration::ZERO),
            _ => self.refresh(cx),
        }
        None
    }
}
