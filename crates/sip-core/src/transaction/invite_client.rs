//! The INVITE client transaction: RFC 3261 §17.1.1, as RFC 6026 §8.4 corrected it.
//!
//! ```text
//!                                     |INVITE from TU
//!                   Timer A fires     |INVITE sent
//!                   Reset A,          V                      Timer B fires
//!                   INVITE sent +-----------+                or Transport Err.
//!                     +---------|           |--------------------------+
//!                     |         |  Calling  |                          |
//!                     +-------->|           |-----------+              |
//!                               +-----------+ 2xx       |              |
//!                                  |  |       2xx to TU |              |
//!                                  |  |1xx              |              |
//!          300-699 +---------------+  |1xx to TU        |              |
//!         ACK sent |                  |                 |              |
//!      resp. to TU |  1xx             V                 |              |
//!                  |  1xx to TU +-----------+           |              |
//!                  |  +---------|           |           |              |
//!                  |  |         |Proceeding |           |              |
//!                  |  +-------->|           |           |              |
//!                  |            +-----------+ 2xx       |              |
//!                  |               |    |     2xx to TU |              |
//!                  |      300-699  |    |               |              |
//!                  |      ACK sent,|    +-------------->|              |
//!                  |   resp. to TU |                    |              |
//!                  |               V                    V              |
//!                  |         +-----------+         +----------+        |
//!                  +-------->|           |         |          |--+     |
//!                        +---| Completed |         | Accepted |  |2xx  |
//!               300-699  |   |           |         |          |<-+to TU|
//!               ACK sent +-->+-----------+         +----------+        |
//!                              | Timer D fires          | Timer M      |
//!                              | or Transport Err.      | fires        |
//!                              V                        V              |
//!                            +----------------------------+            |
//!                            |         Terminated         |<-----------+
//!                            +----------------------------+
//! ```

use super::{Class, ClientEvent, Output, Timer, Timing};
use std::time::Duration;

/// State of an INVITE client transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The INVITE was sent; `interval` is Timer A's.
    Calling { interval: Duration },
    /// A provisional response came in.
    Proceeding,
    /// A failure came in and was acknowledged.
    Completed,
    /// A 2xx came in; further ones are passed up. RFC 6026.
    Accepted,
    /// To be destroyed.
    Terminated,
}

/// The INVITE client transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InviteClient {
    pub(super) state: State,
    pub(super) reliable: bool,
}

impl InviteClient {
    /// Sends the INVITE and starts Timer B, and Timer A on an unreliable transport.
    pub fn start(reliable: bool, timing: &Timing, out: &mut Vec<Output>) -> Self {
        out.push(Output::Send);
        // RFC 3261 §17.1.1.2: no retransmission over reliable transports.
        if !reliable {
            out.push(Output::Start(Timer::A, timing.t1));
        }
        out.push(Output::Start(Timer::B, timing.timeout()));
        Self { state: State::Calling { interval: timing.t1 }, reliable }
    }

    /// Waits for a late 2xx after the INVITE was sent another way: as in `Accepted`, for 64*T1.
    pub fn linger(reliable: bool, timing: &Timing, out: &mut Vec<Output>) -> Self {
        out.push(Output::Start(Timer::M, timing.timeout()));
        Self { state: State::Accepted, reliable }
    }

    /// Whether nothing at all was answered yet, so that it must not be cancelled. RFC 3261 §9.1.
    pub const fn is_calling(&self) -> bool {
        matches!(self.state, State::Calling { .. })
    }

