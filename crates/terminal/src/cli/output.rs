//! What a command prints: lines for people, or one JSON object a line.

use super::json::Object;
#[cfg(feature = "watch")]
use crate::assembly::gone_words;
use crate::assembly::{Event, SystemClock, Transfer, WallClock as _, advice, in_words};
use crate::error::{Error, Result};
use crate::record::{clean, clean_all, redacted};
use crate::time::millis;
use media_ctl::{Level, Quality, Stats};
use serde::Serialize;
use sip_core::manager::Cause;
use sip_core::packages::{Count, MessageSummary};
use std::io::{self, Write};
use std::time::Duration;

/// Standard output, in the form that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    json: bool,
    /// Whether lines go to standard error, because something else goes to standard output.
    aside: bool,
}

impl Output {
    /// JSON objects or lines for people.
    pub(super) const fn new(json: bool) -> Self {
        Self { json, aside: false }
    }

    /// Leaves standard output to something else: lines for people go to standard error.
    pub(super) const fn aside(self) -> Self {
        Self { aside: true, ..self }
    }

    /// Whether objects are printed.
    pub(super) const fn is_json(self) -> bool {
        self.json
    }

    /// Prints `line` for people, or `object`.
    ///
    /// # Errors
    /// Standard output cannot be written; so with all that follow.
    pub(super) fn say(self, line: &str, object: Object<'_>) -> Result<()> {
        if self.json { self.object(object) } else { self.line(line) }
    }

    /// Prints `line`, where people read.
    pub(super) fn line(self, line: &str) -> Result<()> {
        match (self.json, self.aside) {
            (true, _) => Ok(()),
            (false, true) => writeln!(io::stderr(), "{}", clean_all(line)).map_err(Error::Output),
            (false, false) => put(&clean_all(line)),
        }
    }

    /// Prints `object` on one line, with the time.
    pub(super) fn object(self, object: Object<'_>) -> Result<()> {
        self.bare(&Timed::now(&object))
    }

    /// Prints `object` on one line, as it is.
    pub(super) fn bare(self, object: &impl Serialize) -> Result<()> {
        // What is serialised here has only string keys: it cannot fail.
        put(&serde_json::to_string(object).unwrap_or_default())
    }

    /// Prints `text` as it is, for what is meant to be piped.
    pub(super) fn raw(self, text: &str) -> Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Error::Output)
    }
}

/// An object, and when it was printed: milliseconds since the Unix epoch.
#[derive(Serialize)]
struct Timed<'a> {
    time: u64,
    #[serde(flatten)]
    object: &'a Object<'a>,
}

impl<'a> Timed<'a> {
    fn now(object: &'a Object<'a>) -> Self {
        Self { time: millis(SystemClock.unix_time()), object }
    }
}

/// An object as an agent is told it, with the time.
pub(super) fn octets(object: &Object<'_>) -> Vec<u8> {
    // What is serialised here has only string keys: it cannot fail.
    serde_json::to_vec(&Timed::now(object)).unwrap_or_default()
}

/// Writes one line.
fn put(line: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(Error::Output)
}

/// What a trusted element asserts of who calls, to be said behind who that says to be.
pub(super) fn asserted_as(asserted: &[String]) -> String {
    if asserted.is_empty() {
        return String::new();
    }
    format!(", asserted as {}", asserted.join(" and "))
}

