//! One connection, from its first octet to its last.

use super::frame::{self, Frame};
use super::limits::FAREWELL;
use super::news::News;
use super::seat::Seat;
use super::seats::Seats;
use super::words::{Asked, Notice, Own, read};
use super::wrong::Wrong;
use std::sync::Arc;
use tokio::io::{AsyncWrite, AsyncWriteExt as _, Interest};
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;

/// Where a connection reports to.
#[derive(Clone)]
pub(super) struct Reports {
    pub(super) seats: Arc<Seats>,
    pub(super) news: Sender<News>,
}

/// Serves a connection until either side ends it, and then tells of the call that it spoke in.
pub(super) async fn serve(
    mut from: OwnedReadHalf, to: impl AsyncWrite + Unpin, seat: Arc<Seat>, reports: Reports,
) {
    let writing = write(to, &seat);
    tokio::pin!(writing);
    let ended = tokio::select! {
        read = hear(&mut from, &seat, &reports) => read,
        () = &mut writing => return leave(&seat, &reports).await,
        () = seat.is_stuck() => {
            tracing::warn!("an agent does not read what it is told: its connection is closed");
            return leave(&seat, &reports).await;
        }
    };
    if let Err(wrong) = ended {
        tracing::warn!("an agent's connection is closed: {wrong}");
        seat.tell(Notice::wrong(&wrong).octets());
    }
    leave(&seat, &reports).await;
    // Whoever does not read it in time does not get it.
    drop(timeout(FAREWELL, writing).await);
}

async fn leave(seat: &Arc<Seat>, reports: &Reports) {
    if let Some(call) = reports.seats.leaves(seat) {
        // Where nobody listens any more, all calls end.
        drop(reports.news.send(News::Left(call)).await);
    }
}

async fn write(mut to: impl AsyncWrite + Unpin, seat: &Seat) {
    while let Some(octets) = seat.next().await {
        if to.write_all(&octets).await.is_err() {
            return;
        }
    }
    // The other side may be gone.
    drop(to.shutdown().await);
}

/// Does what the agent says, until it closes the connection.
async fn hear(from: &mut OwnedReadHalf, seat: &Arc<Seat>, reports: &Reports) -> Result<(), Wrong> {
    let mut greeted = false;
    while let Some(frame) = frame::read(from).await? {
        let done = match frame {
            Frame::Audio(_) if !greeted => Err(Wrong::NoHello),
            Frame::Audio(samples) => tokio::select! {
                biased;
                () = seat.say(&samples) => Ok(()),
                // Nobody is there for what was not read yet.
                () = is_closed(from) => return Ok(()),
            },
            Frame::Json(object) => match read(object) {
                Ok(Asked::Own(own)) => obey(own, seat, reports).await,
                _ if !greeted => Err(Wrong::NoHello),
                Ok(Asked::Call(object)) => hand_over(object, seat, reports).await,
                Err(wrong) => Err(wrong),
            },
        };
        match done {
            Ok(()) => greeted = greeted || !seat.is_silent(),
            Err(wrong) if wrong.is_bearable() => seat.tell(Notice::wrong(&wrong).octets()),
            Err(wrong) => return Err(wrong),
        }
    }
    Ok(())
}

/// Done once the agent has closed the connection, whatever of it was not read yet. Cancel-safe.
async fn is_closed(from: &OwnedReadHalf) {
    // To wait for what is urgent, which no frame is, is to wait for the end alone. Where waiting
    // fails, the connection does.
    _ = from.ready(Interest::PRIORITY).await;
}

async fn obey(own: Own, seat: &Arc<Seat>, reports: &Reports) -> Result<(), Wrong> {
    match own {
        Own::Flush {} => seat.flush(),
        Own::Mark { name } => seat.mark(name),
        Own::Hello { version, rate } => {
            seat.hello(version, rate)?;
            if let Some(call) = reports.seats.ready(seat) {
                // Where nobody listens any more, all calls end.
                drop(reports.news.send(News::Seated(call)).await);
            }
            Ok(())
        }
    }
}

/// Hands a command about the call to whoever runs the calls.
async fn hand_over(object: Vec<u8>, seat: &Seat, reports: &Reports) -> Result<(), Wrong> {
    let call = seat.call().ok_or(Wrong::NoCall)?;
    // Where nobody listens any more, all calls end.
    drop(reports.news.send(News::Command { call, object }).await);
    Ok(())
}
