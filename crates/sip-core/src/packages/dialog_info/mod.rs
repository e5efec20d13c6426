//! `dialog`: the calls of a user, as `application/dialog-info+xml`. RFC 4235.
//!
//! A notifier tells all its dialogs, then what changes of them; [`Dialogs`] puts that together. What
//! was replaced or referred, route sets and session descriptions are passed over.

mod read;
mod table;
mod write;

use super::versions::Coverage;
pub use table::Dialogs;

/// The namespace and the outermost element.
const ROOT: super::xml::Root = ("urn:ietf:params:xml:ns:dialog-info", "dialog-info");

/// A document of a notifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialogInfo {
    /// Counts the documents of a subscription.
    pub version: u32,
    /// Whether it tells all dialogs.
    pub coverage: Coverage,
    /// The URI of whose dialogs these are. It is mandatory, and RFC 4235 §4.2 itself leaves it away.
    pub entity: Option<String>,
    /// The dialogs.
    pub dialogs: Vec<Dialog>,
}

/// A dialog, or what is to become one. RFC 4235 §4.1.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialog {
    /// What its notifier names it by.
    pub id: String,
    /// Its Call-ID.
    pub call_id: Option<String>,
    /// The tag of whose dialog it is.
    pub local_tag: Option<String>,
    /// The peer's tag.
    pub remote_tag: Option<String>,
    /// Who called.
    pub direction: Option<Direction>,
    /// How far it is.
    pub state: State,
    /// What ended it.
    pub event: Option<Event>,
    /// The status, 100 to 699, that led to its state.
    pub code: Option<u16>,
    /// Seconds since it began.
    pub duration: Option<u64>,
    /// Whose dialog it is.
    pub local: Participant,
    /// The peer.
    pub remote: Participant,
}

/// One of the two. RFC 4235 §4.1.6.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Participant {
    /// Who it is; in a document that tells changes, none where that has not changed.
    pub identities: Vec<Named>,
    /// Where it is reached; likewise.
    pub target: Option<Target>,
}

/// A URI with the name that is shown for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The URI.
    pub uri: String,
    /// The name.
    pub display: Option<String>,
}

/// Where a participant is reached. RFC 4235 §4.1.6.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The URI.
    pub uri: String,
    /// Parameters of its Contact: names and values.
    pub params: Vec<(String, String)>,
}

/// Who called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Whose dialog it is.
    Initiator,
    /// The peer.
    Recipient,
}

/// The states of a dialog. RFC 4235 §3.7.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// An INVITE was sent or received.
    Trying,
    /// It was answered provisionally, without a tag.
    Proceeding,
    /// It was answered provisionally, with a tag: it rings.
    Early,
    /// It was answered.
    Confirmed,
    /// It is over.
    Terminated,
}

/// What ends a dialog. RFC 4235 §3.7.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The caller gave up.
    Cancelled,
    /// It was refused.
    Rejected,
    /// Another has taken its place.
    Replaced,
    /// Whose dialog it is hung up.
    LocalBye,
    /// The peer hung up.
    RemoteBye,
    /// Something failed.
    Error,
    /// It was not answered in time.
    Timeout,
}

const DIRECTIONS: &[(Direction, &str)] = &[
    (Direction::Initiator, "initiator"),
    (Direction::Recipient, "recipient"),
    // So the examples of RFC 4235 §6.2.
    (Direction::Recipient, "receiver"),
];

const STATES: &[(State, &str)] = &[
    (State::Trying, "trying"),
    (State::Proceeding, "proceeding"),
    (State::Early, "early"),
    (State::Confirmed, "confirmed"),
    (State::Terminated, "terminated"),
];

const EVENTS: &[(Event, &str)] = &[
    (Event::Cancelled, "cancelled"),
    (Event::Rejected, "rejected"),
    (Event::Replaced, "replaced"),
    (Event::LocalBye, "local-bye"),
    (Event::RemoteBye, "remote-bye"),
    (Event::Error, "error"),
    (Event::Timeout, "timeout"),
];

impl State {
    /// The state in its word.
    pub fn word(self) -> &'static str {
        super::xml::word(self, STATES)
    }
}

impl Event {
    /// The event in its word.
    pub fn word(self) -> &'static str {
        super::xml::word(self, EVENTS)
    }
}

impl Direction {
    /// The direction in its word.
    pub fn word(self) -> &'static str {
        super::xml::word(self, DIRECTIONS)
    }
}

impl DialogInfo {
    /// The event package.
    pub const EVENT: &str = "dialog";
    /// The media type.
    pub const MEDIA_TYPE: &str = "application/dialog-info+xml";
}

impl Dialog {
    /// A dialog of which nothing else is known.
    pub fn new(id: &str, state: State) -> Self {
        Self {
            id: id.to_owned(),
            call_id: None,
            local_tag: None,
            remote_tag: None,
            direction: None,
            state,
            event: None,
            code: None,
            duration: None,
            local: Participant::default(),
            remote: Participant::default(),
        }
    }
}
