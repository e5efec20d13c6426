//! A registrar that challenges, refuses and keeps silent by chance, and knows what it has granted.

use crate::raw::{Raw, field, response};
use crate::world::World;
use net::sim::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub(super) struct Registrar {
    raw: Raw,
    dice: Random,
    /// What it said of each request, by branch: it says it again.
    said: BTreeMap<String, Option<String>>,
    /// Those whose binding stands.
    bound: BTreeSet<String>,
    /// Whether it answers every request with what is asked for.
    pub(super) grants: bool,
}

impl Registrar {
    pub(super) fn new(world: &World, host: u8, dice: Random) -> Self {
        let raw = Raw::new(world, host);
        Self { raw, dice, said: BTreeMap::new(), bound: BTreeSet::new(), grants: false }
    }

    pub(super) fn has(&self, aor: &str) -> bool {
        self.bound.contains(&format!("<{aor}>"))
    }

    /// Answers what comes in for so long.
    pub(super) async fn serve(&mut self, time: Duration) {
        let until = self.raw.now() + time;
        while let Some(register) = self.raw.receive_until(until).await {
            let branch = field(&register, "Via").split_once("branch=").unwrap().1.to_owned();
            if !self.said.contains_key(&branch) {
                let answer = self.decide(&register);
                self.said.insert(branch.clone(), answer);
            }
            if let Some(answer) = self.said.get(&branch).unwrap() {
                self.raw.peer = field(&register, "Via")
                    .split(' ')
                    .nth(1)
                    .unwrap()
                    .split(';')
                    .next()
                    .unwrap()
                    .parse()
                    .unwrap();
                self.raw.send(answer);
            }
        }
    }

    fn decide(&mut self, register: &str) -> Option<String> {
        let signed = register.contains("\r\nAuthorization: ");
        match self.dice.below(8) {
            0 if !self.grants => return None,
            1 if !self.grants => return Some(response(register, "503 Service Unavailable", "")),
            2..=5 if !signed => {
                let challenge = "WWW-Authenticate: Test nonce=\"1\"\r\n";
                return Some(response(register, "401 Unauthorized", challenge));
            }
            _ => {}
        }
        let (aor, seconds) = (field(register, "To").to_owned(), field(register, "Expires"));
        let extra = format!("Expires: {seconds}\r\n");
        if seconds == "0" {
            self.bound.remove(&aor);
        } else {
            self.bound.insert(aor);
        }
        Some(response(register, "200 OK", &extra))
    }
}
