//! A 2xx that crosses our CANCEL, and is still being judged when the CANCEL has had its time: it is
//! acknowledged all the same, and what is not wanted is ended. RFC 3261 §9.1, §13.2.2.4.

use crate::answers::{CALLEE, CONTACT, answered, response, scripted};
use crate::double::{Script, When};
use crate::raw::Raw;
use crate::world::{ALICE, Side, World, sdp};
use sip_core::manager::{EndReason, Event};
use std::time::Duration;

/// 64*T1, a little before it is over.
const ALMOST: Duration = Duration::from_millis(31_900);

/// Alice, who takes a second to judge a 2xx, and a peer at 192.0.2.9 that writes by hand to her.
fn pair() -> (World, Side, Raw) {
    let slow = Script { judge: When::After(Duration::from_secs(1)), ..Script::default() };
    let (world, alice, _, raw) = scripted(slow);
    (world, alice, raw)
}

/// Takes the CANCEL that is due and answers it; the INVITE stays unanswered.
async fn take_cancel(raw: &mut Raw) {
    let cancel = raw.receive().await.unwrap();
    assert!(cancel.starts_with("CANCEL "), "{cancel}");
    raw.send(&response(&cancel, "200 OK", "t", ""));
}

#[test]
fn a_2xx_that_is_judged_when_the_cancel_is_given_up_is_acknowledged_and_ended() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let call = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        raw.send(&response(&invite, "180 Ringing", "t", CONTACT));
        assert!(matches!(alice.next().await, Event::Ringing { .. }));
        alice.endpoint.hang_up(call).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Local });
        take_cancel(&mut raw).await;
        raw.sleep(ALMOST).await;
        raw.send(&response(&invite, "200 OK", "t", CONTACT));
        raw.sleep(Duration::from_secs(1)).await;
        let ack = raw.receive().await.unwrap();
        assert!(ack.starts_with("ACK sip:here@192.0.2.9 "), "{ack}");
        let bye = raw.receive().await.unwrap();
        assert!(bye.starts_with("BYE sip:here@192.0.2.9 "), "{bye}");
        raw.send(&response(&bye, "200 OK", "", ""));
        raw.sleep(Duration::from_secs(70)).await;
    });
    alice.assert_empty();
}

#[test]
fn a_2xx_to_a_reinvite_that_is_judged_when_the_cancel_is_given_up_counts() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (call, ..) = answered(&mut alice, &mut raw, CONTACT).await;
        alice.endpoint.reinvite(call, sdp("more")).unwrap();
        let reinvite = raw.receive().await.unwrap();
        raw.send(&response(&reinvite, "180 Ringing", "", CONTACT));
        raw.sleep(Duration::from_secs(179)).await;
        raw.receive().await;
        take_cancel(&mut raw).await;
        raw.sleep(ALMOST).await;
        raw.send(&response(&reinvite, "200 OK", "", CONTACT));
        raw.sleep(Duration::from_secs(1)).await;
        let ack = raw.receive().await.unwrap();
        assert!(ack.starts_with("ACK ") && ack.contains("CSeq: 2 ACK"), "{ack}");
        let answered = Event::ReinviteAnswered { id: call, body: ssa::Body::default() };
        assert_eq!(alice.next().await, answered);
    });
    assert_eq!(alice.endpoint.sizes().manager.dialogs, 1);
}

#[test]
fn a_call_that_ends_while_the_2xx_to_its_reinvite_is_judged_acknowledges_it() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (call, ..) = answered(&mut alice, &mut raw, CONTACT).await;
        alice.endpoint.reinvite(call, sdp("more")).unwrap();
        let reinvite = raw.receive().await.unwrap();
        raw.send(&response(&reinvite, "200 OK", "", CONTACT));
        raw.sleep(Duration::from_millis(100)).await;
        alice.endpoint.hang_up(call).unwrap();
        let [mut acks, mut byes] = [0, 0];
        for _ in 0..2 {
            let message = raw.receive().await.unwrap();
            acks += u8::from(message.starts_with("ACK ") && message.contains("CSeq: 2 ACK"));
            byes += u8::from(message.starts_with("BYE "));
        }
        assert_eq!((acks, byes), (1, 1));
    });
}
