//! A caller that is challenged again and again for one call.

use crate::answers::{CALLEE, CONTACT, answered, response, scripted};
use crate::double::Script;
use crate::raw::field;
use crate::world::{ALICE, sdp};
use sip_core::manager::Event;
use std::collections::BTreeSet;

/// What the way and the callee say to the tries, in this order.
const REFUSALS: [(&str, &str); 3] = [
    ("407 Proxy Authentication Required", "Proxy-Authenticate: Test nonce=\"1\"\r\n"),
    ("401 Unauthorized", "WWW-Authenticate: Test nonce=\"1\"\r\n"),
    ("401 Unauthorized", "WWW-Authenticate: Test nonce=\"2\", stale=true\r\n"),
];

#[test]
fn t15_a_407_then_a_401_then_a_stale_nonce_are_one_call() {
    let (world, mut alice, double, mut raw) = scripted(Script::default());
    world.run(async {
        let call = alice.call(ALICE, CALLEE, sdp("offer"));
        let mut tries = Vec::new();
        for (status, challenge) in REFUSALS {
            let invite = raw.receive().await.unwrap();
            let tag = format!("refused{}", tries.len());
            raw.send(&response(&invite, status, &tag, challenge));
            let ack = raw.receive().await.unwrap();
            assert!(ack.starts_with("ACK "), "{ack}");
            assert_eq!(field(&ack, "Via"), field(&invite, "Via"));
            tries.push(invite);
        }
        let last = raw.receive().await.unwrap();
        raw.send(&response(&last, "200 OK", "up", CONTACT));
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
    let (world, mut alice, _, mut raw) = scripted(Script::default());
    world.run(async {
        let (id, ..) = answered(&mut alice, &mut raw, CONTACT).await;
        alice.endpoint.reinvite(id, sdp("another")).unwrap();
        for (cseq, (status, challenge)) in (2..).zip(REFUSALS) {
            let reinvite = raw.receive().await.unwrap();
            assert_eq!(field(&reinvite, "CSeq"), format!("{cseq} INVITE"));
            raw.send(&response(&reinvite, status, "", challenge));
            assert!(raw.receive().await.unwrap().starts_with("ACK "));
        }
        let reinvite = raw.receive().await.unwrap();
        assert_eq!(field(&reinvite, "CSeq"), "5 INVITE");
        raw.send(&response(&reinvite, "200 OK", "", CONTACT));
        assert!(matches!(alice.next().await, Event::ReinviteAnswered { .. }));
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        alice.endpoint.hang_up(id).unwrap();
        assert_eq!(field(&raw.receive().await.unwrap(), "CSeq"), "6 BYE");
    });
}
