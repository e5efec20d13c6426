//! rsipstack, a SIP stack of others, with this security manager through SSA: it calls, or answers
//! one call, by Digest or by PGP, and its media goes through the manager's SRTP.
//!
//! ```text
//!   main ── manager      clocks, randomness, accounts, keys
//!     │
//!     ├── caller ─┐
//!     └── callee ─┴── stack    challenges, credentials, bodies ──ssa──▶ security manager
//!                       view   rsipstack's messages as SSA sees them       ▲
//!                 media ──────────────────────────────────────────ssm──────┘
//! ```

mod callee;
mod caller;
mod manager;
mod media;
mod stack;
#[path = "../../system/mod.rs"]
mod system;
mod view;

use rsipstack::EndpointBuilder;
use rsipstack::platform::CancellationToken;
use rsipstack::sip::{HostWithPort, Transport};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transport::{SipAddr, SipConnection, TcpListenerConnection, TransportLayer};
use sec_manager::SecurityManager;
use ssa::{CallRef, SipSecurity as _};
use ssm::MediaSecurity as _;
use sst::{Call, Requirement, TelephonySecurity as _};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

const USAGE: &str = "usage: rsipstack-call call|answer NAME=VALUE…
    own=AOR peer=AOR listen=ADDRESS:PORT     who we are, who the other is, and where we are
    at=ADDRESS:PORT                          where the other is; needed to call
  and for PGP
    socket=PATH key=FINGERPRINT peer-key=FINGERPRINT
  or for Digest
    user=NAME password-file=PATH";

/// What stands on the command line.
pub struct Arguments(BTreeMap<String, String>);

impl Arguments {
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// # Errors
    /// It is missing.
    pub fn get(&self, name: &str) -> Result<&str, String> {
        self.optional(name).ok_or_else(|| format!("{name}= is missing\n{USAGE}"))
    }
}

/// One side of calls.
pub struct Party {
    pub manager: Arc<SecurityManager>,
    pub stack: Arc<stack::Stack>,
    pub endpoint: EndpointInnerRef,
    /// Our AOR, our Contact, and where our media is.
    pub own: String,
    pub contact: String,
    pub ip: IpAddr,
    pub require: Requirement,
}

impl Party {
    /// What protects the media. Says how, and by what proof the peer is known.
    ///
    /// # Errors
    /// The peer is not authenticated, or nothing was agreed on.
    pub fn guard(&self, name: CallRef) -> Result<ssm::MediaGuard, stack::Failure> {
        let guard = self.manager.guard(ssm::Call(name.0), media::LINE)?.ready()?;
        if let Some(assurance) = self.manager.assurance(Call(name.0)) {
            println!("established: {}; media {:?}", assurance.proof, assurance.media);
        }
        Ok(guard)
    }

    pub fn over(&self, name: CallRef, talked: &media::Talked) {
        println!("over: {} packets sent, {} received", talked.sent, talked.received);
        self.manager.call_ended(Call(name.0));
        self.manager.abandon(name);
    }
}

async fn run(mode: &str, arguments: &Arguments) -> Result<(), String> {
    let listen = address(arguments.get("listen")?)?;
    let manager = manager::build(arguments)?;
    let stack = Arc::new(stack::Stack::new(manager.clone()));
    let transport = TransportLayer::new(CancellationToken::new());
    let listener = TcpListenerConnection::new(listen, None).await.map_err(told)?;
    transport.add_transport(SipConnection::TcpListener(listener));
    let endpoint = EndpointBuilder::new()
        .with_user_agent("rsipstack")
        .with_transport_layer(transport)
        .with_transport_inspector(Box::new(stack::Gate(stack.clone())))
        .build();
    let mut incoming = endpoint.incoming_transactions().map_err(told)?;
    let inner = endpoint.inner.clone();
    tokio::spawn(async move { endpoint.serve().await });
    let party = Arc::new(Party {
        manager,
        stack,
        endpoint: inner,
        own: arguments.get("own")?.to_owned(),
        contact: format!("<sip:{listen};transport=tcp>"),
        ip: listen.ip(),
        require: manager::requirement(arguments),
    });
    if mode == "call" {
        let at = HostWithPort::from(address(arguments.get("at")?)?);
        let at = SipAddr { r#type: Some(Transport::Tcp), addr: at };
        return caller::call(&party, arguments.get("peer")?, at).await.map_err(told);
    }
    println!("listening on tcp:{listen}");
    let over = Arc::new(tokio::sync::Notify::new());
    let (ended, mut calls) = tokio::sync::mpsc::channel(1);
    loop {
        tokio::select! {
            Some(transaction) = incoming.recv() => {
                let (party, over) = (Arc::clone(&party), Arc::clone(&over));
                let ended = ended.clone();
                let is_call = transaction.original.method == rsipstack::sip::Method::Invite;
                tokio::spawn(async move {
                    let served = callee::Served { party, transaction, over }.serve().await;
                    if is_call || served.is_err() {
                        let _ = ended.send(served).await;
                    }
                });
            }
            Some(served) = calls.recv() => return served.map_err(told),
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text} is no address and port"))
}

fn told(why: impl std::fmt::Display) -> String {
    why.to_string()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let mode = words.next().unwrap_or_default();
    let pairs = words.map(|word| word.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())));
    let done = match (mode.as_str(), pairs.collect::<Option<_>>()) {
        ("call" | "answer", Some(pairs)) => run(&mode, &Arguments(pairs)).await,
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
