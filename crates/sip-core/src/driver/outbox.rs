//! Datagrams that are about to leave: what one round has to say leaves together.

use super::sockets::Sockets;
use crate::manager::SenderId;
use bytes::Bytes;
use net::MAX_BATCH;
use std::io::ErrorKind;
use std::net::SocketAddr;

/// Datagrams of one socket, in order.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// The address that peers know the socket by.
    local: Option<SocketAddr>,
    batch: Vec<(SocketAddr, Bytes)>,
    /// Who sends each of them.
    senders: Vec<SenderId>,
}

impl Outbox {
    /// Whether what leaves from this address may join what waits.
    pub(super) fn has_room(&self, local: SocketAddr) -> bool {
        self.batch.is_empty() || (self.local == Some(local) && self.batch.len() < MAX_BATCH)
    }

    /// Adds a datagram.
    pub(super) fn push(
        &mut self, local: SocketAddr, remote: SocketAddr, octets: Bytes, sender: SenderId,
    ) {
        self.local = Some(local);
        self.batch.push((remote, octets));
        self.senders.push(sender);
    }

    /// Sends all of them; who could not.
    pub(super) fn flush(&mut self, sockets: &Sockets) -> Vec<SenderId> {
        let mut failed = Vec::new();
        let socket = self.local.and_then(|local| sockets.udp(local));
        let mut at = 0;
        while let Some(rest) = self.batch.get(at..).filter(|rest| !rest.is_empty()) {
            let sent = match socket {
                Some(socket) => socket.try_send_some(rest),
                None => Err(ErrorKind::AddrNotAvailable.into()),
            };
            match sent {
                Ok(sent) => at += sent.max(1),
                // A full buffer drops what is left, as any network may: it is sent again.
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {
                    failed.extend(self.senders.get(at).copied());
                    at += 1;
                }
            }
        }
        self.batch.clear();
        self.senders.clear();
        failed
    }
}
