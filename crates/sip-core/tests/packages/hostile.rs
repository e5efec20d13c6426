//! What a peer may send that is no document, or more than one should be.

use sip_core::packages::presence::Presence;

const NAMESPACE: &str = "urn:ietf:params:xml:ns:pidf";

/// A document of presence with this in it.
fn within(inner: &str) -> String {
    format!("<presence xmlns=\"{NAMESPACE}\" entity=\"sip:a@b\">{inner}</presence>")
}

/// Why a document is refused.
fn refused(document: impl AsRef<[u8]>) -> String {
    let read = Presence::parse(document.as_ref());
    let shown = || String::from_utf8_lossy(document.as_ref()).chars().take(200).collect::<String>();
    read.map_or_else(|why| why.to_string(), |read| panic!("{}: {read:?}", shown()))
}

fn taken(document: impl AsRef<[u8]>) -> Presence {
    Presence::parse(document.as_ref()).unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn a_document_type_is_refused_and_no_entity_is_expanded() {
    let laughs = "<!DOCTYPE presence [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    let bomb = format!("{laughs}{}", within("<note>&b;</note>"));
    assert_eq!(refused(bomb), "expected no document type at octet 0, found one");
    let read = "<!DOCTYPE presence SYSTEM \"file:///etc/passwd\">";
    assert!(refused(format!("{read}{}", within(""))).starts_with("expected no document type"));
    let text = refused(within("<note>&b;</note>"));
    assert_eq!(text, "expected an entity that XML defines at octet 69, found `b`");
    let attribute = within("<note xml:lang='&b;'/>");
    assert!(refused(attribute).starts_with("expected well-formed XML at octet 63"));
    let known = taken(within("<note xml:lang='&lt;&#65;'>&amp;&#x42;<![CDATA[<&b;>]]>&gt;</note>"));
    let note = known.notes.first().unwrap();
    assert_eq!((note.text.as_str(), note.lang.as_deref()), ("&B<&b;>>", Some("<A")));
}

#[test]
fn a_document_has_limits_in_octets_depth_elements_and_attributes() {
    let filled = |octets: usize| {
        let empty = within("<note></note>").len();
        within(&format!("<note>{}</note>", "x".repeat(octets - empty)))
    };
    assert_eq!(taken(filled(64 * 1024)).notes.len(), 1);
    let long = refused(filled(64 * 1024 + 1));
    assert_eq!(long, "expected no more than 64 KiB at octet 0, found 65537");

    for name in ["x", "o:x"] {
        let deep = |depth: usize| {
            let (open, close) = (format!("<{name}>"), format!("</{name}>"));
            let inner = open.repeat(depth - 2) + &close.repeat(depth - 2);
            within(&format!("<y xmlns:o='urn:o'>{inner}</y>"))
        };
        taken(deep(32));
        assert!(refused(deep(33)).starts_with("expected elements no deeper than 32"), "{name}");
    }
    for element in ["<note/>", "<x xmlns=\"urn:o\"/>"] {
        taken(within(&element.repeat(1_023)));
        let many = refused(within(&element.repeat(1_024)));
        assert!(many.starts_with("expected no more than 1024 elements"), "{many}");
    }
    let attributed = |many: usize| {
        let attributes: String = (0..many).map(|it| format!(" a{it}=''")).collect();
        within(&format!("<note{attributes}/>"))
    };
    taken(attributed(32));
    assert!(refused(attributed(33)).starts_with("expected no more than 32 attributes"));
    let declared = |many: usize| {
        let of = |part: usize| -> String {
            (0..16).map(|it| format!(" xmlns:n{part}x{it}='urn:n'")).collect()
        };
        let open: String = (0..many).map(|part| format!("<x{}>", of(part))).collect();
        within(&(open + &"</x>".repeat(many)))
    };
    taken(declared(1));
    assert!(
        refused(declared(2)).starts_with("expected well-formed XML"),
        "33 with the default one"
    );
}

#[test]
fn octets_that_are_no_text_are_refused() {
    for (octets, why) in [
        (&b"<note>\xff</note>"[..], "expected UTF-8 at octet 69, found other octets"),
        (b"<note>\xed\xa0\x80</note>", "expected UTF-8 at octet 69, found other octets"),
        (
            b"<note>\x1b[2J</note>",
            "expected a character that XML allows at octet 69, found `\\u{1b}`",
        ),
        (
            b"<note>&#27;</note>",
            "expected a character that XML allows at octet 69, found `\\u{1b}`",
        ),
        (
            b"<note xml:lang='&#1;'/>",
            "expected a character that XML allows at octet 63, found `\\u{1}`",
        ),
    ] {
        let frame = within("|");
        let (before, after) = frame.split_once('|').unwrap();
        let document = [before.as_bytes(), octets, after.as_bytes()].concat();
        assert_eq!(refused(document), why);
    }
    let latin = format!("<?xml version='1.0' encoding='ISO-8859-1'?>{}", within(""));
    assert_eq!(refused(latin), "expected UTF-8 at octet 0, found `ISO-8859-1`");
    let newer = format!("<?xml version='1.1'?>{}", within(""));
    assert_eq!(refused(newer), "expected XML 1.0 at octet 0, found `1.1`");
    taken(format!("\u{feff}<?xml version='1.0' encoding='utf-8'?>{}", within("")));
}

#[test]
fn what_is_not_well_formed_or_another_document_is_refused() {
    for (document, why) in [
        (String::new(), "expected an element `presence` at octet 0, found the end"),
        ("hello".to_owned(), "expected an element at octet 0, found `hello`"),
        (
            "<presence/>".to_owned(),
            "expected an element `presence` at octet 0, found `presence` of the namespace none",
        ),
        (
            "<presence xmlns='urn:x' entity='a'/>".to_owned(),
            "expected an element `presence` at octet 0, found `presence` of the namespace `urn:x`",
        ),
        (
            format!("<tuple xmlns='{NAMESPACE}'/>"),
            "expected an element `presence` at octet 0, found `tuple`",
        ),
        (within("") + "<x/>", "expected the end at octet 74, found `x`"),
        (within("") + "x", "expected an element at octet 74, found `x`"),
        (within("<p:x/>"), "expected a prefix that is declared at octet 63, found `p`"),
        (within("<note p:x=''/>"), "expected a prefix that is declared at octet 63, found `p`"),
        (within("<tuple/>"), "expected an element `status` at octet 63, found none in `tuple`"),
        (
            within("<tuple><status/></tuple>"),
            "expected an attribute `id` at octet 63, found none in `tuple`",
        ),
        (
            within("<tuple id='1'><status><basic>maybe</basic></status></tuple>"),
            "expected `open` or `closed` at octet 85, found `maybe`",
        ),
    ] {
        assert_eq!(refused(&document), why, "{document}");
    }
    for inner in [
        "<note>",
        "</note>",
        "<note></tuple>",
        "<note a='1' a='2'/>",
        "<note a=1/>",
        "a & b",
        "<",
        "<note a='<'/>",
        "<!-- -- -->",
    ] {
        let why = refused(within(inner));
        assert!(why.starts_with("expected well-formed XML at octet "), "{inner}: {why}");
    }
    let name = "long".repeat(10_000);
    for (inner, most) in [(format!("<{name}>"), 300), (format!("<note>&{name};</note>"), 150)] {
        let why = refused(within(&inner));
        assert!(why.len() < most, "a peer's text is shortened: {}", why.len());
    }
    let unended = within("").replace("</presence>", "");
    assert!(refused(unended).starts_with("expected the end of each element"));
}

#[test]
fn elements_of_other_namespaces_are_passed_over_with_all_that_is_in_them() {
    let within_others = taken(within(
        "<o:note xmlns:o='urn:o'>no<note>no</note></o:note><x><note>no</note></x>\
         <?php no?><!--<note>no</note>--><q:note xmlns:q='urn:ietf:params:xml:ns:pidf'>yes</q:note>\
         <note xmlns='urn:o'>no</note><o:note xmlns:o='urn:ietf:params:xml:ns:pidf'>y<o:b>no</o:b>e<x xmlns='urn:x'>no</x>s</o:note>",
    ));
    let notes: Vec<_> = within_others.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(notes, ["yes", "yes"]);
}
