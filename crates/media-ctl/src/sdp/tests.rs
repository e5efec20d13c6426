//! Offer/answer against the RFCs' rules, and against descriptions that mean ill.

use super::*;
use crate::format::{Dtmf, Format, Meaning};
use crate::{Codec, Error, Misuse, NotAcceptable};
use proptest::prelude::*;
use ssm::{Attribute, Call, Guard, Line, LineSecurity, MediaSecurity, Open, Profile, Refused};

fn negotiator(ip: &str) -> Negotiator {
    speaking(ip, &[Codec::PCMU, Codec::PCMA, Codec::G722])
}

fn speaking(ip: &str, codecs: &[Codec]) -> Negotiator {
    Negotiator::new(Local {
        call: Call(1),
        ip: ip.parse().unwrap(),
        rtp_port: 40_000,
        rtcp_port: 40_001,
        codecs: codecs.to_vec(),
        peer_on_loopback: false,
        session_id: 77,
        ice: None,
    })
}

fn text(body: Vec<u8>) -> String {
    String::from_utf8(body).unwrap()
}

/// A description with this connection address and these lines after `t=`.
fn sdp(address: &str, lines: &str) -> Vec<u8> {
    let family = if address.contains(':') { "IP6" } else { "IP4" };
    format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\n{}\r\n",
        lines.replace('\n', "\r\n")
    )
    .into_bytes()
}

fn answer(lines: &str) -> Result<(String, Agreement), Error> {
    let offer = sdp("192.0.2.2", lines);
    let (body, agreement) = negotiator("192.0.2.1").answer(&Open, &offer)?;
    Ok((text(body), agreement))
}

/// Offers SRTP with slots, and accepts nothing else.
struct Slots;

impl Slots {
    fn line() -> LineSecurity {
        let crypto = |value: &str| Attribute { name: "crypto".to_owned(), value: value.to_owned() };
        LineSecurity {
            profile: Profile::Savp,
            attributes: vec![
                crypto("1 AES_CM_128_HMAC_SHA1_80 inline:{slot}"),
                crypto("2 AEAD_AES_128_GCM inline:{slot}"),
            ],
        }
    }
}

impl MediaSecurity for Slots {
    fn offer(&self, _: Call, _: Line) -> Result<LineSecurity, Refused> {
        Ok(Self::line())
    }

    fn answer(&self, _: Call, _: Line, offered: &LineSecurity) -> Result<LineSecurity, Refused> {
        if *offered != Self::line() {
            return Err(Refused::Profile);
        }
        let mut first = Self::line();
        first.attributes.truncate(1);
        Ok(first)
    }

    fn judge(&self, _: Call, _: Line, answered: &LineSecurity) -> Result<(), Refused> {
        if answered.profile.is_secure() && answered.attributes.len() == 1 {
            Ok(())
        } else {
            Err(Refused::Downgrade)
        }
    }

    fn guard(&self, _: Call, _: Line) -> Result<Guard, Refused> {
        Err(Refused::NotAuthenticated)
    }
}

/// RFC 5761 §4: with the marker bit, they would be RTCP's packet types.
#[test]
fn payload_types_that_look_like_rtcp_are_left_out_where_it_goes_with_rtp() {
    for (payload_type, alone) in [(63, false), (64, true), (95, true), (96, false)] {
        for mux in [true, false] {
            let lines = format!(
                "m=audio 5000 RTP/AVP {payload_type} 8\na=rtpmap:{payload_type} PCMU/8000{}",
                if mux { "\na=rtcp-mux" } else { "" }
            );
            let sent = answer(&lines).unwrap().1.sent.payload_type;
            let expected = if mux && alone { 8 } else { payload_type };
            assert_eq!(sent, expected, "{lines}");
        }
    }
}

#[test]
fn an_offer_reads_as_the_rfcs_want_it() {
    let offer = text(negotiator("192.0.2.1").offer(&Open).unwrap());
    assert_eq!(
        offer,
        "v=0\r\no=- 77 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
         m=audio 40000 RTP/AVP 0 8 9 101 13\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:9 G722/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=rtpmap:13 CN/8000\r\n\
         a=ptime:20\r\na=rtcp-mux\r\na=rtcp-xr:voip-metrics\r\na=sendrecv\r\n"
    );
}

