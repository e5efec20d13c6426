//! Frames that are whole, and frames that are not.

use super::*;
use proptest::prelude::*;

fn fingerprint() -> Fingerprint {
    Fingerprint::parse(&"ab".repeat(20)).unwrap()
}

fn notation() -> Notation {
    Notation { name: "cs1@countersign.invalid".into(), value: b"uac".to_vec(), critical: true }
}

fn report() -> Report {
    Report {
        good: true,
        data_sha256: [7; 32],
        signatures: 1,
        primary: fingerprint(),
        hash: HashId(8),
        class: 0,
        created: 1_700_000_000,
        expires: None,
        key: KeyValidity::NotForSigning,
        strong: true,
        notations: vec![notation()],
    }
}

fn bodies() -> Vec<Body> {
    let key = Key {
        fingerprint: fingerprint(),
        user_ids: vec!["sip:alice@example.org".into()],
        secret: true,
        facts: KeyFacts {
            signs: Some(AlgorithmId(22)),
            encrypts: Some(AlgorithmId(35)),
            hardware: true,
            expires: Some(1_700_000_000),
            revoked: true,
        },
        certified_by: vec![fingerprint()],
    };
    let mut bodies: Vec<_> = [
        Question::Identities,
        Question::Sign(ToSign {
            signer: fingerprint(),
            data: b"data".to_vec(),
            notation: notation(),
            expires_in: Duration::from_secs(300),
        }),
        Question::Verify(ToVerify {
            signer: fingerprint(),
            data: b"data".to_vec(),
            signature: b"signature".to_vec(),
            known_notations: vec!["cs1@countersign.invalid".into()],
        }),
        Question::Encrypt {
            recipients: vec![fingerprint(), fingerprint()],
            octets: b"plain".to_vec().into(),
        },
        Question::Decrypt { recipient: fingerprint(), octets: b"cipher".to_vec() },
        Question::Generate("sip:alice@example.org".into()),
        Question::Import(b"key".to_vec()),
        Question::Export(fingerprint()),
    ]
    .map(Body::Question)
    .into();
    bodies.push(Body::Cancel);
    let plain = Decrypted { octets: b"plain".to_vec().into(), integrity: true };
    let answers = [
        Answer::Keys(vec![key]),
        Answer::Octets(Vec::new()),
        Answer::Report(report()),
        Answer::Decrypted(plain),
        Answer::Text("-----BEGIN".into()),
    ];
    bodies.extend(answers.map(|answer| Body::Answer(Ok(answer))));
    bodies.extend(errors().map(|error| Body::Answer(Err(error))));
    bodies
}

fn errors() -> impl Iterator<Item = Error> {
    let faults = [
        KeyFault::Secret,
        KeyFault::NoUserId,
        KeyFault::Algorithm(19),
        KeyFault::WeakHash(HashId(2)),
        KeyFault::Revoked,
        KeyFault::Unbound,
    ];
    let others = (1..=10).chain(17..=18).map(|code| error_from_wire(code).unwrap());
    others.chain(faults.map(Error::Key))
}

#[test]
fn every_body_comes_back_as_it_went() {
    for ((body, same), n) in bodies().into_iter().zip(bodies()).zip(0..) {
        let id = [n; 16];
        let octets = encode(Frame { id, body }).unwrap();
        assert!(decode(&octets).ok() == Some(Frame { id, body: same }), "body {n}");
    }
}

#[test]
fn what_is_said_of_a_key_comes_back_as_it_went() {
    use KeyValidity::{Expired, NotForSigning, Revoked, Valid};
    for key in [Valid, Expired, Revoked, NotForSigning] {
        for (good, strong, expires) in [(true, false, None), (false, true, Some(u64::MAX))] {
            let report = || Report { key, good, strong, expires, ..report() };
            let body = |report| Body::Answer(Ok(Answer::Report(report)));
            let octets = encode(Frame { id: [1; 16], body: body(report()) }).unwrap();
            assert!(decode(&octets).ok().unwrap().body == body(report()), "{key:?}");
        }
    }
}

#[test]
fn a_frame_that_is_too_large_is_not_encoded() {
    let frame = Frame { id: [0; 16], body: Body::Question(Question::Import(vec![0; MAX_FRAME])) };
    assert!(encode(frame).err() == Some(FrameError::TooLarge));
    assert!(decode(&[0; MAX_FRAME + 1]).err() == Some(FrameError::TooLarge));
}

#[test]
fn what_cannot_be_is_malformed() {
    let malformed = |wire: wire::Frame| {
        assert!(decode(&wire.encode_to_vec()).err() == Some(FrameError::Malformed));
    };
    let frame = |body| wire::Frame { id: vec![0; 16], body: Some(body) };
    malformed(wire::Frame::default());
    malformed(wire::Frame { id: vec![0; 15], body: Some(wire::Body::Cancel(wire::Nothing {})) });
    malformed(frame(wire::Body::Export("ABCD".into())));
    malformed(frame(wire::Body::Failure(0)));
    for code in [19, 255, 1 << 8 | 1, 1 << 16, 13 | 1 << 16, u32::MAX] {
        malformed(frame(wire::Body::Failure(code)));
    }
    malformed(frame(wire::Body::Sign(wire::Sign::default())));
    let changes: [fn(&mut wire::Report); 5] = [
        |report| report.key = 5,
        |report| report.hash = 256,
        |report| report.class = 256,
        |report| report.data_sha256.truncate(31),
        |report| report.primary.truncate(16),
    ];
    for change in changes {
        let mut wrong = report_to_wire(report());
        change(&mut wrong);
        malformed(frame(wire::Body::Report(wrong)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn octets_never_panic(octets in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = decode(&octets);
    }

    #[test]
    fn a_changed_frame_never_panics(n in 0usize..30, at in 0usize..400, value: u8) {
        let body = bodies().swap_remove(n);
        let mut octets = encode(Frame { id: [1; 16], body }).unwrap().to_vec();
        let at = at % octets.len();
        octets[at] = value;
        let _ = decode(&octets);
    }
}
