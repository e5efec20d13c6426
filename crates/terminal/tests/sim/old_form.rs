//! A caller that signs as RFC 2543 §15.1 has it and knows no other form, written by hand.

use crate::raw::{Raw, SDP};
use crate::world::{CALLEE, CALLEE_IP, CALLER, Change, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sma::conformance::Double;
use sma::{Notation, SecurityApplication as _, ToSign};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PEER: [u8; 4] = [192, 0, 2, 66];

/// What stands below the Authorization, and so is signed.
fn signed_fields(cseq: u32) -> String {
    format!(
        "From: Alice <{CALLER}>;tag=1\r\nTo: <{CALLEE}>\r\nCall-ID: old\r\nCSeq: {cseq} INVITE\r\n\
         Contact: <sip:alice@192.0.2.66>\r\nSubject: Mr. Watson, come here.\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n",
        SDP.len()
    )
}

fn invite(cseq: u32, authorization: &str) -> String {
    let fields = signed_fields(cseq);
    format!(
        "INVITE {CALLEE} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.66;rport;branch=z9hG4bKold{cseq}\r\n\
         Max-Forwards: 70\r\n{authorization}{fields}\r\n{SDP}"
    )
}

/// The callee, which takes this form of the caller or does not, and the caller's keys.
fn world(takes: bool) -> (World, Arc<Double>) {
    let keys: Arc<Mutex<Option<Arc<Double>>>> = Arc::default();
    let given = Arc::clone(&keys);
    let caller_agent = Box::new(move |double| {
        let double = Arc::new(double);
        *given.lock().unwrap() = Some(Arc::clone(&double));
        double as _
    });
    let world = World::new(43, Change { rfc2543: takes, caller_agent, ..Change::default() });
    let keys = keys.lock().unwrap().take().unwrap();
    (world, keys)
}

/// The INVITE that answers the challenge to another one.
fn answer(world: &World, keys: &Double, challenge: &str) -> String {
    let parameter = |name: &str| {
        let from = challenge.split_once(&format!("{name}=\"")).unwrap().1;
        from.split_once('"').unwrap().0
    };
    let (realm, nonce) = (parameter("realm"), parameter("nonce"));
    let data = format!("{nonce}INVITESIP/2.0{}\r\n{SDP}", signed_fields(2)).into_bytes();
    let key = world.sim.block_on(keys.identities()).unwrap().unwrap().remove(0);
    let (name, value) = ("cs1@countersign.invalid".to_owned(), Vec::new());
    let question = ToSign {
        signer: key.fingerprint,
        data,
        notation: Notation { name, value, critical: true },
        expires_in: Duration::from_secs(300),
    };
    let signature = world.sim.block_on(keys.sign(question)).unwrap().unwrap();
    let signature = STANDARD.encode(signature);
    invite(
        2,
        &format!(
            "Authorization: pgp version=\"5.0\"\r\n ;realm=\"{realm}\" ;nonce=\"{nonce}\"\r\n \
             ;signature=\"{signature}\"\r\n"
        ),
    )
}

/// What the callee answers last to a caller that knows this form alone, and acknowledges it.
fn call(world: &World, keys: &Double) -> String {
    let peer = Raw::new(world, PEER);
    peer.send(CALLEE_IP, &invite(1, ""));
    world.pass(Duration::from_secs(1));
    let challenge = peer.heard().pop().unwrap();
    assert!(challenge.starts_with("SIP/2.0 401"), "{challenge}");
    peer.send(CALLEE_IP, &answer(world, keys, &challenge));
    world.pass(Duration::from_secs(2));
    let last = peer.heard().pop().unwrap();
    let row = |name: &str| last.lines().find(|line| line.starts_with(name)).unwrap();
    let rows = ["From: ", "To: ", "Call-ID: "].map(row).join("\r\n");
    peer.send(
        CALLEE_IP,
        &format!(
            "ACK {CALLEE} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.66;rport;branch=z9hG4bKack\r\n\
             Max-Forwards: 70\r\n{rows}\r\nCSeq: 2 ACK\r\nContent-Length: 0\r\n\r\n"
        ),
    );
    world.pass(Duration::from_secs(1));
    last
}

/// Its form covers header fields in their order, which does not cross to a manager apart.
#[cfg(feature = "loopback")]
#[test]
fn a_caller_of_old_is_refused_by_a_manager_apart() {
    let (mut world, keys) = world(true);
    let callee = world.watch_callee();
    let answer = call(&world, &keys);
    assert!(answer.starts_with("SIP/2.0 4"), "{answer}");
    assert_eq!((callee.seen().incoming, callee.seen().established), (0, None));
    world.settle();
}

#[cfg(not(feature = "loopback"))]
#[test]
fn a_caller_of_old_is_believed_where_it_is_named_and_told_as_what_it_is() {
    let (mut world, keys) = world(true);
    let callee = world.watch_callee();
    let ok = call(&world, &keys);
    assert!(ok.starts_with("SIP/2.0 200"), "{ok}");
    assert!(!ok.contains("PGP-Signature") && ok.contains("RTP/AVP 0"), "{ok}");
    let told = callee.seen().established.unwrap();
    assert_eq!((told.proof, told.peer.as_deref()), ("rfc2543", Some(CALLER)));
    assert_eq!((told.trust, &*told.media), (None, &["RTP".to_owned()][..]));
    let says = "and nothing else in this call is proved; its media are not encrypted.";
    assert!(told.sentence.ends_with(says), "{}", told.sentence);
    world.settle();
}

#[test]
fn a_caller_of_old_that_nobody_named_fails_closed() {
    let (mut world, keys) = world(false);
    let callee = world.watch_callee();
    let answer = call(&world, &keys);
    assert!(answer.starts_with("SIP/2.0 400"), "{answer}");
    assert_eq!((callee.seen().incoming, callee.seen().established), (0, None));
    world.settle();
}
