//! Key slots filled, emptied, and refused.

use super::super::rows::MOST_LINES;
use super::*;

/// RFC 4568 §4.1, §6.1, §6.3: what is used of an attribute and what refuses it.
#[test]
fn attributes_are_used_or_left_out() {
    let key = "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR";
    let cm = format!("AES_CM_128_HMAC_SHA1_80 inline:{key}");
    for usable in [
        format!("1 {cm}"),
        format!("0 {cm}"),
        format!("999999999 {cm}"),
        format!("1 {cm}|2^20"),
        format!("1 {cm}|2^48"),
        format!("1 {cm}|1000000"),
        format!("1 {cm} -FOO=1"),
        "2 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw==".into(),
        "2 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw".into(),
    ] {
        assert!(parse(&usable).is_some(), "{usable}");
    }
    for useless in [
        format!("1000000000 {cm}"),
        format!("01 {cm}"),
        format!("1a {cm}"),
        format!("+1 {cm}"),
        "1".into(),
        format!("1 AES_CM_128_HMAC_SHA1_80 {key}"),
        format!("1 {cm}|1:4"),
        format!("1 {cm}|2^20|1:4"),
        format!("1 {cm}|2^49"),
        format!("1 {cm}|0"),
        format!("1 {cm};inline:{key}"),
        format!("1 {cm} FOO=1"),
        format!("1 {cm} UNENCRYPTED_SRTP"),
        format!("1 {cm} UNAUTHENTICATED_SRTP"),
        format!("1 {cm} KDR=24"),
        format!("1 {cm}AAAA"),
        format!("1 AEAD_AES_128_GCM inline:{key}"),
        format!("1 AES_CM_128_HMAC_SHA1_32 inline:{key}"),
        format!("1 aes_cm_128_hmac_sha1_80 inline:{key}"),
        "1 AES_CM_128_HMAC_SHA1_80 inline:InvalidBase64@@@###".into(),
        "1 AES_CM_128_HMAC_SHA1_80 uri:http://example.com/key".into(),
    ] {
        assert!(parse(&useless).is_none(), "{useless}");
    }
}

const OFFER: &str = "v=0\r\n\
    m=audio 4000 RTP/SAVP 0 8\r\n\
    a=crypto:1 AEAD_AES_128_GCM inline:{slot}\r\n\
    a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{slot}\r\n\
    a=ptime:20\r\n\
    m=audio 4002 RTP/SAVP 0\r\n\
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{slot}\r\n";

fn counted() -> impl FnMut(Line, Suite) -> Result<MasterKey, Unfilled> {
    let mut next = 0;
    move |_, suite| {
        next += 1;
        MasterKey::made(suite, |octets| {
            octets.fill(next);
            Ok(())
        })
    }
}

#[test]
fn what_is_filled_is_emptied_again() {
    let (filled, ours) = fill(OFFER.as_bytes(), counted()).unwrap();
    assert!(!String::from_utf8_lossy(&filled).contains(SLOT));
    assert_eq!(ours.len(), 3);
    let (emptied, theirs) = empty(filled.to_vec());
    assert_eq!(String::from_utf8_lossy(&emptied), OFFER);
    for (own, other) in ours.iter().zip(&theirs) {
        assert!(own.key.is(&other.key) && own.choice == other.choice && own.line == other.line);
    }
    assert_eq!(theirs[2].line, Line(1));
    assert!(!ours[0].key.is(&ours[1].key));
    assert_eq!(format!("{:?}", ours[0].key), "[redacted]");
}

#[test]
fn m06_crypto_on_a_plain_line_is_left_out() {
    let body = "m=audio 4 RTP/AVP 0\r\n\
        a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR\r\n";
    let (emptied, keys) = empty(body.into());
    assert_eq!((emptied.as_slice(), keys.len()), (b"m=audio 4 RTP/AVP 0\r\n".as_slice(), 0));
}

#[test]
fn a_tag_counts_once_a_line_and_keys_are_bounded() {
    let crypto =
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR\n";
    let twice = format!("{crypto}m=audio 4 RTP/SAVP 0\n{crypto}{crypto}");
    assert_eq!(empty(twice.into()).1.len(), 1);
    let many = format!("m=audio 4 RTP/SAVP 0\n{crypto}").repeat(20);
    assert_eq!(empty(many.into()).1.len(), usize::from(MOST_LINES));
    let tags = (0..40).map(|tag| crypto.replace(":1 ", &format!(":{tag} ")));
    let body = format!("m=audio 4 RTP/SAVP 0\n{}", tags.collect::<String>());
    let (emptied, keys) = empty(body.into());
    assert_eq!(keys.len(), MOST_KEYS);
    assert!(!String::from_utf8_lossy(&emptied).contains("PS1u"));
}

#[test]
fn a_slot_out_of_place_is_not_filled() {
    for body in [
        "a=crypto:1 AEAD_AES_128_GCM inline:{slot}\r\n",
        "m=audio 4 RTP/AVP 0\r\na=crypto:1 AEAD_AES_128_GCM inline:{slot}\r\n",
        "m=audio 4 RTP/SAVP 0\r\na=crypto:1 UNKNOWN inline:{slot}\r\n",
        "m=audio 4 RTP/SAVP 0\r\na=crypto:1 AEAD_AES_128_GCM inline:{slot}|2^20\r\n",
    ] {
        assert_eq!(fill(body.as_bytes(), counted()).err(), Some(Unfilled), "{body}");
    }
    let broken = fill(OFFER.as_bytes(), |_, _| Err(Unfilled));
    assert!(broken.is_err(), "without randomness nothing leaves");
}

#[test]
fn no_more_slots_are_filled_than_keys_are_kept() {
    let slot = "a=crypto:1 AEAD_AES_128_GCM inline:{slot}\r\n";
    let body = |slots| format!("m=audio 4 RTP/SAVP 0\r\n{}", slot.repeat(slots));
    let (_, keys) = fill(body(MOST_KEYS).as_bytes(), counted()).unwrap();
    assert_eq!(keys.len(), MOST_KEYS);
    assert_eq!(fill(body(MOST_KEYS + 1).as_bytes(), counted()).err(), Some(Unfilled));
}
