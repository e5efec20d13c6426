//! Offer and answer of two sides, down to sealed packets.

use super::*;
use crate::NoRandomness;
use ssm::{Attribute, MediaGuard};
use sst::Requirement;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// Keys that are told apart, each one octet more than the one before; or none, when dry.
#[derive(Default)]
pub(super) struct Counted {
    drawn: AtomicU8,
    dry: bool,
}

impl Platform for Counted {
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn unix_time(&self) -> Duration {
        Duration::ZERO
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        buffer.fill(self.drawn.fetch_add(1, Ordering::Relaxed));
        if self.dry { Err(NoRandomness) } else { Ok(()) }
    }

    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        Box::pin(std::future::pending())
    }
}

const AUDIO: Line = Line(0);
const SECURED: Standing = Standing {
    require: Requirement::PGP,
    authenticated: true,
    carried: Carried::Sealed,
    secrecy: Secrecy::None,
    by_dtls: Allowed::No,
    by_sdes: Allowed::No,
};
const IN_CLEAR: Standing = Standing {
    require: Requirement::PGP,
    authenticated: true,
    carried: Carried::Clear,
    secrecy: Secrecy::None,
    by_dtls: Allowed::No,
    by_sdes: Allowed::No,
};
const PLAIN: Standing = Standing {
    require: Requirement::NOTHING,
    authenticated: false,
    carried: Carried::Clear,
    secrecy: Secrecy::None,
    by_dtls: Allowed::No,
    by_sdes: Allowed::No,
};

/// The body that a media controller makes of a line.
pub(crate) fn sdp(line: &LineSecurity) -> Body {
    let mut text = format!("v=0\r\nm=audio 4000 {} 0\r\n", line.profile.name());
    for Attribute { name, value } in &line.attributes {
        text += &format!("a={name}:{value}\r\n");
    }
    Body { content_type: Some(b"application/sdp".to_vec()), octets: text.into_bytes() }
}

/// The line that a media controller reads in a body.
pub(crate) fn line(body: &Body) -> LineSecurity {
    let text = std::str::from_utf8(&body.octets).unwrap();
    let proto = text.lines().find(|row| row.starts_with("m=")).unwrap().split(' ').nth(2);
    let named = text.lines().filter_map(|row| row.strip_prefix("a=")?.split_once(':'));
    let attribute =
        |(name, value): (&str, &str)| Attribute { name: name.into(), value: value.into() };
    LineSecurity {
        profile: Profile::parse(proto.unwrap()).unwrap(),
        attributes: named.map(attribute).collect(),
    }
}

#[test]
fn m06_keys_are_taken_out_of_sdp_however_its_type_is_spelled() {
    let octets = b"v=0\r\nm=audio 4000 RTP/AVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 \
        inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n";
    for content_type in [
        "application/sdp",
        "Application/SDP;x=\"a;b\"",
        "application / sdp",
        "application\r\n /sdp",
    ] {
        let content_type = Some(content_type.as_bytes().to_vec());
        let body = Body { content_type, octets: octets.to_vec() };
        let got = CallMedia::default().empty(Direction::Request, body, PLAIN).unwrap();
        assert!(!find(&got.octets, b"inline:AAAA"), "{:?}", got.content_type);
    }
}

/// Two sides of a call and what travels between them.
#[derive(Default)]
struct Sides {
    caller: CallMedia,
    callee: CallMedia,
    platform: Counted,
}

impl Sides {
    /// The caller's offer as the callee's media controller reads it.
    fn offered(&mut self) -> LineSecurity {
        let offer = sdp(&self.caller.offer(AUDIO, SECURED, &self.platform).unwrap());
        let sent =
            self.caller.fill(Direction::Request, offer.clone(), SECURED, &self.platform).unwrap();
        assert!(!find(&sent.octets, b"{slot}"));
        let got = self.callee.empty(Direction::Request, sent, SECURED).unwrap();
        assert_eq!(got.octets, offer.octets);
        line(&got)
    }

