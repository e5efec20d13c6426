//! Registers an address of record, shows whether messages wait, and takes the registration back.

#![expect(clippy::print_stdout, reason = "an example that prints what happens")]

use sip_core::driver::Endpoint;
use sip_core::manager::{
    Event, RegisterConfig, SubscribeConfig, SubscriptionNews, SubscriptionState,
};
use sip_core::packages::MessageSummary;
use ssa::Open;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

const USAGE: &str = "usage: register AOR REGISTRAR
    AOR         the address of record, such as sip:alice@127.0.0.1
    REGISTRAR   such as sip:127.0.0.1:5060; it must ask for no password, and is asked for messages";

async fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [aor, registrar] = arguments else { return Err(USAGE.into()) };
    // Who is asked for a password needs a security manager (sec-manager) in place of Open.
    let builder = Endpoint::builder(net::tokio::system()?, Arc::new(Open));
    let (endpoint, mut events) = builder.bind("udp:127.0.0.1:0").start()?;
    // It is refreshed until it is taken back; so is the subscription.
    let registration = endpoint.register(RegisterConfig {
        aor: aor.clone(),
        registrar: registrar.clone(),
        expires: 600,
        ..RegisterConfig::default()
    })?;
    while let Some(event) = events.next().await {
        match event {
            Event::Registered { expires, registrar: address, .. } => {
                println!("{aor} is registered at {address} for {expires} s");
                endpoint.subscribe(SubscribeConfig {
                    from: aor.clone(),
                    to: aor.clone(),
                    next_hop: Some(address.into()),
                    event: MessageSummary::EVENT.to_owned(),
                    accept: vec![MessageSummary::MEDIA_TYPE.to_owned()],
                    expires: 600,
                })?;
            }
            Event::RegistrationFailed { cause, .. } => return Err(cause.to_string().into()),
            Event::Subscription {
                id,
                news: SubscriptionNews::Notified { state: SubscriptionState::Active, body },
            } => {
                let summary = MessageSummary::parse(&body.octets)?;
                println!("messages wait: {}", if summary.waiting { "yes" } else { "no" });
                for count in summary.counts {
                    println!("{}: {} new, {} old", count.class, count.new, count.old);
                }
                endpoint.unsubscribe(id)?;
            }
            Event::Subscription {
                news: SubscriptionNews::Over { why } | SubscriptionNews::Lapsed { why, .. },
                ..
            } => {
                println!("of messages nothing is told any more: {why}");
                endpoint.unregister(registration)?;
            }
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
