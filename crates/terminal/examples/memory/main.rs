//! Looks for media keys, passwords and HA1s in the memory of the built programs, while a call is up
//! and one second after it was hung up (promise 16, case O04).
//!
//! `cargo run --package terminal --example memory -- FOLDER`, where FOLDER holds `countersign` and
//! `countersign-pgp`, as `cargo xtask build-terminal` leaves them. Needs root: the programs keep
//! everybody else out of their memory.
//!
//! What a call keeps secret is found out beside it (see `secrets`), so that no copy is made for
//! the search in the processes that are searched: what was exchanged by decrypting it, and the keys
//! that were agreed on by their schedules. That the search finds what is there is shown by
//! the same search while the call is up. What is *not* looked for is the state of a keyed HMAC,
//! which is no longer the key's octets.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a program for developers: it prints what it found, and may stop where it stands"
)]

mod programs;
mod relay;
mod search;
mod secrets;

use programs::{Home, Observer, Result, Running};
use relay::Relay;
use rustix::process::Signal;
use search::{Needle, search};
use sma_socket::Client;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;
use terminal::assembly::free_loopback_pair;

const ALICE: &str = "sip:alice@caller.example";
const BOB: &str = "sip:bob@callee.example";

/// Of the private keys' files; the security application keeps it, since it locks new keys.
const PASSPHRASE: &str = "four words that nobody says";

/// A user's password, and `MD5`, `SHA-256` and `SHA-512/256` of `alice:callee.example:PASSWORD`,
/// computed by OpenSSL 3.
const PASSWORD: &str = "a password that nobody uses";
const HA1: [(&str, &str); 3] = [
    ("MD5", "6a6b0a8f9b1fd398cad4febae4712aaf"),
    ("SHA-256", "4f8e3c684ccf2fcb75825a56a1f34605f9cb72c9d5fff023600b9d99ae58b763"),
    ("SHA-512-256", "4a3f18f6bd060b469673e168914c7a534f23ea8bc2f6c85f185ebfdbf472b6c0"),
];

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).map(PathBuf::from).ok_or("usage: memory FOLDER")?;
    let work = tempfile::tempdir()?;
    let mut faults = pgp(&folder, &work.path().join("pgp"))?;
    faults += digest(&folder, &work.path().join("digest"))?;
    if faults > 0 {
        return Err(format!("{faults} faults, see above").into());
    }
    println!("memory: nothing was left behind");
    Ok(())
}

/// A call whose parties sign, whose bodies are encrypted and whose media is SRTP.
fn pgp(programs: &Path, work: &Path) -> Result<usize> {
    let (alice, bob, relay) = pgp_homes(programs, work)?;
    let homes = [&alice, &bob];
    let application = programs.join("countersign-pgp");
    let observer = Observer::start(&application, &work.join("observer"), &homes)?;
    let mut callee = bob.starts(&["listen", "--auto-answer"])?;
    callee.waits_for("listening")?;
    let mut caller = alice.starts(&["call", BOB])?;
    caller.waits_for("established")?;
    callee.waits_for("established")?;
    let exchanged = learn(&relay, &observer)?;
    // Some packets each way, so that every key has been in use.
    sleep(Duration::from_secs(1));
    let agents = (caller.application()?, callee.application()?);
    let sides = [("caller", caller.pid()), ("callee", callee.pid())];
    let mut faults = 0;
    let mut used = BTreeSet::new();
    for (who, pid) in &sides {
        let keys = secrets::keys_in_use(pid)?;
        println!("pgp: the {who} has {} keys in use", keys.len());
        // Each direction has one for SRTP and one for SRTCP.
        faults += usize::from(keys.len() < 4);
        used.extend(keys);
    }
    let session: Vec<Needle> = used.iter().flat_map(secrets::session).collect();
    for (who, pid) in &sides {
        faults += found(&format!("{who}, call up"), pid, &session, Expected::Some)?;
        // They went into the agreement, and are nothing by themselves.
        let what = format!("{who}, call up, what was exchanged");
        faults += found(&what, pid, &exchanged, Expected::None)?;
    }
    let mut all: Vec<Needle> = exchanged.into_iter().chain(session).collect();
    all.push(Needle::new("passphrase", PASSPHRASE.bytes()));
    // Each agent keeps the passphrase: the search finds what is there.
    let (of_call, own) = all.split_at(all.len() - 1);
    println!("pgp: {} secrets of the call are looked for", of_call.len());
    faults += found("caller's agent, its passphrase", &agents.0, own, Expected::Some)?;
    faults += found("callee's agent, its passphrase", &agents.1, own, Expected::Some)?;
    faults += found("caller's agent, call up", &agents.0, of_call, Expected::None)?;
    faults += found("callee's agent, call up", &agents.1, of_call, Expected::None)?;
    hang_up(&caller, &mut callee, |who, pid| {
        let agent = if who == "caller" { &agents.0 } else { &agents.1 };
        faults += found(&format!("{who}, 1 s after"), pid, &all, Expected::None)?;
        faults += found(&format!("{who}'s agent, 1 s after"), agent, of_call, Expected::None)?;
        Ok(())
    })?;
    Ok(faults)
}

