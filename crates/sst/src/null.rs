//! The null implementations of both sides.

use crate::{
    Assurance, Call, Configuration, Outgoing, Password, Pin, RegisteredFlow, State,
    TelephonyApplication, TelephonySecurity, TrustAnswer, TrustQuestion, Waiting,
};
use async_trait::async_trait;

/// A telephony application that declines every prompt.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deny;

#[async_trait]
impl TelephonyApplication for Deny {
    async fn credentials(&self, _realm: &str, _user: &str) -> Option<Password> {
        None
    }

    async fn trust(&self, _question: TrustQuestion) -> TrustAnswer {
        TrustAnswer::No
    }

    async fn unlock(&self, _fingerprint: &str) -> Option<Password> {
        None
    }

    fn assurance(&self, _call: Call, _assurance: &Assurance) {}
}

/// A security manager that knows of nothing: for a terminal without one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

impl TelephonySecurity for Open {
    fn configure(&self, _configuration: &Configuration) {}

    fn pins(&self, _pins: Vec<Pin>) {}

    fn call_started(&self, _call: Call, _outgoing: Outgoing) {}

    fn call_ended(&self, _call: Call) {}

    fn registered(&self, _aor: &str, _flows: Vec<RegisteredFlow>) {}

    fn assurance(&self, _call: Call) -> Option<Assurance> {
        None
    }

    fn state(&self, _call: Call) -> State {
        State::Idle
    }

    fn waiting(&self) -> Vec<Waiting> {
        Vec::new()
    }
}
