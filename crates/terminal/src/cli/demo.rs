//! `demo`: the demonstration, with progress for people and a summary.

use super::args::{self, Demo};
use super::json::Object;
use super::output::Output;
use super::stop::Stop;
use crate::demo::{self, Flow, Plan, Report, Verdict};
use crate::error::{Error, Result};
use indicatif::{ProgressBar, ProgressDrawTarget};
use std::io::{self, IsTerminal};
use std::time::Duration;

/// Runs the demonstration and says how it went.
pub(super) async fn run(demo: Demo, out: Output) -> Result<()> {
    let mut stop = Stop::new()?;
    let plan = Plan {
        flow: match demo.flow {
            #[cfg(feature = "pgp")]
            args::Flow::Pgp => Flow::Pgp,
            args::Flow::Digest => Flow::Digest,
        },
        out: demo.out,
        talk: Duration::from_secs(demo.seconds.into()),
    };
    let bar = progress();
    let tell = |step| bar.set_message(step);
    let report = tokio::select! {
        report = demo::run(&plan, &tell) => report,
        () = stop.wanted() => Err(Error::Interrupted("the call failed: interrupted")),
    };
    bar.finish_and_clear();
    let report = report?;
    if out.is_json() {
        out.object(Object::Report(&report))?;
    } else {
        summary(&report, &plan, out)?;
    }
    match report.verdict {
        Verdict::Passed => Ok(()),
        Verdict::Failed => Err(Error::Call(report.reasons.join("; "))),
    }
}

/// A spinner on standard error, where that is a terminal.
fn progress() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn summary(report: &Report, plan: &Plan, out: Output) -> Result<()> {
    let (caller, callee) = (&report.sides.caller, &report.sides.callee);
    out.line(&format!(
        "call       {} → {}, set up in {} ms",
        caller.aor, callee.aor, report.set_up_ms
    ))?;
    out.line(&format!("caller     knows: {}", report.assurance.caller.sentence))?;
    out.line(&format!("callee     knows: {}", report.assurance.callee.sentence))?;
    out.line(&format!(
        "heard      {:.3} of what was said by the caller, {:.3} by the callee",
        report.similarity.caller, report.similarity.callee
    ))?;
    out.line(&format!(
        "wrote      {}: caller.wav callee.wav call.pcapng ladder.svg ladder-short.svg ladder.txt report.json",
        plan.out.display()
    ))?;
    out.line(match report.verdict {
        Verdict::Passed => "verdict    passed",
        Verdict::Failed => "verdict    failed",
    })
}