/// The caller's home, the callee's, each with the other's key pinned, and the way between them.
fn pgp_homes(programs: &Path, work: &Path) -> Result<(Home, Home, Relay)> {
    let countersign = programs.join("countersign");
    let [of_alice, of_bob] = [free_loopback_pair()?, free_loopback_pair()?];
    let relay = Relay::to(of_bob[1].address)?;
    let ways = [format!("{BOB}=tcp:{}", relay.address), format!("{ALICE}={}", of_alice[0])];
    let home = |name: &str, aor, binds: [String; 2], way| -> Result<Home> {
        let binds = ["--bind", &binds[0], "--bind", &binds[1]];
        let arguments = [&["--aor", aor, "--require", "pgp", "--contact", way], &binds[..]];
        let home = Home::new(&countersign, work.join(name), &arguments.concat())?;
        home.secret("passphrase", PASSPHRASE)?;
        let named = "keys = \"pgp\"\npassphrase-file = \"passphrase\"";
        home.configure(|text| text.replace("keys = \"pgp\"", named))?;
        home.does(&["keys", "generate"])?;
        Ok(home)
    };
    let binds = [of_alice, of_bob].map(|pair| pair.map(|address| address.to_string()));
    let [of_alice, of_bob] = binds;
    let alice = home("alice", ALICE, of_alice, &ways[0])?;
    let bob = home("bob", BOB, of_bob, &ways[1])?;
    for (own, other, aor) in [(&alice, &bob, BOB), (&bob, &alice, ALICE)] {
        let exported = other.does(&["keys", "export"])?;
        let armored = exported[0]["armored"].as_str().ok_or("no key was exported")?;
        own.secret("peer.asc", armored)?;
        let file = own.folder.join("peer.asc");
        own.does(&["keys", "import", &file.display().to_string(), "--pin", aor])?;
    }
    Ok((alice, bob, relay))
}

/// What the call that went over the relay keeps secret.
fn learn(relay: &Relay, observer: &Observer) -> Result<Vec<Needle>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = Client::new(&observer.socket);
    let read = runtime.block_on(secrets::descriptions(&relay.sent(), &client))?;
    if read.len() != 2 {
        return Err(format!("{} bodies were read, not an offer and an answer", read.len()).into());
    }
    let needles = read.iter().flat_map(|plain| {
        let text = String::from_utf8_lossy(plain.octets.expose());
        let whose = if text.starts_with("CS1-Role: uac") { "offered" } else { "answered" };
        secrets::needles(&text, whose)
    });
    Ok(needles.collect())
}

/// Calls by Digest: first with the algorithm that is found, then with the one that leaves nothing.
fn digest(programs: &Path, work: &Path) -> Result<usize> {
    let mut faults = 0;
    for (algorithm, of_caller) in [("MD5", vec![]), ("SHA-256", vec!["MD5"])] {
        let (alice, bob) = digest_homes(programs, &work.join(algorithm), algorithm)?;
        let mut callee = bob.starts(&["listen", "--auto-answer"])?;
        callee.waits_for("listening")?;
        let mut caller = alice.starts(&["call", BOB])?;
        caller.waits_for("established")?;
        callee.waits_for("established")?;
        println!("digest, {algorithm}");
        if algorithm == "MD5" {
            let used = ha1(|name| name == "MD5");
            faults += found("caller, call up", &caller.pid(), &used, Expected::Some)?;
            faults += found("callee, call up", &callee.pid(), &used, Expected::Some)?;
        }
        let needles = |who: &str| {
            let unused = |name: &str| match who {
                "caller" => of_caller.contains(&name),
                _ => name != algorithm,
            };
            let mut needles = ha1(unused);
            needles.push(Needle::new("password", PASSWORD.bytes()));
            needles
        };
        faults += found("caller, call up", &caller.pid(), &needles("caller"), Expected::None)?;
        faults += found("callee, call up", &callee.pid(), &needles("callee"), Expected::None)?;
        hang_up(&caller, &mut callee, |who, pid| {
            faults += found(&format!("{who}, 1 s after"), pid, &needles(who), Expected::None)?;
            Ok(())
        })?;
    }
    Ok(faults)
}

