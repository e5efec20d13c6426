//! RFC 3863.

use crate::{example, examples};
use sip_core::packages::Priority;
use sip_core::packages::presence::{Basic, Contact, Note, Presence, Tuple};

fn read(name: &str) -> Presence {
    let read = Presence::parse(&example(name));
    read.unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn tuple(id: &str, uri: &str, thousandths: u16) -> Tuple {
    let priority = Priority::of_thousandths(thousandths);
    Tuple {
        id: id.to_owned(),
        basic: Some(Basic::Open),
        contact: Some(Contact { uri: uri.to_owned(), priority }),
        notes: Vec::new(),
        timestamp: None,
    }
}

fn note(text: &str, lang: Option<&str>) -> Note {
    Note { text: text.to_owned(), lang: lang.map(str::to_owned) }
}

#[test]
fn the_examples_of_rfc_3863_are_read_whatever_their_prefixes() {
    let all = examples("3863");
    assert_eq!(all.len(), 6);
    assert!(all.iter().all(|name| read(name).entity == "pres:someone@example.com"));
    let thus = Presence {
        entity: "pres:someone@example.com".to_owned(),
        tuples: vec![tuple("sg89ae", "tel:+09012345678", 800)],
        notes: Vec::new(),
    };
    assert_eq!(read("3863-4.2.2-1"), thus);
    assert_eq!(read("3863-4.2.2-2"), thus);
}

#[test]
fn what_extends_a_document_is_passed_over() {
    let busy = read("3863-4.3.1-1");
    let first = Tuple {
        notes: vec![
            note("Don't Disturb Please!", Some("en")),
            note("Ne derangez pas, s'il vous plait", Some("fr")),
        ],
        timestamp: Some("2001-10-27T16:49:29Z".to_owned()),
        ..tuple("bs35r9", "im:someone@mobilecarrier.net", 800)
    };
    assert_eq!(busy.tuples, [first, tuple("eg92n8", "mailto:someone@example.com", 1_000)]);
    assert_eq!(busy.notes, [note("I'll be in Tokyo next week", None)]);
    let extended = read("3863-4.3.2-1");
    let tuples = [
        tuple("ck38g9", "tel:+09012345678", 650),
        tuple("md66je", "im:someone@mobilecarrier.net", 1_000),
    ];
    assert_eq!(extended.tuples, tuples);
    assert_eq!(read("3863-4.3.3-1").tuples, [tuple("tj25ds", "tel:+09012345678", 725)]);
}

#[test]
fn a_priority_out_of_range_is_as_if_it_was_not_there() {
    let body = br#"<p:presence xmlns:p="urn:ietf:params:xml:ns:pidf" entity="sip:a@b">
        <p:tuple id="1"><p:status/><p:contact priority="1.5">sip:a@192.0.2.1</p:contact></p:tuple>
        </p:presence>"#;
    let read = Presence::parse(body).unwrap();
    let expected = Tuple { basic: None, ..tuple("1", "sip:a@192.0.2.1", 1_500) };
    assert_eq!(read.tuples, [expected]);
}
