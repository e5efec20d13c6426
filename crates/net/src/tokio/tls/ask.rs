//! The security manager's part in a connection.

use super::identity::Tls;
use ssa::{Answer, PeerVerdict, Transport};
use std::io;
use tokio::time::timeout;

/// The chain to present, to the server `name` or to a client that asked for it.
pub(super) async fn own_certificate(
    tls: &Tls, server: bool, name: Option<&str>,
) -> io::Result<Option<Vec<Vec<u8>>>> {
    let answer = tls.security().own_certificate(Transport::Tls, server, name);
    let late = "the security manager did not say in time which certificate to present";
    let chain = answered(answer).await.ok_or_else(|| refused(late))?;
    Ok(chain.filter(|chain| !chain.is_empty()))
}

/// Whether the peer may be spoken to: the server that `name` was asked of, or a client.
pub(super) async fn judged(tls: &Tls, name: Option<&str>, chain: &[Vec<u8>]) -> io::Result<()> {
    let answer = tls.security().peer_certificate(Transport::Tls, name, chain);
    match answered(answer).await {
        Some(PeerVerdict::Accept) => Ok(()),
        Some(PeerVerdict::Refuse(why)) => Err(refused(&why)),
        None => Err(refused("the security manager did not judge its certificate in time")),
    }
}

/// `None`: too late.
async fn answered<T>(answer: Answer<T>) -> Option<T> {
    match answer {
        Answer::Ready(answer) => Some(answer),
        Answer::Pending { within, future } => timeout(within, future).await.ok(),
    }
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}
