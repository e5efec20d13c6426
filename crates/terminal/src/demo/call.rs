//! The demonstration's call: placed, answered, talked over, hung up.

use super::party::Party;
use super::plan::{self, Flow, Plan, SEEDS};
use super::side::CALLEE;
use crate::assembly::{Assurance, Event, Invitation, Outcome};
use crate::error::{Error, Result};
use crate::file::Draft;
use media_ctl::Stats;
use media_ctl::audio::{Speech, WavSink};
use net::Runtime;
use sip_core::manager::CallId;
use sst::Requirement;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long the call may take to be set up, or to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Samples a second of the recordings.
const RATE: u32 = 8_000;

/// A call that was made and has ended.
pub(super) struct Talked {
    /// From the INVITE to the caller's media.
    pub(super) set_up: Duration,
    /// From the caller's BYE to the end of both sides.
    pub(super) ended: Duration,
    pub(super) caller: Half,
    pub(super) callee: Half,
}

/// One side of it.
pub(super) struct Half {
    pub(super) assurance: Assurance,
    pub(super) outcome: Outcome,
    pub(super) stats: Stats,
}

/// Makes the call.
///
/// # Errors
/// It is not established in time, or not ended.
pub(super) async fn make(
    caller: &mut Party, callee: &mut Party, plan: &Plan, runtime: &Arc<dyn Runtime>,
    progress: &dyn Fn(&'static str),
) -> Result<Talked> {
    progress("calling");
    let began = runtime.now();
    let id = caller.terminal.call(Invitation {
        to: CALLEE.to_owned(),
        next_hop: Some(callee.address.into()),
        require: required(plan.flow),
        late_offer: false,
        source: Box::new(Speech::new(SEEDS.0)),
        sink: recording(&plan.out.join(plan::CALLER))?,
    })?;
    let answering = answer(callee, &plan.out);
    let established = async { tokio::try_join!(established(caller), answering) };
    let (of_callee, (answered, of_caller)) = in_time(established).await?;
    let set_up = runtime.now().saturating_duration_since(began);
    progress("talking");
    runtime.sleep_until(runtime.now() + plan.talk).await;
    progress("hanging up");
    let hung_up = runtime.now();
    caller.terminal.hang_up(id);
    let both = async { tokio::try_join!(over(caller, id), over(callee, answered)) };
    let (a, b) = in_time(both).await?;
    Ok(Talked {
        set_up,
        ended: runtime.now().saturating_duration_since(hung_up),
        caller: Half { assurance: of_callee, outcome: a.0, stats: a.1 },
        callee: Half { assurance: of_caller, outcome: b.0, stats: b.1 },
    })
}

const fn required(flow: Flow) -> Requirement {
    match flow {
        #[cfg(feature = "pgp")]
        Flow::Pgp => Requirement::PGP,
        Flow::Digest => Requirement::NOTHING,
    }
}

fn recording(path: &Path) -> Result<Box<WavSink>> {
    let part = Draft::part(path).map_err(|error| Error::write(path, error))?;
    WavSink::new(path, Box::new(part), RATE).map(Box::new).map_err(Error::invalid)
}

async fn in_time<T>(what: impl Future<Output = Result<T>>) -> Result<T> {
    let late = || Error::Call(format!("nothing happened for {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, what).await.unwrap_or_else(|_| Err(late()))
}

/// Answers the call that comes in, and waits until it is up.
async fn answer(callee: &mut Party, out: &Path) -> Result<(CallId, Assurance)> {
    loop {
        match next(callee).await? {
            Event::Incoming { id, .. } => {
                let sink = recording(&out.join(plan::CALLEE))?;
                callee.terminal.accept(id, Box::new(Speech::new(SEEDS.1)), sink)?;
                return Ok((id, established(callee).await?));
            }
            Event::Over { outcome, .. } => return Err(Error::Call(outcome.to_string())),
            _ => {}
        }
    }
}

async fn established(party: &mut Party) -> Result<Assurance> {
    loop {
        match next(party).await? {
            Event::Established { assurance, .. } => return Ok(assurance),
            Event::Over { outcome, .. } => return Err(Error::Call(outcome.to_string())),
            _ => {}
        }
    }
}

async fn over(party: &mut Party, call: CallId) -> Result<(Outcome, Stats)> {
    loop {
        if let Event::Over { id, outcome, stats } = next(party).await?
            && id == call
        {
            return Ok((outcome, stats));
        }
    }
}

async fn next(party: &mut Party) -> Result<Event> {
    let stopped = || Error::Call("a terminal stopped".to_owned());
    party.events.next().await.ok_or_else(stopped)
}