/// RFC 3611 §5: who names them wants them; what is not offered is not answered.
#[test]
fn voip_metrics_are_for_who_wants_them() {
    for (session, line, wants) in [
        ("", "", false),
        ("", "a=rtcp-xr:voip-metrics", true),
        ("", "a=rtcp-xr:pkt-loss-rle=400 stat-summary=loss,jitt voip-metrics", true),
        ("", "a=rtcp-xr:rcvr-rtt=all", false),
        ("", "a=rtcp-xr:voip-metrics-2", false),
        ("", "a=rtcp-xr", false),
        ("a=rtcp-xr:voip-metrics", "", true),
        ("a=rtcp-xr:voip-metrics", "a=rtcp-xr:rcvr-rtt=all", false),
    ] {
        let lines: Vec<_> = [session, "m=audio 5000 RTP/AVP 0", line].into_iter().collect();
        let lines =
            lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        let (body, agreement) = answer(&lines).unwrap();
        assert_eq!(agreement.voip_metrics, wants, "{lines}");
        assert_eq!(body.contains("a=rtcp-xr:voip-metrics\r\n"), wants, "{lines}");
        let mut caller = negotiator("192.0.2.1");
        caller.offer(&Open).unwrap();
        let agreement = caller.accept_answer(&Open, &sdp("192.0.2.2", &lines)).unwrap();
        assert_eq!(agreement.voip_metrics, wants, "{lines}");
    }
}

/// RFC 5761 §5.1.1: only what the offer asks for is answered, and only an answer settles it.
#[test]
fn rtcp_goes_with_rtp_where_both_want_it() {
    let (mut caller, mut callee) = (negotiator("192.0.2.1"), negotiator("192.0.2.2"));
    let offer = caller.offer(&Open).unwrap();
    let (body, callees) = callee.answer(&Open, &offer).unwrap();
    let callers = caller.accept_answer(&Open, &body).unwrap();
    for agreement in [callers, callees] {
        let Remote { rtp, rtcp } = agreement.remote.unwrap();
        assert!(agreement.rtcp_mux && rtp == rtcp, "{rtp} {rtcp}");
    }
    for (lines, mux, port) in [
        ("m=audio 5000 RTP/AVP 0", false, 5001),
        ("m=audio 5000 RTP/AVP 0\na=rtcp:5003", false, 5003),
        // RFC 3605 beside it is for who does not know RFC 5761.
        ("m=audio 5000 RTP/AVP 0\na=rtcp:5003\na=rtcp-mux", true, 5000),
        // It belongs to a media line.
        ("a=rtcp-mux\nm=audio 5000 RTP/AVP 0", false, 5001),
    ] {
        let (body, agreement) = answer(lines).unwrap();
        assert_eq!(body.contains("a=rtcp-mux\r\n"), mux, "{lines}");
        let rtcp = agreement.remote.unwrap().rtcp.port();
        assert_eq!((agreement.rtcp_mux, rtcp), (mux, port), "{lines}");
        let mut caller = negotiator("192.0.2.1");
        caller.offer(&Open).unwrap();
        let agreement = caller.accept_answer(&Open, &sdp("192.0.2.2", lines)).unwrap();
        assert_eq!(agreement.rtcp_mux, mux, "{lines}");
    }
}

#[test]
fn offer_and_answer_agree_on_both_sides() {
    for (ours, theirs) in [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")] {
        let (mut caller, mut callee) = (negotiator(ours), negotiator(theirs));
        let offer = caller.offer(&Slots).unwrap();
        let (answer, callees) = callee.answer(&Slots, &offer).unwrap();
        let callers = caller.accept_answer(&Slots, &answer).unwrap();
        assert_eq!(callers.profile, Profile::Savp);
        assert_eq!(callers.sent.codec, Codec::PCMU);
        assert_eq!(callers.direction, Direction::SendRecv);
        let remote = callers.remote.unwrap();
        assert_eq!(remote.rtp, std::net::SocketAddr::new(theirs.parse().unwrap(), 40_000));
        assert_eq!(remote.rtcp, remote.rtp);
        assert_eq!(callees.remote.unwrap().rtp.ip().to_string(), ours);
    }
}

