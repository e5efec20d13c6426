//! What a journal's lines come to, in plain words.

use super::history::History;
use super::line::{Line, Lost, What};
use crate::record::{Entry, Kind, Lifeline};
use serde::Serialize;
use sip_syntax::Date;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One call, or what is about none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chapter {
    /// What it is about.
    pub title: String,
    /// The call, as the journal's lines name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// What happened, in order.
    pub sentences: Vec<Sentence>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sentence {
    /// `14 Nov 2023 22:13:20.123`, UTC.
    pub time: String,
    /// What.
    pub text: String,
}

/// Tells a journal: what is about no call first, then each call in the order in which they began.
pub fn story(history: &History) -> Vec<Chapter> {
    let mut chapters =
        vec![Chapter { title: "The terminal".to_owned(), call: None, sentences: Vec::new() }];
    let mut places = BTreeMap::new();
    for line in &history.lines {
        let Some(text) = text(&line.what) else { continue };
        let sentence = Sentence { time: time(line.time), text };
        let call = line.what.call();
        let place = call.map_or(0, |call| {
            *places.entry(call).or_insert_with(|| {
                let title = format!("Call {call}");
                chapters.push(Chapter { title, call: Some(call.to_owned()), sentences: vec![] });
                chapters.len() - 1
            })
        });
        if let Some(chapter) = chapters.get_mut(place) {
            chapter.sentences.push(sentence);
        }
    }
    chapters.retain(|chapter| !chapter.sentences.is_empty());
    chapters
}

/// The terminal's name, and the lines as a recorder has them: for a ladder.
pub fn entries(history: &History) -> (String, Vec<Entry>) {
    let first = history.lines.first().map_or(0, |line| line.time);
    let opened = history.lines.iter().find_map(|line| match &line.what {
        What::Opened { terminal, .. } => Some(terminal.clone()),
        _ => None,
    });
    let terminal = opened.unwrap_or_else(|| "terminal".to_owned());
    let name: Arc<str> = Arc::from(terminal.as_str());
    let entries = history.lines.iter().filter_map(|line| entry(line, first, &name)).collect();
    (terminal, entries)
}

fn entry(line: &Line, first: u64, terminal: &Arc<str>) -> Option<Entry> {
    let named = |name: &str| Lifeline::ALL.into_iter().find(|it| it.name() == name);
    let (from, to, label, detail, kind) = match &line.what {
        What::Signal { from, to, signal, detail, .. } => {
            (named(from)?, named(to)?, signal, detail, Kind::Signal)
        }
        What::State { state, detail, .. } => {
            let at = Lifeline::SecurityManager;
            (at, at, state, detail, Kind::State)
        }
        _ => return None,
    };
    let call = line.what.call().and_then(|call| u64::from_str_radix(call, 16).ok());
    Some(Entry {
        number: line.n,
        at: Duration::from_millis(line.time.saturating_sub(first)),
        terminal: Arc::clone(terminal),
        call,
        from,
        to,
        label: label.clone(),
        detail: detail.clone(),
        kind,
        packet: None,
    })
}

fn time(millis: u64) -> String {
    let date = Date::from_unix(Duration::from_millis(millis)).to_string();
    let date = date.get(5..25).unwrap_or_default();
    format!("{date}.{:03}", millis % 1000)
}

fn text(what: &What) -> Option<String> {
    match what {
        What::Opened { terminal, program } => {
            Some(format!("{terminal} began to write ({program})"))
        }
        What::Closed => Some("the terminal ended".to_owned()),
        What::Missing { count, why } => Some(missing(*count, *why)),
        // What it has the security application do is told by what came of it.
        What::Signal { to, .. } if to == Lifeline::SecurityApplication.name() => None,
        What::Signal { from, signal, detail, .. } => {
            let of_manager = from == Lifeline::SecurityManager.name();
            if of_manager { told(signal, detail) } else { asked(from, signal, detail) }
        }
        What::State { .. } | What::Continued => None,
    }
}

fn missing(count: u64, why: Lost) -> String {
    match why {
        Lost::NotWritable => format!("{count} lines are missing: the file could not be written"),
        Lost::TooMany => format!("{count} lines are missing: more happened than could be written"),
        Lost::Strangers => {
            format!(
                "{count} lines about requests without a proof were left out: there were too many"
            )
        }
    }
}

/// What somebody asks of the security manager or answers it.
fn asked(from: &str, signal: &str, detail: &str) -> Option<String> {
    let text = match signal {
        "call_started" => format!("we call: {detail}"),
        "call_ended" | "abandon" => "it is over".to_owned(),
        "request_received" => format!("{detail} comes in"),
        "got_401_unauthorized" => format!("{detail}: the peer asks for a proof"),
        "registered" => format!("registration: {detail}"),
        "configure" | "pins" => format!("the policy is {detail}"),
        "trust" if detail == "Pin" => "the user trusts the key from now on".to_owned(),
        "trust" => "the user does not trust the key".to_owned(),
        "credentials" => format!("a password is {detail}"),
        "token" => format!("an access token is {detail}"),
        "unlock" => format!("a passphrase is {detail}"),
        _ if from == Lifeline::SecurityApplication.name() => return applied(signal, detail),
        _ => return None,
    };
    Some(text)
}

/// What the security application answers: that it did what was asked is told by what came of it.
fn applied(signal: &str, detail: &str) -> Option<String> {
    let is_done = detail == "good" || detail.ends_with("bytes") || detail.ends_with("keys");
    (!is_done).then(|| format!("the security application, asked to {signal}: {detail}"))
}

/// What the security manager decides or asks.
fn told(signal: &str, detail: &str) -> Option<String> {
    let text = match (signal, detail) {
        ("request_received", "admit") => "it is let in: no proof is required".to_owned(),
        ("request_received", "authenticate") => "it brings a proof, which is checked".to_owned(),
        ("request_received", refusal) => format!("it is refused: {refusal}"),
        ("send_www_authenticate", names) if names.ends_with("bytes to add") => {
            "a proof will be given".to_owned()
        }
        ("send_www_authenticate", _) => "it is challenged to prove who it is from".to_owned(),
        ("authenticate", "authenticated") => "its proof holds".to_owned(),
        ("authenticate", refusal) => format!("its proof does not hold: {refusal}"),
        ("got_401_unauthorized", why) => format!("no proof is given: {why}"),
        ("authorize", names) if names.contains("uthorization") => {
            "our request is authorized".to_owned()
        }
        ("authorize", why) => format!("our request is not authorized: {why}"),
        ("response_received", "accept") => "the answer is accepted".to_owned(),
        ("response_received", why) => {
            format!("the answer is not believed, and the call is ended: {why}")
        }
        ("assurance", proof) => format!("the peer: {proof}"),
        ("denied", whom_and_why) => denied(whom_and_why),
        ("mismatch", what) => format!("the two sides do not fit: {what}"),
        ("trust", key) => format!("the user is asked whether to trust a key: {key}"),
        ("credentials", whose) => format!("the user is asked for a password: {whose}"),
        ("token", whose) => format!("an access token is asked for: {whose}"),
        ("unlock", key) => format!("the user is asked for the passphrase of {key}"),
        ("offer" | "answer", profile) => format!("media may be {profile}"),
        ("judge", "accepted") => "the media that the peer answered is accepted".to_owned(),
        ("judge", why) => format!("the media that the peer answered is refused: {why}"),
        ("guard", "sealer and opener") => "media may flow".to_owned(),
        ("guard", why) => format!("no media may flow: {why}"),
        ("encrypt" | "decrypt", what) if is_body(what) => return None,
        ("encrypt", why) => format!("the body cannot be protected: {why}"),
        ("decrypt", why) => format!("the peer's protected body cannot be read: {why}"),
        _ => return None,
    };
    Some(text)
}

/// Whom it claims to be is the peer's text, and stays as it is.
fn denied(whom_and_why: &str) -> String {
    match whom_and_why.split_once(": ") {
        Some((whom, why)) => format!("refused: {whom}: {}", words(why)),
        None => format!("refused: {whom_and_why}"),
    }
}

/// A value as code shows it, `UnknownKey("…")`, in words: `unknown key …`.
fn words(shown: &str) -> String {
    let mut words = String::with_capacity(shown.len());
    let mut before = ' ';
    for c in shown.chars() {
        match c {
            '(' => words.push(' '),
            '"' | ')' | '[' | ']' | '{' | '}' => {}
            _ if c.is_uppercase() && before.is_lowercase() => {
                words.push(' ');
                words.extend(c.to_lowercase());
            }
            _ if c.is_uppercase() && before == ' ' => words.extend(c.to_lowercase()),
            _ => words.push(c),
        }
        before = c;
    }
    words
}

fn is_body(what: &str) -> bool {
    what == "no body" || what.contains(" bytes of ")
}
