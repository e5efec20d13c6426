//! Registers an address of record, and takes the registration back.

#![expect(clippy::print_stdout, reason = "an example that prints what happens")]

use sip_core::driver::Endpoint;
use sip_core::manager::{Event, RegisterConfig};
use ssa::Open;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

const USAGE: &str = "usage: register AOR REGISTRAR
    AOR         the address of record, such as sip:alice@127.0.0.1
    REGISTRAR   such as sip:127.0.0.1:5060; it must ask for no password";

async fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [aor, registrar] = arguments else { return Err(USAGE.into()) };
    // Who is asked for a password needs a security manager (sec-manager) in place of Open.
    let builder = Endpoint::builder(net::tokio::system()?, Arc::new(Open));
    let (endpoint, mut events) = builder.bind("udp:127.0.0.1:0").start()?;
    let registration = endpoint.register(RegisterConfig {
        aor: aor.clone(),
        registrar: registrar.clone(),
        expires: 600,
        ..RegisterConfig::default()
    })?;
    while let Some(event) = events.next().await {
        match event {
            Event::Registered { expires, registrar, .. } => {
                // It is refreshed until it is taken back.
                println!("{aor} is registered at {registrar} for {expires} s");
                endpoint.unregister(registration)?;
            }
            Event::RegistrationFailed { cause, .. } => return Err(cause.to_string().into()),
            Event::Unregistered { .. } => break,
            _ => {}
        }
    }
    println!("{aor} is not registered any more");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
