//! A peer whose media does not come: it may be silent, or gone; and one that says why it hangs up.

use crate::offers::response;
use crate::raw::{Raw, SDP};
use crate::world::{CALLER_IP, Change, Watch, World};
use media_ctl::audio::{Silence, Tone};
use sip_core::manager::{CallId, EndReason};
use sst::Requirement;
use std::time::Duration;
use terminal::assembly::{Invitation, Outcome};
use terminal::config::{Address, Require};

const FAR: [u8; 4] = [192, 0, 2, 66];

/// A call to a peer that is up, and sends nothing.
fn silent(seed: u64) -> (World, Watch, Raw, CallId) {
    let mut world = World::new(seed, Change { require: Require::Nothing, ..Change::default() });
    let (caller, _) = world.watch();
    let raw = Raw::new(&world, FAR);
    let invitation = Invitation {
        to: "sip:far@192.0.2.66".to_owned(),
        next_hop: Some(Address::udp((FAR, 5060).into()).into()),
        require: Requirement::NOTHING,
        late_offer: false,
        source: Box::new(Tone::new(440.0, 8_000)),
        sink: Box::new(Silence),
    };
    let id = world.caller.call(invitation).unwrap();
    world.pass(Duration::from_millis(100));
    let body = "Content-Type: application/sdp\r\n";
    raw.send(CALLER_IP, &response(&heard(&raw, "INVITE ").unwrap(), "200 OK", body, SDP));
    world.pass(Duration::from_millis(100));
    assert!(heard(&raw, "ACK ").is_some() && caller.seen().established.is_some());
    (world, caller, raw, id)
}

/// A request of this method, of what has come in since this was asked last.
fn heard(raw: &Raw, method: &str) -> Option<String> {
    raw.heard().into_iter().find(|it| it.starts_with(method))
}

#[test]
fn a_silent_peer_that_answers_in_the_dialog_is_not_hung_up_on() {
    let (world, caller, raw, id) = silent(71);
    for status in ["200 OK", "405 Method Not Allowed", "200 OK", "501 Not Implemented"] {
        world.pass(Duration::from_secs(31));
        assert_eq!(heard(&raw, "OPTIONS "), None);
        world.pass(Duration::from_millis(1_200));
        let asked = heard(&raw, "OPTIONS ").unwrap_or_else(|| panic!("{}", world.ladder()));
        raw.send(CALLER_IP, &response(&asked, status, "", ""));
        world.pass(Duration::from_millis(100));
        assert_eq!(caller.seen().over, None, "{status}");
        _ = raw.heard();
    }
    world.caller.hang_up(id);
    world.pass(Duration::from_millis(100));
    raw.send(CALLER_IP, &response(&heard(&raw, "BYE ").unwrap(), "200 OK", "", ""));
    world.settle();
    assert_eq!(caller.seen().over, Some(Outcome::Ended(EndReason::Local)));
}

#[test]
fn a_silent_peer_that_answers_nothing_or_knows_of_no_call_is_gone() {
    for (seed, status) in [(72, None), (73, Some("481 Call/Transaction Does Not Exist"))] {
        let (world, caller, raw, _) = silent(seed);
        world.pass(Duration::from_secs(33));
        let asked = heard(&raw, "OPTIONS ").unwrap_or_else(|| panic!("{}", world.ladder()));
        if let Some(status) = status {
            raw.send(CALLER_IP, &response(&asked, status, "", ""));
        }
        world.settle();
        let over = caller.seen().over;
        let is_gone = matches!(over, Some(Outcome::NoMedia | Outcome::Ended(EndReason::Lost)));
        assert!(is_gone, "{status:?} {over:?}\n{}", world.ladder());
    }
}

/// The BYE of a peer that was asked in the dialog, with this Reason.
fn bye(asked: &str, reason: &str) -> String {
    let row = |name: &str| {
        let line = asked.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_once(": ").unwrap().1
    };
    format!(
        "BYE sip:alice@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.66;rport;branch=z9hG4bKbye\r\n\
         Max-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 BYE\r\nReason: {reason}\r\n\
         Content-Length: 0\r\n\r\n",
        row("To: "),
        row("From: "),
        row("Call-ID: ")
    )
}

/// RFC 3326 §2: what it says is a stranger's word.
#[test]
fn a_peer_that_says_why_it_hangs_up_is_quoted() {
    let (world, caller, raw, _) = silent(74);
    world.pass(Duration::from_secs(33));
    let asked = heard(&raw, "OPTIONS ").unwrap_or_else(|| panic!("{}", world.ladder()));
    raw.send(CALLER_IP, &response(&asked, "200 OK", "", ""));
    let reason = "SIP;cause=408;text=\"no \\\"way\\\" \u{202e}\", Q.850 ;cause=38";
    raw.send(CALLER_IP, &bye(&asked, reason));
    world.settle();
    let over = caller.seen().over.unwrap_or_else(|| panic!("{}", world.ladder()));
    let told = r#""no \"way\" \\u{202e}" (408 Request Timeout); Q.850 38"#;
    assert_eq!(over, Outcome::Explained(told.to_owned()));
    assert_eq!(over.to_string(), format!("the peer hung up: {told}"));
    assert_eq!((over.code(), over.is_ordinary()), ("peer_hung_up", true));
}
