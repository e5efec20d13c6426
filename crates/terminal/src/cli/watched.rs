//! What is watched, item by item: as a line for people, and as an object.

use super::json::{Binding, Means, Object, Watched};
use crate::assembly::Known;
use crate::record::redacted;
use sip_core::packages::dialog_info::{self, Dialog, Direction, Participant};
use sip_core::packages::presence::{Basic, Note, Presence, Tuple};
use sip_core::packages::reg_info::{Contact, Registration, State};

/// Something that is told, and told again once it reads differently.
pub(super) struct Item<'a> {
    /// What it is: as [`Object::Gone`] says.
    pub(super) kind: &'static str,
    /// What it is named by, among those of its kind.
    pub(super) id: &'a str,
    pub(super) line: String,
    /// Whether its end is told by that.
    pub(super) is_over: bool,
    pub(super) object: Object<'a>,
}

/// All that is known, in its order.
pub(super) fn items(known: &Known) -> Vec<Item<'_>> {
    match known {
        Known::Presence(known) => {
            let means = known.tuples.iter().map(|it| means(&known.entity, it));
            means.chain(noted(known)).collect()
        }
        Known::Dialogs(known) => known.rows().iter().map(dialog).collect(),
        Known::Registrations(known) => {
            let rows = known.rows().iter();
            rows.flat_map(|row| {
                let contacts = row.contacts.iter().map(|contact| binding(&row.aor, contact));
                [registration(row)].into_iter().chain(contacts)
            })
            .collect()
        }
    }
}

fn means<'a>(entity: &str, tuple: &'a Tuple) -> Item<'a> {
    let Tuple { id, basic, contact, notes, timestamp } = tuple;
    let contact_uri = contact.as_ref().map(|it| redacted(&it.uri));
    let open = basic.map(|basic| basic == Basic::Open);
    let can = match open {
        Some(true) => "can be reached",
        Some(false) => "cannot be reached",
        None => "may be reached",
    };
    let at = contact_uri.as_ref().map(|uri| format!(" at {uri}")).unwrap_or_default();
    let notes = texts(notes);
    let said = if notes.is_empty() { String::new() } else { format!(": {}", notes.join("; ")) };
    let entity = redacted(entity);
    Item {
        kind: "means",
        id,
        line: format!("{entity} {can}{at}{said}"),
        is_over: false,
        object: Object::Means(Means {
            entity,
            id,
            open,
            contact: contact_uri,
            priority: contact.as_ref().and_then(|it| it.priority).map(in_parts),
            notes,
            timestamp: timestamp.as_deref(),
        }),
    }
}

/// What is noted of somebody, where anything is.
fn noted(known: &Presence) -> Option<Item<'_>> {
    let notes = texts(&known.notes);
    let entity = redacted(&known.entity);
    let line = format!("{entity} says: {}", notes.join("; "));
    let object = Object::Noted { entity, notes };
    let item = Item { kind: "noted", id: &known.entity, line, is_over: false, object };
    (!known.notes.is_empty()).then_some(item)
}

fn texts(notes: &[Note]) -> Vec<&str> {
    notes.iter().map(|note| note.text.as_str()).collect()
}

fn dialog(dialog: &Dialog) -> Item<'_> {
    let remote = identity(&dialog.remote);
    let (id, is_over) = (&dialog.id, dialog.state == dialog_info::State::Terminated);
    let toward = match dialog.direction {
        Some(Direction::Initiator) => "to",
        Some(Direction::Recipient) => "from",
        None => "with",
    };
    let peer = remote.as_ref().map(|peer| format!(" {toward} {peer}")).unwrap_or_default();
    let (event, status) = (dialog.event.map(dialog_info::Event::word), dialog.code);
    Item {
        kind: "dialog",
        id,
        line: format!("call {id}{peer}: {}", how_far(dialog)),
        is_over,
        object: Object::Dialog(Watched {
            id,
            state: dialog.state.word(),
            direction: dialog.direction.map(Direction::word),
            local: identity(&dialog.local),
            remote,
            call_id: dialog.call_id.as_deref(),
            local_tag: dialog.local_tag.as_deref(),
            remote_tag: dialog.remote_tag.as_deref(),
            cause: event,
            status,
            duration: dialog.duration,
        }),
    }
}

fn how_far(Dialog { state, event, code, .. }: &Dialog) -> String {
    match state {
        dialog_info::State::Trying | dialog_info::State::Proceeding => "being set up".to_owned(),
        dialog_info::State::Early => "ringing".to_owned(),
        dialog_info::State::Confirmed => "talking".to_owned(),
        dialog_info::State::Terminated => {
            let event = event.map(|event| event.word().to_owned());
            let why: Vec<_> = event.into_iter().chain(code.map(|code| code.to_string())).collect();
            if why.is_empty() { "over".to_owned() } else { format!("over ({})", why.join(", ")) }
        }
    }
}

/// Who a participant is, or else where it is reached.
fn identity(participant: &Participant) -> Option<String> {
    let identity = participant.identities.first().map(|it| &it.uri);
    let target = || participant.target.as_ref().map(|it| &it.uri);
    identity.or_else(target).map(|uri| redacted(uri))
}

fn registration(row: &Registration) -> Item<'_> {
    let aor = redacted(&row.aor);
    let line = match row.state {
        State::Active => format!("{aor} is registered"),
        State::Init | State::Terminated => format!("{aor} is not registered"),
    };
    Item {
        kind: "registration",
        id: &row.id,
        line,
        is_over: row.state == State::Terminated,
        object: Object::Registration { aor, id: &row.id, state: row.state.word() },
    }
}

fn binding<'a>(aor: &str, contact: &'a Contact) -> Item<'a> {
    let Contact { id, is_active, event, uri, expires, q, .. } = contact;
    let (aor, uri, cause) = (redacted(aor), redacted(uri), event.word());
    let line = if *is_active {
        format!("{aor} is registered at {uri} ({cause})")
    } else {
        format!("{aor} is not registered at {uri} any more ({cause})")
    };
    let priority = q.map(in_parts);
    let object = Object::Binding(Binding {
        aor,
        id,
        contact: uri,
        active: *is_active,
        cause,
        priority,
        expires: *expires,
    });
    Item { kind: "binding", id, line, is_over: !is_active, object }
}

/// From 0 to 1.
fn in_parts(priority: sip_core::packages::Priority) -> f64 {
    f64::from(priority.thousandths()) / 1_000.0
}
