//! RFC 3680.

use crate::{example, examples};
use sip_core::packages::reg_info::{Contact, Event, RegInfo, Registration, Registrations, State};
use sip_core::packages::{Applied, Coverage, Priority};

fn read(name: &str) -> RegInfo {
    let read = RegInfo::parse(&example(&format!("3680-{name}")));
    read.unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn contact(id: &str, uri: &str, event: Event) -> Contact {
    Contact {
        id: id.to_owned(),
        is_active: event == Event::Registered,
        event,
        uri: uri.to_owned(),
        display_name: None,
        expires: None,
        retry_after: None,
        duration_registered: None,
        q: None,
        call_id: None,
        cseq: None,
        params: Vec::new(),
    }
}

fn document(version: u32, coverage: Coverage, registrations: Vec<Registration>) -> RegInfo {
    RegInfo { version, coverage, registrations }
}

fn registration(id: &str, state: State, contacts: Vec<Contact>) -> Registration {
    Registration { aor: "sip:joe@example.com".to_owned(), id: id.to_owned(), state, contacts }
}

#[test]
fn the_examples_of_rfc_3680_are_read() {
    assert_eq!(examples("3680").len(), 3);
    let q = Priority::of_thousandths;
    let expected = Registration {
        aor: "sip:user@example.com".to_owned(),
        id: "as9".to_owned(),
        state: State::Active,
        contacts: vec![
            Contact {
                duration_registered: Some(7_322),
                q: q(800),
                ..contact("76", "sip:user@pc887.example.com", Event::Registered)
            },
            Contact {
                duration_registered: Some(3_600),
                q: q(500),
                ..contact("77", "sip:user@university.edu", Event::Expired)
            },
        ],
    };
    assert_eq!(read("5.3-1"), document(0, Coverage::Full, vec![expected]));
}

/// RFC 3680 §6, and on.
#[test]
fn what_changes_of_registrations_is_put_together() {
    let mut table = Registrations::default();
    assert_eq!(table.apply(read("6-1")), Applied::Taken);
    assert_eq!(table.rows(), [registration("a7", State::Init, Vec::new())]);
    assert_eq!(table.apply(read("6-2")), Applied::Taken);
    let desk = Contact {
        duration_registered: Some(0),
        ..contact("76", "sip:joe@pc34.example.com", Event::Registered)
    };
    assert_eq!(table.rows(), [registration("a7", State::Active, vec![desk.clone()])]);

    let gone = Contact { event: Event::Unregistered, is_active: false, ..desk };
    let other = contact("77", "sip:joe@192.0.2.7", Event::Registered);
    let both = registration("a7", State::Active, vec![gone, other.clone()]);
    let changed = document(2, Coverage::Partial, vec![both.clone()]);
    assert_eq!(table.apply(changed.clone()), Applied::Taken);
    assert_eq!(table.rows(), [both]);
    assert_eq!(table.apply(changed), Applied::Old);
    let of_another = registration("b8", State::Terminated, Vec::new());
    let later = document(5, Coverage::Partial, vec![of_another.clone()]);
    assert_eq!(table.apply(later), Applied::Gap);
    let kept = registration("a7", State::Active, vec![other]);
    assert_eq!(table.rows(), [kept.clone(), of_another]);
    assert!(!table.is_complete());
    assert_eq!(table.apply(document(6, Coverage::Partial, Vec::new())), Applied::Taken);
    assert_eq!(table.rows(), [kept], "what is over is known until the next document");
    assert_eq!(table.apply(document(7, Coverage::Full, Vec::new())), Applied::Taken);
    assert!(table.rows().is_empty() && table.is_complete());
}

#[test]
fn no_registrar_has_more_kept_than_a_document_may_hold() {
    let mut table = Registrations::default();
    assert_eq!(table.apply(document(0, Coverage::Full, Vec::new())), Applied::Taken);
    for version in 1..=3 {
        let name = |number| format!("{version}-{number}");
        let contacts = (0..500).map(|it| contact(&name(it), "sip:a@b", Event::Registered));
        let many = registration("a7", State::Active, contacts.collect());
        let applied = table.apply(document(version, Coverage::Partial, vec![many]));
        assert_eq!(applied, if version < 3 { Applied::Taken } else { Applied::Gap });
    }
    let more = registration("b8", State::Active, Vec::new());
    assert_eq!(table.apply(document(4, Coverage::Partial, vec![more])), Applied::Gap);
    assert_eq!(table.rows().iter().map(|row| 1 + row.contacts.len()).sum::<usize>(), 1_024);
    assert!(!table.is_complete());
}
