//! Answers calls one after the other, and calls whom it is transferred to.

#![expect(clippy::print_stdout, reason = "an example that prints what happens")]

use sip_core::driver::{Call, Endpoint};
use sip_core::manager::Event;
use ssa::{Body, Open};
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

const USAGE: &str = "usage: answer_call ADDRESS SDP
    ADDRESS   where to listen, such as udp:127.0.0.1:5070; port 0 takes any free one
    SDP       the session to answer with, such as \"$(cat answer.sdp)\"";

async fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [address, session] = arguments else { return Err(USAGE.into()) };
    let builder = Endpoint::builder(net::tokio::system()?, Arc::new(Open)).bind(address);
    let (endpoint, mut events) = builder.start()?;
    for local in endpoint.local_addrs() {
        println!("listening on {}", local.address);
    }
    while let Some(event) = events.next().await {
        if let Event::Incoming { id, from, .. } = event {
            println!("{from} calls");
            let talked = talk(&endpoint, endpoint.handle(id)?, sdp(session)).await;
            println!("over: {}", talked.map_or_else(|why| why.to_string(), |()| from));
        }
    }
    Ok(())
}

async fn talk(endpoint: &Endpoint, mut call: Call, session: Body) -> Result<(), Box<dyn Error>> {
    call.ring()?;
    call.accept(session.clone())?;
    while let Some(event) = call.next().await {
        // Nobody is called in a peer's stead unless the application says so.
        if let Event::Referred { id, to, .. } = event {
            println!("transferred to {to}");
            endpoint.agree(id)?;
            let mut other = endpoint.call("sip:bob@127.0.0.1", &to, session.clone())?;
            let status = if other.answered().await.is_ok() { 200 } else { 480 };
            endpoint.tell_referrer(id, status)?;
            other.ended().await;
        }
    }
    Ok(())
}

fn sdp(text: &str) -> Body {
    Body { content_type: Some(b"application/sdp".to_vec()), octets: text.into() }
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
