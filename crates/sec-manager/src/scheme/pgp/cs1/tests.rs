//! Five vectors, and what may and may not change on the way.

use super::*;
use proptest::prelude::*;
use ssa::Party;

const NONCE: &str = "AZ4ABwABZVPxAPWvnZv3z-jJ_QWF_Kk-1k2B-KDS9vBB_L5P";
const ALICE: &str = "sip:alice@example.org";
const BOB: &str = "sip:bob@example.org";
const ALICE_CONTACT: &str = "sip:alice@192.0.2.1:5060";
const ALICE_KEY: &str = "d8692123c4065dea5e0f3ab5249b39d24f25e3b6";

/// A message as a stack would hold it, and what its parameters say.
#[derive(Clone, Debug)]
struct Message {
    method: &'static str,
    from: String,
    from_tag: String,
    to: String,
    to_tag: String,
    call_id: String,
    cseq: u32,
    fields: Vec<(String, String)>,
    body: String,
    realm: String,
    nonce: String,
    contact: String,
    signer: Fingerprint,
}

impl Headers for Message {
    fn value(&self, name: &str, nth: usize) -> Option<&[u8]> {
        let long = |name: &str| match name.to_ascii_lowercase().as_str() {
            "c" => "content-type".to_owned(),
            "e" => "content-encoding".to_owned(),
            "r" => "refer-to".to_owned(),
            "o" => "event".to_owned(),
            other => other.to_owned(),
        };
        let mut rows = self.fields.iter().filter(|(n, _)| long(n) == long(name));
        rows.nth(nth).map(|(_, value)| value.trim().as_bytes())
    }
}

impl Message {
    fn invite() -> Self {
        Self {
            method: "INVITE",
            from: ALICE.to_owned(),
            from_tag: "1928301774".to_owned(),
            to: BOB.to_owned(),
            to_tag: String::new(),
            call_id: "a84b4c76e66710@pc33".to_owned(),
            cseq: 314_160,
            fields: rows(&[
                ("Date", "Tue, 14 Nov 2023 22:13:20 GMT"),
                ("Content-Type", "application/sdp"),
            ]),
            body: "v=0\r\n".to_owned(),
            realm: "bob.example.org".to_owned(),
            nonce: NONCE.to_owned(),
            contact: ALICE_CONTACT.to_owned(),
            signer: digits('0'),
        }
    }

    /// The INVITE with everything in it that CS1 makes canonical.
    fn rich() -> Self {
        Self {
            contact: "sip:alice@[2001:db8::1]:5060;transport=tcp".to_owned(),
            fields: rows(&[
                ("Require", "100rel"),
                ("Date", "Tue, 14 Nov 2023 22:13:20 GMT"),
                (
                    "Content-Type",
                    "Multipart/Encrypted;\r\n  protocol=\"application/pgp-encrypted\";\t boundary=X",
                ),
                ("Content-Disposition", "session"),
                ("Require", " timer"),
                ("Answer-Mode", "Auto;require"),
            ]),
            body: "--X--\r\n".to_owned(),
            signer: Fingerprint::parse(ALICE_KEY).unwrap(),
            ..Self::invite()
        }
    }

    fn answer() -> Self {
        Self {
            to_tag: "8321234356".to_owned(),
            fields: rows(&[
                ("Date", "Tue, 14 Nov 2023 22:13:25 GMT"),
                ("Content-Type", "application/sdp"),
            ]),
            contact: "sip:bob@192.0.2.2:5060".to_owned(),
            signer: digits('1'),
            ..Self::invite()
        }
    }

    fn bye() -> Self {
        Self {
            method: "BYE",
            from: BOB.to_owned(),
            from_tag: "8321234356".to_owned(),
            to: ALICE.to_owned(),
            to_tag: "1928301774".to_owned(),
            cseq: 7,
            fields: rows(&[("Date", "Tue, 14 Nov 2023 22:14:00 GMT")]),
            body: String::new(),
            realm: "alice.example.org".to_owned(),
            contact: String::new(),
            signer: Fingerprint::parse(ALICE_KEY).unwrap(),
            ..Self::invite()
        }
    }

