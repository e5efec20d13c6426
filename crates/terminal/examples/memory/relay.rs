//! A way between two terminals that remembers what went over it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What was sent, one entry for each direction of each connection.
type Sent = Arc<Mutex<Vec<Vec<u8>>>>;

/// Connects whoever comes to one address.
pub(crate) struct Relay {
    /// Where it is reached.
    pub(crate) address: SocketAddr,
    sent: Sent,
}

impl Relay {
    /// A relay to `peer`.
    pub(crate) fn to(peer: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let sent = Sent::default();
        let seen = Arc::clone(&sent);
        thread::spawn(move || {
            while let Ok((near, _)) = listener.accept() {
                let Ok(far) = TcpStream::connect(peer) else { return };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { return };
                    let seen = Arc::clone(&seen);
                    thread::spawn(move || pass(from, to, &seen));
                }
            }
        });
        Ok(Self { address, sent })
    }

    /// What has been sent so far.
    pub(crate) fn sent(&self) -> Vec<Vec<u8>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, seen: &Sent) {
    let entry = {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(Vec::new());
        seen.len() - 1
    };
    let mut octets = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut octets) {
        seen.lock().unwrap_or_else(PoisonError::into_inner)[entry].extend(&octets[..read]);
        if to.write_all(&octets[..read]).is_err() {
            return;
        }
    }
}
