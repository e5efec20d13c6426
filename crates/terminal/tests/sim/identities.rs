//! One terminal with several addresses of record, each with an OpenPGP key of its own: which one
//! signs, and is encrypted to, is said by the call's own address.

use crate::world::{
    CALLEE, CALLEE_IP, CALLER, CALLER_IP, Seeded, Wall, Watch, double, follow, settings,
};
use media_ctl::audio::{Silence, Tone};
use net::sim::{SimConfig, Simulation};
use sip_core::manager::Ours;
use sma::conformance::Directory;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use terminal::assembly::{Events, Invitation, Ports, Terminal};
use terminal::config::{Address, Require};

/// The other address of either side, in another domain.
const CALLERS_OTHER: &str = "sip:office@work.example";
const CALLEES_OTHER: &str = "sip:4711@pbx.example";

fn identity(aor: &str, key: &str) -> sst::Identity {
    sst::Identity { aor: aor.to_owned(), fingerprint: Some(key.to_owned()) }
}

/// What both sides saw of a call from one address of the caller's to one of the callee's, and the
/// keys of both: the caller's two, and the callee's two.
struct Called {
    caller: Watch,
    callee: Watch,
    keys: [String; 4],
}

/// A call between two terminals that have two addresses and two keys each. A pin says whose key the
/// other side takes for whose.
fn call(from: &str, to: &str, pins: impl Fn(&[String; 4]) -> Vec<sst::Pin>) -> Called {
    let sim = Simulation::new(SimConfig { seed: 7, ..SimConfig::default() });
    let (runtime, caller_network) = sim.host(IpAddr::from(CALLER_IP));
    let (_, callee_network) = sim.host(IpAddr::from(CALLEE_IP));
    let directory = Directory::new(7);
    let (alice, bob) = (double(&directory, &runtime), double(&directory, &runtime));
    let keys = [
        alice.add_key(CALLER),
        alice.add_key(CALLERS_OTHER),
        bob.add_key(CALLEE),
        bob.add_key(CALLEES_OTHER),
    ];
    let keys = keys.map(|key| key.to_string());
    let start = |own: &str, ours: [(&str, &str); 2], ip, network, application| {
        let [first, second] = ours;
        let mut settings = settings(first, second, ip, Require::Pgp);
        settings.identity = own.to_owned();
        settings.ours = Ours { hides_users: true, ..Ours::of([first.0, second.0]) };
        settings.security.identities =
            vec![identity(first.0, first.1), identity(second.0, second.1)];
        settings.security.pins = pins(&keys);
        let ports = Ports {
            wall_clock: Arc::new(Wall::starting(&runtime)),
            entropy: Arc::new(Seeded(Mutex::new(sim.random()))),
            application: Some(application),
            ..Ports::of(Arc::clone(&runtime), network)
        };
        Terminal::start(&settings, ports).unwrap()
    };
    let of_caller = [(CALLER, &*keys[0]), (CALLERS_OTHER, &*keys[1])];
    let of_callee = [(CALLEE, &*keys[2]), (CALLEES_OTHER, &*keys[3])];
    let (caller, events) = start(from, of_caller, CALLER_IP, caller_network, Arc::new(alice));
    let (callee, incoming) = start(CALLEE, of_callee, CALLEE_IP, callee_network, Arc::new(bob));
    let watches = [Watch::default(), Watch::default()];
    let sides: [(Terminal, Events); 2] = [(caller.clone(), events), (callee, incoming)];
    for ((terminal, events), watch) in sides.into_iter().zip(&watches) {
        runtime.spawn(Box::pin(follow(terminal, events, watch.clone())));
    }
    let invitation = Invitation {
        to: to.to_owned(),
        next_hop: Some(Address::udp((CALLEE_IP, 5060).into()).into()),
        require: sst::Requirement::PGP,
        late_offer: false,
        source: Box::new(Tone::new(440.0, 8_000)),
        sink: Box::new(Silence),
    };
    let id = caller.call(invitation).unwrap();
    sim.run_until(sim.elapsed() + Duration::from_secs(3)).unwrap();
    caller.hang_up(id);
    sim.run_until_idle(sim.elapsed() + Duration::from_secs(600)).unwrap();
    let [caller, callee] = watches;
    Called { caller, callee, keys }
}

/// These keys, each for one address.
fn pins(keys: [&String; 4]) -> Vec<sst::Pin> {
    let of = [CALLER, CALLERS_OTHER, CALLEE, CALLEES_OTHER];
    of.into_iter().zip(keys).map(|(aor, key)| sst::Pin::new(aor, key.clone())).collect()
}

#[test]
fn each_address_signs_and_is_encrypted_to_under_its_own_key() {
    for (from, signs) in [(CALLER, 0), (CALLERS_OTHER, 1)] {
        for (to, answers) in [(CALLEE, 2), (CALLEES_OTHER, 3)] {
            let Called { caller, callee, keys } = call(from, to, |[a, b, c, d]| pins([a, b, c, d]));
            let (caller, callee) = (caller.seen(), callee.seen());
            let proved = |side: &crate::world::Seen| {
                let assurance = side.established.clone().unwrap();
                (assurance.peer, assurance.fingerprint)
            };
            assert_eq!(proved(&callee), (Some(from.to_owned()), Some(keys[signs].clone())), "{to}");
            assert_eq!(
                proved(&caller),
                (Some(to.to_owned()), Some(keys[answers].clone())),
                "{from}"
            );
        }
    }
}

/// The key of the one address proves nothing for the other, although both are of one terminal.
#[test]
fn the_key_of_another_address_of_the_same_terminal_is_another_key() {
    let Called { caller, callee, .. } = call(CALLER, CALLEE, |[a, b, c, d]| pins([b, a, c, d]));
    assert_eq!((caller.seen().established, callee.seen().incoming), (None, 0));
    assert_eq!(callee.seen().denied.pop().map(|(.., code)| code), Some("other_key"));
    let Called { caller, .. } = call(CALLER, CALLEES_OTHER, |[a, b, c, d]| pins([a, b, d, c]));
    assert_eq!(caller.seen().established, None, "the callee signs by whom it is called");
}
