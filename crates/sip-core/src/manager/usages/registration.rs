//! Registrations, over one flow or several, and their refresh. RFC 3261 §10.2, RFC 5626 §4.2.
//!
//! ```text
//!   the first flow ── REGISTER ──▶ 2xx, Require: outbound ──▶ the others register beside it
//!                         │
//!                         ├──────▶ 2xx without it ──▶ it stands alone, and the others rest
//!                         └──────▶ a failure, or four seconds ──▶ the next one is tried, too
//! ```
//!
//! Each flow keeps its own REGISTER, its own binding and its own way open; what one says to the
//! others is here.

mod answered;
mod binding;
mod binding_requests;
mod flow;
mod gruu;
mod instance;
mod keep_alive;
mod news;
mod recovery;
mod routes;
mod seen;
mod way;

use self::flow::Flow;
use self::instance::is_instance;
use self::news::{Failure, News, Stood};
use self::way::{FLOW_TIMERS, MOST_FLOWS};
use super::cx::Cx;
use super::ended::Ended;
use super::pace::{SOONEST, jitter};
use crate::manager::config::RegisterConfig;
use crate::manager::event::{Event, Misuse, RegistrationId};
use crate::manager::io::Io;
use crate::manager::renewal::Renewal;
use crate::stun::BindingResponse;
use crate::{Fields, Uri};
use ssa::{CallRef, FlowId};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A registration.
#[derive(Debug)]
pub(in crate::manager) struct Registration {
    config: Arc<RegisterConfig>,
    /// Its first flow's; the others hold their own.
    name: CallRef,
    /// One for each way to the registrar, the most wanted first.
    flows: Vec<Flow>,
    is_wanted: bool,
    is_over: bool,
}

impl Registration {
    /// A registration that has sent nothing yet.
    ///
    /// # Errors
    /// [`Misuse::Instance`], [`Misuse::Flows`], and as [`Flow::prepare`].
    pub(in crate::manager) fn prepare(
        io: &mut Io<'_>, config: RegisterConfig,
    ) -> Result<Self, Misuse> {
        let has_flows = config.outbound && config.instance.is_some();
        let wants_flows = config.outbound || !config.also.is_empty();
        if (wants_flows && !has_flows) || config.also.len() >= usize::from(MOST_FLOWS) {
            return Err(Misuse::Flows);
        }
        let config = Arc::new(config);
        let ways = || std::iter::once(config.next_hop.as_ref()).chain(config.also.iter().map(Some));
        let flows =
            ways().zip(0..).map(|(next_hop, place)| Flow::prepare(io, &config, next_hop, place));
        let mut flows = flows.collect::<Result<Vec<_>, _>>()?;
        // Most have one: what is collected has room for four.
        flows.shrink_to_fit();
        let aor = Uri::parse(config.aor.as_bytes()).map_err(|_| Misuse::NotAUri)?;
        if config.instance.as_deref().is_some_and(|instance| !is_instance(instance)) {
            return Err(Misuse::Instance);
        }
        flows.iter().zip(ways()).for_each(|(flow, at)| flow.enter(io, &aor, at));
        let name = flows.first().map(Flow::name).ok_or(Misuse::Flows)?;
        Ok(Self { config, name, flows, is_wanted: true, is_over: false })
    }

    /// Puts these header fields into each REGISTER.
    pub(in crate::manager) fn add_fields(&mut self, fields: Fields) {
        self.flows.iter_mut().for_each(|flow| flow.add_fields(fields.clone()));
    }

    pub(super) const fn name(&self) -> CallRef {
        self.name
    }

    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether one of its flows is this connection.
    pub(in crate::manager) fn is_over_flow(&self, flow: FlowId) -> bool {
        self.flows.iter().any(|it| it.is_over_flow(flow))
    }

    /// How many timers its flows may have.
    pub(super) const fn timers(&self) -> u8 {
        if self.flows.len() > 1 { MOST_FLOWS * FLOW_TIMERS } else { FLOW_TIMERS }
    }

    /// Sends the first REGISTER. Those of the other flows follow once it is known that the registrar
    /// tells flows apart, or that the first is slow.
    pub(in crate::manager) fn begin(&mut self, cx: &mut Cx<'_>) {
        for (flow, after) in self.flows.iter_mut().zip(0..) {
            flow.begin_after(cx, SOONEST * after);
        }
    }

    /// Ends a registration: what the registrar granted is taken back (RFC 3261 §10.2.2). Where it
    /// granted nothing, or refuses us since, nothing is sent.
    pub(in crate::manager) fn unregister(&mut self, cx: &mut Cx<'_>) {
        if std::mem::take(&mut self.is_wanted) {
            self.flows.iter_mut().for_each(|flow| flow.end(cx));
            self.close_at_rest(cx);
        }
    }

    /// It is over once nothing is left to do over any flow.
    fn close_at_rest(&mut self, cx: &mut Cx<'_>) {
        if self.is_wanted || self.is_over || !self.flows.iter().all(Flow::rests) {
            return;
        }
        self.is_over = true;
        self.flows.iter().for_each(|flow| flow.leave(cx));
        let mut confirmed = self.flows.iter().filter_map(Flow::taken_back).peekable();
        let taken_back = confirmed.peek().is_some() && confirmed.all(|it| it);
        let (id, aor) = (RegistrationId(cx.me), self.config.aor.clone());
        cx.tell(Event::Unregistered { id, aor, taken_back });
    }

