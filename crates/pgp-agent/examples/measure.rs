//! What a signature and its verification cost through the socket, as the terminal asks:
//! `cargo run --release -p pgp-agent --example measure`. Both sides are in this process, which
//! changes the ways of neither; the goals are 60 µs to sign and 75 µs to verify.

#![expect(clippy::disallowed_methods, reason = "a measurement on the real clock")]

use pgp_agent::{Agent, Protection, Store};
use sma::{KeyAdministration as _, Notation, SecurityApplication as _, ToSign, ToVerify};
use sma_socket::{Client, Listener, serve};
use std::fs::Permissions;
use std::future::Future;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROUNDS: usize = 25;
const QUESTIONS: usize = 400;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mode = Permissions::from_mode(0o700);
    let folder = tempfile::Builder::new().permissions(mode).tempdir()?;
    let agent = Agent::new(Store::open(folder.path(), Protection::ModeOnly)?);
    let key = agent.generate("sip:alice@example.org".into()).await?;
    let listener = Listener::bind(&folder.path().join("pgp.sock"))?;
    let client = Client::new(listener.path());
    tokio::spawn(serve(listener, Arc::new(agent), None, std::future::pending()));
    let question = ToSign {
        signer: key.fingerprint.clone(),
        data: vec![0x5A; 1024],
        notation: Notation {
            name: "cs1@countersign.invalid".into(),
            value: b"uac".to_vec(),
            critical: true,
        },
        expires_in: Duration::from_secs(300),
    };
    let check = ToVerify {
        signer: key.fingerprint,
        data: question.data.clone(),
        signature: client.sign(question.clone()).await?,
        known_notations: vec![question.notation.name.clone()],
    };
    measure("identities", || client.identities()).await?;
    measure("sign", || client.sign(question.clone())).await?;
    measure("verify", || client.verify(check.clone())).await?;
    Ok(())
}

/// Prints the least of the medians of all rounds: what else runs on the machine only adds.
async fn measure<T, F: Future<Output = Result<T, sma::Error>>>(
    what: &str, ask: impl Fn() -> F,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut least = Duration::MAX;
    for _ in 0..ROUNDS {
        let mut times = [Duration::ZERO; QUESTIONS];
        for time in &mut times {
            let start = Instant::now();
            ask().await?;
            *time = start.elapsed();
        }
        let (_, median, _) = times.select_nth_unstable(QUESTIONS / 2);
        least = least.min(*median);
    }
    writeln!(std::io::stdout(), "{what:10} {least:?}")?;
    Ok(())
}