    /// Moves the machine.
    pub fn on(&mut self, event: ClientEvent, timing: &Timing, out: &mut Vec<Output>) {
        use ClientEvent::{Response, Timer as Fired, TransportError};
        match (&mut self.state, event) {
            (State::Calling { .. }, Response(Class::Provisional)) => {
                self.stop_calling(out);
                out.push(Output::Deliver);
                self.state = State::Proceeding;
            }
            (State::Calling { .. }, Response(Class::Success)) => {
                self.stop_calling(out);
                self.accept(timing, out);
            }
            (State::Calling { .. }, Response(Class::Failure)) => {
                self.stop_calling(out);
                self.complete(timing, out);
            }
            (State::Calling { interval }, Fired(Timer::A)) => {
                *interval = interval.saturating_mul(2);
                out.extend([Output::Send, Output::Start(Timer::A, *interval)]);
            }
            (State::Calling { .. }, Fired(Timer::B)) => {
                self.stop_calling(out);
                self.terminate(Some(Output::Timeout), out);
            }
            (State::Calling { .. }, TransportError) => {
                self.stop_calling(out);
                self.terminate(Some(Output::TransportFailed), out);
            }
            (State::Proceeding, Response(Class::Provisional)) => out.push(Output::Deliver),
            (State::Proceeding, Response(Class::Success)) => self.accept(timing, out),
            (State::Proceeding, Response(Class::Failure)) => self.complete(timing, out),
            (State::Completed, Response(Class::Failure)) => out.push(Output::SendAck),
            (State::Completed, TransportError) => {
                out.push(Output::Stop(Timer::D));
                self.terminate(Some(Output::TransportFailed), out);
            }
            (State::Completed, Fired(Timer::D)) | (State::Accepted, Fired(Timer::M)) => {
                self.terminate(None, out);
            }
            (State::Accepted, Response(Class::Success)) => out.push(Output::Deliver),
            // Late provisional responses, failures of other branches, and errors of the ACK, which
            // is the transaction user's.
            (State::Proceeding | State::Accepted, TransportError)
            | (State::Completed, Response(Class::Provisional | Class::Success))
            | (State::Accepted, Response(Class::Provisional | Class::Failure)) => {}
            // Timers that were stopped, or are another machine's.
            (
                State::Calling { .. } | State::Proceeding | State::Completed | State::Accepted,
                Fired(_),
            )
            | (State::Terminated, _) => {}
        }
    }

    fn stop_calling(&self, out: &mut Vec<Output>) {
        if !self.reliable {
            out.push(Output::Stop(Timer::A));
        }
        out.push(Output::Stop(Timer::B));
    }

    fn accept(&mut self, timing: &Timing, out: &mut Vec<Output>) {
        out.extend([Output::Deliver, Output::Start(Timer::M, timing.timeout())]);
        self.state = State::Accepted;
    }

    fn complete(&mut self, timing: &Timing, out: &mut Vec<Output>) {
        out.extend([Output::SendAck, Output::Deliver]);
        if self.reliable {
            // Timer D is zero over reliable transports.
            self.terminate(None, out);
        } else {
            out.push(Output::Start(Timer::D, timing.d()));
            self.state = State::Completed;
        }
    }

