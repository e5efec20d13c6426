//! What the demonstration showed, and whether it is what it should be.

use super::call::{Half, Talked};
use super::plan::{CALLEE, CALLER, Flow, Plan, SEEDS};
use super::side::{Identity, USER};
use crate::assembly::Assurance;
use crate::error::{Error, Result};
use crate::time::millis;
use media_ctl::audio::{Speech, read_wav, similarity};
use serde::Serialize;
use std::path::Path;

/// How much of what was said must be heard.
const ENOUGH: f64 = 0.95;

/// The report, as it is written to `report.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What the call was to prove.
    pub flow: Flow,
    /// Whether all is as it should be.
    pub verdict: Verdict,
    /// What is not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// By what each side knows the other.
    pub assurance: Sides<Assurance>,
    /// How the media was protected: `SRTP` or `RTP`.
    pub media: &'static str,
    /// Whether nobody who gets both sides' keys later hears what was recorded, as both sides know.
    pub forward_secrecy: bool,
    /// Whether nobody does with a quantum computer either.
    pub post_quantum: bool,
    /// How much of what was said each side heard.
    pub similarity: Sides<f64>,
    /// Who the sides were, and what they heard.
    pub sides: Sides<Side>,
    /// From the INVITE to media, in milliseconds.
    pub set_up_ms: u64,
    /// From BYE to the end of both sides, in milliseconds.
    pub ended_ms: u64,
}

/// One of each side.
#[derive(Clone, Debug, Serialize)]
pub struct Sides<T> {
    /// The caller's.
    pub caller: T,
    /// The callee's.
    pub callee: T,
}

/// Whether the demonstration showed what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It did.
    Passed,
    /// It did not; the report's reasons say why.
    Failed,
}

/// A side, and what it heard.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// Who it is.
    pub aor: &'static str,
    /// Its own key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What it heard.
    pub recording: &'static str,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// RTP packets received.
    pub packets_received: u64,
    /// Packets that did not come.
    pub packets_lost: u64,
    /// How its call ended.
    pub outcome: String,
}

#[cfg(all(test, feature = "pgp", feature = "watch"))]
impl Report {
    /// A report as it might be.
    pub(crate) fn sample() -> Self {
        let side = || Side {
            aor: "sip:alice@example.org",
            fingerprint: None,
            recording: CALLER,
            packets_sent: 1,
            packets_received: 1,
            packets_lost: 0,
            outcome: String::new(),
        };
        Self {
            flow: Flow::Digest,
            verdict: Verdict::Failed,
            reasons: vec!["words".to_owned()],
            assurance: Sides { caller: Assurance::none(), callee: Assurance::none() },
            media: "RTP",
            forward_secrecy: false,
            post_quantum: false,
            similarity: Sides { caller: 1.0, callee: 1.0 },
            sides: Sides { caller: side(), callee: side() },
            set_up_ms: 1,
            ended_ms: 1,
        }
    }
}

impl Report {
    /// The flow's name, for titles.
    pub const fn flow_name(&self) -> &'static str {
        match self.flow {
            #[cfg(feature = "pgp")]
            Flow::Pgp => "PGP, SRTP",
            Flow::Digest => "Digest, RTP",
        }
    }
}