    fn request(&self) -> Request<'_> {
        Request {
            method: self.method,
            uri: b"sip:bob@192.0.2.2",
            call_id: self.call_id.as_bytes(),
            cseq: self.cseq,
            from: party(&self.from, &self.from_tag),
            to: party(&self.to, &self.to_tag),
            headers: self,
            body: self.body.as_bytes(),
        }
    }

    fn response(&self) -> Response<'_> {
        Response {
            status: 200,
            method: self.method,
            call_id: self.call_id.as_bytes(),
            cseq: self.cseq,
            from: party(&self.from, &self.from_tag),
            to: party(&self.to, &self.to_tag),
            headers: self,
            body: self.body.as_bytes(),
        }
    }

    fn fields<'a>(&'a self, uri: &'a str) -> Result<Fields<'a>, Unsignable> {
        Fields::of_request(&self.request(), &self.parameters(uri))
    }

    fn parameters<'a>(&'a self, uri: &'a str) -> Parameters<'a> {
        Parameters {
            realm: self.realm.as_bytes(),
            nonce: self.nonce.as_bytes(),
            uri: uri.as_bytes(),
            contact: self.contact.as_bytes(),
            signer: &self.signer,
        }
    }

    fn octets(&self) -> Vec<u8> {
        let uri = aor::canonical(self.to.as_bytes()).unwrap();
        self.fields(uri.as_str()).unwrap().octets()
    }
}

fn rows(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    rows.iter().map(own).collect()
}

fn digits(digit: char) -> Fingerprint {
    Fingerprint::parse(&digit.to_string().repeat(40)).unwrap()
}

fn party<'a>(uri: &'a str, tag: &'a str) -> Party<'a> {
    Party { uri: uri.as_bytes(), tag: (!tag.is_empty()).then_some(tag.as_bytes()) }
}

fn assert_vector(octets: &[u8], length: usize, sha256: &str) {
    let text = String::from_utf8_lossy(octets);
    assert_eq!(octets.len(), length, "{text}");
    let digest = hex::digits(Sha256::digest(octets).into());
    assert_eq!(digest.as_flattened(), sha256.as_bytes(), "{text}");
}

#[test]
fn vector_of_an_invite() {
    assert_vector(
        &Message::invite().octets(),
        575,
        "e8f54250c954638221bbd80c2ed0bb282c3fe2b9eaff2c1c33a4776ce3baf9b6",
    );
}

#[test]
fn vector_of_the_callees_bye() {
    assert_vector(
        &Message::bye().octets(),
        541,
        "f1b970fdef76b4934605fd09816750688c8d173693b57098e14f89fddd6941d4",
    );
}

#[test]
fn vector_of_an_invite_with_extensions() {
    assert_vector(
        &Message::rich().octets(),
        704,
        "7b402e52da8dfce813983449a1982d3389e3fc003f733e3e4f0958baee4ad26d",
    );
}

/// The answer to the plain INVITE.
#[test]
fn vector_of_the_callees_2xx() {
    let (request, answer) = (Message::invite(), Message::answer());
    let request = request.fields(BOB).unwrap();
    let octets = request.of_response(&answer.response(), &answer.parameters(BOB)).unwrap().octets();
    assert_vector(&octets, 666, "a4ae2a955cd27290a4340436782f952cab817fbacdb638b2e8f71cf152ccb0bd");
}

#[test]
fn g09_the_roles_octets_differ() {
    let uac = Message::invite();
    let uac = uac.fields(BOB).unwrap();
    let uas = Fields { role: Role::Uas, ..uac.clone() };
    assert_ne!(uac.octets(), uas.octets());
}

#[test]
fn g28_a_2xx_of_another_request_has_no_octets() {
    let request = Message::invite();
    let request = request.fields(BOB).unwrap();
    let edits: [fn(&mut Message); 6] = [
        |m| m.call_id.push('x'),
        |m| m.cseq += 1,
        |m| m.method = "UPDATE",
        |m| m.from_tag.push('x'),
        |m| m.realm.push('x'),
        |m| m.nonce.push('x'),
    ];
    for edit in edits {
        let mut answer = Message::answer();
        edit(&mut answer);
        let got = request.of_response(&answer.response(), &answer.parameters(BOB));
        assert_eq!(got, Err(Unsignable::OtherRequest));
    }
}

#[test]
fn g28_a_2xx_for_another_address_has_no_octets() {
    let (request, answer) = (Message::invite(), Message::answer());
    let request = request.fields(BOB).unwrap();
    let parameters = Parameters { uri: b"sip:mallory@example.org", ..answer.parameters(BOB) };
    let got = request.of_response(&answer.response(), &parameters);
    assert_eq!(got, Err(Unsignable::Uri));
}

#[test]
fn what_cannot_be_signed_says_why() {
    let mut no_date = Message::invite();
    no_date.fields.remove(0);
    assert_eq!(no_date.fields(BOB), Err(Unsignable::NoDate));

    let mut two = Message::invite();
    two.fields.push(("c".to_owned(), "text/plain".to_owned()));
    assert_eq!(two.fields(BOB), Err(Unsignable::Repeated("Content-Type")));

    let mut from = Message::invite();
    "mailto:alice@example.org".clone_into(&mut from.from);
    assert_eq!(from.fields(BOB), Err(Unsignable::Address));

    let other = Message::invite();
    assert_eq!(other.fields(ALICE), Err(Unsignable::Uri));
}

