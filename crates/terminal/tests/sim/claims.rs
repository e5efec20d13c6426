//! Cases of callers who prove nothing, or less than they say: `docs/cases.md` by number.

use crate::cases::{edit, has, status_of};
use crate::meddler::{Meddle, Way};
use crate::raw::{self, Raw, Written};
use crate::world::{CALLEE, CALLEE_IP, CALLER, Change, World};
use sip_core::manager::{NextHop, RegisterConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use terminal::config::Require;

const EVE_IP: [u8; 4] = [192, 0, 2, 66];
const REGISTRAR_IP: [u8; 4] = [192, 0, 2, 9];
/// Another way to the registrar.
const EDGE_IP: [u8; 4] = [192, 0, 2, 8];
const CONTACT_USER: &str = "0123456789abcdef";

/// The status line of a response and the names of its fields: what it tells beyond what it copies.
fn shape(response: &str) -> Vec<&str> {
    let head = response.split("\r\n\r\n").next().unwrap();
    head.split("\r\n").map(|line| line.split(": ").next().unwrap()).collect()
}

/// The callee, who requires Digest, with an account at the registrar.
fn registered() -> World {
    let world = World::new(1, Change { require: Require::Digest, ..Change::default() });
    let flow = sst::RegisteredFlow {
        flow: None,
        registrar: REGISTRAR_IP.into(),
        contact_user: CONTACT_USER.to_owned(),
    };
    world.callee.security().registered(CALLEE, vec![flow]);
    world
}

#[test]
fn f01_a_scanner_is_challenged_before_a_user_is_looked_up() {
    let mut world = registered();
    let callee = world.watch_callee();
    let scanner = Raw::new(&world, EVE_IP);
    let mut seen = Vec::new();
    let uris = ["sip:100@192.0.2.2", "sip:bob@192.0.2.2", CALLEE, "sip:0123456789abcdef@192.0.2.2"];
    for (uri, name) in uris.into_iter().zip(["a", "b", "c", "d"]) {
        let from = "<sip:100@192.0.2.2>";
        let written = Written { method: "INVITE", uri, from, cseq: 1, name, fields: "" };
        scanner.send(CALLEE_IP, &written.text());
        world.pass(Duration::from_secs(40));
        let [challenge] = &scanner.heard()[..] else { panic!("{uri}: not one answer") };
        assert!(challenge.starts_with("SIP/2.0 401 "), "{uri}: {challenge}");
        seen.push(shape(challenge).join("\n"));
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "users are told apart: {seen:#?}");
    // Nor is it told who is a Digest user.
    seen.clear();
    for (user, name) in [("alice", "e"), ("mallory", "f")] {
        let from = "<sip:100@192.0.2.2>";
        let mut written =
            Written { method: "INVITE", uri: CALLEE, from, cseq: 1, name, fields: "" };
        scanner.send(CALLEE_IP, &written.text());
        world.pass(Duration::from_secs(1));
        let challenge = scanner.heard().pop().unwrap();
        let nonce = challenge.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
        let fields = format!(
            "Authorization: Digest username=\"{user}\", realm=\"callee.example\", \
             nonce=\"{nonce}\", uri=\"{CALLEE}\", algorithm=SHA-512-256, qop=auth, nc=00000001, \
             cnonce=\"x\", response=\"{}\"\r\n",
            "0".repeat(64)
        );
        (written.cseq, written.fields) = (2, &fields);
        scanner.send(CALLEE_IP, &written.text());
        world.pass(Duration::from_secs(40));
        let answers = scanner.heard();
        assert!(answers.iter().all(|answer| answer.starts_with("SIP/2.0 401 ")), "{answers:?}");
        seen.push(shape(&answers[0]).join("\n"));
    }
    assert_eq!(seen[0], seen[1], "Digest users are told apart");
    assert_eq!(callee.seen().incoming, 0, "it never rings");
    assert_eq!(status_of(&world, "callee", "SIP/2.0 1"), 0, "{}", world.ladder());
    world.settle();
}

/// Registers the callee at this registrar, and gives its Contact's URI.
fn registers(world: &World, registrar: &Raw) -> String {
    let config = RegisterConfig {
        aor: CALLEE.to_owned(),
        registrar: "sip:192.0.2.9".to_owned(),
        expires: 3600,
        ..RegisterConfig::default()
    };
    world.callee.register(config).unwrap();
    world.pass(Duration::from_secs(1));
    let register = registrar.heard().pop().unwrap();
    registrar.send(CALLEE_IP, &raw::registered(&register, 3600));
    world.pass(Duration::from_secs(1));
    let contact = register.split("Contact: <").nth(1).unwrap();
    contact.split('>').next().unwrap().to_owned()
}

/// What the scanner lacks is the registrar's address and what only the registrar was told.
#[test]
fn f01_a_registered_flow_is_its_address_and_its_contact() {
    let mut world = World::new(1, Change { require: Require::Digest, ..Change::default() });
    let callee = world.watch_callee();
    let registrar = Raw::new(&world, REGISTRAR_IP);
    let contact = registers(&world, &registrar);
    for (uri, name, rings) in [("sip:bob@192.0.2.2", "a", 0), (&contact, "b", 1)] {
        let from = "<sip:carol@192.0.2.9>";
        let written = Written { method: "INVITE", uri, from, cseq: 1, name, fields: "" };
        registrar.send(CALLEE_IP, &written.text());
        world.pass(Duration::from_secs(1));
        assert_eq!(callee.seen().incoming, rings, "{uri}: {}", world.ladder());
    }
    let account = format!(
        "somebody who says to be sip:carol@192.0.2.9, unverified: only the \
                           registrar or proxy of {CALLEE} vouches"
    );
    assert_eq!(callee.seen().caller, Some(account));
}

/// RFC 5626: what comes over any flow of the account's is its registrar's, until that flow fails.
#[test]
fn t25_a_call_over_each_flow_of_an_account_is_vouched_for() {
    let mut world = World::new(1, Change { require: Require::Digest, ..Change::default() });
    let callee = world.watch_callee();
    let edges = [REGISTRAR_IP, EDGE_IP].map(|ip| Raw::new(&world, ip));
    let hop = |ip: [u8; 4]| NextHop::from(SocketAddr::from((ip, 5060)));
    let config = RegisterConfig {
        aor: CALLEE.to_owned(),
        registrar: "sip:callee.example".to_owned(),
        next_hop: Some(hop(REGISTRAR_IP)),
        also: vec![hop(EDGE_IP)],
        instance: Some("urn:uuid:f81d4fae-7dec-41d0-a765-00a0c91e6bf6".to_owned()),
        outbound: true,
        ..RegisterConfig::default()
    };
    world.callee.register(config).unwrap();
    let mut registers = Vec::new();
    for edge in &edges {
        world.pass(Duration::from_secs(1));
        let register = edge.heard().pop().unwrap();
        let granted =
            raw::registered(&register, 60).replace("\r\n\r\n", "\r\nRequire: outbound\r\n\r\n");
        edge.send(CALLEE_IP, &granted);
        registers.push(register);
    }
    world.pass(Duration::from_secs(1));
    assert_eq!(callee.seen().registered, 2);
    let invite = |edge: &Raw, register: &str, name| {
        let contact = register.split("Contact: <").nth(1).unwrap();
        let uri = contact.split('>').next().unwrap();
        let from = "<sip:carol@192.0.2.9>";
        let written = Written { method: "INVITE", uri, from, cseq: 1, name, fields: "" };
        edge.send(CALLEE_IP, &written.text());
    };
    for ((edge, register), (name, rings)) in edges.iter().zip(&registers).zip([("a", 1), ("b", 2)])
    {
        invite(edge, register, name);
        world.pass(Duration::from_secs(1));
        assert_eq!(callee.seen().incoming, rings, "{name}: {}", world.ladder());
    }
    // The second is not there any more when it is refreshed.
    world.pass(Duration::from_millis(27_200));
    let heard = edges[1].heard();
    let refresh = heard.iter().rfind(|it| it.starts_with("REGISTER ")).unwrap();
    let gone = raw::registered(refresh, 0).replace("200 OK", "403 Forbidden");
    edges[1].send(CALLEE_IP, &gone);
    world.pass(Duration::from_secs(1));
    invite(&edges[1], &registers[1], "c");
    world.pass(Duration::from_secs(1));
    assert_eq!(callee.seen().incoming, 2, "{}", world.ladder());
}

#[test]
fn f02_who_only_says_who_he_is_is_shown_unverified() {
    let mut world = World::new(2, Change { require: Require::Nothing, ..Change::default() });
    let callee = world.watch_leaving();
    let eve = Raw::new(&world, EVE_IP);
    let written = Written {
        method: "INVITE",
        uri: CALLEE,
        from: "\"Bank <sip:bank@callee.example>\" <sip:eve@192.0.2.66>",
        cseq: 1,
        name: "a",
        fields: "P-Asserted-Identity: \"Bank\" <sip:bank@callee.example>\r\n\
                 P-Preferred-Identity: \"Bank\" <sip:bank@callee.example>\r\n\
                 Remote-Party-ID: \"Bank\" <sip:bank@callee.example>;screen=yes\r\n",
    };
    eve.send(CALLEE_IP, &written.text());
    world.pass(Duration::from_secs(1));
    let said = "somebody who says to be sip:eve@192.0.2.66, unverified";
    assert_eq!(callee.seen().caller.as_deref(), Some(said), "{}", world.ladder());
}

/// Who has a password of ours can write any From.
#[test]
fn f02_a_digest_caller_is_shown_as_the_user_who_was_proved() {
    const BANK: &str = "sip:bank@callee.example";
    let meddle: Meddle = Arc::new(|way, octets| {
        let (from, to) = if way == Way::In { (CALLER, BANK) } else { (BANK, CALLER) };
        vec![edit(octets, |line| {
            let claims = line.starts_with("From:");
            Some(if claims { line.replace(from, to) } else { line.to_owned() })
        })]
    });
    let change = Change { meddle: Some(meddle), require: Require::Digest, ..Change::default() };
    let mut world = World::new(3, change);
    let callee = world.watch_leaving();
    world.call();
    world.pass(Duration::from_secs(1));
    let said =
        format!("alice, proved by Digest (SHA-512-256 at callee.example), who says to be {BANK}");
    assert_eq!(callee.seen().caller, Some(said), "{}", world.ladder());
}

/// Fields that ask a telephone to answer by itself, to ring otherwise, or to fetch something.
const TEMPTING: &str = "Alert-Info: <http://192.0.2.66/ring.wav>;info=alert-autoanswer\r\n\
    Call-Info: <http://192.0.2.66/eve.png>;purpose=icon, <sip:192.0.2.66>;answer-after=0\r\n\
    P-Auto-Answer: normal\r\n";

/// A call that tempts rings like any other, and nothing is fetched.
fn only_rings(world: &World) {
    world.pass(Duration::from_secs(30));
    assert_eq!(status_of(world, "callee", "SIP/2.0 200"), 0, "answered: {}", world.ladder());
    let fetched = world.count("callee", |entry| {
        entry.packet.as_ref().is_some_and(|packet| {
            let there = packet.remote.ip() == std::net::IpAddr::from(EVE_IP);
            there && packet.sent && !packet.octets.starts_with(b"SIP/2.0 ")
        })
    });
    assert_eq!(fetched, 0, "{}", world.ladder());
}

#[test]
fn d09_no_header_answers_a_call_or_fetches_anything() {
    let mut world = World::new(9, Change { require: Require::Nothing, ..Change::default() });
    let callee = world.watch_leaving();
    let eve = Raw::new(&world, EVE_IP);
    let fields = format!("{TEMPTING}Answer-Mode: Auto\r\nPriv-Answer-Mode: Auto\r\n");
    let from = "<sip:eve@192.0.2.66>";
    let written =
        Written { method: "INVITE", uri: CALLEE, from, cseq: 1, name: "a", fields: &fields };
    eve.send(CALLEE_IP, &written.text());
    only_rings(&world);
    assert_eq!(callee.seen().incoming, 1, "{}", world.ladder());
}

/// In a call that is signed: what the signature does not cover changes nothing, and Answer-Mode,
/// which it would cover, must not be added (G34).
#[test]
fn d09_in_a_signed_call_no_header_that_was_added_counts() {
    for (added, rings) in [(TEMPTING, 1), ("Answer-Mode: Auto\r\n", 0)] {
        let meddle: Meddle = Arc::new(move |way, octets| {
            if way == Way::Out || !has(octets, "\r\nAuthorization: PGP") {
                return vec![octets.to_vec()];
            }
            vec![edit(octets, |line| {
                let last = line.starts_with("Content-Length:");
                Some(if last { format!("{added}{line}") } else { line.to_owned() })
            })]
        });
        let mut world = World::new(9, Change { meddle: Some(meddle), ..Change::default() });
        let callee = world.watch_leaving();
        world.call();
        only_rings(&world);
        assert_eq!(callee.seen().incoming, rings, "{added}: {}", world.ladder());
    }
}