    /// The callee's answer as the caller's media controller reads it.
    fn answered(&mut self, offered: &LineSecurity) -> LineSecurity {
        let answer = sdp(&self.callee.answer(AUDIO, SECURED, offered, &self.platform).unwrap());
        let sent = self.callee.fill(Direction::Response, answer, SECURED, &self.platform).unwrap();
        line(&self.caller.empty(Direction::Response, sent, SECURED).unwrap())
    }

    /// Both sides know the exchange, whose answerer has this tag.
    fn name(&mut self, to_tag: &str) {
        let [call_id, from_tag, to_tag] =
            ["1@h", "1928301774", to_tag].map(|it| it.as_bytes().to_vec());
        let names = Names { call_id, from_tag, to_tag };
        self.caller.named(Some(names.clone()));
        self.callee.named(Some(names));
    }

    fn agree(&mut self, offered: &LineSecurity) -> (MediaGuard, MediaGuard) {
        let answered = self.answered(offered);
        self.caller.judge(AUDIO, SECURED, &answered).unwrap();
        self.name("8321234356");
        let caller = ready(&mut self.caller, SECURED).unwrap();
        (caller, ready(&mut self.callee, SECURED).unwrap())
    }
}

/// The two halves of a line that needs no handshake.
fn ready(media: &mut CallMedia, standing: Standing) -> Result<MediaGuard, Refused> {
    media.guard(AUDIO, standing, || ())?.ready()
}

fn talk(from: &mut MediaGuard, to: &mut MediaGuard, sequence: u8) -> Result<(), ssm::PacketError> {
    let plain = [0x80, 0, 0, sequence, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9];
    let mut buffer = [plain.as_slice(), &[0; 20]].concat();
    let length = from.sealer.seal_rtp(&mut buffer, plain.len())?;
    assert_ne!(buffer[12..16], plain[12..]);
    let opened = to.opener.open_rtp(&mut buffer[..length])?;
    assert_eq!(buffer[..opened], plain);
    let plain = [0x80, 201, 0, 1, 0, 0, 0, 2];
    let mut buffer = [plain.as_slice(), &[0; 20]].concat();
    let length = from.sealer.seal_rtcp(&mut buffer, plain.len())?;
    let opened = to.opener.open_rtcp(&mut buffer[..length])?;
    assert_eq!(buffer[..opened], plain);
    Ok(())
}

#[test]
fn both_suites_carry_a_call() {
    for (place, suite) in crate::srtp::Suite::SDES.into_iter().enumerate() {
        let mut sides = Sides::default();
        let mut offered = sides.offered();
        assert_eq!((offered.profile, offered.attributes.len()), (Profile::Savp, 3));
        offered.attributes.drain(..place);
        let (mut caller, mut callee) = sides.agree(&offered);
        talk(&mut caller, &mut callee, 1).unwrap();
        talk(&mut callee, &mut caller, 1).unwrap();
        let (suite, secrecy) = (suite.name(), Secrecy::PostQuantum);
        let protection = vec![MediaProtection::Srtp { suite, secrecy }];
        assert_eq!(sides.caller.protections(), protection);
        assert_eq!(sides.callee.protections(), protection);
    }
}

#[test]
fn m03_each_direction_has_its_own_key() {
    let mut sides = Sides::default();
    let offered = sides.offered();
    let (mut caller, _callee) = sides.agree(&offered);
    let mut buffer = [0x80, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9].to_vec();
    buffer.extend([0; 20]);
    let length = caller.sealer.seal_rtp(&mut buffer, 16).unwrap();
    let reflected = caller.opener.open_rtp(&mut buffer[..length]);
    assert_eq!(reflected, Err(ssm::PacketError::NotAuthentic));
    // A peer that sends our own keys back is not believed.
    let mut sides = Sides::default();
    let mut offer = sides.caller.offer(AUDIO, SECURED, &sides.platform).unwrap();
    offer.attributes.retain(|attribute| attribute.name == "crypto");
    let offer = sdp(&offer);
    let sent = sides.caller.fill(Direction::Request, offer, SECURED, &sides.platform).unwrap();
    let mut echo = line(&sides.caller.empty(Direction::Response, sent, SECURED).unwrap());
    echo.attributes.truncate(1);
    assert_eq!(sides.caller.judge(AUDIO, SECURED, &echo), Err(Refused::Attributes));
}