#[test]
fn security_attributes_go_through_unchanged() {
    let mut caller = negotiator("192.0.2.1");
    let offer = text(caller.offer(&Slots).unwrap());
    assert!(offer.contains("m=audio 40000 RTP/SAVP 0 8 9 101 13\r\n"));
    assert!(offer.contains(
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{slot}\r\n\
         a=crypto:2 AEAD_AES_128_GCM inline:{slot}\r\n"
    ));
    let (answer, _) = negotiator("192.0.2.2").answer(&Slots, offer.as_bytes()).unwrap();
    let answer = text(answer);
    assert!(answer.contains("a=crypto:1 AES") && !answer.contains("a=crypto:2"), "{answer}");
}

#[test]
fn m09_an_answer_in_the_clear_to_a_secured_offer_is_refused() {
    let mut caller = negotiator("192.0.2.1");
    caller.offer(&Slots).unwrap();
    let plain = sdp("192.0.2.2", "m=audio 5000 RTP/AVP 0");
    let refused = caller.accept_answer(&Slots, &plain).unwrap_err();
    assert_eq!(refused, Error::Security(Refused::Downgrade));
    assert_eq!(refused.status(), 488);
}

#[test]
fn m09_a_second_line_in_the_answer_or_a_later_offer_is_not_taken() {
    let two = "m=audio 0 RTP/SAVP 0\nm=audio 5000 RTP/AVP 0";
    let mut caller = negotiator("192.0.2.1");
    let offer = caller.offer(&Slots).unwrap();
    let refused = caller.accept_answer(&Slots, &sdp("192.0.2.2", two)).unwrap_err();
    assert_eq!(refused, Error::NotAcceptable(NotAcceptable::OtherLines));

    let mut callee = negotiator("192.0.2.2");
    callee.answer(&Slots, &offer).unwrap();
    let refused = callee.answer(&Open, &sdp("192.0.2.1", two)).unwrap_err();
    assert_eq!(refused, Error::NotAcceptable(NotAcceptable::NoAudio));
}

#[test]
fn m06_crypto_on_a_plain_line_is_answered_in_the_clear() {
    let (body, agreement) = answer(
        "m=audio 5000 RTP/AVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz",
    )
    .unwrap();
    assert_eq!(agreement.profile, Profile::Avp);
    assert!(!body.contains("crypto"));
}

#[test]
fn static_payload_types_need_no_mapping_and_dynamic_ones_are_mapped() {
    let (body, agreement) = answer("m=audio 5000 RTP/AVP 18 8 0").unwrap();
    assert_eq!(agreement.sent.codec, Codec::PCMA);
    assert!(body.contains("m=audio 40000 RTP/AVP 8 0\r\n"), "{body}");

    let mapped = "m=audio 5000 RTP/AVP 96 0 101\na=rtpmap:96 pcma/8000/1\n\
                  a=rtpmap:0 G729/8000\na=rtpmap:101 red/8000\na=fmtp:101 96/96";
    let (body, agreement) = answer(mapped).unwrap();
    assert_eq!(agreement.understood.voices, [Format::new(96, Codec::PCMA)]);
    assert!(body.contains("m=audio 40000 RTP/AVP 96\r\na=rtpmap:96 PCMA/8000\r\n"), "{body}");
    assert!(!body.contains("red") && !body.contains("101"), "{body}");

    let none = answer("m=audio 5000 RTP/AVP 18 3 300 x").unwrap_err();
    assert_eq!(none, Error::NotAcceptable(NotAcceptable::NoCodec));
}

