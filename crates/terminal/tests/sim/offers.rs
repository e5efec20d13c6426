//! Calls whose INVITE makes no offer: the callee makes it, and the ACK brings the answer. RFC 3261
//! §13.2.1.

use crate::cases::{has, status_of};
use crate::meddler::{Meddle, Way};
use crate::raw::{Raw, SDP};
use crate::world::{CALLER_IP, Change, World};
use media_ctl::audio::{Silence, Tone};
use net::{Datagram, DatagramSocket};
use sip_core::manager::EndReason;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;
use terminal::assembly::{Invitation, Outcome};
use terminal::config::{Address, Require};
use terminal::record::Entry;

/// Requests of the caller's of this method, with a session description or without.
fn sent(world: &World, method: &str, with_sdp: bool) -> usize {
    let is_it = |entry: &Entry| {
        let packet = entry.packet.as_ref().filter(|packet| packet.sent);
        packet.is_some_and(|packet| {
            packet.octets.starts_with(method.as_bytes())
                && has(&packet.octets, "m=audio") == with_sdp
        })
    };
    world.count("caller", is_it)
}

/// The way to the callee, on which the first ACK with an answer is lost.
fn losing_an_ack() -> Meddle {
    let lost = AtomicBool::new(false);
    Arc::new(move |way, octets| {
        let is_it = way == Way::In && octets.starts_with(b"ACK ") && has(octets, "m=audio");
        let is_lost = is_it && !lost.swap(true, Ordering::Relaxed);
        if is_lost { Vec::new() } else { vec![octets.to_vec()] }
    })
}

#[test]
fn audio_flows_both_ways_where_the_callee_makes_the_offer() {
    for (seed, require, meddle, acks) in [
        (41, Require::Nothing, None, 1),
        (42, Require::Digest, None, 1),
        (43, Require::Nothing, Some(losing_an_ack()), 2),
    ] {
        let mut world = World::new(seed, Change { require, meddle, ..Change::default() });
        let (caller, callee) = world.watch();
        let id = world.try_call(true).unwrap();
        world.pass(Duration::from_secs(4));
        let seen = [caller.seen(), callee.seen()];
        assert!(seen.iter().all(|it| it.established.is_some()), "{}", world.ladder());
        // A challenge is acknowledged, too.
        let challenges = usize::from(require == Require::Digest);
        assert_eq!((sent(&world, "INVITE", true), sent(&world, "ACK", false)), (0, challenges));
        assert_eq!(sent(&world, "ACK", true), acks, "{}", world.ladder());
        // Either side may change it then, as ever.
        world.caller.hold(id, true).unwrap();
        world.pass(Duration::from_secs(4));
        assert_eq!(callee.seen().within, ["peer held"], "{}", world.ladder());
        world.caller.hang_up(id);
        world.settle();
        assert_eq!(caller.seen().over, Some(Outcome::Ended(EndReason::Local)));
        for seen in [caller.seen(), callee.seen()] {
            assert!(seen.packets_received > 150, "{seen:?}");
        }
    }
}

#[test]
fn a_call_under_pgp_makes_its_offer_itself() {
    let mut world = World::new(44, Change::default());
    let (_, callee) = world.watch();
    let why = world.try_call(true).unwrap_err().line();
    assert!(why.contains("call without --late-offer"), "{why}");
    world.settle();
    assert_eq!(world.count("caller", |entry| entry.packet.is_some()), 0, "nothing is sent");
    assert_eq!(callee.seen().incoming, 0);
}

#[test]
fn an_offer_that_is_not_acceptable_is_acknowledged_and_the_call_ended() {
    let meddle: Meddle = Arc::new(|way, octets| {
        let text = String::from_utf8_lossy(octets);
        match way {
            Way::Out => vec![text.replace(" RTP/AVP ", " RTP/XYZ ").into()],
            Way::In => vec![octets.to_vec()],
        }
    });
    let change = Change { require: Require::Nothing, meddle: Some(meddle), ..Change::default() };
    let mut world = World::new(45, change);
    let (caller, callee) = world.watch();
    world.try_call(true).unwrap();
    world.settle();
    assert!(matches!(caller.seen().over, Some(Outcome::Media(_))), "{:?}", caller.seen());
    assert!(status_of(&world, "callee", "SIP/2.0 200") > 0, "{}", world.ladder());
    assert_eq!((sent(&world, "ACK", false), sent(&world, "BYE", false)), (1, 1));
    assert_eq!(callee.seen().established, None);
    // RFC 3326 §3.2.
    let why = "\r\nReason: SIP;cause=488;text=\"no media could be agreed on or started\"\r\n";
    let says_why = |entry: &Entry| {
        let bye = entry.packet.as_ref().filter(|it| it.sent && it.octets.starts_with(b"BYE "));
        bye.is_some_and(|it| has(&it.octets, why))
    };
    assert_eq!(world.count("caller", says_why), 1);
}

