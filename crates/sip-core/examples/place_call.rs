//! Calls somebody, and hangs up a second after the answer.

#![expect(clippy::print_stdout, reason = "an example that prints what happens")]

use sip_core::driver::Endpoint;
use ssa::{Body, Open};
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

const USAGE: &str = "usage: place_call TO SDP
    TO    whom to call, such as sip:bob@127.0.0.1:5070
    SDP   the session to offer, such as \"$(cat offer.sdp)\"";

async fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [to, offer] = arguments else { return Err(USAGE.into()) };
    // Open lets all pass in the clear: a security manager takes its place.
    let builder = Endpoint::builder(net::tokio::system()?, Arc::new(Open));
    let (endpoint, _events) = builder.bind("udp:127.0.0.1:0").bind("tcp:127.0.0.1:0").start()?;
    let mut call = endpoint.call("sip:alice@127.0.0.1", to, sdp(offer))?;
    let answer = call.answered().await?;
    println!("answered: {}", String::from_utf8_lossy(&answer.octets));
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(call);
    // Its BYE is answered before the sockets are closed.
    endpoint.shutdown(Duration::from_secs(5)).await;
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
