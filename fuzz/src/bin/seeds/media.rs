//! Session descriptions, RTP and RTCP.

use crate::Seed;

/// Session descriptions: offers, answers, and what an attacker makes of them.
pub(crate) fn descriptions() -> Vec<Seed> {
    let head = "v=0\r\no=alice 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
    let bodies = [
        (
            "plain",
            "m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n",
        ),
        (
            "slots",
            "m=audio 40000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{slot}\r\na=crypto:2 AEAD_AES_128_GCM inline:{slot}\r\n",
        ),
        (
            "keys",
            "m=audio 40000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd|2^20|1:4\r\n",
        ),
        ("two-lines", "m=audio 40000 RTP/AVP 0\r\nm=video 0 RTP/AVP 31\r\na=inactive\r\n"),
        (
            "ipv6",
            "m=audio 40000 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\na=recvonly\r\na=rtcp:40001\r\n",
        ),
        (
            "numbers",
            "m=audio 4294967296 RTP/AVP 0 99999999999\r\na=ptime:2147483648\r\na=rtpmap:0 X/0\r\n",
        ),
        ("mux", "m=audio 40000/2 RTP/AVPF 0\r\na=rtcp-mux\r\na=fmtp:101 0-16\r\na=maxptime:0\r\n"),
        ("refused", "m=audio 0 RTP/AVP 0\r\n"),
        ("held", "m=audio 40000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na=sendonly\r\n"),
        ("multicast", "m=audio 40000 RTP/AVP 0\r\nc=IN IP4 224.2.36.42/127\r\n"),
        ("no-media", ""),
    ];
    let mut seeds: Vec<Seed> = bodies
        .iter()
        .map(|(name, body)| ((*name).to_owned(), format!("{head}{body}").into_bytes()))
        .collect();
    let many = "m=audio 9 RTP/AVP 0\r\n".repeat(9);
    seeds.push(("nine-lines".to_owned(), format!("{head}{many}").into_bytes()));
    seeds.push((
        "line-feeds".to_owned(),
        format!("{head}{}", bodies[0].1).replace('\r', "").into_bytes(),
    ));
    seeds
}

/// RTP and RTCP packets.
pub(crate) fn packets() -> Vec<Seed> {
    let mut seeds: Vec<Seed> = Vec::new();
    for (name, first, tail) in [
        ("plain", 0x80_u8, &[][..]),
        ("sources", 0x82, &[0, 0, 0, 1, 0, 0, 0, 2]),
        ("extension", 0x90, &[0xbe, 0xde, 0, 1, 0x10, 0x2a, 0, 0]),
        ("long-extension", 0x90, &[0xbe, 0xde, 0xff, 0xff]),
        ("fifteen-sources", 0x8f, &[]),
        ("version-1", 0x40, &[]),
    ] {
        seeds.push((format!("rtp-{name}"), rtp(first, tail, &[0xff; 160])));
    }
    let mut padded = rtp(0xa0, &[], &[0xff; 160]);
    padded.extend([0, 0, 0, 4]);
    seeds.push(("rtp-padding".to_owned(), padded));
    let mut overpadded = rtp(0xa0, &[], &[0xff; 16]);
    overpadded.push(200);
    seeds.push(("rtp-overpadding".to_owned(), overpadded));
    seeds.extend(control());
    seeds
}

fn rtp(first: u8, tail: &[u8], payload: &[u8]) -> Vec<u8> {
    let head = [first, 0x80, 0, 7, 0, 0, 4, 0x60, 0xde, 0xad, 0xbe, 0xef];
    [&head[..], tail, payload].concat()
}

fn control() -> Vec<Seed> {
    let ssrc = [0xde, 0xad, 0xbe, 0xef];
    let block =
        [&ssrc[..], &[12, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 5, 1, 2, 3, 4, 0, 1, 0, 0]].concat();
    let sender = report(0x81, 200, &[&ssrc[..], &[0x11; 20], &block].concat());
    let receiver = report(0x81, 201, &[&ssrc[..], &block].concat());
    let name = report(0x81, 202, &[&ssrc[..], &[1, 5], b"alice", &[0]].concat());
    let bye = report(0x81, 203, &ssrc);
    let empty = report(0x80, 201, &ssrc);
    let unknown = report(0x80, 204, &[&ssrc[..], b"name", &[0; 8]].concat());
    // RFC 3611 §4.7: VoIP metrics, and the same with a length that is more than there is.
    let metrics =
        [&[7, 0, 0, 8][..], &ssrc[..], &[12; 16], &[238, 196, 127, 16, 90, 127, 43, 42], &[0; 8]];
    let extended = report(0x80, 207, &[&ssrc[..], &metrics.concat()].concat());
    let mut beyond = extended.clone();
    beyond[11] = 0xff;
    let mut lying = receiver.clone();
    lying[3] = 0xff;
    [
        ("sender", [&sender[..], &name].concat()),
        ("receiver", [&receiver[..], &name].concat()),
        ("bye", [&empty[..], &name, &bye].concat()),
        ("extended", [&receiver[..], &name, &extended, &bye].concat()),
        ("extended-length", [&receiver[..], &beyond].concat()),
        ("application", [&empty[..], &unknown].concat()),
        ("length", lying),
        ("lone-bye", bye),
    ]
    .map(|(name, octets)| (format!("rtcp-{name}"), octets))
    .to_vec()
}

/// An RTCP packet, padded to 32 bits. RFC 3550 §6.4.
fn report(first: u8, kind: u8, content: &[u8]) -> Vec<u8> {
    let words = content.len().div_ceil(4);
    let mut packet = vec![first, kind, 0, u8::try_from(words).unwrap_or(u8::MAX)];
    packet.extend(content);
    packet.resize(4 + words * 4, 0);
    packet
}

/// Session descriptions with media keys, and packets behind an octet that says under which suite
/// and where they are damaged.
pub(crate) fn secured() -> Vec<Seed> {
    let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\n";
    let (long, short) =
        ("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw");
    let sha = format!("a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{long}");
    let gcm = format!("a=crypto:1 AEAD_AES_128_GCM inline:{short}");
    let mut seeds: Vec<Seed> = [
        ("two", format!("{head}{gcm}==\r\n{sha}\r\n")),
        ("lifetime", format!("{head}{sha}|2^20\r\n{sha}|1048576 -KDR=1\n")),
        ("mki", format!("{head}{sha}|2^20|1:4\r\n{gcm}|0\r\n")),
        ("lines", format!("{head}{gcm}\r\n").repeat(3)),
        ("plain-line", format!("{head}{sha}\r\n").replace("SAVP", "AVP")),
        ("tags", format!("{head}{gcm}\r\n{gcm}\r\n{}", gcm.replace(":1 ", ":01 "))),
        ("slots", format!("{head}a=crypto:1 AEAD_AES_128_GCM inline:{{slot}}\r\n{sha}")),
        (
            "many",
            format!(
                "{head}{}",
                (0..20).map(|n| gcm.replace(":1 ", &format!(":{n} ")) + "\r\n").collect::<String>()
            ),
        ),
    ]
    .map(|(name, body)| (format!("sdp-{name}"), body.into_bytes()))
    .to_vec();
    for (name, packet) in packets() {
        for choice in [0_u8, 1, 9, 40, 255] {
            seeds.push((format!("{name}-{choice}"), [&[choice][..], &packet].concat()));
        }
    }
    seeds
}
