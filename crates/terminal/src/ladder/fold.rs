//! The ladder folded: a question, its answer and what was asked on the way are one step, and steps
//! of two terminals that no message separates stand on one line.

use super::layout::Ladder;
use super::row::{Hue, Row};
use super::text::shorten;
use crate::record::Lifeline;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Characters of a step's name.
const ROOM: usize = 44;

/// An arrow of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) hue: Hue,
    /// Whether an answer came back.
    pub(super) answered: bool,
}

/// A signal or a message, with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: Duration,
    /// Its own arrow first, then those of what was asked on the way.
    pub(super) spans: Vec<Span>,
    /// `question (asked on the way) → answer`, or what a message begins with.
    pub(super) name: String,
    /// What carried a message, and how much of it.
    pub(super) detail: String,
}

/// What stands at one height.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// What began left of the network, and what began right of it.
    pub(super) sides: [Option<Step>; 2],
    /// What is on the wire; `None` within a terminal.
    pub(super) wire: Option<Hue>,
}

/// A state of a machine, from one line to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stay {
    pub(super) column: usize,
    pub(super) state: String,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// The lines and the stays of a ladder.
pub(super) fn fold(ladder: &Ladder) -> (Vec<Line>, Vec<Stay>) {
    let network = ladder.columns.iter().position(|column| column.lifeline == Lifeline::Network);
    let mut folding = Folding {
        rows: &ladder.rows,
        network: network.unwrap_or(ladder.columns.len()),
        taken: BTreeSet::new(),
        lines: Vec::new(),
        states: BTreeMap::new(),
        stays: Vec::new(),
    };
    folding.all();
    (folding.lines, folding.stays)
}

struct Folding<'a> {
    rows: &'a [Row],
    network: usize,
    /// Rows that are part of a step.
    taken: BTreeSet<usize>,
    lines: Vec<Line>,
    /// The state that a column is in, and the line where it began.
    states: BTreeMap<usize, (&'a str, usize)>,
    stays: Vec<Stay>,
}

impl<'a> Folding<'a> {
    fn all(&mut self) {
        for (n, row) in self.rows.iter().enumerate() {
            match row {
                Row::Note { column, label, .. } => self.enter(*column, label),
                Row::Arrow { .. } if self.taken.contains(&n) => {}
                Row::Arrow { from, to, hue, .. } => {
                    let side = usize::from(*from.min(to) >= self.network || *from > self.network);
                    let wire = matches!(hue, Hue::Sip | Hue::Media).then_some(*hue);
                    if let Some(step) = self.step(n) {
                        self.place(step, side, wire);
                    }
                }
            }
        }
        let end = self.lines.len();
        for (column, (state, from)) in std::mem::take(&mut self.states) {
            self.stays.push(Stay { column, state: state.to_owned(), from, to: end });
        }
    }

    /// A state begins on the line of the step that it came with.
    fn enter(&mut self, column: usize, state: &'a str) {
        let line = self.lines.len().saturating_sub(1);
        if let Some((before, from)) = self.states.insert(column, (state, line)) {
            self.stays.push(Stay { column, state: before.to_owned(), from, to: line });
        }
    }

    /// On the last line, where nothing stands on its side; media only beside media, and of SIP only
    /// an ACK beside its response.
    fn place(&mut self, step: Step, side: usize, wire: Option<Hue>) {
        let alone = wire == Some(Hue::Sip) && step.name != "ACK";
        let joins = |line: &Line| line.wire == wire && !alone;
        if let Some(line) = self.lines.last_mut().filter(|line| joins(line))
            && let Some(cell) = line.sides.get_mut(side).filter(|cell| cell.is_none())
        {
            *cell = Some(step);
            return;
        }
        let mut line = Line { wire, ..Line::default() };
        if let Some(cell) = line.sides.get_mut(side) {
            *cell = Some(step);
        }
        self.lines.push(line);
    }

    /// The step that a row begins; `None` for a note.
    fn step(&mut self, begin: usize) -> Option<Step> {
        let Row::Arrow { at, from, to, label, detail, hue } = self.rows.get(begin)? else {
            return None;
        };
        self.taken.insert(begin);
        let own = |answered| Span { from: *from, to: *to, hue: *hue, answered };
        if matches!(hue, Hue::Sip | Hue::Media) {
            let (spans, name) = (vec![own(false)], message(label, *hue).to_owned());
            return Some(Step { at: *at, spans, name, detail: detail.clone() });
        }
        let Some((end, said)) = self.answer(begin) else {
            let (spans, name) = (vec![own(false)], shorten(label, ROOM));
            return Some(Step { at: *at, spans, name, detail: String::new() });
        };
        self.taken.insert(end);
        let mut spans = vec![own(true)];
        let mut asked: Vec<String> = Vec::new();
        for n in begin + 1..end {
            let by_whom = self.rows.get(n).and_then(Row::ends).map(|(from, _)| from);
            if by_whom != Some(*to) || self.taken.contains(&n) {
                continue;
            }
            if let Some(step) = self.step(n) {
                let name = step.name.split(" → ").next().unwrap_or_default().to_owned();
                spans.extend(step.spans);
                if name != *label && !asked.contains(&name) {
                    asked.push(name);
                }
            }
        }
        let name = named(label, &asked, said);
        Some(Step { at: *at, spans, name, detail: String::new() })
    }

    /// The row that answers the question of a row, and what it says: the other way between the same
    /// columns, by the question's name or the one of what is to be sent.
    fn answer(&self, begin: usize) -> Option<(usize, &'a str)> {
        let Row::Arrow { from, to, label, .. } = self.rows.get(begin)? else {
            return None;
        };
        let later = self.rows.iter().enumerate().skip(begin + 1);
        for (n, row) in later.filter(|(n, _)| !self.taken.contains(n)) {
            let Row::Arrow { from: by, to: back, label: name, detail, .. } = row else {
                continue;
            };
            let same = name == label;
            if same && (by, back) == (from, to) {
                return None;
            }
            if (by, back) == (to, from) && (same || name == "send_www_authenticate") {
                return Some((n, if same { detail.as_str() } else { name.as_str() }));
            }
        }
        None
    }
}

/// `question (asked, asked) → answer`, without the answer where there is no room for it.
fn named(question: &str, asked: &[String], answer: &str) -> String {
    let mut name = question.to_owned();
    if !asked.is_empty() {
        name = format!("{name} ({})", asked.join(", "));
    }
    let whole = format!("{name} → {answer}");
    if answer.is_empty() || whole.chars().count() > ROOM { shorten(&name, ROOM) } else { whole }
}

/// A message's method, its status with the reason, or the count of media.
fn message(label: &str, hue: Hue) -> &str {
    match (hue, label.strip_prefix("SIP/2.0 ")) {
        (_, Some(status)) => status,
        (Hue::Sip, None) => label.split(' ').next().unwrap_or_default(),
        _ => label,
    }
}