#[test]
fn a_new_offer_makes_new_keys() {
    let mut sides = Sides::default();
    let offered = sides.offered();
    let (mut caller, mut callee) = sides.agree(&offered);
    let again = sides.callee.guard(AUDIO, SECURED, || ());
    assert_eq!(again.err(), Some(Refused::Unknown), "one guard for each agreement");
    let offered = sides.offered();
    let (mut new_caller, mut new_callee) = sides.agree(&offered);
    talk(&mut new_caller, &mut new_callee, 2).unwrap();
    talk(&mut new_callee, &mut new_caller, 2).unwrap();
    let old = talk(&mut caller, &mut new_callee, 3);
    assert_eq!(old, Err(ssm::PacketError::NotAuthentic));
    talk(&mut caller, &mut callee, 4).unwrap();
}

#[test]
fn m06_keys_never_travel_in_the_clear() {
    let mut sides = Sides::default();
    let offer = sdp(&sides.caller.offer(AUDIO, SECURED, &sides.platform).unwrap());
    let refused = sides.caller.fill(Direction::Request, offer.clone(), IN_CLEAR, &sides.platform);
    assert_eq!(refused.unwrap_err().status, 488);
    // Keys that came so are wiped, and the line is not acceptable.
    let sent = sides.caller.fill(Direction::Request, offer, SECURED, &sides.platform).unwrap();
    for standing in [IN_CLEAR, PLAIN] {
        let got = sides.callee.empty(Direction::Request, sent.clone(), standing).unwrap();
        let answer = sides.callee.answer(AUDIO, standing, &line(&got), &sides.platform);
        assert_eq!(answer, Err(Refused::Profile));
    }
}

/// Neither the offer nor the answer: nothing leaves without keys, and both may be tried again.
#[test]
fn o05_without_randomness_no_body_leaves_and_the_peer_may_try_again() {
    let dry = Counted { dry: true, ..Counted::default() };
    let mut sides = Sides::default();
    let offer = sdp(&sides.caller.offer(AUDIO, SECURED, &sides.platform).unwrap());
    let refused = sides.caller.fill(Direction::Request, offer, SECURED, &dry).unwrap_err();
    assert_eq!((refused.status, refused.retry_after.is_some()), (500, true));
    let offered = sides.offered();
    let answer = sdp(&sides.callee.answer(AUDIO, SECURED, &offered, &sides.platform).unwrap());
    let refused = sides.callee.fill(Direction::Response, answer, SECURED, &dry).unwrap_err();
    assert_eq!((refused.status, refused.retry_after.is_some()), (500, true));
    assert_eq!(sides.callee.guard(AUDIO, SECURED, || ()).err(), Some(Refused::Unknown), "no keys");
}

#[test]
fn m06_crypto_on_a_plain_line_is_answered_in_the_clear() {
    let mut media = CallMedia::default();
    let text = b"m=audio 4 RTP/AVP 0\r\na=crypto:1 AEAD_AES_128_GCM inline:AAECAw==\r\n".to_vec();
    let body = Body { content_type: Some(b"Application/SDP; x=y".to_vec()), octets: text };
    let got = media.empty(Direction::Request, body, PLAIN).unwrap();
    let plain = LineSecurity { profile: Profile::Avp, attributes: Vec::new() };
    assert_eq!(line(&got), plain);
    assert_eq!(media.answer(AUDIO, PLAIN, &line(&got), &Counted::default()), Ok(plain));
    assert!(media.guard(AUDIO, PLAIN, || ()).is_ok());
    assert_eq!(media.protections(), [MediaProtection::Rtp]);
}

