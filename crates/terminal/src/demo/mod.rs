//! The demonstration: two terminals in one process, a challenged call between them over real
//! sockets, audio both ways, and a report of what was proved and heard.
//!
//! ```text
//!   countersign-pgp ◀─ sma ─ caller ═══ loopback ═══ callee ─ sma ─▶ countersign-pgp
//!                              │ taps                  │
//!                              └────────▶ Recorder ◀───┘
//! ```

#[cfg(feature = "pgp")]
mod application;
mod call;
mod files;
#[cfg(feature = "pgp")]
mod keys;
mod party;
mod plan;
mod report;
mod side;

pub use plan::{Flow, Plan};
pub use report::{Report, Side, Sides, Verdict};

use crate::assembly::{SystemClock, WallClock as _};
use crate::error::{Error, Result};
use crate::record::{Limits, Recorder};
use net::Runtime;
use net::tokio::TokioRuntime;
use std::sync::Arc;

/// Makes the call, writes the files, and says how it went. `progress` is told each step.
///
/// # Errors
/// The call could not be made, or a file could not be written. A call that was made and did not
/// prove or carry what it should is no error: the report's verdict says so.
pub async fn run(plan: &Plan, progress: &dyn Fn(&'static str)) -> Result<Report> {
    files::prepare(&plan.out)?;
    let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
    let heard = tempfile::tempdir_in(&plan.out).map_err(|error| Error::write(&plan.out, error))?;
    // Recordings of a call that is interrupted go with their folder.
    let recorded = Plan { out: heard.path().to_owned(), ..plan.clone() };
    let recorder = Recorder::new(Arc::clone(&runtime), SystemClock.unix_time(), Limits::default());
    progress("setting two terminals up");
    let (mut caller, mut callee) = party::both(plan, &runtime, &recorder).await?;
    let talked = call::make(&mut caller, &mut callee, &recorded, &runtime, progress).await;
    let identities = (caller.identity.clone(), callee.identity.clone());
    tokio::join!(caller.end(), callee.end());
    let report = report::judge(&recorded, identities, &talked?)?;
    files::keep(heard.path(), &plan.out)?;
    files::write(plan, &recorder, &report).await?;
    Ok(report)
}