/// Tells what happened to a terminal.
///
/// # Errors
/// Standard output cannot be written.
pub(super) fn tell(out: Output, event: &Event) -> Result<()> {
    let line = match event {
        Event::Incoming { from, source, said, asserted, assurance, replaces, .. } => {
            let place = if replaces.is_some() { ", in place of a call that goes on" } else { "" };
            let asserted = asserted_as(asserted);
            let sentence = &assurance.sentence;
            let said = if said.is_empty() { String::new() } else { format!(" It says: {said}.") };
            format!("call from {from} at {source}{asserted}{place}: {sentence}{said}")
        }
        Event::TransferAsked(Transfer { to, .. }) => {
            format!("the peer asks to call {} in its stead: follow or decline?", redacted(to))
        }
        Event::TransferProgress { status, .. } => {
            format!("the peer calls: {}", in_words(*status))
        }
        Event::Transferred { .. } => "the peer talks to somebody else now".to_owned(),
        Event::NotTransferred { cause, .. } => {
            format!("the call is not transferred: {cause}{}", advice(*cause))
        }
        Event::Ringing { .. } => "ringing".to_owned(),
        Event::Redirected { to, .. } => {
            let to: Vec<_> = to.iter().map(|uri| redacted(uri)).collect();
            format!("the callee says to call {} instead", to.join(" or "))
        }
        Event::Established { assurance, .. } => format!("established: {}", assurance.sentence),
        Event::Keyed { assurance, .. } => format!("media: {}", assurance.sentence),
        Event::Held { .. } => "the peer is on hold".to_owned(),
        Event::Resumed { .. } => "the peer is not on hold any more".to_owned(),
        Event::PeerHeld { .. } => "the peer holds the call".to_owned(),
        Event::PeerResumed { .. } => "the peer does not hold the call any more".to_owned(),
        Event::Dtmf { digit, .. } => format!("the peer pressed {digit}"),
        Event::HoldFailed { .. } | Event::RequestAnswered { .. } | Event::Pressed { .. } => {
            return Ok(());
        }
        Event::NotRecorded { reason, .. } => format!("the recording stops: {reason}"),
        Event::Over { outcome, stats, .. } => match counted(stats) {
            Some(counts) => format!("over: {outcome} ({counts})"),
            None => format!("over: {outcome}"),
        },
        Event::Registered { aor, expires, reg_id, seen, .. } => {
            let flow = reg_id.map(|number| format!(" over flow {number}")).unwrap_or_default();
            let seen =
                seen.map(|seen| format!("; behind a gateway, the registrar sees us at {seen}"));
            format!("{aor} is registered for {expires} s{flow}{}", seen.unwrap_or_default())
        }
        Event::Renewing { aor, why, .. } => format!("{aor} is registered again: {why}"),
        Event::NotRegistered { aor, reg_id: Some(number), cause, .. } => {
            format!("{aor} is registered, but not over flow {number}: {cause}")
        }
        Event::NotRegistered { aor, cause, .. } => not_registered(aor, *cause),
        Event::Unregistered { aor, .. } => {
            format!("{aor}: the registration was taken back, as was wanted")
        }
        Event::MessagesWaiting { aor, summary } => format!("{aor}: {}", waiting(summary)),
        Event::MessagesUnknown { aor, reason } => {
            format!("{aor}: whether messages wait is not known: {reason}")
        }
        #[cfg(feature = "watch")]
        Event::Published { aor, expires } => {
            format!("{aor}: presence is published for {expires} s")
        }
        #[cfg(feature = "watch")]
        Event::NotPublished { aor, reason } => {
            format!("{aor}: presence is not published: {reason}")
        }
        #[cfg(feature = "watch")]
        Event::Watcher { from, source, assurance } => {
            format!("{} at {source} watches our calls", assurance.caller(from))
        }
        #[cfg(feature = "watch")]
        Event::WatcherGone { who, why } => {
            format!("{who} does not watch our calls any more: {}", gone_words(*why))
        }
        #[cfg(feature = "watch")]
        Event::Watched { .. } => return Ok(()),
        #[cfg(feature = "watch")]
        Event::NotWatched { reason, .. } => reason.clone(),
        Event::Message { from, source, text, assurance, .. } => {
            let who = assurance.caller(from);
            format!("message from {who} at {source}: {}", text.trim())
        }
        Event::Refused { from, source, reason, .. } => {
            let at = source.map(|source| format!(" at {source}")).unwrap_or_default();
            format!("refused somebody who says to be {from}{at}: {reason}")
        }
        Event::RefusedMore { source: Some(source), code, times } => {
            let reason = code.replace('_', " ");
            format!("refused {times} more from {source} within ten seconds: {reason}")
        }
        Event::RefusedMore { source: None, times, .. } => {
            format!("refused {times} more from several places within ten seconds")
        }
    };
    match Object::of(event) {
        Some(object) => out.say(&line, object),
        None => Ok(()),
    }
}