    /// The time has come for the next REGISTER of a flow, or for what keeps its way open.
    pub(super) fn on_timer(&mut self, cx: &mut Cx<'_>, timer: u8) {
        if let Some(flow) = self.flows.get_mut(usize::from(timer / FLOW_TIMERS)) {
            let lost = flow.on_timer(cx, timer % FLOW_TIMERS);
            self.on_lost(cx, timer / FLOW_TIMERS, lost);
        }
    }

    /// What became of a REGISTER.
    pub(super) fn on_outcome(&mut self, cx: &mut Cx<'_>, ended: &Ended) {
        let place = ended.purpose.0;
        let Some(flow) = self.flows.get_mut(usize::from(place)) else { return };
        match flow.on_outcome(cx, ended) {
            News::Stands(stood) => self.on_stands(cx, place, stood),
            News::Failed(failure) => self.on_failed(cx, place, failure),
            News::Nothing => self.close_at_rest(cx),
        }
    }

    /// Something came over a connection on which a ping was sent.
    pub(in crate::manager) fn on_alive(&mut self, cx: &mut Cx<'_>, flow: FlowId, is_pong: bool) {
        self.flows.iter_mut().for_each(|it| it.on_alive(cx, flow, is_pong));
    }

    /// Registers again what was registered over a connection that is closed.
    pub(super) fn on_flow_closed(&mut self, cx: &mut Cx<'_>, flow: FlowId) {
        for place in 0..MOST_FLOWS {
            let its = self.flows.get(usize::from(place)).filter(|it| it.is_over_flow(flow));
            let lost = its.map(|_| Renewal::ConnectionClosed);
            self.on_lost(cx, place, lost);
        }
    }

    /// Whether a response to a Binding request from this address is to one of ours.
    pub(in crate::manager) fn awaits(
        &self, source: SocketAddr, response: &BindingResponse,
    ) -> bool {
        self.flows.iter().any(|flow| flow.awaits(source, response))
    }

    /// A response to a Binding request came from this address.
    pub(in crate::manager) fn on_binding(
        &mut self, cx: &mut Cx<'_>, source: SocketAddr, response: &BindingResponse,
    ) {
        let its = self.flows.iter_mut().zip(0..).find(|(flow, _)| flow.awaits(source, response));
        if let Some((flow, place)) = its {
            let lost = flow.on_binding(cx, response);
            self.on_lost(cx, place, lost);
        }
    }

    /// A flow has failed, where there is a reason; whether another stands says when it is tried again.
    fn on_lost(&mut self, cx: &mut Cx<'_>, place: u8, why: Option<Renewal>) {
        let others_stand = self.others(place).any(|it| it.stands());
        if let (Some(flow), Some(why)) = (self.flows.get_mut(usize::from(place)), why) {
            flow.on_lost(cx, why, others_stand);
        }
    }

    /// The flows but for the one at this place.
    fn others(&mut self, place: u8) -> impl Iterator<Item = &mut Flow> {
        let all = self.flows.iter_mut().zip(0..);
        all.filter(move |(_, at)| *at != place).map(|(flow, _)| flow)
    }

    /// A flow stands: beside the others where the registrar tells them apart, and else alone.
    fn on_stands(&mut self, cx: &mut Cx<'_>, place: u8, stood: Stood) {
        let outbound = stood.outbound;
        if outbound {
            self.others(place).for_each(|other| other.begin_after(cx, Duration::ZERO));
        } else if self.others(place).any(|other| other.stands()) {
            // It would be called beside those that stand.
            self.flows.iter_mut().skip(place.into()).take(1).for_each(|it| it.end(cx));
            return;
        } else {
            self.others(place).for_each(|other| other.end(cx));
        }
        cx.tell(stood.event(RegistrationId(cx.me), self.config.aor.clone()));
    }

    /// A flow failed: those that rest, or wait for it, are tried.
    fn on_failed(&mut self, cx: &mut Cx<'_>, place: u8, failure: Failure) {
        let (stands, hoped) = self.others(place).fold((false, false), |(stands, hoped), other| {
            (stands || other.stands(), hoped || other.may_stand())
        });
        let Some(flow) = self.flows.get_mut(usize::from(place)) else { return };
        if failure.lacks_outbound() && !hoped && flow.asks() {
            // RFC 5626 §11.6.
            return flow.ask_no_more(cx);
        }
        let wait = flow.back_off(failure.cause, stands);
        let wait = jitter(&mut cx.io, wait).max(failure.asked.unwrap_or_default());
        flow.try_after(cx, wait);
        self.others(place).for_each(|other| other.begin_after(cx, Duration::ZERO));
        let (id, aor, cause) = (RegistrationId(cx.me), self.config.aor.clone(), failure.cause);
        cx.tell(Event::RegistrationFailed { id, aor, reg_id: place + 1, stands, cause });
    }
}