/// RFC 4733 §2.1, §2.4.1: beside a codec of their clock rate, under the payload type of who receives.
#[test]
fn named_events_go_beside_a_codec_of_their_clock_rate() {
    let events = |lines: &str| answer(lines).map(|(body, agreement)| (body, agreement.events));
    let offered = "m=audio 5000 RTP/AVP 0 97 98 99\na=rtpmap:97 telephone-event/16000\n\
                   a=rtpmap:98 Telephone-Event/8000\na=fmtp:98 0-11\na=rtpmap:99 telephone-event/8000";
    let (body, sent) = events(offered).unwrap();
    assert!(body.contains("m=audio 40000 RTP/AVP 0 98\r\n"), "{body}");
    assert!(body.contains("a=rtpmap:98 telephone-event/8000\r\na=fmtp:98 0-15\r\n"), "{body}");
    let sent = sent.unwrap();
    assert_eq!((sent.payload_type, sent.clock_rate), (98, 8000));
    assert!((0..16).all(|code| sent.takes(Dtmf::new(code).unwrap()) == (code < 12)));
    // No keys among them: they may come, and none is sent.
    let others = "m=audio 5000 RTP/AVP 0 98\na=rtpmap:98 telephone-event/8000\na=fmtp:98 32-49";
    let (body, sent) = events(others).unwrap();
    assert!(body.contains("a=fmtp:98 0-15\r\n") && sent.is_none(), "{body}");
    let (body, sent) = events("m=audio 5000 RTP/AVP 0").unwrap();
    assert!(!body.contains("telephone-event") && sent.is_none());
    // Events alone are no voice.
    let alone = events("m=audio 5000 RTP/AVP 98\na=rtpmap:98 telephone-event/8000").unwrap_err();
    assert_eq!(alone, Error::NotAcceptable(NotAcceptable::NoCodec));
}

/// RFC 3389 §4: beside a codec of 8 000 Hz, under its static payload type or a mapped one.
#[test]
fn comfort_noise_is_answered_where_it_is_offered() {
    let noise = |lines: &str| {
        let (body, agreement) = answer(lines).unwrap();
        assert_eq!(body.contains(" CN/8000\r\n"), agreement.understood.noise.is_some(), "{body}");
        agreement.understood.noise
    };
    assert_eq!(noise("m=audio 5000 RTP/AVP 0 13"), Some(13));
    assert_eq!(noise("m=audio 5000 RTP/AVP 0 19 97\na=rtpmap:97 cn/8000"), Some(97));
    assert_eq!(noise("m=audio 5000 RTP/AVP 0 97\na=rtpmap:97 CN/16000"), None);
    assert_eq!(noise("m=audio 5000 RTP/AVP 0"), None);
}

/// RFC 7587 §7: two channels whatever is sent, each side's parameters its own, and the two clocks.
#[test]
fn opus_is_offered_and_answered_as_rfc_7587_has_it() {
    let with_opus = || speaking("192.0.2.1", &[Codec::OPUS, Codec::G722, Codec::PCMU]);
    let mut caller = with_opus();
    let offer = text(caller.offer(&Open).unwrap());
    assert!(
        offer.contains(
            "m=audio 40000 RTP/AVP 96 9 0 102 101 13\r\na=rtpmap:96 opus/48000/2\r\n\
             a=fmtp:96 useinbandfec=1\r\n"
        ),
        "{offer}"
    );
    assert!(offer.contains("a=rtpmap:102 telephone-event/48000\r\na=fmtp:102 0-15\r\n"));
    assert!(offer.contains("a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"));
    let theirs = "m=audio 5000 RTP/AVP 111 110\na=rtpmap:111 OPUS/48000/2\n\
                  a=fmtp:111 stereo=1; maxplaybackrate=16000\na=rtpmap:110 telephone-event/48000";
    let agreement = caller.accept_answer(&Open, &sdp("192.0.2.2", theirs)).unwrap();
    assert_eq!((agreement.sent.codec, agreement.sent.payload_type), (Codec::OPUS, 111));
    let parameters = agreement.sent.parameters.as_deref();
    assert_eq!(parameters, Some("stereo=1; maxplaybackrate=16000"));
    assert_eq!(agreement.events.map(|events| events.payload_type), Some(110));
    for number in [96, 111] {
        assert_eq!(agreement.understood.meaning(number), Some(Meaning::Voice(Codec::OPUS)));
    }
    let (answer, agreement) = with_opus().answer(&Open, &sdp("192.0.2.2", theirs)).unwrap();
    let answer = text(answer);
    assert!(
        answer.contains(
            "m=audio 40000 RTP/AVP 111 110\r\na=rtpmap:111 opus/48000/2\r\n\
             a=fmtp:111 useinbandfec=1\r\na=rtpmap:110 telephone-event/48000\r\n"
        ),
        "{answer}"
    );
    assert!(!answer.contains("CN/") && agreement.understood.noise.is_none(), "{answer}");
    // Its clock and its channels are what the RFC says.
    let other = "m=audio 5000 RTP/AVP 111\na=rtpmap:111 opus/16000/2";
    assert!(with_opus().answer(&Open, &sdp("192.0.2.2", other)).is_err());
}

