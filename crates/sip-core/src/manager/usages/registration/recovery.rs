//! When a flow that failed is made again. RFC 5626 §4.5.

use super::flow::{Flow, Stands};
use super::way::REFRESH;
use crate::manager::event::Cause;
use crate::manager::renewal::Renewal;
use crate::manager::usages::cx::Cx;
use crate::manager::usages::pace::{LASTING, MAX_RETRY, are_refused, back_off, jitter, longest};
use std::time::Duration;

/// The longest wait after the registration's connection was closed.
const ANEW: Duration = Duration::from_secs(4);

/// The longest wait before a flow that failed is made again, twice as long with each failure in a
/// row: where none stands, and where another does.
const NONE_STANDS: Duration = Duration::from_secs(30);
const ANOTHER_STANDS: Duration = Duration::from_secs(90);

impl Flow {
    /// How long to wait at most after one more failure; what the registrar forbids should not be
    /// repeated at all (RFC 3261 §21.4.4, §22.1), unless its mind is changed.
    pub(super) fn back_off(&mut self, cause: Cause, others_stand: bool) -> Duration {
        let plain = back_off(self.failures).min(longest(cause));
        self.failures = self.failures.saturating_add(1);
        self.lengthened = false;
        self.ask_again();
        let forbidden = are_refused(cause) || matches!(cause.status(), Some(404 | 439 | 600..));
        match (forbidden, self.config.outbound) {
            (true, _) => MAX_RETRY,
            (false, true) => upper_bound(self.failures, others_stand),
            (false, false) => plain,
        }
    }

    /// Registers again what was registered over a connection that is closed, or a flow that has
    /// failed.
    pub(super) fn on_lost(&mut self, cx: &mut Cx<'_>, why: Renewal, others_stand: bool) {
        self.flow = None;
        if self.knows_flows() && !self.stands() {
            // It is tried again when its time has come.
            return self.let_go(cx);
        }
        if self.way.is_none_or(|way| way.hop.flow.is_some()) {
            // Where we were seen was the port of that connection.
            self.note_seen(cx, None);
        }
        let is_outbound = self.stands == Stands::Outbound;
        let (is_dead, answers) = self.way.map_or((false, false), |way| (way.is_dead, way.answers));
        if is_outbound {
            self.fall(cx);
        }
        let why = if is_dead { Renewal::NoPong } else { why };
        if answers && why != Renewal::ConnectionClosed {
            self.failures = 0;
            return self.renew(cx, why);
        }
        self.let_go(cx);
        self.tell_renewal(cx, why);
        let wait = match is_outbound && !answers {
            true => self.back_off(Cause::Transport, others_stand),
            false => self.wait_anew(cx),
        };
        let wait = jitter(&mut cx.io, wait);
        // One that is under way goes another way by itself.
        if self.request.is_none() {
            self.start(cx, REFRESH, wait);
        }
    }

    /// How long to wait at most after the connection was closed that was not known to fail.
    fn wait_anew(&mut self, cx: &Cx<'_>) -> Duration {
        let lasted = self.answered.map(|answered| cx.io.now.saturating_duration_since(answered));
        match (lasted, self.failures) {
            (Some(lasted), _) if lasted >= LASTING => {
                self.failures = 0;
                ANEW
            }
            (_, 0) => {
                self.failures = 1;
                ANEW
            }
            _ => self.back_off(Cause::Transport, false),
        }
    }
}

/// How long a flow waits at most after so many failures in a row.
fn upper_bound(failures: u32, others_stand: bool) -> Duration {
    let base = if others_stand { ANOTHER_STANDS } else { NONE_STANDS };
    base.saturating_mul(1 << failures.min(6)).min(MAX_RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t25_the_wait_for_a_flow_doubles_up_to_half_an_hour() {
        let waits = |others| [1, 2, 3, 6, 40].map(|it| upper_bound(it, others).as_secs());
        assert_eq!(waits(false), [60, 120, 240, 1800, 1800]);
        assert_eq!(waits(true), [180, 360, 720, 1800, 1800]);
    }
}
