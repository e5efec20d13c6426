//! Calls somebody, and has them call somebody else: a blind transfer.

#![expect(clippy::print_stdout, reason = "an example that prints what happens")]

use sip_core::driver::Endpoint;
use sip_core::manager::Event;
use ssa::{Body, Open};
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

const USAGE: &str = "usage: transfer FIRST SECOND SDP
    FIRST    whom to call, such as sip:bob@127.0.0.1:5070
    SECOND   whom FIRST is to call then, such as sip:carol@127.0.0.1:5080
    SDP      the session to offer, such as \"$(cat offer.sdp)\"";

async fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [first, second, offer] = arguments else { return Err(USAGE.into()) };
    let builder = Endpoint::builder(net::tokio::system()?, Arc::new(Open));
    let (endpoint, _events) = builder.bind("udp:127.0.0.1:0").bind("tcp:127.0.0.1:0").start()?;
    let mut call = endpoint.call("sip:alice@127.0.0.1", first, sdp(offer))?;
    call.answered().await?;
    call.refer(second)?;
    while let Some(event) = call.next().await {
        match event {
            Event::ReferNotified { status: Some(status), is_final, .. } => {
                println!("{second} answered {status}");
                match status {
                    _ if !is_final => {}
                    ..300 => break,
                    _ => return Err("the transfer failed".into()),
                }
            }
            Event::ReferFailed { cause, .. } => return Err(cause.to_string().into()),
            Event::Ended { .. } => return Err("the call ended before the transfer".into()),
            _ => {}
        }
    }
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
