//! Both ends in one thread: every frame is written and read, and no socket is between.
//!
//! For whole simulations: the manager's future runs on the executor that both share, and time stands
//! still while a question crosses.

use crate::client::Client;
use crate::connection::{Connection, Gone};
use crate::ends::Ends;
use crate::pipe::Carrier;
use crate::remote::RemoteApplication;
use crate::server::{Manager, Session};
use std::io;
use std::sync::{Arc, OnceLock, Weak};
use zeroize::Zeroizing;

/// A client of the manager that `make` makes, over frames that are read where they are written.
///
/// # Errors
/// The two do not understand one another.
pub fn loopback(
    ends: Ends, make: impl FnOnce(Arc<RemoteApplication>) -> io::Result<Manager>,
) -> Result<Arc<Client>, Gone> {
    let (there, back) = (Arc::new(ToManager::default()), Arc::new(ToStack::default()));
    let client = Client::new(ends.clone());
    let connection = client.attach(Arc::clone(&there) as Arc<dyn Carrier>);
    // Nothing else has been put there.
    drop(back.0.set(Arc::downgrade(&connection)));
    let session = Session::begin(back, ends.spawn, make).map_err(|_| Gone::Closed)?;
    drop(there.0.set(session));
    client.begin(&connection)?;
    Ok(client)
}

#[derive(Default)]
struct ToManager(OnceLock<Session>);

impl Carrier for ToManager {
    fn send(&self, frame: Zeroizing<Vec<u8>>) -> io::Result<()> {
        self.0.get().ok_or(io::ErrorKind::NotConnected)?.on_frame(frame)
    }

    fn close(&self) {}
}

#[derive(Default)]
struct ToStack(OnceLock<Weak<Connection>>);

impl Carrier for ToStack {
    fn send(&self, frame: Zeroizing<Vec<u8>>) -> io::Result<()> {
        let connection = self.0.get().and_then(Weak::upgrade);
        let taken = connection.ok_or(io::ErrorKind::NotConnected)?.on_frame(frame);
        taken.map_err(|_| io::ErrorKind::InvalidData.into())
    }

    fn close(&self) {}
}
