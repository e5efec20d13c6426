//! The non-INVITE server transaction: RFC 3261 §17.2.2.
//!
//! ```text
//!                                  |Request received
//!                                  |pass to TU
//!                                  V
//!                            +-----------+
//!                            |           |
//!                            | Trying    |-------------+
//!                            |           |             |
//!                            +-----------+             |200-699 from TU
//!                                  |                   |send response
//!                                  |1xx from TU        |
//!                                  |send response      |
//!               Request            V      1xx from TU  |
//!               send response+-----------+send response|
//!                   +--------|           |--------+    |
//!                   |        |Proceeding |        |    |
//!                   +------->|           |<-------+    |
//!            +--------------|           |             |
//!            |Trnsprt Err   +-----------+             |
//!            |Inform TU            |                   |
//!            |                     |200-699 from TU    |
//!            |  Request            |send response      |
//!            |  send response      V                   |
//!            |      +--------+-----------+             |
//!            |      |        | Completed |<------------+
//!            |      +------->|           |
//!            +<--------------+-----------+
//!            |Trnsprt Err          |Timer J fires
//!            |Inform TU            V
//!            |               +-----------+
//!            +-------------->| Terminated|
//!                            +-----------+
//! ```

use super::{Class, Output, ServerEvent, Timer, Timing};

/// State of a non-INVITE server transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing was answered yet.
    Trying,
    /// A provisional response was sent.
    Proceeding,
    /// A final response was sent.
    Completed,
    /// To be destroyed.
    Terminated,
}

/// The server transaction of every request but INVITE and ACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonInviteServer {
    pub(super) state: State,
    pub(super) reliable: bool,
}

impl NonInviteServer {
    /// Starts it for a request that the caller passes to the transaction user.
    pub const fn start(reliable: bool) -> Self {
        Self { state: State::Trying, reliable }
    }

    /// Moves the machine.
    pub fn on(&mut self, event: ServerEvent, timing: &Timing, out: &mut Vec<Output>) {
        use ServerEvent::{Ack, Request, Respond, Timer as Fired, TransportError};
        match (self.state, event) {
            (State::Trying | State::Proceeding, Respond(Class::Provisional)) => {
                out.push(Output::Send);
                self.state = State::Proceeding;
            }
            (State::Trying | State::Proceeding, Respond(Class::Success | Class::Failure)) => {
                self.complete(timing, out);
            }
            (State::Proceeding | State::Completed, Request) => out.push(Output::Send),
            (State::Proceeding, TransportError) => {
                out.push(Output::TransportFailed);
                self.terminate(out);
            }
            (State::Completed, TransportError) => {
                out.extend([Output::Stop(Timer::J), Output::TransportFailed]);
                self.terminate(out);
            }
            (State::Completed, Fired(Timer::J)) => self.terminate(out),
            // RFC 3261 §17.2.2: retransmissions are discarded while the TU thinks, and so are
            // responses after the final one. An ACK belongs to an INVITE.
            (State::Trying, Request | TransportError)
            | (State::Completed, Respond(_))
            | (State::Trying | State::Proceeding | State::Completed, Ack) => {}
            // Another machine's timers.
            (State::Trying | State::Proceeding | State::Completed, Fired(_))
            | (State::Terminated, _) => {}
        }
    }

    fn complete(&mut self, timing: &Timing, out: &mut Vec<Output>) {
        out.push(Output::Send);
        if self.reliable {
            // Timer J is zero over reliable transports.
            self.terminate(out);
        } else {
            out.push(Output::Start(Timer::J, timing.timeout()));
            self.state = State::Completed;
        }
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
    use crate::transaction::Output::{Send, Start, Stop, Terminate, TransportFailed};
    use ServerEvent::{Ack, Request, Respond, Timer as Fired, TransportError};
    use State::{Completed, Proceeding, Terminated, Trying};

    fn run(reliable: bool, rows: &[Row<'_, State, ServerEvent>]) {
        check(rows, |state, event, out| {
            let mut machine = NonInviteServer { state, reliable };
            machine.on(event, &Timing::default(), out);
            machine.state
        });
    }

    #[test]
    fn every_arrow_over_udp() {
        let j = Start(Timer::J, Timing::default().timeout());
        run(
            false,
            &[
                (Trying, Respond(Class::Provisional), Proceeding, &[Send]),
                (Trying, Respond(Class::Success), Completed, &[Send, j]),
                (Trying, Respond(Class::Failure), Completed, &[Send, j]),
                (Proceeding, Request, Proceeding, &[Send]),
                (Proceeding, Respond(Class::Provisional), Proceeding, &[Send]),
                (Proceeding, Respond(Class::Success), Completed, &[Send, j]),
                (Proceeding, Respond(Class::Failure), Completed, &[Send, j]),
                (Proceeding, TransportError, Terminated, &[TransportFailed, Terminate]),
                (Completed, Request, Completed, &[Send]),
                (Completed, Fired(Timer::J), Terminated, &[Terminate]),
                (
                    Completed,
                    TransportError,
                    Terminated,
                    &[Stop(Timer::J), TransportFailed, Terminate],
                ),
            ],
        );
    }

    #[test]
    fn what_changes_nothing() {
        run(
            false,
            &[
                (Trying, Request, Trying, &[]),
                (Trying, Ack, Trying, &[]),
                (Trying, TransportError, Trying, &[]),
                (Trying, Fired(Timer::J), Trying, &[]),
                (Proceeding, Ack, Proceeding, &[]),
                (Proceeding, Fired(Timer::J), Proceeding, &[]),
                (Completed, Respond(Class::Success), Completed, &[]),
                (Completed, Ack, Completed, &[]),
                (Completed, Fired(Timer::G), Completed, &[]),
                (Terminated, Request, Terminated, &[]),
                (Terminated, Respond(Class::Success), Terminated, &[]),
                (Terminated, Fired(Timer::J), Terminated, &[]),
            ],
        );
    }

    #[test]
    fn over_tcp_a_final_response_ends_it_at_once() {
        run(true, &[(Trying, Respond(Class::Success), Terminated, &[Send, Terminate])]);
    }
}
