//! SST, as the application calls it. Without a process nothing is known of any call.

use crate::client::Client;
use crate::connection::Gone;
use crate::wire::{Body, CallStarted, Nothing, Pins, Registered, state_of};
use sst::{
    Assurance, Call, Configuration, Outgoing, Pin, RegisteredFlow, State, TelephonySecurity,
    Waiting,
};

impl Client {
    /// What is known of a call, where there is a process to ask.
    pub(crate) fn assured(&self, call: Call) -> Result<Option<Assurance>, Gone> {
        let read = |body| match body {
            Body::Assured(assured) => match assured.assurance {
                Some(assurance) => assurance.read().map(Some),
                None => Some(None),
            },
            _ => None,
        };
        self.ask_now(Body::Assurance(call.0), read)
    }
}

impl TelephonySecurity for Client {
    /// Where it does not arrive, everything is refused: see [`Client::configured`], which says why.
    fn configure(&self, configuration: &Configuration) {
        _ = self.configured(configuration);
    }

    fn pins(&self, pins: Vec<Pin>) {
        self.kept().pins(&pins);
        self.tell(Body::Pins(Pins::of(&pins)));
    }

    fn call_started(&self, call: Call, outgoing: Outgoing) {
        self.kept().started(call.0, outgoing.clone());
        self.tell(Body::CallStarted(CallStarted::of(call, outgoing)));
    }

    fn call_ended(&self, call: Call) {
        self.kept().ended(call.0);
        self.tell(Body::CallEnded(call.0));
    }

    fn registered(&self, aor: &str, flows: Vec<RegisteredFlow>) {
        self.kept().registered(aor, &flows);
        self.tell(Body::Registered(Registered::of(aor, &flows)));
    }

    fn assurance(&self, call: Call) -> Option<Assurance> {
        self.assured(call).unwrap_or_default()
    }

    fn state(&self, call: Call) -> State {
        let read = |body| match body {
            Body::Stands(state) => state_of(state),
            _ => None,
        };
        self.ask_now(Body::State(call.0), read).unwrap_or(State::Idle)
    }

    fn waiting(&self) -> Vec<Waiting> {
        let read = |body| match body {
            Body::Waitings(all) => Some(all.read()),
            _ => None,
        };
        self.ask_now(Body::Waiting(Nothing {}), read).unwrap_or_default()
    }
}
