//! `reg`: what a registrar has of addresses, as `application/reginfo+xml`. RFC 3680.
//!
//! A notifier tells all registrations, then what changes of them; [`Registrations`] puts that
//! together.

mod read;
mod table;
mod write;

use super::priority::Priority;
use super::versions::Coverage;
pub use table::Registrations;

/// The namespace and the outermost element.
const ROOT: super::xml::Root = ("urn:ietf:params:xml:ns:reginfo", "reginfo");

/// A document of a notifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegInfo {
    /// Counts the documents of a subscription.
    pub version: u32,
    /// Whether it tells all registrations.
    pub coverage: Coverage,
    /// The registrations.
    pub registrations: Vec<Registration>,
}

/// What is registered of an address. RFC 3680 §5.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The address of record.
    pub aor: String,
    /// What its notifier names it by.
    pub id: String,
    /// Whether there are contacts.
    pub state: State,
    /// The contacts.
    pub contacts: Vec<Contact>,
}

/// A contact. RFC 3680 §5.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// What its notifier names it by.
    pub id: String,
    /// Whether it counts; otherwise it is gone.
    pub is_active: bool,
    /// What led to that.
    pub event: Event,
    /// The URI.
    pub uri: String,
    /// The name that is shown for it.
    pub display_name: Option<String>,
    /// Seconds until it expires; there must be some where it was [shortened](Event::Shortened).
    pub expires: Option<u64>,
    /// Seconds after which it may be registered again; there must be some on
    /// [probation](Event::Probation).
    pub retry_after: Option<u64>,
    /// Seconds since it was registered.
    pub duration_registered: Option<u64>,
    /// How much it is preferred.
    pub q: Option<Priority>,
    /// The Call-ID of the REGISTER that changed it last.
    pub call_id: Option<String>,
    /// And its CSeq.
    pub cseq: Option<u64>,
    /// Parameters of its Contact that RFC 3261 does not have: names and values, which may be empty.
    pub params: Vec<(String, String)>,
}

/// The states of a registration. RFC 3680 §4.7.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is registered.
    Init,
    /// Contacts are.
    Active,
    /// None are any more.
    Terminated,
}

/// What changes a contact. RFC 3680 §4.7.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A REGISTER made it.
    Registered,
    /// Whoever runs the registrar made it.
    Created,
    /// A REGISTER refreshed it.
    Refreshed,
    /// The registrar took time from it.
    Shortened,
    /// Its time was up.
    Expired,
    /// The registrar dropped it, and wants it registered anew.
    Deactivated,
    /// The registrar dropped it, and wants it registered anew later.
    Probation,
    /// A REGISTER took it back.
    Unregistered,
    /// The registrar does not allow it any more.
    Rejected,
}

const STATES: &[(State, &str)] =
    &[(State::Init, "init"), (State::Active, "active"), (State::Terminated, "terminated")];

const ACTIVE: &[(bool, &str)] = &[(true, "active"), (false, "terminated")];

const EVENTS: &[(Event, &str)] = &[
    (Event::Registered, "registered"),
    (Event::Created, "created"),
    (Event::Refreshed, "refreshed"),
    (Event::Shortened, "shortened"),
    (Event::Expired, "expired"),
    (Event::Deactivated, "deactivated"),
    (Event::Probation, "probation"),
    (Event::Unregistered, "unregistered"),
    (Event::Rejected, "rejected"),
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

impl RegInfo {
    /// The event package.
    pub const EVENT: &str = "reg";
    /// The media type.
    pub const MEDIA_TYPE: &str = "application/reginfo+xml";
}