/// Measures what was heard and judges the call.
///
/// # Errors
/// A recording cannot be read.
pub(super) fn judge(
    plan: &Plan, (caller, callee): (Identity, Identity), talked: &Talked,
) -> Result<Report> {
    let similarity = Sides {
        caller: heard(&plan.out.join(CALLER), SEEDS.1)?,
        callee: heard(&plan.out.join(CALLEE), SEEDS.0)?,
    };
    let mut reasons = Vec::new();
    for (name, value) in [("caller", similarity.caller), ("callee", similarity.callee)] {
        if value < ENOUGH {
            reasons.push(format!("the {name} heard {value:.3} of what was said, {ENOUGH} is owed"));
        }
    }
    match plan.flow {
        #[cfg(feature = "pgp")]
        Flow::Pgp => {
            proved_by_key("caller", &talked.caller, &callee, &mut reasons);
            proved_by_key("callee", &talked.callee, &caller, &mut reasons);
        }
        Flow::Digest => {
            proved_by_digest("caller", &talked.caller, callee.aor, &mut reasons);
            proved_by_digest("callee", &talked.callee, USER, &mut reasons);
        }
    }
    for (name, half) in [("caller", &talked.caller), ("callee", &talked.callee)] {
        if !half.outcome.is_ordinary() {
            reasons.push(format!("the {name}'s call ended badly: {}", half.outcome));
        }
    }
    Ok(Report {
        flow: plan.flow,
        verdict: if reasons.is_empty() { Verdict::Passed } else { Verdict::Failed },
        reasons,
        media: protection(&talked.caller, &talked.callee),
        forward_secrecy: both(talked, Assurance::is_forward_secret),
        post_quantum: both(talked, Assurance::is_post_quantum),
        assurance: Sides {
            caller: talked.caller.assurance.clone(),
            callee: talked.callee.assurance.clone(),
        },
        similarity,
        sides: Sides {
            caller: side(caller, CALLER, &talked.caller),
            callee: side(callee, CALLEE, &talked.callee),
        },
        set_up_ms: millis(talked.set_up),
        ended_ms: millis(talked.ended),
    })
}

fn side(identity: Identity, recording: &'static str, half: &Half) -> Side {
    Side {
        aor: identity.aor,
        fingerprint: identity.fingerprint,
        recording,
        packets_sent: half.stats.packets_sent,
        packets_received: half.stats.packets_received,
        packets_lost: half.stats.lost,
        outcome: half.outcome.to_string(),
    }
}

/// How much of what the other side said is in a recording.
fn heard(recording: &Path, seed: u64) -> Result<f64> {
    let heard = read_wav(recording).map_err(Error::invalid)?;
    // Up to a second of what was said may be missing at the start.
    let said = Speech::samples(seed, heard.len() + 8_000);
    Ok(similarity(&said, &heard))
}

/// `SRTP` if both sides say so.
fn protection(caller: &Half, callee: &Half) -> &'static str {
    if srtp(&caller.assurance) && srtp(&callee.assurance) { "SRTP" } else { "RTP" }
}

fn both(talked: &Talked, is: impl Fn(&Assurance) -> bool) -> bool {
    is(&talked.caller.assurance) && is(&talked.callee.assurance)
}

fn srtp(assurance: &Assurance) -> bool {
    !assurance.media.is_empty() && assurance.media.iter().all(|line| line.starts_with("SRTP"))
}

#[cfg(feature = "pgp")]
fn proved_by_key(name: &str, half: &Half, peer: &Identity, reasons: &mut Vec<String>) {
    let told = &half.assurance;
    if told.proof != "pgp" || told.trust != Some("pinned") {
        reasons
            .push(format!("the {name} does not know its peer by a pinned key ({})", told.sentence));
    }
    if told.fingerprint.is_none() || told.fingerprint != peer.fingerprint {
        reasons.push(format!("the {name} was shown another key than its peer's"));
    }
    if !srtp(told) {
        reasons.push(format!("the {name}'s media is not SRTP"));
    }
    if !told.is_post_quantum() {
        let told = &told.sentence;
        reasons.push(format!("the {name}'s media is not keyed against quantum computers ({told})"));
    }
}

/// The callee challenged, and showed in its answer that it knows the password, too.
fn proved_by_digest(name: &str, half: &Half, peer: &str, reasons: &mut Vec<String>) {
    let told = &half.assurance;
    if told.proof != "digest" || told.peer.as_deref() != Some(peer) {
        let told = &told.sentence;
        reasons.push(format!("the {name} does not know {peer} by Digest ({told})"));
    }
}
