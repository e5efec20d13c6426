//! Cases of docs/cases.md that need two whole terminals, by their numbers.

use crate::meddler::{Meddle, Way};
use crate::world::{CALLEE, Change, Seen, World};
use sip_core::manager::{Cause, EndReason};
use sma::conformance::{Gate, Hanging, Late};
use ssa::Why;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use terminal::Error;
use terminal::assembly::Outcome;
use terminal::config::Require;
use terminal::record::{Kind, Lifeline};

#[test]
fn an_offer_that_cannot_be_answered_ends_with_its_reason() {
    let meddle: Meddle = Arc::new(|way, octets| {
        let text = String::from_utf8_lossy(octets);
        if way == Way::In {
            vec![text.replace(" RTP/AVP ", " RTP/XYZ ").into()]
        } else {
            vec![octets.to_vec()]
        }
    });
    let change = Change { meddle: Some(meddle), require: Require::Nothing, ..Change::default() };
    let (world, caller, callee) = end(World::new(488, change));
    assert_eq!(caller.over, Some(Outcome::Failed(Cause::Status(488))), "{}", world.ladder());
    let why = "no audio line over RTP";
    assert!(callee.refused.is_some_and(|line| line.contains(why)));
    assert_eq!(callee.over, Some(Outcome::Media(why.to_owned())), "{}", world.ladder());
}

#[test]
fn a_bye_right_behind_the_ack_is_the_peers() {
    let meddle: Meddle = Arc::new(|way, octets| {
        if way == Way::Out || !octets.starts_with(b"ACK ") {
            return vec![octets.to_vec()];
        }
        let bye = edit(octets, |line| {
            let line = line.replace("ACK", "BYE").replace("branch=z9hG4bK", "branch=z9hG4bKx");
            let cseq = line.strip_prefix("CSeq: ").and_then(|it| it.split_once(' '));
            let next = cseq.map(|(number, _)| number.parse::<u32>().unwrap() + 1);
            Some(next.map(|number| format!("CSeq: {number} BYE")).unwrap_or(line))
        });
        vec![octets.to_vec(), bye]
    });
    let change = Change { meddle: Some(meddle), require: Require::Digest, ..Change::default() };
    let mut world = World::new(15, change);
    let (_, callee) = world.watch();
    let id = world.call();
    world.pass(Duration::from_secs(1));
    assert_eq!(callee.seen().over, Some(Outcome::Ended(EndReason::Remote)), "{}", world.ladder());
    world.caller.hang_up(id);
    world.settle();
}

#[test]
fn a_call_that_is_cancelled_at_once_does_not_wait_to_be_answered() {
    let meddle: Meddle = Arc::new(|way, octets| {
        if way == Way::Out || !octets.starts_with(b"INVITE ") {
            return vec![octets.to_vec()];
        }
        let cancel = edit(octets, |line| {
            let kept = !line.starts_with("Content-") && !line.starts_with("Contact:");
            kept.then(|| line.replace("INVITE", "CANCEL"))
        });
        let head = cancel.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
        vec![octets.to_vec(), cancel[..head].to_vec()]
    });
    let change = Change { meddle: Some(meddle), require: Require::Nothing, ..Change::default() };
    let (world, _, callee) = end(World::new(487, change));
    assert_eq!(callee.over, Some(Outcome::Ended(EndReason::Cancelled)), "{}", world.ladder());
    assert_eq!(callee.refused, Some(Error::NotWaiting.line()));
}

#[test]
fn a_call_that_is_refused_here_says_so() {
    let mut world = World::new(603, Change { require: Require::Nothing, ..Change::default() });
    let (caller, callee) = world.watch_refusing(603);
    world.call();
    world.pass(Duration::from_secs(1));
    assert_eq!(caller.seen().over, Some(Outcome::Failed(Cause::Status(603))));
    let over = callee.seen().over.unwrap();
    assert_eq!(over, Outcome::Refused(603));
    assert!(over.is_ordinary() && !Outcome::Refused(500).is_ordinary());
    world.settle();
}

