//! The INVITE server transaction: RFC 3261 §17.2.1, as RFC 6026 §8.7 corrected it.
//!
//! ```text
//!                                    |INVITE
//!                                    |pass INV to TU
//!                 INVITE             V send 100 if TU won't in 200 ms
//!                 send response+------------+
//!                     +--------|            |--------+ 101-199 from TU
//!                     |        |            |        | send response
//!                     +------->|            |<-------+
//!                              | Proceeding |
//!                              |            |--------+ Transport Err.
//!                              |            |        | Inform TU
//!                              |            |<-------+
//!                              +------------+
//!                 300-699 from TU |    |2xx from TU
//!                 send response   |    |send response
//!                  +--------------+    +------------+
//!                  |                                |
//!   INVITE         V          Timer G fires         |
//!   send response +-----------+ send response       |
//!        +--------|           |--------+            |
//!        |        | Completed |        |            |
//!        +------->|           |<-------+            | INVITE  Transport Err.
//!                 +-----------+                     | -       Inform TU
//!     Transport    |  |     |                       | +----+  +---+
//!     Err. (stays) |  | ACK | Timer H fires         | |    |  |   v
//!     Inform TU <--+  | -   | Inform TU             | |  +------------+
//!                     |     |                       | +->|  Accepted  |---+ ACK to TU;
//!                     V     |                       +--->|            |   | 2xx from TU: send
//!                 +---------|-+                          |            |<--+
//!            +----|         | |                          +------------+
//!        ACK |    | Confirmed |                             |
//!        -   +--->|         | |                             | Timer L fires
//!                 +---------|-+                             | -
//!                     |     |                               |
//!                     | Timer I fires                       |
//!                     V     V                               |
//!                 +-------------+                           |
//!                 | Terminated  |<--------------------------+
//!                 +-------------+
//! ```

use super::{Class, Output, ServerEvent, Timer, Timing};
use std::time::Duration;

/// State of an INVITE server transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// No final response yet; `provisional`: a 1xx was sent, and is what a retransmission gets.
    Proceeding { provisional: bool },
    /// A failure response was sent; `interval` is Timer G's.
    Completed { interval: Duration },
    /// The ACK came in.
    Confirmed,
    /// A 2xx was sent; its retransmission is the transaction user's. RFC 6026.
    Accepted,
    /// To be destroyed.
    Terminated,
}

/// The INVITE server transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InviteServer {
    pub(super) state: State,
    pub(super) reliable: bool,
}

impl InviteServer {
    /// Starts it for an INVITE that the caller passes to the transaction user.
    pub fn start(reliable: bool, timing: &Timing, out: &mut Vec<Output>) -> Self {
        out.push(Output::Start(Timer::Trying, timing.trying));
        Self { state: State::Proceeding { provisional: false }, reliable }
    }

