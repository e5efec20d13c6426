//! RFC 4235.

use crate::{example, examples};
use sip_core::packages::dialog_info::{
    Dialog, DialogInfo, Dialogs, Direction, Event, Named, Participant, State, Target,
};
use sip_core::packages::{Applied, Coverage};

fn read(name: &str) -> DialogInfo {
    let read = DialogInfo::parse(&example(&format!("4235-{name}")));
    read.unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn document(version: u32, coverage: Coverage, dialogs: Vec<Dialog>) -> DialogInfo {
    DialogInfo { version, coverage, entity: None, dialogs }
}

/// The states of the dialogs that are known.
fn states(table: &Dialogs) -> Vec<(&str, State)> {
    table.rows().iter().map(|row| (row.id.as_str(), row.state)).collect()
}

fn named(uri: &str, display: &str) -> Named {
    Named { uri: uri.to_owned(), display: Some(display.to_owned()) }
}

#[test]
fn the_examples_of_rfc_4235_are_read_and_those_that_are_flawed_say_why() {
    let all = examples("4235");
    assert_eq!(all.len(), 22);
    let flawed: Vec<_> = all
        .iter()
        .filter_map(|name| Some((name, DialogInfo::parse(&example(name)).err()?.to_string())))
        .collect();
    // One has `notify-state` in place of `state`, one dots in place of elements, and one a tag that
    // ends nothing.
    for (name, why) in [
        ("4235-4.1-1", "expected an attribute `state` at octet 22, found none in `dialog-info`"),
        ("4235-4.1.1-1", "expected an element `state` at octet 166, found none in `dialog`"),
        ("4235-6.2-8", "expected well-formed XML at octet 435, found "),
    ] {
        let told = flawed.iter().find(|(it, _)| *it == name);
        assert!(told.is_some_and(|(_, told)| told.starts_with(why)), "{flawed:?}");
    }
    assert_eq!(flawed.len(), 3, "{flawed:?}");
}

#[test]
fn a_dialog_is_read_with_its_participants() {
    let sample = read("4.2-1");
    assert_eq!((sample.version, sample.coverage, sample.entity), (1, Coverage::Full, None));
    let param = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = Dialog {
        duration: Some(274),
        local: Participant {
            identities: vec![named("sip:alice@example.com", "Alice")],
            target: Some(Target {
                uri: "sip:alice@pc33.example.com".to_owned(),
                params: vec![param("isfocus", "true"), param("class", "personal")],
            }),
        },
        remote: Participant {
            identities: vec![named("sip:bob@example.org", "Bob")],
            target: Some(Target {
                uri: "sip:bobster@phone21.example.org".to_owned(),
                params: Vec::new(),
            }),
        },
        ..Dialog::new("123456", State::Confirmed)
    };
    assert_eq!(sample.dialogs, [expected]);

    let basic = read("6.1-5");
    assert_eq!(basic.entity.as_deref(), Some("sip:alice@example.com"));
    let expected = Dialog {
        call_id: Some("a84b4c76e66710".to_owned()),
        local_tag: Some("1928301774".to_owned()),
        remote_tag: Some("hh76a".to_owned()),
        direction: Some(Direction::Initiator),
        event: Some(Event::Cancelled),
        ..Dialog::new("as7d900as8", State::Terminated)
    };
    assert_eq!(basic.dialogs, [expected]);
    let ringing = read("6.2-4");
    assert_eq!(ringing.dialogs.first().map(|it| it.code), Some(Some(180)));
    let received = read("6.2-6").dialogs.pop().map(|it| it.direction);
    assert_eq!(received, Some(Some(Direction::Recipient)), "`receiver` in the RFC's example");
}

/// RFC 4235 §6.2, a day at a shared line; the eighth document cannot be read.
#[test]
fn what_changes_is_put_together_and_what_is_not_told_again_is_as_it_was() {
    let mut table = Dialogs::default();
    for (number, applied, expected) in [
        (1, Applied::Taken, &[][..]),
        (2, Applied::Taken, &[("as7d900as8", State::Trying)][..]),
        (3, Applied::Taken, &[("as7d900as8", State::Trying)]),
        (4, Applied::Taken, &[("as7d900as8", State::Early)]),
        (5, Applied::Taken, &[("as7d900as8", State::Terminated), ("zxcvbnm3", State::Confirmed)]),
        (6, Applied::Taken, &[("zxcvbnm3", State::Terminated), ("sfhjsjk12", State::Confirmed)]),
        (7, Applied::Taken, &[("sfhjsjk12", State::Confirmed)]),
        (9, Applied::Gap, &[("sfhjsjk12", State::Terminated), ("08hjh1345", State::Trying)]),
    ] {
        assert_eq!(table.apply(read(&format!("6.2-{number}"))), applied, "{number}");
        assert_eq!(states(&table), expected, "{number}");
        assert_eq!(table.is_complete(), applied == Applied::Taken);
        let of_ringing = |row: &Dialog| {
            assert_eq!(row.local.identities, [named("sip:alice@example.com", "Alice Smith")]);
            assert_eq!(row.remote.identities.first().unwrap().uri, "sip:bob@example.net");
            let target = row.remote.target.as_ref().unwrap();
            assert_eq!(target.uri, "sip:bobster@host2.example.net");
        };
        if number == 4 {
            table.rows().iter().for_each(of_ringing);
        }
    }
    let full = document(20, Coverage::Full, vec![Dialog::new("1", State::Confirmed)]);
    assert_eq!(table.apply(full.clone()), Applied::Taken);
    assert!(table.is_complete());
    assert_eq!(states(&table), [("1", State::Confirmed)]);
    assert_eq!(table.apply(full), Applied::Old);
}

#[test]
fn no_notifier_has_more_dialogs_kept_than_a_document_may_hold() {
    let mut table = Dialogs::default();
    assert_eq!(table.apply(document(0, Coverage::Full, Vec::new())), Applied::Taken);
    for version in 1..=3 {
        let dialog = |number| Dialog::new(&format!("{version}-{number}"), State::Early);
        let many = (0..500).map(dialog).collect();
        let applied = table.apply(document(version, Coverage::Partial, many));
        assert_eq!(applied, if version < 3 { Applied::Taken } else { Applied::Gap });
    }
    assert_eq!((table.rows().len(), table.is_complete()), (1_024, false));
}
