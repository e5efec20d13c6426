//! The application, as the manager's process sees it: prompts cross, and so does what it is told.

use crate::pipe::Carrier;
use crate::wire::{self, Body, CallAssurance, Credentials, Denial, Mismatch, Nothing, Token};
use async_trait::async_trait;
use sst::{Assurance, Call, Password, TelephonyApplication, TrustAnswer, TrustQuestion};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// Prompts at one time: more than a person can have open.
const MOST: usize = 256;

/// The application behind the connection. Every prompt is declined once that is gone.
pub struct RemoteApplication {
    carrier: Arc<dyn Carrier>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    waiting: BTreeMap<u64, oneshot::Sender<Body>>,
    over: bool,
}

impl fmt::Debug for RemoteApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RemoteApplication")
    }
}

impl RemoteApplication {
    pub(crate) fn over(carrier: Arc<dyn Carrier>) -> Arc<Self> {
        Arc::new(Self { carrier, state: Mutex::default() })
    }

    fn send(&self, id: u64, body: Body) -> Option<()> {
        self.carrier.send(wire::encode(id, body).ok()?).ok()
    }

    async fn ask(&self, body: Body) -> Option<Body> {
        let (tell, answer) = oneshot::channel();
        let id = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.over || state.waiting.len() >= MOST {
                return None;
            }
            state.last += 1;
            let id = state.last;
            state.waiting.insert(id, tell);
            id
        };
        let _withdraw = Withdraw { application: self, id };
        self.send(id, body)?;
        answer.await.ok()
    }

    /// Takes the application's answer; one that nobody waits for is late.
    pub(crate) fn on_answer(&self, id: u64, body: Body) {
        let waiting = self.state.lock().unwrap_or_else(PoisonError::into_inner).waiting.remove(&id);
        if let Some(waiting) = waiting {
            // Who waited may have gone in this moment.
            drop(waiting.send(body));
        }
    }

    /// Declines every prompt, now and from now on.
    pub(crate) fn end(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.over = true;
        state.waiting.clear();
    }
}

/// Takes a prompt back whose future was dropped.
struct Withdraw<'a> {
    application: &'a RemoteApplication,
    id: u64,
}

impl Drop for Withdraw<'_> {
    fn drop(&mut self) {
        let state = &self.application.state;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.waiting.remove(&self.id).is_some() {
            drop(state);
            self.application.send(self.id, Body::Withdraw(Nothing {}));
        }
    }
}

fn password(answer: Option<Body>) -> Option<Password> {
    match answer? {
        Body::Password(password) => password.read(),
        _ => None,
    }
}

#[async_trait]
impl TelephonyApplication for RemoteApplication {
    async fn credentials(&self, realm: &str, user: &str) -> Option<Password> {
        let asked = Credentials { realm: realm.to_owned(), user: user.to_owned() };
        password(self.ask(Body::Credentials(asked)).await)
    }

    async fn token(&self, server: &str, realm: &str, user: &str) -> Option<Password> {
        let [server, realm, user] = [server, realm, user].map(str::to_owned);
        password(self.ask(Body::Token(Token { server, realm, user })).await)
    }

    async fn trust(&self, question: TrustQuestion) -> TrustAnswer {
        match self.ask(Body::Trust(question.into())).await {
            Some(Body::Trusted(true)) => TrustAnswer::Pin,
            _ => TrustAnswer::No,
        }
    }

    async fn unlock(&self, fingerprint: &str) -> Option<Password> {
        password(self.ask(Body::Unlock(fingerprint.to_owned())).await)
    }

    fn assurance(&self, call: Call, assurance: &Assurance) {
        let assurance = Some(wire::Assurance::of(assurance));
        self.send(0, Body::AssuranceChanged(CallAssurance { call: call.0, assurance }));
    }

    fn denied(&self, denial: sst::Denial<'_>) {
        self.send(0, Body::Denied(Denial::of(denial)));
    }

    fn mismatch(&self, call: Call, mismatch: sst::Mismatch) {
        self.send(0, Body::Mismatch(Mismatch::of(call, mismatch)));
    }
}
