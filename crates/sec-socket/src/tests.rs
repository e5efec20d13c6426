//! Both sides over a socket pair: managers that are honest, late, hang, lie and crash, and a process
//! that is none.

mod doubles;
mod gone;
mod handshakes;
mod overdue;
mod restart;
mod signals;

use crate::{
    Client, Ends, Gone, GuardKeys, LineKeys, Manager, MediaKeys, RemoteApplication, Server, Spawn,
};
use doubles::{Application, Told};
use ssa::conformance::TestRequest;
use ssa::{CallRef, Received, Refusal, SipSecurity};
use ssm::{Call, Line, Refused};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

const CALL: CallRef = CallRef(7);

/// Long enough for a machine that does much else.
const LONG: Duration = Duration::from_secs(20);

/// Both processes' executors.
struct Room {
    runtime: Runtime,
}

impl Room {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .unwrap();
        Self { runtime }
    }

    fn spawn(&self) -> Spawn {
        let handle = self.runtime.handle().clone();
        Arc::new(move |task| drop(handle.spawn(task)))
    }

    fn client(&self, told: &Arc<Told>, within: Duration) -> Arc<Client> {
        let application = Arc::new(Application(Arc::clone(told)));
        let guard = Arc::new(|keys: &LineKeys| doubles::guard(keys));
        Client::waiting(Ends { application, spawn: self.spawn(), guard }, within)
    }

    /// Serves a manager on a thread, as a process would, and connects the client to it.
    fn connect(
        &self, client: &Client,
        make: impl FnOnce(Arc<RemoteApplication>) -> Manager + Send + 'static,
    ) -> tokio::sync::watch::Receiver<Option<Gone>> {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let spawn = self.spawn();
        let server = Server::over(theirs).unwrap();
        std::thread::spawn(move || server.serve(spawn, |application| Ok(make(application))));
        client.connect(ours).unwrap()
    }

    /// A client of this manager.
    fn with(&self, sip: impl SipSecurity + 'static) -> Arc<Client> {
        let client = self.client(&Arc::default(), LONG);
        self.connect(&client, |_| manager(sip));
        client
    }

    /// Waits until the connection is at its end.
    fn gone(&self, mut watch: tokio::sync::watch::Receiver<Option<Gone>>) -> Gone {
        let gone = async { watch.wait_for(Option::is_some).await.unwrap().unwrap() };
        self.runtime.block_on(async { tokio::time::timeout(LONG, gone).await.expect("it ends") })
    }
}

/// No keys.
struct NoKeys;

impl MediaKeys for NoKeys {
    fn keys(&self, _: Call, _: Line) -> Result<GuardKeys, Refused> {
        Err(Refused::Unknown)
    }
}

fn manager(sip: impl SipSecurity + 'static) -> Manager {
    Manager {
        sip: Arc::new(sip),
        telephony: Arc::new(sst::Open),
        media: Arc::new(ssm::Deny),
        keys: Arc::new(NoKeys),
    }
}

fn invite() -> TestRequest {
    TestRequest::invite("sip:alice@alice.example", "sip:bob@bob.example", "call@127.0.0.1")
}

fn received(client: &Client) -> Received {
    let invite = invite();
    client.request_received(CALL, &invite.arrival(), &invite.view())
}

/// What a peer is answered where there is no manager.
fn try_later() -> Refusal {
    Refusal::try_later(Duration::from_secs(2))
}
