//! A decorator that shows the signals of either side, redacted, to a sink.

use crate::{
    Assurance, Call, Configuration, Denial, Mismatch, Outgoing, Password, Pin, RegisteredFlow,
    State, TelephonyApplication, TelephonySecurity, TrustAnswer, TrustQuestion, Waiting,
};
use async_trait::async_trait;
use std::sync::Arc;

/// One signal across the interface; it carries no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The signal's name.
    pub name: &'static str,
    /// The call, where it is about one.
    pub call: Option<Call>,
    /// Whether it goes from the manager to the application.
    pub from_manager: bool,
    /// What it carries, in a few words.
    pub detail: String,
}

/// Who watches.
pub trait Sink: Send + Sync {
    /// Called once a signal, in order. Must not block.
    fn signal(&self, signal: Signal);
}

/// Shows the signals of `S`, either side of the interface, to a sink, and changes none.
pub struct Observed<S: ?Sized> {
    inner: Arc<S>,
    sink: Arc<dyn Sink>,
}

impl<S: ?Sized> Observed<S> {
    /// Watches `inner`.
    pub fn new(inner: Arc<S>, sink: Arc<dyn Sink>) -> Self {
        Self { inner, sink }
    }

    fn tell(&self, name: &'static str, call: Option<Call>, from_manager: bool, detail: String) {
        self.sink.signal(Signal { name, call, from_manager, detail });
    }
}

impl<S: TelephonySecurity + ?Sized> TelephonySecurity for Observed<S> {
    fn configure(&self, configuration: &Configuration) {
        let detail = format!(
            "{} accounts, {} identities, {} pins",
            configuration.accounts.len(),
            configuration.identities.len(),
            configuration.pins.len()
        );
        self.tell("configure", None, false, detail);
        self.inner.configure(configuration);
    }

    fn pins(&self, pins: Vec<Pin>) {
        self.tell("pins", None, false, format!("{} pins", pins.len()));
        self.inner.pins(pins);
    }

    fn call_started(&self, call: Call, outgoing: Outgoing) {
        let detail = format!("{} to {}, {} required", outgoing.from, outgoing.to, outgoing.require);
        self.tell("call_started", Some(call), false, detail);
        self.inner.call_started(call, outgoing);
    }

    fn call_ended(&self, call: Call) {
        self.tell("call_ended", Some(call), false, String::new());
        self.inner.call_ended(call);
    }

    fn registered(&self, aor: &str, flows: Vec<RegisteredFlow>) {
        let detail = format!("{aor}{}", if flows.is_empty() { " lapsed" } else { "" });
        self.tell("registered", None, false, detail);
        self.inner.registered(aor, flows);
    }

    fn assurance(&self, call: Call) -> Option<Assurance> {
        self.inner.assurance(call)
    }

    fn state(&self, call: Call) -> State {
        self.inner.state(call)
    }

    fn waiting(&self) -> Vec<Waiting> {
        self.inner.waiting()
    }
}

#[async_trait]
impl<S: TelephonyApplication + ?Sized> TelephonyApplication for Observed<S> {
    async fn credentials(&self, realm: &str, user: &str) -> Option<Password> {
        self.tell("credentials", None, true, format!("{user} at {realm}"));
        let answer = self.inner.credentials(realm, user).await;
        self.tell("credentials", None, false, given(answer.is_some()));
        answer
    }

    async fn token(&self, server: &str, realm: &str, user: &str) -> Option<Password> {
        self.tell("token", None, true, format!("{user} at {realm}, of {server}"));
        let answer = self.inner.token(server, realm, user).await;
        self.tell("token", None, false, given(answer.is_some()));
        answer
    }

    async fn trust(&self, question: TrustQuestion) -> TrustAnswer {
        let call = Some(question.call);
        self.tell("trust", call, true, format!("{} has {}", question.aor, question.fingerprint));
        let answer = self.inner.trust(question).await;
        self.tell("trust", call, false, format!("{answer:?}"));
        answer
    }

    async fn unlock(&self, fingerprint: &str) -> Option<Password> {
        self.tell("unlock", None, true, fingerprint.to_owned());
        let answer = self.inner.unlock(fingerprint).await;
        self.tell("unlock", None, false, given(answer.is_some()));
        answer
    }

    fn assurance(&self, call: Call, assurance: &Assurance) {
        self.tell("assurance", Some(call), true, assurance.proof.to_string());
        self.inner.assurance(call, assurance);
    }

    fn denied(&self, denial: Denial<'_>) {
        let detail = format!("{}: {:?}", denial.claimed, denial.why);
        self.tell("denied", Some(denial.call), true, detail);
        self.inner.denied(denial);
    }

    fn mismatch(&self, call: Call, mismatch: Mismatch) {
        self.tell("mismatch", Some(call), true, format!("{mismatch:?}"));
        self.inner.mismatch(call, mismatch);
    }
}

fn given(given: bool) -> String {
    if given { "given".to_owned() } else { "declined".to_owned() }
}
