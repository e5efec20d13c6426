//! The non-INVITE client transaction: RFC 3261 §17.1.2.
//!
//! ```text
//!                                  |Request from TU
//!                                  |send request
//!              Timer E             V
//!              send request  +-----------+
//!                  +---------|           |-------------------+
//!                  |         |  Trying   |  Timer F          |
//!                  +-------->|           |  or Transport Err.|
//!                            +-----------+  inform TU        |
//!               200-699         |  |                         |
//!               resp. to TU     |  |1xx                      |
//!               +---------------+  |resp. to TU              |
//!               |                  |                         |
//!               |   Timer E        V       Timer F           |
//!               |   send req +-----------+ or Transport Err. |
//!               |  +---------|           | inform TU         |
//!               |  |         |Proceeding |------------------>|
//!               |  +-------->|           |-----+             |
//!               |            +-----------+     |1xx          |
//!               |              |      ^        |resp. to TU  |
//!               | 200-699      |      +--------+             |
//!               | resp. to TU  |                             |
//!               |              V                             |
//!               |            +-----------+                   |
//!               +----------->| Completed |                   |
//!                            +-----------+                   |
//!                                  | Timer K                 |
//!                                  V                         |
//!                            +-----------+                   |
//!                            |Terminated |<------------------+
//!                            +-----------+
//! ```

use super::{Class, ClientEvent, Output, Timer, Timing};
use std::time::Duration;

/// State of a non-INVITE client transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The request was sent; `interval` is Timer E's.
    Trying { interval: Duration },
    /// A provisional response came in.
    Proceeding,
    /// A final response came in.
    Completed,
    /// To be destroyed.
    Terminated,
}

/// The client transaction of every request but INVITE and ACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonInviteClient {
    pub(super) state: State,
    pub(super) reliable: bool,
}

impl NonInviteClient {
    /// Sends the request and starts Timer F, and Timer E on an unreliable transport.
    pub fn start(reliable: bool, timing: &Timing, out: &mut Vec<Output>) -> Self {
        out.push(Output::Send);
        if !reliable {
            out.push(Output::Start(Timer::E, timing.t1));
        }
        out.push(Output::Start(Timer::F, timing.timeout()));
        Self { state: State::Trying { interval: timing.t1 }, reliable }
    }

    /// Whether nothing at all was answered yet.
    pub const fn is_trying(&self) -> bool {
        matches!(self.state, State::Trying { .. })
    }

    /// Whether the final response has come, and nothing is sent any more.
    pub const fn is_completed(&self) -> bool {
        matches!(self.state, State::Completed | State::Terminated)
    }

    /// Moves the machine.
    pub fn on(&mut self, event: ClientEvent, timing: &Timing, out: &mut Vec<Output>) {
        use ClientEvent::{Response, Timer as Fired, TransportError};
        match (&mut self.state, event) {
            (State::Trying { interval }, Fired(Timer::E)) => {
                *interval = timing.back_off(*interval);
                out.extend([Output::Send, Output::Start(Timer::E, *interval)]);
            }
            (State::Proceeding, Fired(Timer::E)) => {
                out.extend([Output::Send, Output::Start(Timer::E, timing.t2)]);
            }
            (State::Trying { .. } | State::Proceeding, Fired(Timer::F)) => {
                self.stop(out);
                self.terminate(Some(Output::Timeout), out);
            }
            (State::Trying { .. } | State::Proceeding, TransportError) => {
                self.stop(out);
                self.terminate(Some(Output::TransportFailed), out);
            }
            (State::Trying { .. } | State::Proceeding, Response(Class::Provisional)) => {
                out.push(Output::Deliver);
                self.state = State::Proceeding;
            }
            (
                State::Trying { .. } | State::Proceeding,
                Response(Class::Success | Class::Failure),
            ) => self.complete(timing, out),
            (State::Completed, Fired(Timer::K)) => self.terminate(None, out),
            // Retransmissions of the response.
            (State::Completed, Response(_) | TransportError) => {}
            // Timers that were stopped, or are another machine's.
            (State::Trying { .. } | State::Proceeding | State::Completed, Fired(_))
            | (State::Terminated, _) => {}
        }
    }

    fn stop(&self, out: &mut Vec<Output>) {
        if !self.reliable {
            out.push(Output::Stop(Timer::E));
        }
        out.push(Output::Stop(Timer::F));
    }

