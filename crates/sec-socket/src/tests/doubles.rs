//! Doubles of both sides.

use crate::LineKeys;
use async_trait::async_trait;
use ssm::{MediaGuard, Opener, Overhead, PacketError, Sealer};
use sst::{
    Assurance, Call, Denial, Mismatch, Password, TelephonyApplication, TrustAnswer, TrustQuestion,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What the application was told and asked, in order.
#[derive(Default)]
pub(super) struct Told {
    lines: Mutex<Vec<String>>,
    /// Prompts that are open.
    pub(super) open: AtomicUsize,
}

impl Told {
    pub(super) fn note(&self, line: String) {
        self.lines.lock().unwrap().push(line);
    }

    pub(super) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }
}

/// An application that answers every prompt but `unlock`, which it leaves open.
pub(super) struct Application(pub(super) Arc<Told>);

struct Open<'a>(&'a Told);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl TelephonyApplication for Application {
    async fn credentials(&self, realm: &str, user: &str) -> Option<Password> {
        Some(Password::new(format!("{user} at {realm}").into_bytes()))
    }

    async fn token(&self, server: &str, realm: &str, user: &str) -> Option<Password> {
        Some(Password::new(format!("{user} at {realm} by {server}").into_bytes()))
    }

    async fn trust(&self, question: TrustQuestion) -> TrustAnswer {
        if question.aor == "sip:bob@bob.example" { TrustAnswer::Pin } else { TrustAnswer::No }
    }

    async fn unlock(&self, _: &str) -> Option<Password> {
        self.0.open.fetch_add(1, Ordering::SeqCst);
        let _open = Open(&self.0);
        std::future::pending().await
    }

    fn assurance(&self, call: Call, assurance: &Assurance) {
        self.0.note(format!("{call:?}: {}", assurance.proof));
    }

    fn denied(&self, denial: Denial<'_>) {
        self.0.note(format!("{}: {:?}", denial.claimed, denial.why));
    }

    fn mismatch(&self, call: Call, mismatch: Mismatch) {
        self.0.note(format!("{call:?}: {mismatch:?}"));
    }
}

/// A guard that adds a key's first octet to a packet's first: enough to tell whose keys it has.
pub(super) fn guard(keys: &LineKeys) -> Option<MediaGuard> {
    let (ours, theirs) = (*keys.ours.first()?, *keys.theirs.first()?);
    Some(MediaGuard { sealer: Box::new(Toy(ours)), opener: Box::new(Toy(theirs)) })
}

struct Toy(u8);

impl Sealer for Toy {
    fn overhead(&self) -> Overhead {
        Overhead { rtp: 0, rtcp: 0 }
    }

    fn seal_rtp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, PacketError> {
        buffer[0] = buffer[0].wrapping_add(self.0);
        Ok(length)
    }

    fn seal_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, PacketError> {
        self.seal_rtp(buffer, length)
    }
}

impl Opener for Toy {
    fn open_rtp(&mut self, packet: &mut [u8]) -> Result<usize, PacketError> {
        packet[0] = packet[0].wrapping_sub(self.0);
        Ok(packet.len())
    }

    fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, PacketError> {
        self.open_rtp(packet)
    }
}