/// The first BYE comes in as a re-INVITE that leaves the offer to us.
#[test]
fn a_reinvite_without_an_offer_gets_ours() {
    let turned = AtomicBool::new(false);
    let meddle: Meddle = Arc::new(move |way, octets| {
        if way == Way::Out || !octets.starts_with(b"BYE ") || turned.swap(true, Ordering::Relaxed) {
            return vec![octets.to_vec()];
        }
        vec![edit(octets, |line| {
            let line = line.replace("BYE", "INVITE").replace("branch=z9hG4bK", "branch=z9hG4bKx");
            let contact = "\r\nContact: <sip:alice@192.0.2.1:5060>";
            Some(if line.starts_with("CSeq:") { line + contact } else { line })
        })]
    });
    let change = Change { meddle: Some(meddle), require: Require::Nothing, ..Change::default() };
    let mut world = World::new(14, change);
    let (caller, _) = world.watch();
    let id = world.call();
    world.pass(Duration::from_secs(1));
    assert!(caller.seen().established.is_some(), "{}", world.ladder());
    world.caller.hang_up(id);
    world.pass(Duration::from_secs(1));
    // Its 200s: to the INVITE, and to this one, again for want of an ACK.
    assert!(status_of(&world, "callee", "SIP/2.0 200") > 2, "{}", world.ladder());
    for refusal in ["SIP/2.0 488", "SIP/2.0 400"] {
        assert_eq!(status_of(&world, "callee", refusal), 0, "{}", world.ladder());
    }
    world.settle();
}

#[test]
fn a_call_is_set_up_though_nobody_reads_the_events() {
    let mut world = World::new(256, Change::default());
    let callee = world.watch_callee();
    for _ in 0..300 {
        world.caller.options(CALLEE, Some(world.way_to_callee())).unwrap();
    }
    world.pass(Duration::from_secs(1));
    let id = world.call();
    world.pass(Duration::from_secs(3));
    world.caller.hang_up(id);
    world.settle();
    let heard = callee.seen().packets_received;
    assert!(heard > 50, "{heard} packets\n{}", world.ladder());
}

#[test]
fn calls_are_refused_while_nobody_reads_that_others_came() {
    let world = World::new(512, Change { require: Require::Nothing, ..Change::default() });
    for _ in 0..300 {
        let id = world.call();
        world.pass(Duration::from_millis(50));
        world.caller.hang_up(id);
        world.pass(Duration::from_millis(50));
    }
    world.settle();
    let refused = status_of(&world, "caller", "SIP/2.0 503");
    assert!((30..60).contains(&refused), "{refused} of 300, of which two events each are kept");
}

/// Sees a call to its end and says what both sides saw.
fn end(mut world: World) -> (World, Seen, Seen) {
    let (caller, callee) = world.watch();
    world.call();
    world.pass(Duration::from_secs(20));
    world.settle();
    let seen = (caller.seen(), callee.seen());
    (world, seen.0, seen.1)
}

