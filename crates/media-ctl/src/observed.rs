//! The media interface's signals, between telephony application and media controller, for the
//! ladder. Packets are not signals.

/// One signal across the interface; it carries no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The signal's name: `open`, `offer`, `answer`, `accept_answer`, `start`, `stop`.
    pub name: &'static str,
    /// The call.
    pub call: ssm::Call,
    /// Whether it goes from the media controller to the application.
    pub from_media: bool,
    /// What it carries, in a few words: of `start` from the media controller, `PROFILE at ADDRESS`
    /// with the address that RTP is received at.
    pub detail: String,
}

/// Who watches.
pub trait Sink: Send + Sync {
    /// Called once a signal, in order. Must not block.
    fn signal(&self, signal: Signal);
}