    fn complete(&mut self, timing: &Timing, out: &mut Vec<Output>) {
        self.stop(out);
        out.push(Output::Deliver);
        if self.reliable {
            // Timer K is zero over reliable transports.
            self.terminate(None, out);
        } else {
            out.push(Output::Start(Timer::K, timing.t4));
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
        Deliver, Send, Start, Stop, Terminate, Timeout, TransportFailed,
    };
    use ClientEvent::{Response, Timer as Fired, TransportError};

    const T1: Duration = Duration::from_millis(500);
    const T2: Duration = Duration::from_secs(4);
    const TRYING: State = State::Trying { interval: T1 };

    fn run(reliable: bool, rows: &[Row<'_, State, ClientEvent>]) {
        check(rows, |state, event, out| {
            let mut machine = NonInviteClient { state, reliable };
            machine.on(event, &Timing::default(), out);
            machine.state
        });
    }

    #[test]
    fn start_sends_and_arms_e_and_f() {
        let mut out = Vec::new();
        let machine = NonInviteClient::start(false, &Timing::default(), &mut out);
        assert_eq!(machine.state, TRYING);
        assert_eq!(out, [Send, Start(Timer::E, T1), Start(Timer::F, 64 * T1)]);
        out.clear();
        NonInviteClient::start(true, &Timing::default(), &mut out);
        assert_eq!(out, [Send, Start(Timer::F, 64 * T1)]);
    }

    #[test]
    fn every_arrow_over_udp() {
        let stop = [Stop(Timer::E), Stop(Timer::F)];
        let longest = State::Trying { interval: T2 };
        let k = Start(Timer::K, Duration::from_secs(5));
        run(
            false,
            &[
                (
                    TRYING,
                    Fired(Timer::E),
                    State::Trying { interval: 2 * T1 },
                    &[Send, Start(Timer::E, 2 * T1)],
                ),
                (longest, Fired(Timer::E), longest, &[Send, Start(Timer::E, T2)]),
                (
                    TRYING,
                    Fired(Timer::F),
                    State::Terminated,
                    &[stop[0], stop[1], Timeout, Terminate],
                ),
                (
                    TRYING,
                    TransportError,
                    State::Terminated,
                    &[stop[0], stop[1], TransportFailed, Terminate],
                ),
                (TRYING, Response(Class::Provisional), State::Proceeding, &[Deliver]),
                (
                    TRYING,
                    Response(Class::Success),
                    State::Completed,
                    &[stop[0], stop[1], Deliver, k],
                ),
                (
                    TRYING,
                    Response(Class::Failure),
                    State::Completed,
                    &[stop[0], stop[1], Deliver, k],
                ),
                (
                    State::Proceeding,
                    Fired(Timer::E),
                    State::Proceeding,
                    &[Send, Start(Timer::E, T2)],
                ),
                (
                    State::Proceeding,
                    Fired(Timer::F),
                    State::Terminated,
                    &[stop[0], stop[1], Timeout, Terminate],
                ),
                (
                    State::Proceeding,
                    TransportError,
                    State::Terminated,
                    &[stop[0], stop[1], TransportFailed, Terminate],
                ),
                (State::Proceeding, Response(Class::Provisional), State::Proceeding, &[Deliver]),
                (
                    State::Proceeding,
                    Response(Class::Success),
                    State::Completed,
                    &[stop[0], stop[1], Deliver, k],
                ),
                (
                    State::Proceeding,
                    Response(Class::Failure),
                    State::Completed,
                    &[stop[0], stop[1], Deliver, k],
                ),
                (State::Completed, Fired(Timer::K), State::Terminated, &[Terminate]),
            ],
        );
    }

    #[test]
    fn what_changes_nothing() {
        run(
            false,
            &[
                (TRYING, Fired(Timer::K), TRYING, &[]),
                (State::Proceeding, Fired(Timer::K), State::Proceeding, &[]),
                (State::Completed, Response(Class::Provisional), State::Completed, &[]),
                (State::Completed, Response(Class::Success), State::Completed, &[]),
                (State::Completed, Response(Class::Failure), State::Completed, &[]),
                (State::Completed, TransportError, State::Completed, &[]),
                (State::Completed, Fired(Timer::E), State::Completed, &[]),
                (State::Completed, Fired(Timer::F), State::Completed, &[]),
                (State::Terminated, Response(Class::Success), State::Terminated, &[]),
                (State::Terminated, Fired(Timer::F), State::Terminated, &[]),
                (State::Terminated, TransportError, State::Terminated, &[]),
            ],
        );
    }

    #[test]
    fn over_tcp_a_final_response_ends_it_at_once() {
        run(
            true,
            &[(
                TRYING,
                Response(Class::Success),
                State::Terminated,
                &[Stop(Timer::F), Deliver, Terminate],
            )],
        );
    }
}
