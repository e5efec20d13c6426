//! What goes into a transaction machine, what comes out of it, and how long its timers run.

use std::time::Duration;

/// The timers of RFC 3261 §17 (table 4) and RFC 6026.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// INVITE request retransmission, unreliable transports only.
    A,
    /// INVITE transaction timeout.
    B,
    /// Wait for retransmitted responses to an INVITE.
    D,
    /// Non-INVITE request retransmission, unreliable transports only.
    E,
    /// Non-INVITE transaction timeout.
    F,
    /// Retransmission of a failure response to an INVITE, unreliable transports only.
    G,
    /// Wait for the ACK to a failure response.
    H,
    /// Wait for retransmitted ACKs.
    I,
    /// Wait for retransmitted non-INVITE requests.
    J,
    /// Wait for retransmitted responses to a non-INVITE request.
    K,
    /// Wait for retransmitted INVITEs after a 2xx. RFC 6026 §8.7.
    L,
    /// Wait for retransmitted and forked 2xx. RFC 6026 §8.4.
    M,
    /// The 200 ms after which a server owes an INVITE a 100 Trying. RFC 3261 §17.2.1.
    Trying,
}

/// The three time constants that all timers derive from, and the wait before 100 Trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Estimate of the round-trip time, 500 ms by default. RFC 3261 §17.1.1.1.
    pub t1: Duration,
    /// Longest interval between retransmissions of a non-INVITE request or a response to an
    /// INVITE, 4 s by default. RFC 3261 §17.1.2.2.
    pub t2: Duration,
    /// Longest time a message stays in the network, 5 s by default. RFC 3261 §17.1.2.2.
    pub t4: Duration,
    /// Wait before 100 Trying, 200 ms by default. RFC 3261 §17.2.1.
    pub trying: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            trying: Duration::from_millis(200),
        }
    }
}

impl Timing {
    /// 64*T1: how long Timers B, F, H, J, L and M run. RFC 3261 §17, RFC 6026 §7.
    pub fn timeout(&self) -> Duration {
        self.t1.saturating_mul(64)
    }

    /// Timer D: at least 32 s. RFC 3261 §17.1.1.2.
    pub fn d(&self) -> Duration {
        self.timeout().max(Duration::from_secs(32))
    }

    /// The interval after `interval`: twice as long, but not over T2.
    pub fn back_off(&self, interval: Duration) -> Duration {
        interval.saturating_mul(2).min(self.t2)
    }
}

/// The three kinds of response that the machines tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// 1xx.
    Provisional,
    /// 2xx.
    Success,
    /// 300–699.
    Failure,
}

impl Class {
    /// The class of a status code.
    pub const fn of(status: u16) -> Self {
        match status {
            0..=199 => Self::Provisional,
            200..=299 => Self::Success,
            _ => Self::Failure,
        }
    }
}

/// What happens to a client transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// A response that matches it came in.
    Response(Class),
    /// A timer that it started fired.
    Timer(Timer),
    /// The transport could not deliver what was sent last.
    TransportError,
}

/// What happens to a server transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// The request came in again.
    Request,
    /// An ACK that matches it came in; INVITE only.
    Ack,
    /// The transaction user passes a response.
    Respond(Class),
    /// A timer that it started fired.
    Timer(Timer),
    /// The transport could not deliver what was sent last.
    TransportError,
}

/// What a machine wants done, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send the request, or the response that was passed last.
    Send,
    /// Send the ACK to the failure response that came in; client INVITE only.
    SendAck,
    /// Make a 100 Trying and send it; server INVITE only.
    SendTrying,
    /// Pass the message that came in to the transaction user.
    Deliver,
    /// Start a timer.
    Start(Timer, Duration),
    /// Stop a timer.
    Stop(Timer),
    /// Tell the transaction user that the peer did not answer in time.
    Timeout,
    /// Tell the transaction user that the transport failed.
    TransportFailed,
    /// The machine is done: destroy it.
    Terminate,
}
