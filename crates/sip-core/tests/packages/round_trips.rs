//! What is written is read back the same, and no octets panic.

use proptest::option::of;
use proptest::prelude::*;
use sip_core::packages::dialog_info::{
    self, Dialog, DialogInfo, Direction, Named, Participant, Target,
};
use sip_core::packages::presence::{self, Basic, Note, Presence, Tuple};
use sip_core::packages::reg_info::{self, RegInfo, Registration};
use sip_core::packages::{Coverage, Priority};

/// A text of characters that a document may have; white space and markup are likely.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z0-9:@.é]{1,8}",
        "[\\t\\n\\r <>&'\"\\]\u{85}\u{2028}]{1,3}",
        Just("]]>".to_owned()),
        Just("&lt;".to_owned()),
        any::<char>()
            .prop_filter("not allowed in XML", |it| {
                !it.is_control() && !matches!(it, '\u{fffe}' | '\u{ffff}')
            })
            .prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

/// A text of an element, whose ends are trimmed.
fn trimmed() -> impl Strategy<Value = String> {
    text().prop_map(|text| text.trim().to_owned())
}

fn some<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(of, 0..3)
}

fn coverage() -> impl Strategy<Value = Coverage> {
    prop_oneof![Just(Coverage::Full), Just(Coverage::Partial)]
}

fn priority() -> impl Strategy<Value = Option<Priority>> {
    (0..=1_500_u16).prop_map(Priority::of_thousandths)
}

fn participant() -> impl Strategy<Value = Participant> {
    let identity = (trimmed(), of(text())).prop_map(|(uri, display)| Named { uri, display });
    let params = some((text(), text()));
    let target = (text(), params).prop_map(|(uri, params)| Target { uri, params });
    (some(identity), of(target)).prop_map(|(identities, target)| Participant { identities, target })
}

fn dialog() -> impl Strategy<Value = Dialog> {
    use dialog_info::{Event, State};
    let states =
        [State::Trying, State::Proceeding, State::Early, State::Confirmed, State::Terminated];
    let events = [
        Event::Cancelled,
        Event::Rejected,
        Event::Replaced,
        Event::LocalBye,
        Event::RemoteBye,
        Event::Error,
        Event::Timeout,
    ];
    let direction = prop_oneof![Just(Direction::Initiator), Just(Direction::Recipient)];
    let state = (prop::sample::select(states.to_vec()), of(prop::sample::select(events.to_vec())));
    let names = (text(), of(text()), of(text()), of(text()));
    (names, of(direction), state, of(100..700_u16), of(any::<u64>()), participant(), participant())
        .prop_map(|(names, direction, (state, event), code, duration, local, remote)| {
            let (id, call_id, local_tag, remote_tag) = names;
            let all = Dialog::new(&id, state);
            Dialog {
                call_id,
                local_tag,
                remote_tag,
                direction,
                event,
                code,
                duration,
                local,
                remote,
                ..all
            }
        })
}

fn contact() -> impl Strategy<Value = reg_info::Contact> {
    use reg_info::Event;
    let events = [
        Event::Registered,
        Event::Created,
        Event::Refreshed,
        Event::Shortened,
        Event::Expired,
        Event::Deactivated,
        Event::Probation,
        Event::Unregistered,
        Event::Rejected,
    ];
    let names = (text(), trimmed(), of(trimmed()), of(text()));
    let numbers = (of(any::<u64>()), of(any::<u64>()), of(any::<u64>()), of(any::<u64>()));
    let event = prop::sample::select(events.to_vec());
    (names, numbers, any::<bool>(), event, priority(), some((text(), trimmed()))).prop_map(
        |((id, uri, display_name, call_id), numbers, is_active, event, q, params)| {
            let (expires, retry_after, duration_registered, cseq) = numbers;
            reg_info::Contact {
                id,
                is_active,
                event,
                uri,
                display_name,
                expires,
                retry_after,
                duration_registered,
                q,
                call_id,
                cseq,
                params,
            }
        },
    )
}

fn registration() -> impl Strategy<Value = Registration> {
    use reg_info::State;
    let states = vec![State::Init, State::Active, State::Terminated];
    (text(), text(), prop::sample::select(states), some(contact()))
        .prop_map(|(aor, id, state, contacts)| Registration { aor, id, state, contacts })
}

fn note() -> impl Strategy<Value = Note> {
    (trimmed(), of(text())).prop_map(|(text, lang)| Note { text, lang })
}

fn tuple() -> impl Strategy<Value = Tuple> {
    let basic = prop_oneof![Just(Basic::Open), Just(Basic::Closed)];
    let contact =
        (trimmed(), priority()).prop_map(|(uri, priority)| presence::Contact { uri, priority });
    (text(), of(basic), of(contact), some(note()), of(trimmed())).prop_map(
        |(id, basic, contact, notes, timestamp)| Tuple { id, basic, contact, notes, timestamp },
    )
}

/// Octets that are more often near a document than others would be.
fn near_xml() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "<?xml version=\"1.0\"?>",
        "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"\">",
        "<p:presence xmlns:p=\"urn:ietf:params:xml:ns:pidf\" entity=\"\">",
        "</presence>",
        "<tuple id=\"\">",
        "</tuple>",
        "<status>",
        "</status>",
        "<note/>",
        "<",
        ">",
        "</",
        "/>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<!DOCTYPE x",
        "&#x",
        "&",
        ";",
        "=\"",
        "'",
        "xmlns:p=''",
        "\u{feff}",
        "é",
        "\0",
    ]);
    let near = prop::collection::vec(pieces, 0..24).prop_map(|it| it.concat().into_bytes());
    prop_oneof![near, prop::collection::vec(any::<u8>(), 0..128)]
}

proptest! {
    #[test]
    fn dialogs_that_are_written_are_read_back(
        version: u32, coverage in coverage(), entity in of(text()), dialogs in some(dialog()),
    ) {
        let written = DialogInfo { version, coverage, entity, dialogs };
        prop_assert_eq!(DialogInfo::parse(&written.to_body()), Ok(written));
    }

    #[test]
    fn registrations_that_are_written_are_read_back(
        version: u32, coverage in coverage(), registrations in some(registration()),
    ) {
        let written = RegInfo { version, coverage, registrations };
        prop_assert_eq!(RegInfo::parse(&written.to_body()), Ok(written));
    }

    #[test]
    fn presence_that_is_written_is_read_back(
        entity in text(), tuples in some(tuple()), notes in some(note()),
    ) {
        let written = Presence { entity, tuples, notes };
        prop_assert_eq!(Presence::parse(&written.to_body()), Ok(written));
    }

    #[test]
    fn no_octets_panic_and_errors_are_within_them(octets in near_xml()) {
        let errors = [
            DialogInfo::parse(&octets).err(),
            RegInfo::parse(&octets).err(),
            Presence::parse(&octets).err(),
        ];
        for error in errors.into_iter().flatten() {
            prop_assert!(error.at <= octets.len(), "{}", error);
        }
    }
}

#[test]
fn characters_that_no_document_may_have_are_replaced() {
    let notes = vec![Note { text: "a\u{0}b\u{1b}[c\u{ffff}".to_owned(), lang: None }];
    let written = Presence { entity: "sip:\u{7}".to_owned(), tuples: Vec::new(), notes };
    let read = Presence::parse(&written.to_body()).unwrap();
    assert_eq!(read.entity, "sip:\u{fffd}");
    assert_eq!(read.notes.first().unwrap().text, "a\u{fffd}b\u{fffd}[c\u{fffd}");
}