/// Text in a datagram.
pub(crate) fn has(octets: &[u8], text: &str) -> bool {
    octets.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The datagram without the header fields of this name.
pub(crate) fn without(octets: &[u8], name: &str) -> Vec<u8> {
    edit(octets, |line| if line.starts_with(name) { None } else { Some(line.to_owned()) })
}

/// The datagram with each header line as `change` says; the body is left alone.
pub(crate) fn edit(octets: &[u8], change: impl Fn(&str) -> Option<String>) -> Vec<u8> {
    let end = octets.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(octets.len());
    let (head, body) = octets.split_at(end);
    // Media is no text.
    let Ok(head) = std::str::from_utf8(head) else { return octets.to_vec() };
    let lines = head.split("\r\n").filter_map(change);
    let mut changed = lines.collect::<Vec<_>>().join("\r\n").into_bytes();
    changed.extend_from_slice(body);
    changed
}

pub(crate) fn meddled(
    meddle: impl Fn(Way, &[u8]) -> Vec<Vec<u8>> + Send + Sync + 'static,
) -> Change {
    let meddle: Meddle = Arc::new(meddle);
    Change { meddle: Some(meddle), ..Change::default() }
}

pub(crate) fn is_invite_200(octets: &[u8]) -> bool {
    octets.starts_with(b"SIP/2.0 200") && has(octets, " INVITE\r\n")
}

pub(crate) fn status_of(world: &World, terminal: &str, start: &str) -> usize {
    world.count(terminal, |e| e.kind == Kind::Wire && e.label.starts_with(start))
}

#[test]
fn g20_agent_missing_at_the_callee() {
    let change = Change { callee_agent: Box::new(|_| Arc::new(sma::Deny)), ..Change::default() };
    let (world, caller, callee) = end(World::new(20, change));
    assert_eq!(caller.over.as_ref().and_then(Outcome::status), Some(500), "{}", world.ladder());
    assert_eq!(callee.incoming, 0);
    let retry = world.count("callee", |e| {
        e.packet.as_ref().is_some_and(|p| p.sent && has(&p.octets, "\r\nRetry-After: "))
    });
    assert!(retry > 0, "{}", world.ladder());
}

#[test]
fn g20_agent_missing_at_the_caller() {
    let change = Change { caller_agent: Box::new(|_| Arc::new(sma::Deny)), ..Change::default() };
    let (world, caller, callee) = end(World::new(20, change));
    let why = Outcome::Failed(Cause::Security(Why::ApplicationUnavailable));
    assert_eq!(caller.over, Some(why), "{}", world.ladder());
    assert_eq!(callee.incoming, 0);
    assert_eq!(status_of(&world, "caller", "ACK "), 1, "{}", world.ladder());
}

#[test]
fn g21_agent_stopped_at_the_callee() {
    let hanging = Arc::new(Hanging::new());
    let given = Arc::clone(&hanging);
    let change =
        Change { callee_agent: Box::new(move |_| Arc::clone(&given) as _), ..Change::default() };
    let mut world = World::new(21, change);
    let (caller, callee) = world.watch();
    world.call();
    // Promise 11: a final 500 in less than 2.5 s.
    world.pass(Duration::from_millis(2_500));
    assert_eq!(
        caller.seen().over.as_ref().and_then(Outcome::status),
        Some(500),
        "{}",
        world.ladder()
    );
    assert_eq!(hanging.waiting(), 0, "the job is dropped");
    assert_eq!(callee.seen().incoming, 0);
    world.settle();
}

#[test]
fn g21_agent_stopped_at_the_caller() {
    let hanging = Arc::new(Hanging::new());
    let given = Arc::clone(&hanging);
    let change =
        Change { caller_agent: Box::new(move |_| Arc::clone(&given) as _), ..Change::default() };
    let mut world = World::new(21, change);
    let (caller, _) = world.watch();
    world.call();
    // Promise 11: a local failure in less than 5.5 s.
    world.pass(Duration::from_millis(5_500));
    let why = Outcome::Failed(Cause::Security(Why::ApplicationUnavailable));
    assert_eq!(caller.seen().over, Some(why), "{}", world.ladder());
    assert_eq!(hanging.waiting(), 0, "the job is dropped");
    world.settle();
}

#[test]
fn a_second_call_while_the_agent_hangs() {
    let hanging = Arc::new(Hanging::new());
    let given = Arc::clone(&hanging);
    let change =
        Change { callee_agent: Box::new(move |_| Arc::clone(&given) as _), ..Change::default() };
    let mut world = World::new(22, change);
    let (caller, callee) = world.watch();
    world.call();
    world.pass(Duration::from_secs(1));
    world.call();
    world.pass(Duration::from_millis(2_500));
    assert_eq!(caller.seen().ended, 2, "{}", world.ladder());
    assert_eq!(
        caller.seen().over.as_ref().and_then(Outcome::status),
        Some(500),
        "{}",
        world.ladder()
    );
    assert_eq!((hanging.waiting(), callee.seen().incoming), (0, 0));
    world.settle();
}

#[test]
fn g28_callee_signature_stripped() {
    let change = meddled(|way, octets| {
        if way == Way::Out && is_invite_200(octets) {
            return vec![without(octets, "PGP-Signature:")];
        }
        vec![octets.to_vec()]
    });
    let (world, caller, _) = end(World::new(28, change));
    let why = Outcome::Failed(Cause::Security(Why::ProofMissing));
    assert_eq!(caller.over, Some(why), "{}", world.ladder());
    assert_eq!(caller.established, None);
    assert!(status_of(&world, "caller", "ACK ") > 0, "{}", world.ladder());
    assert!(status_of(&world, "caller", "BYE ") > 0, "{}", world.ladder());
    let media = world.count("caller", |e| e.label == "RTP");
    assert_eq!(media, 0, "no media: {}", world.ladder());
}

#[test]
fn g29_digest_offered_in_place_of_pgp() {
    let change = meddled(|way, octets| {
        if way == Way::Out && octets.starts_with(b"SIP/2.0 401") {
            return vec![edit(octets, |line| {
                Some(if line.starts_with("WWW-Authenticate:") {
                    "WWW-Authenticate: Digest realm=\"callee.example\", nonce=\"abc\", \
                     algorithm=SHA-256, qop=\"auth\""
                        .to_owned()
                } else {
                    line.to_owned()
                })
            })];
        }
        vec![octets.to_vec()]
    });
    let (world, caller, callee) = end(World::new(29, change));
    let why = Outcome::Failed(Cause::Security(Why::ProofMissing));
    assert_eq!(caller.over, Some(why), "{}", world.ladder());
    assert_eq!(callee.incoming, 0);
    assert_eq!(status_of(&world, "caller", "INVITE "), 1, "{}", world.ladder());
}

#[test]
fn g30_two_copies_of_the_authorized_invite() {
    let change = meddled(|way, octets| {
        let mut copies = vec![octets.to_vec()];
        if way == Way::In && octets.starts_with(b"INVITE ") && has(octets, "\r\nAuthorization: ") {
            copies.push(edit(octets, |line| {
                Some(line.replacen("branch=z9hG4bK", "branch=z9hG4bKx", 1))
            }));
        }
        copies
    });
    let mut world = World::new(30, change);
    let (caller, callee) = world.watch();
    let id = world.call();
    world.pass(Duration::from_secs(3));
    let verified = world.count("callee", |e| {
        e.kind == Kind::Signal && e.label == "verify" && e.to == Lifeline::SecurityApplication
    });
    assert_eq!(verified, 1, "{}", world.ladder());
    assert_eq!(callee.seen().incoming, 1);
    assert!(caller.seen().established.is_some(), "{}", world.ladder());
    assert!(world.ladder().contains(" SRTP × "), "{}", world.ladder());
    world.caller.hang_up(id);
    world.settle();
}

/// The message with this start line where there is one, and this SDP in place of its body.
pub(crate) fn with_sdp(octets: &[u8], start: Option<&str>, sdp: &str) -> Vec<u8> {
    let gone = ["Content-Type:", "Content-Length:", "PGP-Signature:"];
    let head = edit(octets, |line| {
        let kept = gone.iter().all(|name| !line.starts_with(name));
        kept.then(|| match start {
            Some(start) if line.starts_with("SIP/2.0 ") => start.to_owned(),
            _ => line.to_owned(),
        })
    });
    let end = head.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let kind = format!("\r\nContent-Type: application/sdp\r\nContent-Length: {}", sdp.len());
    [head.get(..end).unwrap(), kind.as_bytes(), b"\r\n\r\n", sdp.as_bytes()].concat()
}

#[test]
fn g31_sdp_that_nobody_signed_never_reaches_the_media() {
    // Somebody on the way wants the media of both sides, in the clear, at a host of his own.
    const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.66\r\ns=-\r\nc=IN IP4 192.0.2.66\r\n\
        t=0 0\r\nm=audio 6666 RTP/AVP 0\r\n";
    let change = meddled(|way, octets| {
        if way == Way::Out && is_invite_200(octets) {
            let early = with_sdp(octets, Some("SIP/2.0 183 Session Progress"), SDP);
            return vec![early, octets.to_vec()];
        }
        if way == Way::In && octets.starts_with(b"ACK ") && !has(octets, "Content-Length: 1") {
            return vec![with_sdp(octets, None, SDP)];
        }
        vec![octets.to_vec()]
    });
    let mut world = World::new(31, change);
    let (caller, callee) = world.watch();
    let id = world.call();
    world.pass(Duration::from_secs(3));
    for seen in [caller.seen(), callee.seen()] {
        let media = seen.established.map(|assurance| assurance.media).unwrap_or_default();
        assert!(media.iter().all(|line| line.starts_with("SRTP")), "{media:?}");
        assert_eq!(media.len(), 1, "{}", world.ladder());
    }
    world.caller.hang_up(id);
    world.settle();
    let early = status_of(&world, "caller", "SIP/2.0 183");
    assert!(early > 0, "it was tried: {}", world.ladder());
    let stolen = |e: &terminal::record::Entry| {
        e.packet.as_ref().is_some_and(|p| p.remote.ip().to_string() == "192.0.2.66")
    };
    for side in ["caller", "callee"] {
        assert_eq!(world.count(side, stolen), 0, "{}", world.ladder());
    }
    assert!(caller.seen().packets_received > 100 && callee.seen().packets_received > 100);
}

/// Both sides with the callee's security application answering only when the gate opens.
fn late_callee(seed: u64, gate: &Gate) -> World {
    let gate = gate.clone();
    let agent = move |double| Arc::new(Late::new(double, gate.clone())) as _;
    World::new(seed, Change { callee_agent: Box::new(agent), ..Change::default() })
}

#[test]
fn s06_cancelled_during_verification() {
    let gate = Gate::closed();
    let mut world = late_callee(6, &gate);
    let (caller, callee) = world.watch();
    let id = world.call();
    world.pass(Duration::from_secs(1));
    assert_eq!(gate.waiting(), 1, "{}", world.ladder());
    world.caller.hang_up(id);
    world.pass(Duration::from_millis(500));
    assert_eq!(gate.waiting(), 0, "the job is cancelled: {}", world.ladder());
    gate.open();
    world.settle();
    assert_eq!(callee.seen(), Seen::default(), "it never rings: {}", world.ladder());
    assert!(caller.seen().over.is_some());
    assert!(status_of(&world, "callee", "SIP/2.0 487") > 0, "{}", world.ladder());
}

#[test]
fn s08_hung_up_while_signing() {
    let gate = Gate::closed();
    let given = Mutex::new(gate.clone());
    let change = Change {
        caller_agent: Box::new(move |double| {
            Arc::new(Late::new(double, given.lock().unwrap().clone()))
        }),
        ..Change::default()
    };
    let mut world = World::new(8, change);
    let (caller, callee) = world.watch();
    let id = world.call();
    world.pass(Duration::from_secs(1));
    assert_eq!(gate.waiting(), 1, "{}", world.ladder());
    world.caller.hang_up(id);
    world.pass(Duration::from_millis(500));
    gate.open();
    world.settle();
    assert!(caller.seen().over.is_some());
    assert_eq!(callee.seen().incoming, 0);
    assert_eq!(status_of(&world, "caller", "INVITE "), 1, "{}", world.ladder());
    assert_eq!(status_of(&world, "caller", "ACK "), 1, "the 401 is ACKed: {}", world.ladder());
}

#[test]
fn x06_a_challenge_is_at_most_twice_its_request() {
    let sizes = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sizes);
    // The first INVITE comes as short as a stranger may write it.
    const KEPT: [&str; 8] =
        ["INVITE ", "Via:", "From:", "To:", "Call-ID:", "CSeq:", "Contact:", "Max-Forwards:"];
    let shortened = move |way, octets: &[u8]| {
        let first = octets.starts_with(b"INVITE ") && !has(octets, "\r\nAuthorization:");
        let short = match way {
            Way::In if first => {
                let head = edit(octets, |line| {
                    KEPT.iter().any(|kept| line.starts_with(kept)).then(|| line.to_owned())
                });
                let end = head.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
                head[..end].to_vec()
            }
            Way::In | Way::Out => octets.to_vec(),
        };
        if first || octets.starts_with(b"SIP/2.0 401") {
            seen.lock().unwrap().push((way, short.len()));
        }
        vec![short]
    };
    let change = Change { require: Require::Digest, ..meddled(shortened) };
    let mut world = World::new(6, change);
    let (caller, _) = world.watch();
    let id = world.call();
    world.pass(Duration::from_secs(2));
    world.caller.hang_up(id);
    world.settle();
    let sizes = sizes.lock().unwrap();
    let [(Way::In, asked), (Way::Out, challenge)] = sizes[..] else { panic!("{sizes:?}") };
    assert!(challenge <= 2 * asked, "{challenge} octets for {asked}");
    // The preferred algorithm alone was offered, and its nonce is as good.
    let offered = world.count("callee", |e| {
        e.packet.as_ref().is_some_and(|p| p.sent && has(&p.octets, "algorithm=SHA-512-256"))
    });
    assert_eq!(offered, 1, "{}", world.ladder());
    assert!(caller.seen().established.is_some(), "{}", world.ladder());
}