#[test]
fn m09_secured_media_never_become_plain() {
    let plain = LineSecurity { profile: Profile::Avp, attributes: Vec::new() };
    let mut sides = Sides::default();
    assert_eq!(sides.callee.answer(AUDIO, SECURED, &plain, &sides.platform), Err(Refused::Profile));
    let offered = sides.offered();
    let answered = sides.answered(&offered);
    let downgraded = LineSecurity { profile: Profile::Avp, ..answered.clone() };
    assert_eq!(sides.caller.judge(AUDIO, SECURED, &downgraded), Err(Refused::Downgrade));
    assert_eq!(sides.caller.judge(AUDIO, SECURED, &plain), Err(Refused::Downgrade));
    assert_eq!(sides.caller.guard(AUDIO, SECURED, || ()).err(), Some(Refused::Downgrade));
    // Nor does a call that only happened to be secured.
    sides.caller.judge(AUDIO, SECURED, &answered).unwrap();
    assert_eq!(sides.callee.answer(AUDIO, PLAIN, &plain, &sides.platform), Err(Refused::Profile));
    assert_eq!(sides.callee.answer(Line(1), PLAIN, &plain, &sides.platform), Err(Refused::Profile));
    assert_eq!(sides.callee.guard(Line(1), PLAIN, || ()).err(), Some(Refused::Downgrade));
}

#[test]
fn an_answer_must_match_the_offer() {
    let mut sides = Sides::default();
    let offered = sides.offered();
    let answered = sides.answered(&offered);
    let with = |values: &[&str]| {
        let attribute = |value: &&str| Attribute { name: "crypto".into(), value: (*value).into() };
        LineSecurity { profile: Profile::Savp, attributes: values.iter().map(attribute).collect() }
    };
    let value = answered.attributes[0].value.clone();
    for wrong in [
        with(&[]),
        with(&["3 AEAD_AES_128_GCM inline:{slot}"]),
        with(&["1 AES_CM_128_HMAC_SHA1_80 inline:{slot}"]),
        with(&["2 AES_CM_128_HMAC_SHA1_80 inline:{slot}"]),
        with(&[&value, &value]),
        with(&[&value, "x"]),
    ] {
        let judged = sides.caller.judge(AUDIO, SECURED, &wrong);
        assert_eq!(judged, Err(Refused::Attributes), "{wrong:?}");
    }
    sides.caller.judge(AUDIO, SECURED, &answered).unwrap();
    let foreign =
        sides.callee.answer(AUDIO, SECURED, &with(&["9 F8 inline:{slot}"]), &sides.platform);
    assert_eq!(foreign, Err(Refused::Attributes));
}

#[test]
fn what_is_no_sdp_is_left_as_it_is() {
    let octets = b"m=audio 4000 RTP/AVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 \
        inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n";
    for kind in [None, Some("text/plain"), Some("sdp")] {
        let content_type = kind.map(|kind| kind.as_bytes().to_vec());
        let body = Body { content_type, octets: octets.to_vec() };
        let got = CallMedia::default().empty(Direction::Request, body.clone(), PLAIN);
        assert_eq!(got.unwrap(), body, "{kind:?}");
    }
}

#[test]
fn s07_no_guard_before_the_proof() {
    let mut sides = Sides::default();
    let offered = sides.offered();
    let answered = sides.answered(&offered);
    sides.caller.judge(AUDIO, SECURED, &answered).unwrap();
    let unproved = Standing { authenticated: false, ..SECURED };
    let early = sides.caller.guard(AUDIO, unproved, || ());
    assert_eq!(early.err(), Some(Refused::NotAuthenticated));
    sides.name("8321234356");
    assert!(sides.caller.guard(AUDIO, SECURED, || ()).is_ok());
}

mod lines;
mod over_tls;
mod secrecy;
