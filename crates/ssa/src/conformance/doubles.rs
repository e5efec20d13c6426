//! Doubles of a security manager, for stacks to be tested with.
//!
//! Each challenges every request that has no `Authorization`, and answers every challenge with one
//! field, so that a call comes as far as `authenticate`; there they differ.

use crate::{
    Answer, Arrival, Authentication, Authorized, Body, BodyVerdict, CallRef, Direction, Field,
    Incoming, Leaving, PeerVerdict, Plan, Received, Request, Required, Response, SipSecurity,
    Transport, TransportSecurity,
};
use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

/// The bound that the doubles give for their pending answers.
const WITHIN: Duration = Duration::from_secs(2);

/// Never answers `authenticate`: the stack's bound must end it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hanging;

/// Answers `authenticate` once its gate is opened.
#[derive(Clone, Debug, Default)]
pub struct Late(pub Gate);

/// Authenticates whatever it is asked, and tells the other side that its proof is of another call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lying;

/// Panics in `authenticate`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Panicking;

/// Presents this chain where it serves, in DER, end entity first, and takes any peer's: for tests of
/// what runs over TLS, not of whom to believe.
#[derive(Clone, Debug, Default)]
pub struct Trusting(pub Vec<Vec<u8>>);

impl TransportSecurity for Trusting {
    fn own_certificate(
        &self, _: Transport, server: bool, _: Option<&str>,
    ) -> Answer<Option<Vec<Vec<u8>>>> {
        Answer::Ready(server.then(|| self.0.clone()))
    }

    fn peer_certificate(
        &self, _: Transport, _: Option<&str>, _: &[Vec<u8>],
    ) -> Answer<PeerVerdict> {
        Answer::Ready(PeerVerdict::Accept)
    }
}

/// What [`Late`] waits for.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Gate {
    /// Lets all who wait go on, and whoever comes later.
    pub fn open(&self) {
        let mut gate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gate.0 = true;
        gate.1.drain(..).for_each(Waker::wake);
    }

    fn poll(&self, waker: &Waker) -> Poll<()> {
        let mut gate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if gate.0 {
            return Poll::Ready(());
        }
        gate.1.push(waker.clone());
        Poll::Pending
    }
}

fn received(request: &Request<'_>) -> Received {
    if request.headers.value("Authorization", 0).is_some() {
        return Received::Authenticate;
    }
    let value = b"Double realm=\"kit\"".to_vec();
    Received::SendWwwAuthenticate(vec![Field { name: "WWW-Authenticate", value }])
}

/// What the doubles have in common: they pass bodies and 2xx, and answer challenges.
macro_rules! double {
    ($name:ty, |$double:ident| $authenticate:expr, $incoming:expr) => {
        impl SipSecurity for $name {
            fn request_received(
                &self, _: CallRef, _: &Arrival<'_>, request: &Request<'_>,
            ) -> Received {
                received(request)
            }

            fn authenticate(
                &self, _: CallRef, _: &Arrival<'_>, _: &Request<'_>,
            ) -> Answer<Authentication> {
                let $double = self;
                $authenticate
            }

            fn got_401_unauthorized(
                &self, _: CallRef, _: &Arrival<'_>, _: &Response<'_>, _: &Request<'_>,
            ) -> Answer<Required> {
                Answer::Ready(Required::SendWwwAuthenticate { plan: Plan(1), reserve: 64 })
            }

            fn encrypt(
                &self, _: CallRef, _: Direction, _: Transport, _: Option<Plan>, body: Body,
            ) -> Answer<BodyVerdict> {
                Answer::Ready(BodyVerdict::Body(body))
            }

            fn decrypt(
                &self, _: CallRef, _: Direction, _: Transport, body: Body,
            ) -> Answer<BodyVerdict> {
                Answer::Ready(BodyVerdict::Body(body))
            }

            fn authorize(&self, _: CallRef, _: Plan, _: &Request<'_>) -> Answer<Authorized> {
                let value = b"Double realm=\"kit\"".to_vec();
                Answer::Ready(Authorized::Fields(vec![Field { name: "Authorization", value }]))
            }

            fn response_leaving(
                &self, _: CallRef, _: &Request<'_>, _: &Response<'_>,
            ) -> Answer<Leaving> {
                Answer::Ready(Leaving::Fields(Vec::new()))
            }

            fn response_received(
                &self, _: CallRef, _: &Arrival<'_>, _: &Response<'_>, _: &Request<'_>,
            ) -> Answer<Incoming> {
                Answer::Ready($incoming)
            }
        }
    };
}

double!(
    Hanging,
    |_double| Answer::Pending { within: WITHIN, future: Box::pin(pending()) },
    Incoming::Accept
);
double!(
    Late,
    |double| {
        let gate = double.0.clone();
        let future = Box::pin(async move {
            poll_fn(|cx| gate.poll(cx.waker())).await;
            Authentication::Authenticated
        });
        Answer::Pending { within: WITHIN, future }
    },
    Incoming::Accept
);
double!(
    Lying,
    |_double| Answer::Ready(Authentication::Authenticated),
    Incoming::AckThenBye(crate::Why::OtherCall)
);
double!(
    Panicking,
    |_double| std::panic::resume_unwind(Box::new("a security manager that panics")),
    Incoming::Accept
);
