//! A decorator that shows every signal to a sink. Packets are not signals.

use crate::{Call, Guard, Line, LineSecurity, MediaSecurity, Refused};
use std::sync::Arc;

/// One signal across the interface; it carries no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The signal's name, for example `guard`.
    pub name: &'static str,
    /// The call.
    pub call: Call,
    /// Whether it goes from the manager to the media controller.
    pub from_manager: bool,
    /// What it carries, in a few words.
    pub detail: String,
}

/// Who watches.
pub trait Sink: Send + Sync {
    /// Called once a signal, in order. Must not block.
    fn signal(&self, signal: Signal);
}

/// Shows the signals of `S` to a sink, and changes none.
pub struct Observed<S: ?Sized> {
    inner: Arc<S>,
    sink: Arc<dyn Sink>,
}

impl<S: MediaSecurity + ?Sized> Observed<S> {
    /// Watches `inner`.
    pub fn new(inner: Arc<S>, sink: Arc<dyn Sink>) -> Self {
        Self { inner, sink }
    }

    fn watch<T>(
        &self, name: &'static str, call: Call, asked: String,
        ask: impl FnOnce(&S) -> Result<T, Refused>, show: impl FnOnce(&T) -> String,
    ) -> Result<T, Refused> {
        self.sink.signal(Signal { name, call, from_manager: false, detail: asked });
        let answer = ask(&self.inner);
        let detail = answer.as_ref().map_or_else(ToString::to_string, show);
        self.sink.signal(Signal { name, call, from_manager: true, detail });
        answer
    }
}

fn profile(security: &LineSecurity) -> String {
    security.profile.name().to_owned()
}

impl<S: MediaSecurity + ?Sized> MediaSecurity for Observed<S> {
    fn offer(&self, call: Call, line: Line) -> Result<LineSecurity, Refused> {
        self.watch("offer", call, format!("line {}", line.0), |s| s.offer(call, line), profile)
    }

    fn answer(
        &self, call: Call, line: Line, offered: &LineSecurity,
    ) -> Result<LineSecurity, Refused> {
        self.watch("answer", call, profile(offered), |s| s.answer(call, line, offered), profile)
    }

    fn judge(&self, call: Call, line: Line, answered: &LineSecurity) -> Result<(), Refused> {
        let asked = profile(answered);
        self.watch(
            "judge",
            call,
            asked,
            |s| s.judge(call, line, answered),
            |()| "accepted".to_owned(),
        )
    }

    fn moved(&self, call: Call, line: Line) {
        let detail = format!("line {}", line.0);
        self.sink.signal(Signal { name: "moved", call, from_manager: false, detail });
        self.inner.moved(call, line);
    }

    fn guard(&self, call: Call, line: Line) -> Result<Guard, Refused> {
        let asked = format!("line {}", line.0);
        self.watch("guard", call, asked, |s| s.guard(call, line), |guard| guard.name().to_owned())
    }
}
