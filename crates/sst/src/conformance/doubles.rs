//! Doubles of a telephony application, for what asks users to be tested with.

use crate::{Assurance, Call, Password, TelephonyApplication, TrustAnswer, TrustQuestion};
use async_trait::async_trait;
use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

/// Never answers a prompt: whoever asks must bound it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hanging;

/// Answers once its gate is open: as [`Deny`](crate::Deny), but for keys, which it trusts.
#[derive(Clone, Debug, Default)]
pub struct Late(pub Gate);

/// Gives the same wrong password to whoever asks, however often, and trusts any key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lying;

/// Panics with every prompt and with everything that it is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Panicking;

/// What [`Late`] waits for. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Gate {
    /// Lets all who wait go on, and whoever comes later.
    pub fn open(&self) {
        let mut gate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gate.0 = true;
        gate.1.drain(..).for_each(Waker::wake);
    }

    async fn pass(&self) {
        poll_fn(|cx| {
            let mut gate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if gate.0 {
                return Poll::Ready(());
            }
            if !gate.1.iter().any(|waker| waker.will_wake(cx.waker())) {
                gate.1.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

#[async_trait]
impl TelephonyApplication for Hanging {
    async fn credentials(&self, _: &str, _: &str) -> Option<Password> {
        pending().await
    }

    async fn token(&self, _: &str, _: &str, _: &str) -> Option<Password> {
        pending().await
    }

    async fn trust(&self, _: TrustQuestion) -> TrustAnswer {
        pending().await
    }

    async fn unlock(&self, _: &str) -> Option<Password> {
        pending().await
    }

    fn assurance(&self, _: Call, _: &Assurance) {}
}

#[async_trait]
impl TelephonyApplication for Late {
    async fn credentials(&self, _: &str, _: &str) -> Option<Password> {
        self.0.pass().await;
        None
    }

    async fn token(&self, _: &str, _: &str, _: &str) -> Option<Password> {
        self.0.pass().await;
        None
    }

    async fn trust(&self, _: TrustQuestion) -> TrustAnswer {
        self.0.pass().await;
        TrustAnswer::Pin
    }

    async fn unlock(&self, _: &str) -> Option<Password> {
        self.0.pass().await;
        None
    }

    fn assurance(&self, _: Call, _: &Assurance) {}
}

fn wrong() -> Option<Password> {
    Some(Password::new(b"not the password".to_vec()))
}

#[async_trait]
impl TelephonyApplication for Lying {
    async fn credentials(&self, _: &str, _: &str) -> Option<Password> {
        wrong()
    }

    async fn token(&self, _: &str, _: &str, _: &str) -> Option<Password> {
        wrong()
    }

    async fn trust(&self, _: TrustQuestion) -> TrustAnswer {
        TrustAnswer::Pin
    }

    async fn unlock(&self, _: &str) -> Option<Password> {
        wrong()
    }

    fn assurance(&self, _: Call, _: &Assurance) {}
}

#[expect(clippy::panic, reason = "that is what it is for")]
fn crash() -> ! {
    panic!("the application crashes")
}

#[async_trait]
impl TelephonyApplication for Panicking {
    async fn credentials(&self, _: &str, _: &str) -> Option<Password> {
        crash()
    }

    async fn token(&self, _: &str, _: &str, _: &str) -> Option<Password> {
        crash()
    }

    async fn trust(&self, _: TrustQuestion) -> TrustAnswer {
        crash()
    }

    async fn unlock(&self, _: &str) -> Option<Password> {
        crash()
    }

    fn assurance(&self, _: Call, _: &Assurance) {
        crash()
    }
}