/// RFC 3264 §5.1: each side sends under the other's numbers, and receives under its own.
#[test]
fn an_answer_may_number_events_otherwise() {
    let mut caller = negotiator("192.0.2.1");
    caller.offer(&Open).unwrap();
    let lines = "m=audio 5000 RTP/AVP 8 120\na=rtpmap:120 telephone-event/8000\na=fmtp:120 0-15";
    let agreement = caller.accept_answer(&Open, &sdp("192.0.2.2", lines)).unwrap();
    assert_eq!(agreement.events.map(|events| events.payload_type), Some(120));
    let meaning = |number| agreement.understood.meaning(number);
    assert_eq!(meaning(101), Some(Meaning::Events(8000)));
    assert_eq!(meaning(120), Some(Meaning::Events(8000)));
    assert_eq!(meaning(8), Some(Meaning::Voice(Codec::PCMA)));
    assert_eq!(meaning(121), None);
}

/// RFC 3264 §8.3.2.
#[test]
fn a_later_offer_keeps_the_payload_types_of_the_first() {
    let mut callee = negotiator("192.0.2.1");
    let offer = "m=audio 5000 RTP/AVP 0 96 101\na=rtpmap:96 telephone-event/8000\n\
                 a=rtpmap:101 red/8000";
    callee.answer(&Open, &sdp("192.0.2.2", offer)).unwrap();
    let hold = text(callee.offer(&Open).unwrap());
    assert!(hold.contains("m=audio 40000 RTP/AVP 0 8 9 96 13\r\n"), "{hold}");
    assert!(hold.contains("a=rtpmap:96 telephone-event/8000\r\n"), "{hold}");
}

#[test]
fn other_lines_are_answered_with_port_0_in_their_places() {
    let (body, agreement) = answer(
        "m=video 6000 RTP/AVP 99\na=rtpmap:99 H264/90000\nm=audio 0 RTP/AVP 0\n\
         m=audio 5000 RTP/AVP 0\nm=application 7000 UDP/DTLS/SCTP webrtc-datachannel",
    )
    .unwrap();
    let lines: Vec<_> = body.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(
        lines,
        [
            "m=video 0 RTP/AVP 99",
            "m=audio 0 RTP/AVP 0",
            "m=audio 40000 RTP/AVP 0",
            "m=application 0 UDP/DTLS/SCTP webrtc-datachannel"
        ]
    );
    assert_eq!(agreement.line, Line(2));
}

#[test]
fn the_first_line_that_security_accepts_is_taken() {
    let offer = "m=audio 5000 RTP/SAVP 0\nm=audio 5002 RTP/AVP 0";
    let (body, agreement) = answer(offer).unwrap();
    assert!(body.contains("m=audio 0 RTP/SAVP 0\r\nm=audio 40000 RTP/AVP 0\r\n"), "{body}");
    assert_eq!(agreement.remote.unwrap().rtp.port(), 5002);
    let refused = answer("m=audio 5000 RTP/SAVP 0").unwrap_err();
    assert_eq!(refused, Error::Security(Refused::Profile));
    let none = answer("m=video 5000 RTP/AVP 99").unwrap_err();
    assert_eq!(none, Error::NotAcceptable(NotAcceptable::NoAudio));
}

/// RFC 3264 §6.1 and §8.4, row by row: what the peer says, how we answer.
#[test]
fn directions_are_answered_as_the_rfc_says() {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    for (hold, offered, answered) in [
        (false, "sendrecv", SendRecv),
        (false, "sendonly", RecvOnly),
        (false, "recvonly", SendOnly),
        (false, "inactive", Inactive),
        (true, "sendrecv", SendOnly),
        (true, "sendonly", Inactive),
        (true, "recvonly", SendOnly),
        (true, "inactive", Inactive),
    ] {
        let mut callee = negotiator("192.0.2.1");
        callee.set_hold(hold);
        let offer = sdp("192.0.2.2", &format!("m=audio 5000 RTP/AVP 0\na={offered}"));
        let (body, agreement) = callee.answer(&Open, &offer).unwrap();
        assert_eq!(agreement.direction, answered, "{hold} {offered}");
        assert!(text(body).contains(&format!("a={}\r\n", answered.name())));
    }
    let session_level =
        b"v=0\no=- 1 1 IN IP4 192.0.2.2\nc=IN IP4 192.0.2.2\na=sendonly\nm=audio 5000 RTP/AVP 0\n";
    let (_, agreement) = negotiator("192.0.2.1").answer(&Open, session_level).unwrap();
    assert_eq!(agreement.direction, RecvOnly);
}

