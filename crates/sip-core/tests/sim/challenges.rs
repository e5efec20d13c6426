//! A caller that is challenged again and again for one call.

use crate::double::{Double, Script};
use crate::raw::{Raw, field, response};
use crate::world::{ALICE, World, sdp};
use sip_core::manager::Event;
use std::collections::BTreeSet;
use std::sync::Arc;

const CALLEE: &str = "sip:bob@192.0.2.9";

/// What the way and the callee say to the tries, in this order.
const REFUSALS: [(&str, &str); 3] = [
    ("407 Proxy Authentication Required", "Proxy-Authenticate: Test nonce=\"1\"\r\n"),
    ("401 Unauthorized", "WWW-Authenticate: Test nonce=\"1\"\r\n"),
    ("401 Unauthorized", "WWW-Authenticate: Test nonce=\"2\", stale=true\r\n"),
];

#[test]
fn t15_a_407_then_a_401_then_a_stale_nonce_are_one_call() {
    let world = World::perfect();
    let double = Double::new(world.runtime(1), Script::default());
    let mut alice = world.side(1, Arc::clone(&double) as _);
    let mut raw = Raw::to_alice(&world, 9);
    world.run(async {
        let call = alice.call(ALICE, CALLEE, sdp("offer"));
        let mut tries = Vec::new();
        for (status, challenge) in REFUSALS {
            let invite = raw.receive().await.unwrap();
            let to = field(&invite, "To").to_owned();
            let refusal = response(&invite, status, challenge);
            raw.send(&refusal.replace(&to, &format!("{to};tag=refused{}", tries.len())));
            let ack = raw.receive().await.unwrap();
            assert!(ack.starts_with("ACK "), "{ack}");
            assert_eq!(field(&ack, "Via"), field(&invite, "Via"));
            tries.push(invite);
        }
        let last = raw.receive().await.unwrap();
        let contact = "Contact: <sip:here@192.0.2.9>\r\n";
        let to = field(&last, "To").to_owned();
        raw.send(&response(&last, "200 OK", contact).replace(&to, &format!("{to};tag=up")));
        assert_eq!(alice.next().await, Event::Answered { id: call, body: Default::default() });
        assert!(raw.receive().await.unwrap().starts_with("ACK sip:here@192.0.2.9 "));
        tries.push(last);
        // One call: what names it stays, and what tells its tries apart does not.
        for name in ["From", "To", "Call-ID", "Contact"] {
            assert!(tries.iter().all(|it| field(it, name) == field(&tries[0], name)), "{name}");
        }
        let cseqs: Vec<_> = tries.iter().map(|it| field(it, "CSeq")).collect();
        assert_eq!(cseqs, ["1 INVITE", "2 INVITE", "3 INVITE", "4 INVITE"]);
        let branches: BTreeSet<_> = tries.iter().map(|it| field(it, "Via")).collect();
        assert_eq!(branches.len(), 4);
        assert_eq!(alice.next_within(70).await, None);
    });
    for cseq in 1..=3 {
        assert_eq!(double.count(&format!("got_401_unauthorized INVITE {cseq}")), 1);
        assert_eq!(double.count(&format!("authorize INVITE {} Plan({cseq})", cseq + 1)), 1);
    }
    assert_eq!(double.count("abandon"), 0);
    let sizes = alice.endpoint.sizes().manager;
    assert_eq!((sizes.dialogs, sizes.exchanges, sizes.transactions), (1, 0, 0));
}

#[test]
fn a_request_that_is_tried_again_in_a_dialog_counts_there() {
    let world = World::perfect();
    let double = Double::new(world.runtime(1), Script::default());
    let mut alice = world.side(1, Arc::clone(&double) as _);
    let mut raw = Raw::to_alice(&world, 9);
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        let contact = "Contact: <sip:here@192.0.2.9>\r\n";
        let to = field(&invite, "To").to_owned();
        raw.send(&response(&invite, "200 OK", contact).replace(&to, &format!("{to};tag=up")));
        assert!(matches!(alice.next().await, Event::Answered { .. }));
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        alice.endpoint.reinvite(id, sdp("another")).unwrap();
        for (cseq, (status, challenge)) in (2..).zip(REFUSALS) {
            let reinvite = raw.receive().await.unwrap();
            assert_eq!(field(&reinvite, "CSeq"), format!("{cseq} INVITE"));
            raw.send(&response(&reinvite, status, challenge));
            assert!(raw.receive().await.unwrap().starts_with("ACK "));
        }
        let reinvite = raw.receive().await.unwrap();
        assert_eq!(field(&reinvite, "CSeq"), "5 INVITE");
        raw.send(&response(&reinvite, "200 OK", contact));
        assert!(matches!(alice.next().await, Event::ReinviteAnswered { .. }));
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        alice.endpoint.hang_up(id).unwrap();
        assert_eq!(field(&raw.receive().await.unwrap(), "CSeq"), "6 BYE");
    });
}
