//! Downgrades: each is refused, and the user is told so in the words of `docs/downgrades.md`.

use crate::cases::{edit, has, is_invite_200, meddled, status_of, with_sdp, without};
use crate::dtls::{Keyed, another_fingerprint, is_answer};
use crate::meddler::Way;
use crate::world::{CALLEE, CALLER, Change, World};
use media_ctl::audio::{Silence, Tone};
use sst::Requirement;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use terminal::assembly::Invitation;
use terminal::config::Require;

/// The table that people read; each row names its downgrade and quotes the line.
const DOCUMENT: &str = include_str!("../../../../docs/downgrades.md");

const PLAIN: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.66\r\ns=-\r\nc=IN IP4 192.0.2.66\r\n\
    t=0 0\r\nm=audio 6666 RTP/AVP 0\r\n";

const SDES: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.66\r\ns=-\r\nc=IN IP4 192.0.2.66\r\n\
    t=0 0\r\nm=audio 6666 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 \
    inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n";

/// What is asked for, and how the line is come by that the user sees.
type Row = (&'static str, fn() -> String);

const ROWS: [Row; 19] = [
    ("PGP → Digest", pgp_to_digest),
    ("PGP → the form of RFC 2543", pgp_to_rfc2543),
    ("PGP → nothing", pgp_to_nothing),
    ("SRTP → RTP, on the way", srtp_to_rtp_on_the_way),
    ("SRTP → RTP, by the caller", srtp_to_rtp_by_the_caller),
    ("SHA-256 → MD5", sha256_to_md5),
    ("sips → sip", sips_to_sip),
    ("TLS → TCP or UDP, of the proof", tls_to_udp),
    ("TLS → TCP or UDP, of credentials", credentials_off_tls),
    ("post-quantum → classical", quantum_to_classical),
    ("a re-INVITE in the clear", || within("INVITE")),
    ("an UPDATE that changes the SDP", || within("UPDATE")),
    ("a PRACK that brings an SDP", || within("PRACK")),
    ("a transfer to somebody less proved", transfer),
    ("RTCP in the clear", plain_rtcp),
    ("DTLS-SRTP → RTP, in the answer", || dtls_answered_with(PLAIN)),
    ("DTLS-SRTP → SDES, in the answer", || dtls_answered_with(SDES)),
    ("DTLS-SRTP → RTP, in a re-INVITE", dtls_to_plain_later),
    ("DTLS-SRTP with somebody between", dtls_with_another),
];

#[test]
fn each_downgrade_is_refused_and_told() {
    for (what, line) in ROWS {
        let line = line();
        let row = DOCUMENT.lines().find(|row| row.starts_with(&format!("| {what} | ")));
        assert!(row.is_some_and(|row| row.ends_with(&format!(" | {line} |"))), "{what}: {line}");
    }
    let rows = DOCUMENT.lines().filter(|line| line.starts_with("| ")).count();
    assert_eq!(rows, 1 + ROWS.len(), "a row without a test");
}

/// The line with which a call ends that never came to be.
fn no_call(change: Change, invitation: Invitation) -> String {
    let mut world = World::new(70, change);
    refused(&mut world, invitation)
}

fn refused(world: &mut World, invitation: Invitation) -> String {
    let (caller, callee) = world.watch();
    if let Err(error) = world.caller.call(invitation) {
        world.settle();
        return error.line();
    }
    world.pass(Duration::from_secs(20));
    world.settle();
    let (caller, callee) = (caller.seen(), callee.seen());
    assert_eq!(caller.established, None, "{}", world.ladder());
    assert_eq!(caller.packets_received + callee.packets_received, 0, "{}", world.ladder());
    caller.over.unwrap().to_string()
}

fn to_callee(world_of: Require, require: Requirement) -> Invitation {
    let change = Change { require: world_of, ..Change::default() };
    Invitation {
        to: CALLEE.to_owned(),
        next_hop: Some(World::new(1, change).way_to_callee()),
        require,
        late_offer: false,
        source: Box::new(Tone::new(440.0, 8_000)),
        sink: Box::new(Silence),
    }
}

fn signed() -> Invitation {
    to_callee(Require::Pgp, Requirement::PGP)
}

fn pgp_to_digest() -> String {
    let change = meddled(|way, octets| {
        let challenge = way == Way::Out && octets.starts_with(b"SIP/2.0 401");
        let digest = "WWW-Authenticate: Digest realm=\"callee.example\", nonce=\"abc\", \
                      algorithm=SHA-256, qop=\"auth\"";
        vec![edit(octets, |line| {
            let its = challenge && line.starts_with("WWW-Authenticate:");
            Some(if its { digest.to_owned() } else { line.to_owned() })
        })]
    });
    no_call(change, signed())
}

fn pgp_to_rfc2543() -> String {
    let change = meddled(|way, octets| {
        let challenge = way == Way::Out && octets.starts_with(b"SIP/2.0 401");
        vec![edit(octets, |line| {
            let its = challenge && line.starts_with("WWW-Authenticate:");
            Some(if its { line.replacen(", c14n=\"cs1\"", "", 1) } else { line.to_owned() })
        })]
    });
    no_call(change, signed())
}

fn pgp_to_nothing() -> String {
    let change = meddled(|way, octets| {
        let answer = way == Way::Out && is_invite_200(octets);
        vec![if answer { without(octets, "PGP-Signature:") } else { octets.to_vec() }]
    });
    no_call(change, signed())
}

fn srtp_to_rtp_on_the_way() -> String {
    let change = meddled(|way, octets| {
        if way == Way::In || !is_invite_200(octets) {
            return vec![octets.to_vec()];
        }
        let text = String::from_utf8_lossy(octets);
        let signature = text.lines().find(|line| line.starts_with("PGP-Signature:"));
        let signature = signature.unwrap_or_default().to_owned();
        let plain = with_sdp(octets, None, PLAIN);
        vec![edit(&plain, |line| {
            let first = line.starts_with("SIP/2.0 ");
            Some(if first { format!("{line}\r\n{signature}") } else { line.to_owned() })
        })]
    });
    no_call(change, signed())
}

/// The callee demands of its media that they stay secret, and the caller offers them in the clear.
fn srtp_to_rtp_by_the_caller() -> String {
    let mut world = World::new(71, Change { require: Require::Nothing, ..Change::default() });
    world.callee.security().configure(&sst::Configuration {
        secrecy: sst::Secrecy::Forward,
        ..sst::Configuration::default()
    });
    let (_, callee) = world.watch();
    world.caller.call(to_callee(Require::Nothing, Requirement::NOTHING)).unwrap();
    world.pass(Duration::from_secs(20));
    world.settle();
    assert_eq!(callee.seen().established, None, "{}", world.ladder());
    callee.seen().over.unwrap().to_string()
}

fn sha256_to_md5() -> String {
    let weakened = |way, octets: &[u8]| {
        let challenge = way == Way::Out && octets.starts_with(b"SIP/2.0 401");
        vec![edit(octets, |line| {
            let sha = challenge && line.contains("algorithm=SHA-");
            (!sha).then(|| line.to_owned())
        })]
    };
    let change = Change { require: Require::Digest, ..meddled(weakened) };
    no_call(change, to_callee(Require::Digest, Requirement::NOTHING))
}

fn sips_to_sip() -> String {
    let to = CALLEE.replace("sip:", "sips:");
    no_call(
        Change { require: Require::Nothing, ..Change::default() },
        Invitation { to, ..to_callee(Require::Nothing, Requirement::NOTHING) },
    )
}

fn tls_to_udp() -> String {
    let change = Change { require: Require::Nothing, ..Change::default() };
    no_call(change, to_callee(Require::Nothing, Requirement::TLS_NAME))
}

/// The account's credentials go over TLS to a server of its name alone, and the challenge comes over
/// UDP from its address.
fn credentials_off_tls() -> String {
    let mut world = World::new(72, Change { require: Require::Digest, ..Change::default() });
    world.caller.security().configure(&sst::Configuration {
        accounts: vec![sst::Account {
            aor: CALLER.to_owned(),
            realm: "callee.example".to_owned(),
            user: "alice".to_owned(),
            secret: Some(sst::Password::new(b"secret".to_vec()).into()),
            hop: sst::HopPolicy::TlsName("callee.example".to_owned()),
            floor: sst::Algorithm::Sha256,
            dtls: None,
            sdes: None,
            require: Requirement::NOTHING,
        }],
        ..sst::Configuration::default()
    });
    refused(&mut world, to_callee(Require::Digest, Requirement::NOTHING))
}

fn quantum_to_classical() -> String {
    let mut world = World::new(73, Change { require: Require::Nothing, ..Change::default() });
    world.caller.security().configure(&sst::Configuration {
        secrecy: sst::Secrecy::PostQuantum,
        ..sst::Configuration::default()
    });
    refused(&mut world, to_callee(Require::Nothing, Requirement::NOTHING))
}

/// Somebody who knows the identifiers of a call under PGP sends this within it, unsigned and with an
/// SDP of its own: the call stays as it was, and says so.
fn within(method: &'static str) -> String {
    let acks = AtomicUsize::new(0);
    let change = meddled(move |way, octets| {
        let is_ack = way == Way::In && octets.starts_with(b"ACK ");
        // The first acknowledges the challenge, the second the answer.
        if !is_ack || acks.fetch_add(1, Ordering::Relaxed) != 1 {
            return vec![octets.to_vec()];
        }
        let forged = edit(octets, |line| {
            let line = line.replace("branch=z9hG4bK", "branch=z9hG4bKx");
            if line.starts_with("Authorization:") {
                return None;
            }
            let number = line.strip_prefix("CSeq: ").and_then(|it| it.split(' ').next());
            Some(match number {
                Some(number) => {
                    let next = number.parse::<u32>().unwrap() + 1;
                    let contact = "\r\nContact: <sip:alice@192.0.2.66:5060>";
                    let rack = if method == "PRACK" { "\r\nRAck: 1 1 INVITE" } else { "" };
                    format!("CSeq: {next} {method}{contact}{rack}")
                }
                None => line.replace("ACK sip:", &format!("{method} sip:")),
            })
        });
        vec![octets.to_vec(), with_sdp(&forged, None, PLAIN)]
    });
    let mut world = World::new(74, change);
    let (caller, callee) = world.watch();
    let id = world.call();
    world.pass(Duration::from_secs(3));
    let came = world.count("callee", |e| e.label.starts_with(method) && has_sdp(e));
    assert!(came > 0, "it was tried: {}", world.ladder());
    // The first is the call's own.
    assert_eq!(status_of(&world, "callee", "SIP/2.0 401"), 2, "{}", world.ladder());
    still_sealed(world, id, &caller, &callee)
}

fn has_sdp(entry: &terminal::record::Entry) -> bool {
    entry.packet.as_ref().is_some_and(|packet| has(&packet.octets, "m=audio 6666"))
}

/// What the callee is told of a call whose media go on as they began.
fn still_sealed(
    world: World, id: sip_core::manager::CallId, caller: &crate::world::Watch,
    callee: &crate::world::Watch,
) -> String {
    world.caller.hang_up(id);
    world.settle();
    for side in [caller.seen(), callee.seen()] {
        assert!(side.packets_received > 100, "{}", world.ladder());
    }
    let stolen = |e: &terminal::record::Entry| {
        e.packet.as_ref().is_some_and(|p| p.sent && p.remote.ip().to_string() == "192.0.2.66")
    };
    assert_eq!(world.count("callee", stolen), 0, "{}", world.ladder());
    let told = callee.seen().established.unwrap();
    assert!(told.media.iter().all(|line| line.starts_with("SRTP")), "{told:?}");
    let key = told.fingerprint.unwrap();
    told.sentence.replace(&key, "…")
}

/// In a call under PGP the peer asks to call somebody instead of whom nothing is required.
fn transfer() -> String {
    let mut world = World::new(75, Change::default());
    let (caller, callee) = world.watch();
    world.call();
    world.pass(Duration::from_secs(3));
    world.callee.transfer(callee.seen().last.unwrap(), CALLEE).unwrap();
    world.pass(Duration::from_secs(2));
    let asked = caller.seen().asked.unwrap();
    // From now on nobody asks for a proof, of whom or by whom it may be.
    for side in [&world.caller, &world.callee] {
        side.security().configure(&sst::Configuration::default());
    }
    let invitation = to_callee(Require::Nothing, Requirement::NOTHING);
    world.caller.follow(&asked, invitation).unwrap();
    world.pass(Duration::from_secs(20));
    assert_eq!(callee.seen().incoming, 2, "{}", world.ladder());
    assert_eq!(caller.seen().ended, 1, "{}", world.ladder());
    caller.seen().over.unwrap().to_string()
}

fn plain_rtcp() -> String {
    let change = meddled(|way, octets| {
        let is_rtp = octets.first().is_some_and(|first| first & 0xc0 == 0x80) && octets.len() > 12;
        if way == Way::Out || !is_rtp {
            return vec![octets.to_vec()];
        }
        // A BYE of that source. RFC 3550 §6.6.
        let bye = [&[0x81, 203, 0, 1], octets.get(8..12).unwrap()].concat();
        vec![octets.to_vec(), bye]
    });
    let mut world = World::new(76, change);
    let (caller, callee) = world.watch();
    let id = world.call();
    world.pass(Duration::from_secs(3));
    still_sealed(world, id, &caller, &callee)
}

/// The offer is to be keyed by DTLS, and somebody on the way answers it otherwise.
fn dtls_answered_with(sdp: &'static str) -> String {
    let call = Keyed::new(
        77,
        meddled(move |way, octets| {
            vec![if is_answer(way, octets) { with_sdp(octets, None, sdp) } else { octets.to_vec() }]
        }),
    );
    call.world.pass(Duration::from_secs(20));
    call.world.settle();
    let (caller, callee) = (call.caller.seen(), call.callee.seen());
    assert_eq!(caller.established, None, "{}", call.world.ladder());
    assert_eq!(caller.packets_received + callee.packets_received, 0, "{}", call.world.ladder());
    caller.over.unwrap().to_string()
}

/// A re-INVITE that arrives as one for plain media changes nothing.
fn dtls_to_plain_later() -> String {
    let seen = AtomicUsize::new(0);
    let call = Keyed::new(
        78,
        meddled(move |way, octets| {
            let offer = way == Way::In && octets.starts_with(b"INVITE ");
            let later = offer && seen.fetch_add(1, Ordering::Relaxed) > 0;
            vec![if later { with_sdp(octets, None, PLAIN) } else { octets.to_vec() }]
        }),
    );
    call.world.pass(Duration::from_secs(2));
    call.world.caller.hold(call.here, true).unwrap();
    call.world.pass(Duration::from_secs(3));
    assert_eq!(status_of(&call.world, "callee", "SIP/2.0 488"), 1, "{}", call.world.ladder());
    call.world.caller.hang_up(call.here);
    call.world.settle();
    let callee = call.callee.seen();
    assert!(callee.packets_received > 200, "it goes on: {}", call.world.ladder());
    callee.keyed.unwrap().sentence
}

/// Somebody on the way of the media alone, or of the signalling alone, shows another certificate.
fn dtls_with_another() -> String {
    let call = Keyed::new(
        79,
        meddled(|way, octets| {
            vec![if is_answer(way, octets) { another_fingerprint(octets) } else { octets.to_vec() }]
        }),
    );
    call.world.pass(Duration::from_secs(20));
    call.world.settle();
    assert_eq!(call.caller.seen().packets_received, 0, "{}", call.world.ladder());
    call.caller.seen().over.unwrap().to_string()
}