#[test]
fn a_null_address_holds() {
    for (address, ours) in [("0.0.0.0", "192.0.2.1"), ("::", "2001:db8::1")] {
        let offer = sdp(address, "m=audio 5000 RTP/AVP 0");
        let (_, agreement) = negotiator(ours).answer(&Open, &offer).unwrap();
        assert_eq!(agreement.remote, None);
        assert_eq!(agreement.direction, Direction::RecvOnly);
    }
}

#[test]
fn versions_count_up_and_lines_keep_their_places() {
    let mut callee = negotiator("192.0.2.1");
    let offer = sdp("192.0.2.2", "m=video 6000 RTP/AVP 99\nm=audio 5000 RTP/AVP 0");
    let (first, _) = callee.answer(&Open, &offer).unwrap();
    assert!(text(first).contains("o=- 77 1 IN"));
    callee.set_hold(true);
    let hold = text(callee.offer(&Open).unwrap());
    assert!(hold.contains("o=- 77 2 IN"));
    assert!(
        hold.contains("m=video 0 RTP/AVP 99\r\nm=audio 40000 RTP/AVP 0 8 9 101 13\r\n"),
        "{hold}"
    );
    assert!(hold.contains("a=sendonly"));
    let held = sdp("192.0.2.2", "m=video 0 RTP/AVP 99\nm=audio 5000 RTP/AVP 0\na=recvonly");
    let agreement = callee.accept_answer(&Open, &held).unwrap();
    assert_eq!(agreement.direction, Direction::SendOnly);
    // RFC 3264 §8: a later offer may add lines and must not take any away.
    let fewer = sdp("192.0.2.2", "m=audio 5000 RTP/AVP 0");
    let refused = callee.answer(&Open, &fewer).unwrap_err();
    assert_eq!(refused, Error::NotAcceptable(NotAcceptable::OtherLines));
}

#[test]
fn steps_out_of_turn_are_refused_and_change_nothing() {
    let mut caller = negotiator("192.0.2.1");
    let answer = sdp("192.0.2.2", "m=audio 5000 RTP/AVP 0");
    let out_of_turn = caller.accept_answer(&Open, &answer).unwrap_err();
    assert_eq!(out_of_turn, Error::Misuse(Misuse::NoOffer));
    caller.offer(&Open).unwrap();
    assert_eq!(caller.offer(&Open).unwrap_err(), Error::Misuse(Misuse::OfferPending));
    assert_eq!(caller.answer(&Open, &answer).unwrap_err(), Error::Misuse(Misuse::OfferPending));
    // A bad answer leaves the offer waiting; a refused offer can be withdrawn.
    assert!(caller.accept_answer(&Open, b"v=0\r\n").is_err());
    caller.withdraw();
    assert!(caller.answer(&Open, &answer).is_ok());
}

#[test]
fn an_answer_may_be_followed_by_anything_that_was_offered() {
    let mut caller = negotiator("192.0.2.1");
    caller.offer(&Open).unwrap();
    let answer = sdp("192.0.2.2", "m=audio 5000 RTP/AVP 8\na=rtcp:5009 IN IP4 198.51.100.9");
    let agreement = caller.accept_answer(&Open, &answer).unwrap();
    assert_eq!(agreement.sent.codec, Codec::PCMA);
    assert_eq!(agreement.understood.voices.len(), 3);
    // The port of a=rtcp counts, its address does not.
    assert_eq!(agreement.remote.unwrap().rtcp, "192.0.2.2:5009".parse().unwrap());
}