    /// Whether a final response is still owed, so that a CANCEL has something to cancel.
    ///
    /// RFC 3261 §9.2.
    pub const fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
    }

    /// Whether a failure response was sent whose ACK has not come in.
    pub const fn awaits_ack(&self) -> bool {
        matches!(self.state, State::Completed { .. })
    }

    /// Moves the machine.
    pub fn on(&mut self, event: ServerEvent, timing: &Timing, out: &mut Vec<Output>) {
        use ServerEvent::{Ack, Request, Respond, Timer as Fired, TransportError};
        match (&mut self.state, event) {
            (State::Proceeding { provisional: true }, Request) => out.push(Output::Send),
            (State::Proceeding { provisional }, Fired(Timer::Trying)) => {
                if !*provisional {
                    *provisional = true;
                    out.push(Output::SendTrying);
                }
            }
            (State::Proceeding { .. }, Respond(class)) => self.respond(class, timing, out),
            (State::Completed { .. }, Request) => out.push(Output::Send),
            (State::Completed { interval }, Fired(Timer::G)) => {
                *interval = timing.back_off(*interval);
                out.extend([Output::Send, Output::Start(Timer::G, *interval)]);
            }
            (State::Completed { .. }, Ack) => self.confirm(timing, out),
            (State::Completed { .. }, Fired(Timer::H)) => {
                self.stop_completed(out);
                out.push(Output::Timeout);
                self.terminate(out);
            }
            (State::Confirmed, Fired(Timer::I)) | (State::Accepted, Fired(Timer::L)) => {
                self.terminate(out);
            }
            (State::Accepted, Ack) => out.push(Output::Deliver),
            (State::Accepted, Respond(Class::Success)) => out.push(Output::Send),
            // RFC 6026 §7.1: an error of the transport does not end the transaction.
            (
                State::Proceeding { .. } | State::Completed { .. } | State::Accepted,
                TransportError,
            ) => out.push(Output::TransportFailed),
            // Nothing to resend yet; retransmissions that are absorbed; responses after the final.
            (State::Proceeding { provisional: false }, Request)
            | (State::Proceeding { .. }, Ack)
            | (State::Completed { .. }, Respond(_))
            | (State::Confirmed, Request | Ack | Respond(_) | TransportError)
            | (State::Accepted, Request | Respond(Class::Provisional | Class::Failure)) => {}
            // Timers that were stopped, or are another machine's.
            (
                State::Proceeding { .. }
                | State::Completed { .. }
                | State::Confirmed
                | State::Accepted,
                Fired(_),
            )
            | (State::Terminated, _) => {}
        }
    }

    fn respond(&mut self, class: Class, timing: &Timing, out: &mut Vec<Output>) {
        if matches!(self.state, State::Proceeding { provisional: false }) {
            out.push(Output::Stop(Timer::Trying));
        }
        out.push(Output::Send);
        match class {
            Class::Provisional => self.state = State::Proceeding { provisional: true },
            Class::Success => {
                out.push(Output::Start(Timer::L, timing.timeout()));
                self.state = State::Accepted;
            }
            Class::Failure => {
                if !self.reliable {
                    out.push(Output::Start(Timer::G, timing.t1));
                }
                out.push(Output::Start(Timer::H, timing.timeout()));
                self.state = State::Completed { interval: timing.t1 };
            }
        }
    }

    fn confirm(&mut self, timing: &Timing, out: &mut Vec<Output>) {
        self.stop_completed(out);
        if self.reliable {
            // Timer I is zero over reliable transports.
            self.terminate(out);
        } else {
            out.push(Output::Start(Timer::I, timing.t4));
            self.state = State::Confirmed;
        }
    }

    fn stop_completed(&self, out: &mut Vec<Output>) {
        if !self.reliable {
            out.push(Output::Stop(Timer::G));
        }
        out.push(Output::Stop(Timer::H));
    }

    fn terminate(&mut self, out: &mut Vec<Output>) {
        out.push(Output::Terminate);
        self.state = State::Terminated;
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{Row, check};
    use super::*;
    use crate::transaction::Output::{
        Deliver, Send, SendTrying, Start, Stop, Terminate, Timeout, TransportFailed,
    };
    use ServerEvent::{Ack, Request, Respond, Timer as Fired, TransportError};

    const T1: Duration = Duration::from_millis(500);
    const SILENT: State = State::Proceeding { provisional: false };
    const PROCEEDING: State = State::Proceeding { provisional: true };
    const COMPLETED: State = State::Completed { interval: T1 };

    fn run(reliable: bool, rows: &[Row<'_, State, ServerEvent>]) {
        check(rows, |state, event, out| {
            let mut machine = InviteServer { state, reliable };
            machine.on(event, &Timing::default(), out);
            machine.state
        });
    }

    #[test]
    fn start_owes_a_100_after_200_ms() {
        let mut out = Vec::new();
        let machine = InviteServer::start(false, &Timing::default(), &mut out);
        assert_eq!(machine.state, SILENT);
        assert_eq!(out, [Start(Timer::Trying, Duration::from_millis(200))]);
    }

    #[test]
    fn every_arrow_over_udp() {
        let trying = Stop(Timer::Trying);
        let l = Start(Timer::L, 64 * T1);
        let gh = [Start(Timer::G, T1), Start(Timer::H, 64 * T1)];
        let stop = [Stop(Timer::G), Stop(Timer::H)];
        let i = Start(Timer::I, Duration::from_secs(5));
        run(
            false,
            &[
                (SILENT, Fired(Timer::Trying), PROCEEDING, &[SendTrying]),
                (SILENT, Respond(Class::Provisional), PROCEEDING, &[trying, Send]),
                (SILENT, Respond(Class::Success), State::Accepted, &[trying, Send, l]),
                (SILENT, Respond(Class::Failure), COMPLETED, &[trying, Send, gh[0], gh[1]]),
                (SILENT, TransportError, SILENT, &[TransportFailed]),
                (PROCEEDING, Request, PROCEEDING, &[Send]),
                (PROCEEDING, Respond(Class::Provisional), PROCEEDING, &[Send]),
                (PROCEEDING, Respond(Class::Success), State::Accepted, &[Send, l]),
                (PROCEEDING, Respond(Class::Failure), COMPLETED, &[Send, gh[0], gh[1]]),
                (PROCEEDING, TransportError, PROCEEDING, &[TransportFailed]),
                (COMPLETED, Request, COMPLETED, &[Send]),
                (
                    COMPLETED,
                    Fired(Timer::G),
                    State::Completed { interval: 2 * T1 },
                    &[Send, Start(Timer::G, 2 * T1)],
                ),
                (
                    COMPLETED,
                    Fired(Timer::H),
                    State::Terminated,
                    &[stop[0], stop[1], Timeout, Terminate],
                ),
                (COMPLETED, Ack, State::Confirmed, &[stop[0], stop[1], i]),
                (COMPLETED, TransportError, COMPLETED, &[TransportFailed]),
                (State::Confirmed, Fired(Timer::I), State::Terminated, &[Terminate]),
                (State::Accepted, Ack, State::Accepted, &[Deliver]),
                (State::Accepted, Respond(Class::Success), State::Accepted, &[Send]),
                (State::Accepted, Fired(Timer::L), State::Terminated, &[Terminate]),
                (State::Accepted, TransportError, State::Accepted, &[TransportFailed]),
            ],
        );
    }

    #[test]
    fn what_changes_nothing() {
        run(
            false,
            &[
                (SILENT, Request, SILENT, &[]),
                (SILENT, Ack, SILENT, &[]),
                (PROCEEDING, Ack, PROCEEDING, &[]),
                (PROCEEDING, Fired(Timer::Trying), PROCEEDING, &[]),
                (PROCEEDING, Fired(Timer::G), PROCEEDING, &[]),
                (COMPLETED, Respond(Class::Success), COMPLETED, &[]),
                (COMPLETED, Respond(Class::Failure), COMPLETED, &[]),
                (COMPLETED, Fired(Timer::Trying), COMPLETED, &[]),
                (State::Confirmed, Request, State::Confirmed, &[]),
                (State::Confirmed, Ack, State::Confirmed, &[]),
                (State::Confirmed, Fired(Timer::G), State::Confirmed, &[]),
                (State::Confirmed, Fired(Timer::H), State::Confirmed, &[]),
                (State::Confirmed, TransportError, State::Confirmed, &[]),
                (State::Accepted, Request, State::Accepted, &[]),
                (State::Accepted, Respond(Class::Provisional), State::Accepted, &[]),
                (State::Accepted, Respond(Class::Failure), State::Accepted, &[]),
                (State::Accepted, Fired(Timer::H), State::Accepted, &[]),
                (State::Terminated, Request, State::Terminated, &[]),
                (State::Terminated, Ack, State::Terminated, &[]),
                (State::Terminated, Respond(Class::Success), State::Terminated, &[]),
            ],
        );
    }

    #[test]
    fn over_tcp_nothing_is_retransmitted_and_an_ack_ends_it() {
        run(
            true,
            &[
                (PROCEEDING, Respond(Class::Failure), COMPLETED, &[Send, Start(Timer::H, 64 * T1)]),
                (COMPLETED, Ack, State::Terminated, &[Stop(Timer::H), Terminate]),
            ],
        );
    }
}