/// What elements on the way may do to a message, one bit each.
fn rewrite(mut message: Message, bits: u16) -> Message {
    let bit = |n: u16| bits & (1 << n) != 0;
    if bit(0) {
        message.from = message.from.replace("example.org", "EXAMPLE.Org");
    }
    if bit(1) {
        message.to = message.to.replace("example.org", "example.org:5060");
    }
    if bit(2) {
        message.to.push_str(";transport=tcp?Subject=x");
    }
    if bit(3) {
        message.from = message.from.replace("sip:alice@", "SIP:%61lic%65:pw@");
    }
    for (name, value) in &mut message.fields {
        if bit(4) {
            *value = value.replace(' ', "\r\n\t ");
        }
        if bit(5) {
            *value = value.replace("ultipart/E", "ULTIPART/e");
        }
        if bit(6) {
            *name = name.replace("Content-Type", "c");
        }
        if bit(7) {
            name.make_ascii_uppercase();
        }
    }
    if bit(8) {
        // G32: Contact and Via are rewritten, Record-Route and Identity added.
        let added = [("Contact", "<sip:x@198.51.100.1>"), ("Identity", "abc")];
        message.fields.extend(rows(&added));
    }
    if bit(9) {
        // Rows of different names change places.
        message.fields.sort_by(|a, b| a.0.cmp(&b.0));
    }
    message
}

/// Each change that a signature must not survive.
const CHANGES: [fn(&mut Message); 28] = [
    |m| m.method = "UPDATE",
    |m| m.from.insert(4, 'x'),
    |m| m.from = m.from.replace("sip:", "sips:"),
    |m| m.from = m.from.replace("alice", "Alice"),
    |m| m.from.push_str(":5070"),
    |m| m.from_tag.push('x'),
    |m| m.to.insert(4, 'x'),
    |m| m.to_tag.push('x'),
    |m| m.call_id.push('x'),
    |m| m.cseq += 1,
    |m| m.realm.push('x'),
    |m| m.nonce.push('x'),
    |m| m.contact.push('x'),
    |m| m.contact.clear(),
    |m| m.signer = digits('2'),
    |m| m.body.push('x'),
    |m| m.body.clear(),
    |m| m.fields[0].1.push('x'),
    |m| m.fields[1].1 = "Tue, 14 Nov 2023 22:13:21 GMT".to_owned(),
    |m| m.fields[2].1 = m.fields[2].1.replace("=X", "=x"),
    |m| m.fields[3].1.push_str(";handling=optional"),
    |m| drop(m.fields.remove(4)),
    |m| m.fields[5].1.make_ascii_lowercase(),
    |m| m.fields.swap(0, 4),
    |m| m.fields.extend(rows(&[("Replaces", "1@x;to-tag=a;from-tag=b")])),
    |m| m.fields.extend(rows(&[("r", "sip:x@example.org")])),
    |m| m.fields.extend(rows(&[("Content-Encoding", "gzip")])),
    |m| m.fields.extend(rows(&[("Require", "")])),
];

#[test]
fn g13_g34_fields_added_on_the_way_change_the_octets() {
    let plain = Message::invite();
    for name in EXTENSIONS {
        let mut added = plain.clone();
        added.fields.push((name.to_owned(), "x".to_owned()));
        assert_ne!(added.octets(), plain.octets(), "{name}");
    }
}

#[test]
fn extensions_are_sorted() {
    assert!(EXTENSIONS.is_sorted());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn g12_allowed_rewrites_keep_the_octets(bits in 0u16..1024) {
        prop_assert_eq!(rewrite(Message::rich(), bits).octets(), Message::rich().octets());
    }

    #[test]
    fn g08_any_signed_field_changed_changes_the_octets(bits in 0u16..512) {
        for (nth, change) in CHANGES.iter().enumerate() {
            let mut changed = Message::rich();
            change(&mut changed);
            let octets = rewrite(changed, bits).octets();
            prop_assert_ne!(octets, Message::rich().octets(), "change {}", nth);
        }
    }

    /// Values full of the separators themselves cannot move octets from one field to another.
    #[test]
    fn octets_have_one_reading(
        one in proptest::array::uniform4("[a0-2:\n]{0,6}"),
        other in proptest::array::uniform4("[a0-2:\n]{0,6}"),
    ) {
        let octets = |[realm, nonce, from_tag, contact]: &[String; 4]| {
            let mut message = Message::invite();
            message.realm.clone_from(realm);
            message.nonce.clone_from(nonce);
            message.from_tag.clone_from(from_tag);
            message.contact.clone_from(contact);
            message.octets()
        };
        prop_assert_eq!(octets(&one) == octets(&other), one == other);
    }
}