#[test]
fn m13_media_goes_to_unicast_of_our_family_and_to_loopback_only_from_there() {
    let mut local = negotiator("192.0.2.1");
    for address in [
        "255.255.255.255",
        "224.2.1.1",
        "224.2.1.1/127",
        "239.255.255.250",
        "240.0.0.1",
        "0.1.2.3",
        "127.0.0.1",
        "127.8.8.8",
        "::ffff:127.0.0.1",
        "ff02::1",
        "::1",
        "2001:db8::2",
        "host.example.org",
        "192.0.2",
    ] {
        let refused = local.answer(&Open, &sdp(address, "m=audio 5000 RTP/AVP 0")).unwrap_err();
        assert_eq!(refused, Error::NotAcceptable(NotAcceptable::Address), "{address}");
        assert_eq!(refused.status(), 488);
    }
    let none = b"v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n";
    assert!(local.answer(&Open, none).is_err());
    for (ours, theirs) in [("127.0.0.1", "127.0.0.1"), ("::1", "::1")] {
        let mut on_loopback = Negotiator::new(Local {
            call: Call(1),
            ip: ours.parse().unwrap(),
            rtp_port: 40_000,
            rtcp_port: 40_001,
            codecs: vec![Codec::PCMU],
            peer_on_loopback: true,
            session_id: 1,
            ice: None,
        });
        let offer = sdp(theirs, "m=audio 5000 RTP/AVP 0");
        assert!(on_loopback.answer(&Open, &offer).is_ok(), "{theirs}");
    }
}

#[test]
fn p20_numbers_and_sizes_are_refused_before_they_cost() {
    let status = |lines: &str| answer(lines).unwrap_err().status();
    assert_eq!(status("m=audio 4294967296 RTP/AVP 0"), 400);
    assert_eq!(status("m=audio 5000/4294967296 RTP/AVP 0"), 400);
    assert_eq!(status(&"m=audio 5000 RTP/AVP 0\n".repeat(10_000)), 400);
    assert_eq!(status(&"m=audio 5000 RTP/AVP 0\n".repeat(9)), 400);
    assert_eq!(status(&format!("m=audio 5000 RTP/AVP{}", " 0".repeat(65))), 400);
    assert_eq!(status(&"a=x\n".repeat(300)), 400);
    assert_eq!(status("m=audio 5000 RTP/AVP 4294967296"), 488);
    assert!(answer(&format!("m=audio 5000 RTP/AVP{}", " 0".repeat(64))).is_ok());
    let huge = Description::parse(&vec![b'v'; MAX_OCTETS + 1]).unwrap_err();
    assert_eq!(huge.line, 0);
}

/// RFC 8866 §6.4: a recommendation, and what cannot be kept is not.
#[test]
fn packet_times_that_cannot_be_kept_are_ignored() {
    for time in ["0", "", "240", "30", "2147483648", "4294967296", "-20", "x", "12.5"] {
        let (body, _) = answer(&format!("m=audio 5000 RTP/AVP 0\na=ptime:{time}")).unwrap();
        assert!(body.contains("a=ptime:20\r\n"), "{time}: {body}");
    }
    for time in ["10", "0", "", "150"] {
        assert!(answer(&format!("m=audio 5000 RTP/AVP 0\na=maxptime:{time}")).is_ok(), "{time}");
    }
    assert!(answer("m=audio 5000 RTP/AVP 0\na=ptime\na=maxptime").is_ok());
}

#[test]
fn a_static_payload_type_is_what_the_profile_says_however_many_channels_it_claims() {
    for mapping in ["PCMU/8000/2", "pcmu/8000/0", "PCMU/8000/1"] {
        let (body, agreement) =
            answer(&format!("m=audio 5000 RTP/AVP 0\na=rtpmap:0 {mapping}")).unwrap();
        assert_eq!(agreement.sent.codec, Codec::PCMU);
        assert!(body.contains("a=rtpmap:0 PCMU/8000\r\n"), "{body}");
    }
    for mapping in ["96 PCMU/8000/2", "0 PCMU/16000", "0 G729/8000"] {
        let number = mapping.split(' ').next().unwrap();
        let none = answer(&format!("m=audio 5000 RTP/AVP {number}\na=rtpmap:{mapping}"));
        assert_eq!(none.unwrap_err(), Error::NotAcceptable(NotAcceptable::NoCodec), "{mapping}");
    }
}

