//! A terminal that gets no random octets (case O05): it does not start, and no call leaves it.

use crate::world::{CALLEE, CALLER, CALLER_IP, Wall, settings};
use media_ctl::audio::{Silence, Tone};
use net::sim::{SimConfig, Simulation};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use terminal::assembly::{Entropy, Events, Invitation, Ports, Terminal};
use terminal::config::Require;

/// As many draws as are left, then none.
struct Draining(AtomicU64);

impl Entropy for Draining {
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        let left = self.0.load(Ordering::Relaxed);
        if left == 0 {
            return Err(io::Error::other("the well is dry"));
        }
        self.0.store(left - 1, Ordering::Relaxed);
        buffer.fill(left as u8);
        Ok(())
    }
}

fn start(sim: &Simulation, draws: u64) -> Result<(Terminal, Events), String> {
    let (runtime, network) = sim.host(CALLER_IP.into());
    let keys = ["a", "b"].map(|digit| digit.repeat(40));
    let settings = settings((CALLER, &keys[0]), (CALLEE, &keys[1]), CALLER_IP, Require::Pgp);
    let ports = Ports {
        wall_clock: Arc::new(Wall::starting(&runtime)),
        entropy: Arc::new(Draining(AtomicU64::new(draws))),
        application: Some(Arc::new(sma::Deny)),
        ..Ports::of(runtime, network)
    };
    Terminal::start(&settings, ports).map_err(|error| error.line())
}

#[test]
fn o05_without_randomness_the_terminal_does_not_start_and_no_call_leaves_it() {
    let sim = Simulation::new(SimConfig::default());
    let mut refused = 0;
    let terminal = loop {
        // Each draw that the start needs fails in turn; the addresses are free again each time.
        match start(&sim, refused) {
            Ok((terminal, _)) => break terminal,
            Err(line) => assert!(line.contains("random"), "{line}"),
        }
        refused += 1;
    };
    // The nonces' secret, the number of this start, and the keys for names and for tags.
    assert_eq!(refused, 3);
    let called = terminal.call(Invitation {
        to: CALLEE.to_owned(),
        next_hop: None,
        require: Require::Pgp.into(),
        late_offer: false,
        source: Box::new(Tone::new(440.0, 8_000)),
        sink: Box::new(Silence),
    });
    assert!(called.unwrap_err().line().contains("randomness"));
    sim.run_until(Duration::from_secs(1)).unwrap();
    assert_eq!((terminal.sizes(), terminal.calls()), (Default::default(), 0));
}
