//! Calls whose media are keyed by SDES, over TLS hops.

use crate::dtls::{Keyed, configured};
use crate::raw::Raw;
use crate::world::{CALLEE, CALLEE_IP, Change, World};
use net::Transport;
use sip_core::manager::Cause;
use ssa::Why;
use std::time::Duration;
use terminal::assembly::Outcome;
use terminal::config::Address;

const SECOND: Duration = Duration::from_secs(1);

const TOLD: &str = "Nobody has proved who this is; its media are encrypted, but not for the peer alone: \
    each SIP server on the way reads their keys, and can hear them.";

/// A call that both sides want keyed so.
fn call(seed: u64, over: Transport) -> Keyed {
    let port = if over.is_secure() { 5061 } else { 5060 };
    let way = Address { transport: over, address: (CALLEE_IP, port).into() };
    Keyed::over(taking(seed), way.into())
}

/// Two terminals that both take media so, and offer it.
fn taking(seed: u64) -> World {
    let both = sst::Configuration { sdes: true, ..sst::Configuration::default() };
    configured(seed, Change { tls: true, ..Change::default() }, &both)
}

/// Hold and resume are re-INVITEs, which leave the media where they are, and their keys as they are.
#[test]
fn a_call_over_tls_is_encrypted_and_says_who_reads_its_keys() {
    let call = call(190, Transport::Tls);
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
        let call = call(191, over);
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
