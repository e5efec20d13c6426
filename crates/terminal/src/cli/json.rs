//! The objects that commands print with `--json`, described in `docs/json.md`.

mod measured;
#[cfg(feature = "watch")]
mod watched;

use crate::assembly::{Assurance, Event, Said, Transfer, code, retry_after};
#[cfg(feature = "watch")]
use crate::assembly::{gone_code, gone_words};
use crate::error::Error;
use crate::record::redacted;
pub(super) use measured::Loud;
use measured::Measured;
use serde::Serialize;
use serde_json::{Map, Value};
use sip_core::manager::{Cause, Renewal};
use sip_core::packages::Count;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
#[cfg(feature = "watch")]
pub(super) use watched::{Binding, Means, Watched};

/// One object; its kind is its `event`.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Object<'a> {
    /// `listen` waits for calls.
    Listening { addresses: &'a [String] },
    /// Agents are let in at a socket, or over WebSockets.
    Agents {
        #[serde(skip_serializing_if = "Option::is_none")]
        socket: Option<&'a Path>,
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<&'a str>,
    },
    /// The pins were changed on the disk.
    #[cfg(feature = "pgp")]
    Repinned { pins: usize },
    /// A call is being placed.
    Calling { call: String, to: &'a str },
    /// The port was in use: the call leaves from another.
    Moved { in_use: u16, port: u16 },
    /// The calls that go on.
    Calls { calls: &'a [Listed<'a>] },
    /// What is understood.
    Help { commands: &'a [Known] },
    /// A command is done.
    Done {
        command: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        call: Option<String>,
    },
    /// A command is not done, and will not be.
    Failed {
        #[serde(skip_serializing_if = "Option::is_none")]
        command: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        call: Option<String>,
        reason: &'a str,
        #[serde(flatten)]
        failure: Failure,
    },
    /// A call came in.
    Incoming {
        call: String,
        from: &'a str,
        source: SocketAddr,
        #[serde(skip_serializing_if = "Said::is_empty")]
        said: &'a Said,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        asserted: &'a [String],
        assurance: &'a Assurance,
        #[serde(skip_serializing_if = "Option::is_none")]
        replaces: Option<String>,
    },
    /// The peer asks that somebody else be called.
    TransferAsked {
        call: String,
        to: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// How far the peer is with a transfer.
    TransferProgress { call: String, status: u16 },
    /// The peer talks to somebody else.
    Transferred { call: String },
    /// It does not.
    NotTransferred {
        call: String,
        reason: String,
        #[serde(flatten)]
        failure: Failure,
    },
    /// The callee is being alerted.
    Ringing { call: String },
    /// The callee names others to call.
    Redirected { call: String, to: Vec<String> },
    /// The call is up.
    Established { call: String, assurance: &'a Assurance },
    /// Its media are encrypted from now on.
    Keyed { call: String, assurance: &'a Assurance },
    /// The peer is on hold.
    Held { call: String },
    /// The peer is on hold no longer.
    Resumed { call: String },
    /// The peer holds us.
    PeerHeld { call: String },
    /// The peer holds us no longer.
    PeerResumed { call: String },
    /// Calls are together: each peer hears the others.
    Joined {
        calls: Vec<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        not_encrypted: Vec<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        not_proved: Vec<String>,
    },
    /// A call is with no others any more.
    Left { call: String },
    /// The peer pressed a key.
    Dtmf { call: String, digit: String },
    /// How loud what is said and heard is.
    Level {
        call: String,
        #[serde(flatten)]
        loud: Loud,
    },
    /// A microphone or a loudspeaker that there is.
    #[cfg(any(feature = "devices", all(test, feature = "pgp", feature = "watch")))]
    Device {
        way: &'static str,
        name: &'a str,
        description: &'a str,
        default: bool,
        usable: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        rate: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        channels: Option<u16>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// One that calls have is lost.
    #[cfg(any(feature = "devices", all(test, feature = "pgp", feature = "watch")))]
    DeviceLost {
        way: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
        reason: String,
    },
    /// It is back.
    #[cfg(any(feature = "devices", all(test, feature = "pgp", feature = "watch")))]
    DeviceBack { way: &'static str, name: &'a str },
    /// Echo and noise are not taken out any more.
    #[cfg(any(feature = "devices", all(test, feature = "pgp", feature = "watch")))]
    NotCleaned,
    /// The call is recorded.
    Recording { call: String, file: &'a Path },
    /// What is heard is not recorded any more.
    NotRecorded { call: String, reason: &'a str },
    /// The call is over.
    Over {
        call: String,
        ordinary: bool,
        code: &'static str,
        outcome: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        peer_says: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
        packets_sent: u64,
        packets_received: u64,
        packets_lost: u64,
        packets_late: u64,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        packets_dropped: BTreeMap<&'static str, u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        media: Option<Box<Measured>>,
    },
    /// An account is registered.
    Registered {
        aor: &'a str,
        expires: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        reg_id: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        seen: Option<SocketAddr>,
    },
    /// An account is registered again before its time.
    Renewing { aor: &'a str, code: &'static str, reason: String },
    /// An account is not registered.
    NotRegistered {
        aor: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reg_id: Option<u8>,
        reason: String,
        #[serde(flatten)]
        failure: Failure,
    },
    /// A registration was taken back.
    Unregistered { aor: &'a str },
    /// What a mailbox says of the messages in it.
    MessagesWaiting { aor: &'a str, waiting: bool, counts: Vec<Waiting<'a>> },
    /// What a mailbox has is not known.
    MessagesUnknown { aor: &'a str, reason: &'a str },
    /// The presence of an account is published.
    #[cfg(feature = "watch")]
    Published { aor: &'a str, expires: u32 },
    /// It is not.
    #[cfg(feature = "watch")]
    NotPublished { aor: &'a str, reason: &'a str },
    /// Somebody watches our calls.
    #[cfg(feature = "watch")]
    Watcher { from: &'a str, source: SocketAddr, assurance: &'a Assurance },
    /// Somebody does so no more.
    #[cfg(feature = "watch")]
    WatcherGone { who: &'a str, code: &'static str, reason: &'static str },
    /// A means of reaching whom we watch.
    #[cfg(feature = "watch")]
    Means(Means<'a>),
    /// What is noted of whom we watch.
    #[cfg(feature = "watch")]
    Noted { entity: String, notes: Vec<&'a str> },
    /// A call of whom we watch.
    #[cfg(feature = "watch")]
    Dialog(Watched<'a>),
    /// Whether whom we watch is registered.
    #[cfg(feature = "watch")]
    Registration { aor: String, id: &'a str, state: &'static str },
    /// Where whom we watch is registered, or not any more.
    #[cfg(feature = "watch")]
    Binding(Binding<'a>),
    /// What was told, and is not there any more.
    #[cfg(feature = "watch")]
    Gone { kind: &'a str, id: &'a str },
    /// Whom we watch tells nothing.
    #[cfg(feature = "watch")]
    NotWatched { reason: &'a str },
    /// A message came in.
    Message {
        #[serde(skip_serializing_if = "Option::is_none")]
        call: Option<String>,
        from: &'a str,
        source: SocketAddr,
        text: &'a str,
        assurance: &'a Assurance,
    },
    /// A peer took a message.
    MessageAnswered { status: u16, reason: &'static str },
    /// A peer did not take a message.
    MessageFailed {
        reason: String,
        #[serde(flatten)]
        failure: Failure,
    },
    /// A peer answered OPTIONS.
    OptionsAnswered { status: u16, reason: &'static str },
    /// A peer did not answer OPTIONS.
    OptionsFailed {
        reason: String,
        #[serde(flatten)]
        failure: Failure,
    },
    /// The security manager refused a request.
    Refused {
        from: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<SocketAddr>,
        code: &'static str,
        reason: &'a str,
    },
    /// It refused more like it.
    RefusedMore {
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<IpAddr>,
        code: &'static str,
        times: u64,
    },
    /// `init` wrote a configuration.
    Written { config: &'a Path },
    /// What stands for a password was written.
    #[cfg(feature = "digest")]
    Ha1Written { file: &'a Path, user: &'a str, realm: &'a str, algorithms: &'a [&'a str] },
    /// A key was made.
    #[cfg(feature = "pgp")]
    Generated { aor: &'a str, fingerprint: &'a str, encrypted: bool, certified_by: &'a [String] },
    /// A key was imported.
    #[cfg(feature = "pgp")]
    Imported { fingerprint: &'a str, user_ids: &'a [String] },
    /// A key that the security application has.
    #[cfg(feature = "pgp")]
    Key {
        fingerprint: &'a str,
        own: bool,
        user_ids: &'a [String],
        signs_for: &'a [String],
        pinned_to: &'a [String],
        next_of: &'a [String],
        certified_by: &'a [String],
        signs: Option<String>,
        encrypts: Option<String>,
        post_quantum: bool,
        hardware: bool,
        expires: Option<u64>,
        revoked: bool,
    },
    /// A public key.
    #[cfg(feature = "pgp")]
    Exported { fingerprint: &'a str, armored: &'a str },
    /// A key was pinned.
    #[cfg(feature = "pgp")]
    Pinned {
        aor: &'a str,
        fingerprint: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        replaced: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        certified: Option<bool>,
    },
    /// A key was named as the next one of a contact.
    #[cfg(feature = "pgp")]
    PinnedNext { aor: &'a str, next: &'a str },
    /// A pin was taken back.
    #[cfg(feature = "pgp")]
    Unpinned { aor: &'a str },
    /// A message was judged.
    Inspected {
        file: &'a Path,
        #[serde(flatten)]
        verdict: Map<String, Value>,
        components: Map<String, Value>,
    },
    /// Credentials were checked.
    #[cfg(feature = "digest")]
    AuthChecked {
        file: &'a Path,
        #[serde(flatten)]
        answer: Map<String, Value>,
    },
    /// A server was probed by one check.
    #[cfg(feature = "digest")]
    AuthProbed {
        check: &'a str,
        verdict: &'static str,
        sent: &'a str,
        expected: &'a str,
        came: &'a str,
    },
    /// All checks of a server are made.
    #[cfg(feature = "digest")]
    AuthProbeOver { server: &'a str, pass: usize, fail: usize, told: usize, not_applicable: usize },
    /// What a journal tells of a call, or of none.
    #[cfg(feature = "digest")]
    Explained(&'a crate::journal::Chapter),
    /// Whether a journal is what was written.
    #[cfg(feature = "digest")]
    Journal {
        file: &'a Path,
        lines: usize,
        whole: bool,
        faults: Vec<String>,
        notes: Vec<String>,
        last: &'a str,
    },
    /// A demonstration is over.
    #[cfg(feature = "digest")]
    Report(&'a crate::demo::Report),
    /// The command failed.
    Error { code: &'static str, message: String },
}

/// The messages of one class that wait.
#[derive(Debug, Serialize)]
pub(super) struct Waiting<'a> {
    pub(super) class: &'a str,
    pub(super) new: u32,
    pub(super) old: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) urgent_new: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) urgent_old: Option<u32>,
}

impl<'a> Waiting<'a> {
    fn of(count: &'a Count) -> Self {
        let Count { class, new, old, urgent } = count;
        let (urgent_new, urgent_old) = urgent.unzip();
        Self { class, new: *new, old: *old, urgent_new, urgent_old }
    }
}

/// A call in the list.
#[derive(Debug, Serialize)]
pub(super) struct Listed<'a> {
    /// What commands name it by.
    pub(super) number: u32,
    pub(super) call: String,
    /// Who calls, where it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<&'a str>,
    /// Who is called, where it is placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<&'a str>,
    pub(super) up: bool,
    pub(super) held: bool,
    pub(super) peer_holds: bool,
    pub(super) muted: bool,
    /// The calls that it is in a conference with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) with: Vec<String>,
}

/// A command that is understood.
#[derive(Debug, Serialize)]
pub(super) struct Known {
    pub(super) usage: &'static str,
    pub(super) does: &'static str,
}

/// Why an exchange failed, for programs.
#[derive(Debug, Serialize)]
pub(super) struct Failure {
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl Failure {
    /// One that has nothing but its code.
    pub(super) const fn plain(code: &'static str) -> Self {
        Self { code, status: None, retry_after: None }
    }

    pub(super) fn of(cause: Cause) -> Self {
        let retry_after = retry_after(cause).map(|after| after.as_secs());
        Self { code: code(cause), status: cause.status(), retry_after }
    }
}

impl<'a> Object<'a> {
    /// The object for an event of a terminal; `None` for the answer to what a command asked, which
    /// that tells.
    pub(super) fn of(event: &'a Event) -> Option<Self> {
        Some(match event {
            Event::Incoming { id, from, source, said, asserted, assurance, replaces } => {
                Self::Incoming {
                    call: id.to_string(),
                    from,
                    source: *source,
                    said,
                    asserted,
                    assurance,
                    replaces: replaces.map(|id| id.to_string()),
                }
            }
            Event::TransferAsked(Transfer { within, to, by, .. }) => Self::TransferAsked {
                call: within.to_string(),
                to: redacted(to),
                by: by.as_deref().map(redacted),
            },
            Event::TransferProgress { id, status } => {
                Self::TransferProgress { call: id.to_string(), status: *status }
            }
            Event::Transferred { id } => Self::Transferred { call: id.to_string() },
            Event::NotTransferred { id, cause } => Self::NotTransferred {
                call: id.to_string(),
                reason: cause.to_string(),
                failure: Failure::of(*cause),
            },
            Event::Ringing { id } => Self::Ringing { call: id.to_string() },
            Event::Redirected { id, to } => Self::Redirected {
                call: id.to_string(),
                to: to.iter().map(|uri| redacted(uri)).collect(),
            },
            Event::Established { id, assurance } => {
                Self::Established { call: id.to_string(), assurance }
            }
            Event::Keyed { id, assurance } => Self::Keyed { call: id.to_string(), assurance },
            Event::Held { id } => Self::Held { call: id.to_string() },
            Event::Resumed { id } => Self::Resumed { call: id.to_string() },
            Event::PeerHeld { id } => Self::PeerHeld { call: id.to_string() },
            Event::PeerResumed { id } => Self::PeerResumed { call: id.to_string() },
            Event::Dtmf { id, digit } => {
                Self::Dtmf { call: id.to_string(), digit: digit.to_string() }
            }
            Event::HoldFailed { .. } | Event::RequestAnswered { .. } | Event::Pressed { .. } => {
                return None;
            }
            #[cfg(feature = "watch")]
            Event::Published { aor, expires } => Self::Published { aor, expires: *expires },
            #[cfg(feature = "watch")]
            Event::NotPublished { aor, reason } => Self::NotPublished { aor, reason },
            #[cfg(feature = "watch")]
            Event::Watcher { from, source, assurance } => {
                Self::Watcher { from, source: *source, assurance }
            }
            #[cfg(feature = "watch")]
            Event::WatcherGone { who, why } => {
                Self::WatcherGone { who, code: gone_code(*why), reason: gone_words(*why) }
            }
            // Each item of it is told apart.
            #[cfg(feature = "watch")]
            Event::Watched { .. } => return None,
            #[cfg(feature = "watch")]
            Event::NotWatched { reason, .. } => Self::NotWatched { reason },
            Event::NotRecorded { id, reason } => Self::NotRecorded { call: id.to_string(), reason },
            Event::Over { id, outcome, stats } => Self::Over {
                call: id.to_string(),
                ordinary: outcome.is_ordinary(),
                code: outcome.code(),
                outcome: outcome.to_string(),
                peer_says: outcome.peer_says(),
                status: outcome.status(),
                retry_after: outcome.retry_after().map(|after| after.as_secs()),
                packets_sent: stats.packets_sent,
                packets_received: stats.packets_received,
                packets_lost: stats.lost,
                packets_late: stats.late,
                packets_dropped: stats.dropped.reasons().collect(),
                media: Measured::of(stats).map(Box::new),
            },
            Event::Registered { aor, expires, reg_id, seen, .. } => {
                Self::Registered { aor, expires: *expires, reg_id: *reg_id, seen: *seen }
            }
            Event::Renewing { aor, why, .. } => {
                Self::Renewing { aor, code: renewal(*why), reason: why.to_string() }
            }
            Event::NotRegistered { aor, reg_id, cause, .. } => Self::NotRegistered {
                aor,
                reg_id: *reg_id,
                reason: cause.to_string(),
                failure: Failure::of(*cause),
            },
            Event::Unregistered { aor, .. } => Self::Unregistered { aor },
            Event::MessagesWaiting { aor, summary } => {
                let counts = summary.counts.iter().map(Waiting::of).collect();
                Self::MessagesWaiting { aor, waiting: summary.waiting, counts }
            }
            Event::MessagesUnknown { aor, reason } => Self::MessagesUnknown { aor, reason },
            Event::Message { within, from, source, text, assurance } => {
                let call = within.map(|id| id.to_string());
                Self::Message { call, from, source: *source, text, assurance }
            }
            Event::Refused { from, source, code, reason } => {
                Self::Refused { from, source: *source, code, reason }
            }
            Event::RefusedMore { source, code, times } => {
                Self::RefusedMore { source: *source, code, times: *times }
            }
        })
    }

    /// The object for the status that a peer answered OPTIONS with.
    pub(super) fn options_answered(status: u16) -> Self {
        Self::OptionsAnswered { status, reason: reason(status) }
    }

    /// The object for why a peer did not answer OPTIONS as is wanted.
    pub(super) fn options_failed(cause: Cause) -> Self {
        Self::OptionsFailed { reason: cause.to_string(), failure: Failure::of(cause) }
    }

    /// The object for the status that a peer took a message with.
    pub(super) fn message_answered(status: u16) -> Self {
        Self::MessageAnswered { status, reason: reason(status) }
    }

    /// The object for why a peer did not take a message.
    pub(super) fn message_failed(cause: Cause) -> Self {
        Self::MessageFailed { reason: cause.to_string(), failure: Failure::of(cause) }
    }

    /// The object for the error that a command ends with.
    pub(super) fn error(error: &Error) -> Self {
        Self::Error { code: error.code(), message: error.line() }
    }
}

fn reason(status: u16) -> &'static str {
    sip_core::StatusCode::new(status).map_or("", sip_core::StatusCode::reason)
}

/// Why a registration is made again, in one word.
const fn renewal(why: Renewal) -> &'static str {
    match why {
        Renewal::ConnectionClosed => "connection_closed",
        Renewal::NoPong => "no_pong",
        Renewal::MappingChanged => "mapping_changed",
        Renewal::AddressChanged => "address_changed",
    }
}

#[cfg(all(test, feature = "pgp", feature = "watch"))]
mod tests;
