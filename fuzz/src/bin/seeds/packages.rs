//! Documents of event packages.

use crate::{Seed, texts};
use sip_core::packages::Coverage;
use sip_core::packages::dialog_info::{Dialog, DialogInfo, State};
use sip_core::packages::presence::{Basic, Contact, Note, Presence, Tuple};

const REGISTRATIONS: &str = "<?xml version=\"1.0\"?><reginfo \
    xmlns=\"urn:ietf:params:xml:ns:reginfo\" version=\"0\" state=\"full\"><registration \
    aor=\"sip:user@example.com\" id=\"as9\" state=\"active\"><contact id=\"76\" state=\"active\" \
    event=\"registered\" duration-registered=\"7322\" q=\"0.8\" callid=\"1\" cseq=\"2\" \
    expires=\"60\"><uri>sip:user@192.0.2.1</uri><display-name>User</display-name><unknown-param \
    name=\"+sip.instance\">1</unknown-param></contact></registration></reginfo>";

const EXTENDED: &str = "<?xml version='1.0' encoding='UTF-8'?><!-- extended --><p:presence \
    xmlns:p='urn:ietf:params:xml:ns:pidf' xmlns:o='urn:o' entity='pres:a@b'><p:tuple id='1'>\
    <p:status><p:basic>open</p:basic><o:busy p:mustUnderstand='1'><o:x/></o:busy></p:status>\
    <p:contact priority='0.8'>im:a@b&#x40;</p:contact><p:note xml:lang='en'><![CDATA[<a>]]>&amp;\
    </p:note><p:timestamp>2001-10-27T16:49:29Z</p:timestamp></p:tuple></p:presence>";

const REFUSED: [&str; 3] = [
    "<!DOCTYPE presence [<!ENTITY a \"ha\">]><presence xmlns='urn:ietf:params:xml:ns:pidf'>&a;</presence>",
    "<presence xmlns='urn:ietf:params:xml:ns:pidf' entity=''><x:y/></presence>",
    "<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='' a='1' a='2'><note></presence>",
];

pub(crate) fn documents() -> Vec<Seed> {
    let written =
        [presence(), dialogs()].map(|octets| String::from_utf8_lossy(&octets).into_owned());
    let later = REGISTRATIONS.replace("\"0\" state=\"full", "\"2\" state=\"partial");
    let twice = [REGISTRATIONS, &later].join("\0");
    let summary = "Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n";
    let all = [REGISTRATIONS, EXTENDED, summary, &twice].into_iter();
    texts(all.chain(written.iter().map(String::as_str)).chain(REFUSED))
}

fn presence() -> Vec<u8> {
    let note = Note { text: "in Tokyo".to_owned(), lang: Some("en".to_owned()) };
    let contact = Contact { uri: "sip:a@192.0.2.1".to_owned(), priority: None };
    let tuple = Tuple {
        id: "1".to_owned(),
        basic: Some(Basic::Closed),
        contact: Some(contact),
        notes: vec![note.clone()],
        timestamp: None,
    };
    Presence { entity: "sip:a@b".to_owned(), tuples: vec![tuple], notes: vec![note] }.to_body()
}

/// Three documents of one subscription.
fn dialogs() -> Vec<u8> {
    let states = [State::Trying, State::Early, State::Terminated];
    let documents = states.into_iter().zip(0..).map(|(state, version)| {
        let coverage = if version == 0 { Coverage::Full } else { Coverage::Partial };
        let dialogs = vec![Dialog::new("1", state), Dialog::new(state.word(), state)];
        let entity = Some("sip:a@b".to_owned());
        DialogInfo { version, coverage, entity, dialogs }.to_body()
    });
    documents.collect::<Vec<_>>().join(&0)
}