/// A response of the stranger's to what the caller sent, in the dialog of the tag `far`.
pub(crate) fn response(request: &str, status: &str, extra: &str, body: &str) -> String {
    let row = |name: &str| request.lines().find(|line| line.starts_with(name)).unwrap();
    let rows = ["Via: ", "From: ", "Call-ID: ", "CSeq: "].map(row).join("\r\n");
    let to = row("To: ").split(";tag=").next().unwrap();
    format!(
        "SIP/2.0 {status}\r\n{rows}\r\n{to};tag=far\r\nContact: <sip:far@192.0.2.66>\r\n{extra}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The one that the caller has sent of this method.
fn only(raw: &Raw, method: &str) -> String {
    let heard = raw.heard();
    let mut its = heard.iter().filter(|it| it.starts_with(method));
    let one = its.next().unwrap_or_else(|| panic!("no {method}: {heard:?}"));
    assert_eq!(its.next(), None);
    one.clone()
}

#[test]
fn early_media_runs_under_our_answer_in_the_prack_and_goes_on_with_a_200_without_sdp() {
    const FAR: [u8; 4] = [192, 0, 2, 66];
    let mut world = World::new(46, Change { require: Require::Nothing, ..Change::default() });
    let (caller, _) = world.watch();
    let raw = Raw::new(&world, FAR);
    let media = world.sim.host(FAR.into()).1.bind((FAR, 6666).into()).unwrap();
    let invitation = Invitation {
        to: "sip:far@192.0.2.66".to_owned(),
        next_hop: Some(Address::udp((FAR, 5060).into()).into()),
        require: Require::Nothing.into(),
        late_offer: true,
        source: Box::new(Tone::new(440.0, 8_000)),
        sink: Box::new(Silence),
    };
    let id = world.caller.call(invitation).unwrap();
    world.pass(Duration::from_millis(100));
    let invite = only(&raw, "INVITE ");
    let extra = "Require: 100rel\r\nRSeq: 1\r\nContent-Type: application/sdp\r\n";
    raw.send(CALLER_IP, &response(&invite, "183 Session Progress", extra, SDP));
    world.pass(Duration::from_millis(100));
    let prack = only(&raw, "PRACK ");
    assert!(prack.contains("m=audio"), "{prack}");
    assert_eq!(heard(&*media), (0, false), "the peer may not have our answer yet");
    raw.send(CALLER_IP, &response(&prack, "200 OK", "", ""));
    world.pass(Duration::from_secs(1));
    let (packets, is_heard) = heard(&*media);
    assert!(packets > 40 && !is_heard, "{packets}\n{}", world.ladder());
    assert_eq!(caller.seen().established, None);
    raw.send(CALLER_IP, &response(&invite, "200 OK", "", ""));
    world.pass(Duration::from_secs(1));
    assert!(only(&raw, "ACK ").ends_with("Content-Length: 0\r\n\r\n"));
    let (packets, is_heard) = heard(&*media);
    assert!(packets > 40 && is_heard, "{packets}\n{}", world.ladder());
    assert!(caller.seen().established.is_some(), "{}", world.ladder());
    world.caller.hang_up(id);
    world.pass(Duration::from_millis(100));
    raw.send(CALLER_IP, &response(&only(&raw, "BYE "), "200 OK", "", ""));
    world.settle();
}

/// How many packets of audio came in since this was asked last, and whether they say anything: in
/// silence all samples are the same.
fn heard(media: &dyn DatagramSocket) -> (usize, bool) {
    let (mut batch, mut cx) = (Vec::<Datagram>::new(), Context::from_waker(Waker::noop()));
    while media.poll_receive(&mut cx, &mut batch).is_ready() {}
    let is_sound = |it: &Datagram| {
        let samples = it.octets.get(12..).unwrap_or_default();
        samples.iter().any(|sample| Some(sample) != samples.first())
    };
    (batch.len(), batch.iter().any(is_sound))
}