/// Tells of the failure that a command ends with: programs that it happened, and people what else
/// there is to say of it, since its error says why.
///
/// # Errors
/// Standard output cannot be written.
pub(super) fn tell_failure(out: Output, event: &Event) -> Result<()> {
    if out.is_json() {
        return Object::of(event).map_or(Ok(()), |object| out.object(object));
    }
    match event {
        Event::Over { stats, .. } => match counted(stats) {
            Some(counts) => out.line(&format!("over: {counts}")),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// How many messages wait: those that are spoken first and without saying so, as they are the usual
/// ones.
fn waiting(summary: &MessageSummary) -> String {
    let count = |count: &Count| {
        let kind = count.class.strip_suffix("-message").filter(|kind| *kind != "voice");
        let kind = kind.map(|kind| format!("{kind} ")).unwrap_or_default();
        format!("{} new and {} old {kind}messages", count.new, count.old)
    };
    let counts: Vec<_> = summary.counts.iter().map(count).collect();
    match (counts.is_empty(), summary.waiting) {
        (false, _) => clean(&counts.join(", ")),
        (true, true) => "messages wait".to_owned(),
        (true, false) => "no messages wait".to_owned(),
    }
}

/// What the media of a call came to, where there was any.
fn counted(stats: &Stats) -> Option<String> {
    let Stats { packets_sent, packets_received, late, lost, dropped, .. } = stats;
    let mut counts = vec![format!("{packets_sent} packets sent, {packets_received} received")];
    counts.extend((*late > 0).then(|| format!("{late} late")));
    // The first packet of a source only introduces it.
    let reasons = dropped.reasons().filter(|(why, _)| *why != "unproven");
    counts
        .extend(reasons.map(|(why, count)| format!("{count} dropped ({})", why.replace('_', " "))));
    let any = *packets_sent > 0 || *packets_received > 0 || counts.len() > 1;
    counts.push(format!("{lost} lost"));
    counts.extend(measured(stats));
    any.then(|| counts.join(", "))
}

/// How what was heard came, and how what was said did, as far as the peer told.
fn measured(stats: &Stats) -> Vec<String> {
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    let mut measured = Vec::new();
    measured.extend((stats.recovered > 0).then(|| format!("{} recovered", stats.recovered)));
    let heard = stats.packets_received > 0;
    measured.extend(heard.then(|| format!("jitter {}", ms(stats.jitter))));
    measured.extend(stats.round_trip.map(|time| format!("round trip {}", ms(time))));
    let at_peer = stats.lost_by_peer;
    measured.extend((at_peer > 0).then(|| format!("{at_peer} lost on the way to the peer")));
    measured.extend(Quality::of(stats).map(|quality| format!("MOS {:.1}", quality.mos)));
    let mos = stats.at_peer.and_then(|told| told.mos_cq.or(told.mos_lq));
    measured.extend(mos.map(|mos| format!("at the peer {:.1}", f64::from(mos) / 10.0)));
    measured
}

/// How loud what is said and heard is, in words.
pub(super) fn loudness(stats: &Stats) -> String {
    let side = |level: Level| match (level.rms_dbfs(), level.peak_dbfs()) {
        (Some(rms), Some(peak)) => format!("{rms:.0} dBFS ({peak:.0} at its peak)"),
        (_, _) => "silence".to_owned(),
    };
    format!("said: {}; heard: {}", side(stats.said_level), side(stats.heard_level))
}

/// That an account is not registered, and what to do.
pub(super) fn not_registered(aor: &str, cause: Cause) -> String {
    format!("{aor} is not registered: {cause}{}", advice(cause))
}

/// That a request was not answered as is wanted, and what to do.
pub(super) fn not_answered(cause: Cause) -> String {
    format!("{cause}{}", advice(cause))
}