    fn terminate(&mut self, why: Option<Output>, out: &mut Vec<Output>) {
        out.extend(why);
        out.push(Output::Terminate);
        self.state = State::Terminated;
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{Row, check};
    use super::*;
    use crate::transaction::Output::{
        Deliver, Send, SendAck, Start, Stop, Terminate, Timeout, TransportFailed,
    };
    use ClientEvent::{Response, Timer as Fired, TransportError};

    const T1: Duration = Duration::from_millis(500);
    const CALLING: State = State::Calling { interval: T1 };

    fn run(reliable: bool, rows: &[Row<'_, State, ClientEvent>]) {
        check(rows, |state, event, out| {
            let mut machine = InviteClient { state, reliable };
            machine.on(event, &Timing::default(), out);
            machine.state
        });
    }

    #[test]
    fn start_sends_and_arms_a_and_b() {
        let mut out = Vec::new();
        let machine = InviteClient::start(false, &Timing::default(), &mut out);
        assert_eq!(machine.state, CALLING);
        assert_eq!(out, [Send, Start(Timer::A, T1), Start(Timer::B, 64 * T1)]);
        out.clear();
        InviteClient::start(true, &Timing::default(), &mut out);
        assert_eq!(out, [Send, Start(Timer::B, 64 * T1)]);
    }

    #[test]
    fn what_lingers_sends_nothing_and_passes_a_2xx_up() {
        let mut out = Vec::new();
        let mut machine = InviteClient::linger(false, &Timing::default(), &mut out);
        machine.on(Response(Class::Success), &Timing::default(), &mut out);
        machine.on(Fired(Timer::M), &Timing::default(), &mut out);
        assert_eq!(out, [Start(Timer::M, 64 * T1), Deliver, Terminate]);
    }

    #[test]
    fn every_arrow_over_udp() {
        let stop = [Stop(Timer::A), Stop(Timer::B)];
        let doubled = State::Calling { interval: 2 * T1 };
        let d = Start(Timer::D, Duration::from_secs(32));
        let m = Start(Timer::M, 64 * T1);
        run(
            false,
            &[
                (CALLING, Fired(Timer::A), doubled, &[Send, Start(Timer::A, 2 * T1)]),
                (
                    CALLING,
                    Fired(Timer::B),
                    State::Terminated,
                    &[stop[0], stop[1], Timeout, Terminate],
                ),
                (
                    CALLING,
                    TransportError,
                    State::Terminated,
                    &[stop[0], stop[1], TransportFailed, Terminate],
                ),
                (
                    CALLING,
                    Response(Class::Provisional),
                    State::Proceeding,
                    &[stop[0], stop[1], Deliver],
                ),
                (
                    CALLING,
                    Response(Class::Success),
                    State::Accepted,
                    &[stop[0], stop[1], Deliver, m],
                ),
                (
                    CALLING,
                    Response(Class::Failure),
                    State::Completed,
                    &[stop[0], stop[1], SendAck, Deliver, d],
                ),
                (State::Proceeding, Response(Class::Provisional), State::Proceeding, &[Deliver]),
                (State::Proceeding, Response(Class::Success), State::Accepted, &[Deliver, m]),
                (
                    State::Proceeding,
                    Response(Class::Failure),
                    State::Completed,
                    &[SendAck, Deliver, d],
                ),
                (State::Completed, Response(Class::Failure), State::Completed, &[SendAck]),
                (State::Completed, Fired(Timer::D), State::Terminated, &[Terminate]),
                (
                    State::Completed,
                    TransportError,
                    State::Terminated,
                    &[Stop(Timer::D), TransportFailed, Terminate],
                ),
                (State::Accepted, Response(Class::Success), State::Accepted, &[Deliver]),
                (State::Accepted, Fired(Timer::M), State::Terminated, &[Terminate]),
            ],
        );
    }

    #[test]
    fn what_changes_nothing() {
        run(
            false,
            &[
                (CALLING, Fired(Timer::M), CALLING, &[]),
                (State::Proceeding, Fired(Timer::A), State::Proceeding, &[]),
                (State::Proceeding, Fired(Timer::B), State::Proceeding, &[]),
                (State::Proceeding, TransportError, State::Proceeding, &[]),
                (State::Completed, Response(Class::Provisional), State::Completed, &[]),
                (State::Completed, Response(Class::Success), State::Completed, &[]),
                (State::Completed, Fired(Timer::M), State::Completed, &[]),
                (State::Accepted, Response(Class::Provisional), State::Accepted, &[]),
                (State::Accepted, Response(Class::Failure), State::Accepted, &[]),
                (State::Accepted, TransportError, State::Accepted, &[]),
                (State::Accepted, Fired(Timer::D), State::Accepted, &[]),
                (State::Terminated, Response(Class::Success), State::Terminated, &[]),
                (State::Terminated, Fired(Timer::B), State::Terminated, &[]),
                (State::Terminated, TransportError, State::Terminated, &[]),
            ],
        );
    }

    #[test]
    fn over_tcp_a_failure_ends_it_at_once() {
        run(
            true,
            &[
                (
                    CALLING,
                    Response(Class::Failure),
                    State::Terminated,
                    &[Stop(Timer::B), SendAck, Deliver, Terminate],
                ),
                (
                    State::Proceeding,
                    Response(Class::Failure),
                    State::Terminated,
                    &[SendAck, Deliver, Terminate],
                ),
            ],
        );
    }
}