/// The caller's home, with an account at the callee's.
fn digest_homes(programs: &Path, work: &Path, algorithm: &str) -> Result<(Home, Home)> {
    let countersign = programs.join("countersign");
    let [of_alice, of_bob] = [free_loopback_pair()?, free_loopback_pair()?];
    let home = |name: &str, aor, require, binds: &[String; 2], contact: &[&str]| -> Result<Home> {
        let binds = ["--bind", &binds[0], "--bind", &binds[1]];
        let arguments = [&["--aor", aor, "--require", require], contact, &binds];
        let home = Home::new(&countersign, work.join(name), &arguments.concat())?;
        home.secret("password", PASSWORD)?;
        Ok(home)
    };
    let binds = [of_alice, of_bob].map(|pair| pair.map(|address| address.to_string()));
    let way = format!("{BOB}={}", binds[1][0]);
    let alice = home("alice", ALICE, "nothing", &binds[0], &["--contact", &way])?;
    let bob = home("bob", BOB, "digest", &binds[1], &[])?;
    alice.configure(|text| {
        format!(
            "{text}\n[[account]]\naor = \"{ALICE}\"\nregistrar = \"{}\"\nrealm = \"callee.example\"\n\
             user = \"alice\"\npassword-file = \"password\"\nfloor = \"{algorithm}\"\n",
            binds[1][0]
        )
    })?;
    bob.configure(|text| {
        let text = text.replace("[\"SHA-256\"]", &format!("[\"{algorithm}\"]"));
        format!("{text}\n[[user]]\nname = \"alice\"\npassword-file = \"password\"\n")
    })?;
    Ok((alice, bob))
}

/// The HA1s of some algorithms, as octets and as text.
fn ha1(which: impl Fn(&str) -> bool) -> Vec<Needle> {
    let wanted = HA1.iter().filter(|(name, _)| which(name));
    let needles = wanted.flat_map(|(name, text)| {
        let pairs =
            text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("digits"));
        let octets: Vec<u8> =
            pairs.map(|pair| u8::from_str_radix(pair, 16).expect("digits")).collect();
        [
            Needle::new(format!("HA1 of {name}"), octets),
            Needle::new(format!("HA1 of {name} in digits"), text.bytes()),
        ]
    });
    needles.collect()
}

/// The caller hangs up; each side is looked at one second after it has.
///
/// The caller's process would end as soon as its BYE is answered. So the callee's is stopped until
/// the caller has been looked at, and who is looked at is stopped meanwhile.
fn hang_up(
    caller: &Running, callee: &mut Running, mut look: impl FnMut(&str, &str) -> Result<()>,
) -> Result<()> {
    callee.signal(Signal::STOP)?;
    caller.signal(Signal::INT)?;
    sleep(Duration::from_secs(1));
    caller.signal(Signal::STOP)?;
    look("caller", &caller.pid())?;
    caller.signal(Signal::CONT)?;
    callee.signal(Signal::CONT)?;
    callee.waits_for("over")?;
    sleep(Duration::from_secs(1));
    callee.signal(Signal::STOP)?;
    look("callee", &callee.pid())
}

/// How many copies there should be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// None.
    None,
    /// At least one.
    Some,
}

/// Looks, says what was found, and counts a fault where it is not as expected.
fn found(what: &str, pid: &str, needles: &[Needle], expected: Expected) -> Result<usize> {
    let found = search(pid, needles)?;
    println!("  {what}: {} copies", found.len());
    if expected == Expected::None {
        found.values().for_each(|copy| println!("    {copy}"));
    }
    Ok(usize::from(found.is_empty() != (expected == Expected::None)))
}
