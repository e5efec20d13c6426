//! Computed vectors, where a checkout has them beside it: exact packets and sequences of events.

use super::sources::Kind;
use super::tests::hex;
use super::*;
use serde_json::Value;
use ssm::{Opener as _, Sealer as _};
use std::path::PathBuf;

fn octets(case: &Value, name: &str) -> Vec<u8> {
    hex(case[name].as_str().unwrap_or_default())
}

fn halves(case: &Value, suite: Suite) -> (SrtpSealer, SrtpOpener) {
    let master = [octets(case, "master_key"), octets(case, "master_salt")].concat();
    (SrtpSealer::new(suite, &master).unwrap(), SrtpOpener::new(suite, &master).unwrap())
}

fn check_rtp(case: &Value, suite: Suite) {
    let (mut sealer, mut opener) = halves(case, suite);
    let (plain, sealed) = (octets(case, "rtp"), octets(case, "srtp"));
    let ssrc = u32::from_be_bytes(plain[8..12].try_into().unwrap());
    let sequence = u64::from(u16::from_be_bytes(plain[2..4].try_into().unwrap()));
    let index = (case["roc"].as_u64().unwrap() << 16) + sequence;
    if index >= 1 << 16 {
        sealer.sources.resume(Kind::Rtp, ssrc, index - 1);
        opener.sources.resume(Kind::Rtp, ssrc, index - 1);
    }
    let mut buffer = [plain.as_slice(), &[0; 16]].concat();
    let length = sealer.seal_rtp(&mut buffer, plain.len()).unwrap();
    assert_eq!(buffer[..length], sealed, "{}", case["id"]);
    let length = opener.open_rtp(&mut buffer[..length]).unwrap();
    assert_eq!(buffer[..length], plain, "{}", case["id"]);
}

fn check_rtcp(case: &Value, suite: Suite) {
    let (mut sealer, mut opener) = halves(case, suite);
    let (plain, sealed) = (octets(case, "rtcp"), octets(case, "srtcp"));
    if case["encrypted"] == false {
        assert!(opener.open_rtcp(&mut sealed.clone()).is_err(), "{}", case["id"]);
        return;
    }
    let ssrc = u32::from_be_bytes(plain[4..8].try_into().unwrap());
    sealer.sources.resume(Kind::Rtcp, ssrc, case["srtcp_index"].as_u64().unwrap() - 1);
    let mut buffer = [plain.as_slice(), &[0; 20]].concat();
    let length = sealer.seal_rtcp(&mut buffer, plain.len()).unwrap();
    assert_eq!(buffer[..length], sealed, "{}", case["id"]);
    let length = opener.open_rtcp(&mut buffer[..length]).unwrap();
    assert_eq!(buffer[..length], plain, "{}", case["id"]);
}

fn check_events(case: &Value, suite: Suite) {
    let (_, mut opener) = halves(case, suite);
    for event in case["events"].as_array().unwrap() {
        let expected = event["expect"].as_str().unwrap();
        let opened = opener.open_rtp(&mut octets(event, "packet"));
        assert_eq!(opened.is_ok(), expected.starts_with("ok"), "{}: {expected}", case["id"]);
    }
}

#[test]
fn computed_packets() {
    let shared = PathBuf::from(std::env::var_os("COUNTERSIGN_SHARED_DATA").unwrap_or_default());
    let Ok(text) = std::fs::read(shared.join("srtp/computed.json")) else {
        println!("no computed SRTP vectors here");
        return;
    };
    let cases: Vec<Value> = serde_json::from_slice(&text).unwrap();
    let mut checked = 0;
    for case in &cases {
        let Some(suite) = case["profile"].as_str().and_then(Suite::parse) else { continue };
        match case {
            case if case.get("rtp").is_some() => check_rtp(case, suite),
            case if case.get("rtcp").is_some() => check_rtcp(case, suite),
            case => check_events(case, suite),
        }
        checked += 1;
    }
    println!("checked {checked} computed SRTP vectors");
    assert!(checked > 0);
}