/// GB/T 28181: cameras of it say `y=` and `f=`.
#[test]
fn lines_of_types_that_are_not_sdp_s_are_passed_over() {
    let lines = "m=audio 5000 RTP/AVP 0\ny=0100000001\nf=v/////a/1/8/1\na=sendonly\nx=";
    let (_, agreement) = answer(lines).unwrap();
    assert_eq!(agreement.direction, Direction::RecvOnly);
    // What is wrong still names its own line.
    let wrong = b"y=1\nv=0\no=- 1 1 IN IP4 192.0.2.2\nf=\ny=2\nm=audio\n";
    assert_eq!(Description::parse(wrong).unwrap_err().line, 6);
    assert!(Description::parse(b"v=0\no=- 1 1 IN IP4 192.0.2.2\nno line\n").is_err());
}

#[test]
fn localhost_is_the_loopback_address_and_allowed_like_it() {
    for (ours, family, theirs) in
        [("127.0.0.1", "IP4", "127.0.0.1"), ("::1", "IP6", "::1"), ("192.0.2.1", "IP4", "")]
    {
        let mut local = negotiator(ours);
        local.set_peer_on_loopback(!theirs.is_empty());
        let offer = text(sdp("0.0.0.0", "m=audio 5000 RTP/AVP 0"))
            .replace("c=IN IP4 0.0.0.0", &format!("c=IN {family} LocalHost"));
        let agreed = local.answer(&Open, offer.as_bytes()).map(|(_, agreement)| agreement);
        let remote = agreed.map(|agreement| agreement.remote.unwrap().rtp.ip().to_string());
        match theirs {
            "" => assert_eq!(remote, Err(Error::NotAcceptable(NotAcceptable::Address))),
            theirs => assert_eq!(remote.as_deref(), Ok(theirs)),
        }
    }
}

#[test]
fn what_is_no_description_names_its_line() {
    for (body, line) in [
        (&b""[..], 0),
        (b"v=0\r\ns=-\r\n", 0),
        (b"o=- 1 1 IN IP4 192.0.2.2\r\nv=0\r\n", 1),
        (b"v=1\r\no=- 1 1 IN IP4 192.0.2.2\r\n", 1),
        (b"v=0\r\no=- 1 x IN IP4 192.0.2.2\r\n", 2),
        (b"v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\nm=audio\r\n", 3),
        (b"v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\no=- 1 1 IN IP4 192.0.2.2\r\n", 3),
        (b"v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\nno line at all\r\n", 3),
    ] {
        let error = Description::parse(body).unwrap_err();
        assert_eq!(error.line, line, "{}: {error}", String::from_utf8_lossy(body));
        assert_eq!(Error::from(error).status(), 400);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_panic(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = negotiator("192.0.2.1").answer(&Open, &octets);
    }

    #[test]
    fn no_text_panics_and_no_answer_is_unreadable(lines in "(m=audio [0-9]{1,6} RTP/AVP( [0-9]{1,3}){1,3}\n|[a-z]=[ -~]{0,20}\n|a=(rtpmap|ptime|rtcp|crypto):[ -~]{0,20}\n){1,12}") {
        if let Ok((body, _)) = answer(&lines) {
            prop_assert!(Description::parse(body.as_bytes()).is_ok());
        }
    }
}

#[test]
fn an_early_answer_leaves_the_offer_open() {
    let mut negotiator = negotiator("192.0.2.1");
    negotiator.offer(&Open).unwrap();
    let answer = |port: u16| sdp("192.0.2.2", &format!("m=audio {port} RTP/AVP 0"));
    let early = negotiator.accept_early_answer(&Open, &answer(4000)).unwrap();
    assert_eq!(early.remote.unwrap().rtp.port(), 4000);
    assert!(negotiator.awaits_answer());
    assert!(negotiator.accept_early_answer(&Open, b"v=0").is_err());
    let last = negotiator.accept_answer(&Open, &answer(5000)).unwrap();
    assert_eq!(last.remote.unwrap().rtp.port(), 5000);
    assert!(!negotiator.awaits_answer());
    let none = negotiator.accept_early_answer(&Open, &answer(6000));
    assert_eq!(none.unwrap_err(), Error::Misuse(Misuse::NoOffer));
}

#[test]
fn an_early_answer_is_judged_as_any_other() {
    let mut negotiator = negotiator("192.0.2.1");
    negotiator.offer(&Slots).unwrap();
    let plain = sdp("192.0.2.2", "m=audio 4000 RTP/AVP 0");
    let refused = negotiator.accept_early_answer(&Slots, &plain);
    assert_eq!(refused.unwrap_err(), Error::Security(Refused::Downgrade));
}
