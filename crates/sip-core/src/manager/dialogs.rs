//! The table of dialogs, early ones included. RFC 3261 §12.
//!
//! A dialog is held for as long as a usage of it is (RFC 5057 §2): the first usage makes it, and the
//! last one that leaves takes it away. Each fork of an INVITE is a dialog of its own.

use super::action::{Arrival, Hop};
use super::by_number::ByNumber;
use super::io::Io;
use super::slab::{Key, Slab};
use super::target::Target;
use crate::Message;
use crate::dialog::Dialog;
use ssa::InDialog;

/// A dialog with what is kept beside it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) dialog: Dialog,
    /// The hop that the peer is reached over.
    pub(super) peer: Hop,
    hash: u64,
    usages: Vec<Key>,
}

/// All dialogs.
#[derive(Debug, Default)]
pub(super) struct Dialogs {
    table: Slab<Entry>,
    /// By the keyed hash of Call-ID and both tags.
    by_hash: ByNumber<u64, Key>,
    /// Usages whose dialog the first NOTIFY makes, by the keyed hash of Call-ID and our tag.
    expected: ByNumber<u64, Key>,
    /// Dialogs that are over by what happened to one usage, which the others are to hear.
    gone: Vec<Key>,
}

/// Names a dialog of ours. RFC 3261 §12.
fn hash(io: &Io<'_>, call_id: &[u8], local: &[u8], remote: &[u8]) -> u64 {
    io.hash(&[b"dialog", call_id, local, remote])
}

impl Dialogs {
    /// Adds a dialog with its first usage.
    pub(super) fn insert(&mut self, io: &Io<'_>, dialog: Dialog, peer: Hop, usage: Key) -> Key {
        let hash = hash(io, dialog.call_id(), dialog.local_tag(), dialog.remote_tag());
        let key = self.table.insert(Entry { dialog, peer, hash, usages: vec![usage] });
        self.by_hash.insert(hash, key);
        debug_assert!(self.by_hash.len() <= self.table.len());
        key
    }

    /// The dialog with these identifiers.
    pub(super) fn find(
        &self, io: &Io<'_>, call_id: &[u8], local: &[u8], remote: &[u8],
    ) -> Option<Key> {
        self.by_hash.get(&hash(io, call_id, local, remote)).copied()
    }

    /// The number of dialogs.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// A NOTIFY with these identifiers makes a dialog of this usage; what that is known by.
    /// RFC 6665 §4.4.1.
    pub(super) fn expect(&mut self, io: &Io<'_>, call_id: &[u8], local: &[u8], usage: Key) -> u64 {
        let hash = hash(io, call_id, local, b"");
        self.expected.insert(hash, usage);
        hash
    }

    /// The usage that a NOTIFY with these identifiers makes a dialog of.
    pub(super) fn expecting(&self, io: &Io<'_>, call_id: &[u8], local: &[u8]) -> Option<Key> {
        self.expected.get(&hash(io, call_id, local, b"")).copied()
    }

    /// The dialog is made, or is not wanted any more.
    pub(super) fn expect_no_more(&mut self, hash: u64) {
        self.expected.remove(&hash);
    }

    pub(super) fn get(&self, key: Key) -> Option<&Entry> {
        self.table.get(key)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Entry> {
        self.table.get_mut(key)
    }

    /// The usages of a dialog; none where it is gone.
    pub(super) fn usages(&self, key: Key) -> &[Key] {
        self.table.get(key).map(|entry| entry.usages.as_slice()).unwrap_or_default()
    }

    /// A usage joins a dialog that others made.
    pub(super) fn join(&mut self, key: Key, usage: Key) {
        if let Some(entry) = self.table.get_mut(key) {
            entry.usages.push(usage);
        }
    }

    /// A usage leaves a dialog; the last one takes it away.
    pub(super) fn leave(&mut self, key: Key, usage: Key) {
        let Some(entry) = self.table.get_mut(key) else { return };
        entry.usages.retain(|other| *other != usage);
        if !entry.usages.is_empty() {
            return;
        }
        let hash = entry.hash;
        self.table.remove(key);
        if self.by_hash.get(&hash) == Some(&key) {
            self.by_hash.remove(&hash);
        }
    }

    /// The peer has no such dialog any more, or does not answer in it: all its usages are over.
    /// RFC 5057 §5.1.
    pub(super) fn lose(&mut self, key: Key) {
        self.gone.push(key);
    }

    /// The next dialog that was lost.
    pub(super) fn next_lost(&mut self) -> Option<Key> {
        self.gone.pop()
    }

    /// The CSeq of the next request in a dialog.
    pub(super) fn next_cseq(&mut self, key: Key) -> Option<u32> {
        Some(self.table.get_mut(key)?.dialog.next_cseq())
    }

    /// The peer's request with this CSeq counts.
    pub(super) fn accept_cseq(&mut self, key: Option<Key>, cseq: u32) {
        if let Some(entry) = key.and_then(|key| self.table.get_mut(key)) {
            entry.dialog.accept_cseq(cseq);
        }
    }

    /// Takes over a dialog's new remote target, and the hop that it was told over.
    /// RFC 3261 §12.2.1.2, §12.2.2.
    pub(super) fn refresh(&mut self, key: Key, peer: Hop, message: &Message) {
        if let Some(entry) = self.table.get_mut(key) {
            entry.peer = peer;
            entry.dialog.refresh(message);
        }
    }

    /// Whether a request came as the requests of its dialog do.
    pub(super) fn standing(&self, key: Option<Key>, arrival: &Arrival) -> InDialog {
        let Some(key) = key else { return InDialog::No };
        match self.table.get(key) {
            Some(entry) if entry.is_from_peer(arrival) => InDialog::FromPeer,
            Some(entry) if entry.peer.transport.is_secure() => InDialog::OffItsTls,
            Some(_) | None => InDialog::FromElsewhere,
        }
    }

    /// The dialogs whose peer is reached over this connection.
    pub(super) fn are_over(&self, flow: ssa::FlowId) -> bool {
        self.table.iter().any(|(_, entry)| entry.peer.flow == Some(flow))
    }
}

impl Entry {
    /// Whether a request came over the dialog's connection, or, where that is not over TLS, from the
    /// address that its messages came from, or from the one that ours go to. These two differ where
    /// a proxy on the way did not record the route.
    fn is_from_peer(&self, arrival: &Arrival) -> bool {
        let peer = &self.peer;
        let first_hop = || {
            let route = self.dialog.route();
            Target::in_dialog(route.first_hop(), peer).address()
        };
        let from_first_hop =
            || !peer.transport.is_secure() && first_hop() == Some(arrival.source.ip());
        peer.has_sent(arrival) || from_first_hop()
    }
}
