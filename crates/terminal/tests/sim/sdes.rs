//! Calls whose media are keyed by SDES, over TLS hops.

use crate::dtls::plain;
use crate::raw::Raw;
use crate::world::{CALLEE, CALLEE_IP, Change, Watch, World};
use media_ctl::audio::{Silence, Tone};
use net::Transport;
use sip_core::manager::{CallId, Cause, EndReason};
use ssa::Why;
use sst::Requirement;
use std::time::Duration;
use terminal::assembly::{Invitation, Outcome};
use terminal::config::Address;

const SECOND: Duration = Duration::from_secs(1);

const TOLD: &str = "Nobody has proved who this is; its media are encrypted, but not for the peer alone: \
    each SIP server on the way reads their keys, and can hear them.";

/// A call that both sides want keyed so.
struct Keyed {
    world: World,
    here: CallId,
    caller: Watch,
    callee: Watch,
}

impl Keyed {
    fn new(seed: u64, over: Transport) -> Self {
        let mut world = taking(seed);
        let (caller, callee) = world.watch();
        let port = if over.is_secure() { 5061 } else { 5060 };
        let next_hop = Address { transport: over, address: (CALLEE_IP, port).into() };
        let here = world
            .caller
            .call(Invitation {
                to: CALLEE.to_owned(),
                next_hop: Some(next_hop.into()),
                require: Requirement::NOTHING,
                late_offer: false,
                source: Box::new(Tone::new(440.0, 8_000)),
                sink: Box::new(Silence),
            })
            .unwrap();
        Self { world, here, caller, callee }
    }

    /// Ends it, and gives how many packets caller and callee received.
    fn end(self) -> [u64; 2] {
        self.world.caller.hang_up(self.here);
        self.world.settle();
        assert_eq!(self.caller.seen().over, Some(Outcome::Ended(EndReason::Local)));
        [&self.caller, &self.callee].map(|side| side.seen().packets_received)
    }
}

/// Two terminals that both take media so, and offer it.
fn taking(seed: u64) -> World {
    let world = World::new(seed, plain(Change { tls: true, ..Change::default() }));
    for side in [&world.caller, &world.callee] {
        let sdes = true;
        side.security().configure(&sst::Configuration { sdes, ..sst::Configuration::default() });
    }
    world
}

/// Hold and resume are re-INVITEs, which leave the media where they are, and their keys as they are.
#[test]
fn a_call_over_tls_is_encrypted_and_says_who_reads_its_keys() {
    let call = Keyed::new(190, Transport::Tls);
    call.world.pass(2 * SECOND);
    for side in [&call.caller, &call.callee] {
        let told = side.seen().established.unwrap_or_else(|| panic!("{}", call.world.ladder()));
        assert_eq!(told.sentence, TOLD);
        assert_eq!(told.media, ["SRTP AEAD_AES_128_GCM"]);
    }
    for hold in [true, false] {
        call.world.caller.hold(call.here, hold).unwrap();
        call.world.pass(2 * SECOND);
    }
    assert_eq!(call.caller.seen().within, ["held", "resumed"], "{}", call.world.ladder());
    let [caller, callee] = call.end();
    assert!(caller > 170 && callee > 270, "{caller} {callee}");
}

/// M06: the INVITE does not leave, and the user is told what to do.
#[test]
fn m06_over_another_hop_the_call_does_not_leave() {
    for over in [Transport::Udp, Transport::Tcp] {
        let call = Keyed::new(191, over);
        call.world.pass(SECOND);
        call.world.settle();
        let outcome = call.caller.seen().over.unwrap();
        assert_eq!(outcome, Outcome::Failed(Cause::Security(Why::KeysInClear)), "{over:?}");
        assert_eq!(call.callee.seen().incoming, 0, "{}", call.world.ladder());
    }
}

/// M06: nor are keys taken that came in the clear, though they would be over TLS.
#[test]
fn m06_keys_that_came_in_the_clear_are_refused() {
    let mut world = taking(192);
    let callee = world.watch_callee();
    let mallory = Raw::new(&world, [192, 0, 2, 66]);
    let sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.66\r\ns=-\r\nc=IN IP4 192.0.2.66\r\nt=0 0\r\n\
        m=audio 6666 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 \
        inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n";
    let length = sdp.len();
    mallory.send(
        CALLEE_IP,
        &format!(
            "INVITE {CALLEE} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.66:5060;branch=z9hG4bKa\r\n\
             Max-Forwards: 70\r\nFrom: <sip:mallory@192.0.2.66>;tag=1\r\nTo: <{CALLEE}>\r\n\
             Call-ID: 1@192.0.2.66\r\nCSeq: 1 INVITE\r\nContact: <sip:192.0.2.66>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{sdp}"
        ),
    );
    world.pass(SECOND);
    let heard = mallory.heard();
    assert!(heard.iter().any(|text| text.starts_with("SIP/2.0 488 ")), "{heard:?}");
    assert_eq!(callee.seen().established, None);
}
