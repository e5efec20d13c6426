//! Calls that are asked for while others go on: each is placed once it is known where it goes, since
//! media is received on that way. RFC 3263. What goes on does not wait for it.

use crate::assembly::Transfer;
use crate::error::Result;
use net::BoxFuture;
use sip_core::manager::NextHop;
use std::task::Poll;

/// Names that are looked up at once, at most.
const MOST: usize = 64;

/// A call that is to be placed.
#[derive(Clone, Debug)]
pub(super) enum Placement {
    /// To this URI.
    Call(String),
    /// To whom a peer asks to be called in its stead.
    Follow(Transfer),
}

impl Placement {
    /// Who is called.
    pub(super) fn uri(&self) -> &str {
        match self {
            Self::Call(uri) => uri,
            Self::Follow(transfer) => &transfer.to,
        }
    }
}

/// Where a call goes first, once that is found.
pub(super) type Found = BoxFuture<Result<Option<NextHop>>>;

/// Those whose way is being found.
#[derive(Default)]
pub(super) struct Placing(Vec<(Placement, Found)>);

impl Placing {
    /// A call is to be placed, whose way is `found` then; [`next`](Self::next) says it.
    ///
    /// # Errors
    /// Too many are being found: what was to be placed comes back.
    pub(super) fn wait(
        &mut self, wanted: Placement, found: Found,
    ) -> std::result::Result<(), Placement> {
        if self.0.len() >= MOST {
            return Err(wanted);
        }
        self.0.push((wanted, found));
        Ok(())
    }

    /// The next call whose way is found, or not; none while none is looked for. Cancel-safe.
    pub(super) async fn next(&mut self) -> (Placement, Result<Option<NextHop>>) {
        std::future::poll_fn(|cx| {
            for at in 0..self.0.len() {
                let Some((_, found)) = self.0.get_mut(at) else { break };
                if let Poll::Ready(found) = found.as_mut().poll(cx) {
                    return Poll::Ready((self.0.swap_remove(at).0, found));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Those that are not placed any more.
    pub(super) fn give_up(&mut self) -> impl Iterator<Item = Placement> {
        self.0.drain(..).map(|(wanted, _)| wanted)
    }
}
