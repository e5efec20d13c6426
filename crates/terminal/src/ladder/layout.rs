//! From the record's entries to columns and rows, before anything is drawn.

use super::media::MediaRuns;
use super::receipts::Receipts;
use super::row::{Column, Hue, Row};
use crate::record::{Entry, Kind, Lifeline, Packet, WireKind, classify};
use std::ops::Range;
use std::time::Duration;

/// A call as a sequence diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
}

impl Ladder {
    /// What one terminal recorded; the peer is the column `remote`.
    pub fn of_one(entries: &[Entry], terminal: &str) -> Self {
        let own = Some(terminal.to_owned());
        let columns = Lifeline::ALL.map(|lifeline| Column {
            terminal: match lifeline {
                Lifeline::Network | Lifeline::Remote => None,
                _ => own.clone(),
            },
            lifeline,
        });
        Builder::new(columns.to_vec(), [terminal, ""]).build(entries)
    }

    /// What two terminals recorded together, mirrored about the network.
    pub fn of_two(entries: &[Entry], left: &str, right: &str) -> Self {
        let column = |terminal: Option<&str>, lifeline| Column {
            terminal: terminal.map(str::to_owned),
            lifeline,
        };
        let inner: Vec<Lifeline> =
            Lifeline::ALL.into_iter().filter(|l| *l < Lifeline::Network).collect();
        let mut columns: Vec<Column> = inner.iter().map(|l| column(Some(left), *l)).collect();
        columns.push(column(None, Lifeline::Network));
        columns.extend(inner.iter().rev().map(|l| column(Some(right), *l)));
        Builder::new(columns, [left, right]).build(entries)
    }

    /// The columns, from left to right.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The rows, from top to bottom.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

struct Builder<'a> {
    columns: Vec<Column>,
    terminals: [&'a str; 2],
    rows: Vec<Row>,
    receipts: Receipts,
    media: MediaRuns,
    /// The rows of the media's last arrows.
    last_media: Range<usize>,
}

impl<'a> Builder<'a> {
    fn new(columns: Vec<Column>, terminals: [&'a str; 2]) -> Self {
        Self {
            columns,
            terminals,
            rows: Vec::new(),
            receipts: Receipts::default(),
            media: MediaRuns::default(),
            last_media: 0..0,
        }
    }

    fn build(mut self, entries: &[Entry]) -> Ladder {
        let terminals = self.terminals;
        let known = entries.iter().filter(|e| terminals.contains(&&*e.terminal));
        self.receipts = Receipts::of(known);
        self.first_states(entries);
        for entry in entries {
            if !self.receipts.is_drawn(entry) {
                self.entry(entry);
            }
        }
        self.finish_media();
        Ladder { columns: self.columns, rows: self.rows }
    }

    /// The machine is idle before it is ever told of: a note at the top of its column.
    fn first_states(&mut self, entries: &[Entry]) {
        for terminal in self.terminals {
            let of = |e: &&Entry| e.kind == Kind::State && &*e.terminal == terminal;
            let Some(column) = self.column(terminal, Lifeline::SecurityManager) else {
                continue;
            };
            if entries.iter().any(|e| of(&e)) {
                self.rows.push(Row::Note {
                    at: Duration::ZERO,
                    column,
                    label: "idle".to_owned(),
                    detail: "at rest".to_owned(),
                });
            }
        }
    }

    fn knows(&self, entry: &Entry) -> bool {
        self.terminals.contains(&&*entry.terminal)
    }

    fn entry(&mut self, entry: &Entry) {
        if !self.knows(entry) {
            return;
        }
        if !entry.is_media() {
            self.flush_media(WORTH_AN_ARROW);
        }
        match (&entry.packet, entry.kind) {
            (Some(packet), _) => self.packet(entry, packet),
            (None, Kind::State) => {
                if let Some(column) = self.column(&entry.terminal, entry.from) {
                    self.rows.push(Row::Note {
                        at: entry.at,
                        column,
                        label: entry.label.clone(),
                        detail: entry.detail.clone(),
                    });
                }
            }
            (None, Kind::Signal | Kind::Wire) => {
                self.media.learn(entry);
                self.arrow(entry, entry.from, entry.to);
            }
        }
    }

    fn packet(&mut self, entry: &Entry, packet: &Packet) {
        let kind = classify(&packet.octets);
        if matches!(kind, WireKind::Rtp | WireKind::Rtcp) {
            let left = &*entry.terminal == self.terminals[0];
            self.media.add(left, packet, kind, entry.at);
            return;
        }
        if packet.octets.is_empty() {
            return;
        }
        if self.single() {
            return self.one_sided(entry, packet);
        }
        if !packet.sent || !self.receipts.arrives(packet) {
            return self.arrow(entry, entry.from, entry.to);
        }
        let [left, right] = self.terminals;
        let other = if &*entry.terminal == left { right } else { left };
        let ends = (self.column(&entry.terminal, entry.from), self.column(other, entry.from));
        if let (Some(from), Some(to)) = ends {
            self.push_arrow(entry, from, to);
        }
    }

    /// A wire entry of the only terminal: to and from the remote side.
    fn one_sided(&mut self, entry: &Entry, packet: &Packet) {
        if packet.sent {
            self.arrow(entry, entry.from, Lifeline::Remote);
        } else {
            self.arrow(entry, Lifeline::Remote, entry.to);
        }
    }

    fn arrow(&mut self, entry: &Entry, from: Lifeline, to: Lifeline) {
        let ends = (self.column(&entry.terminal, from), self.column(&entry.terminal, to));
        if let (Some(from), Some(to)) = ends {
            self.push_arrow(entry, from, to);
        }
    }

    fn push_arrow(&mut self, entry: &Entry, from: usize, to: usize) {
        self.rows.push(Row::Arrow {
            at: entry.at,
            from,
            to,
            label: entry.label.clone(),
            detail: entry.detail.clone(),
            hue: hue(entry),
        });
    }

    /// Draws the media so far, if there are at least `least` packets of it.
    fn flush_media(&mut self, least: u64) {
        if self.media.packets() >= least.max(1) {
            let ends = self.media_ends();
            let arrows = self.media.draw(ends, self.single());
            self.last_media = self.rows.len()..self.rows.len() + arrows.len();
            self.rows.extend(arrows);
        }
    }

    /// Draws what media is left; a few last packets join the arrows before.
    fn finish_media(&mut self) {
        let last = self.last_media.clone();
        if last.is_empty() || self.media.packets() >= WORTH_AN_ARROW {
            return self.flush_media(1);
        }
        let joined = self.media.joined(self.media_ends(), self.single());
        self.rows.splice(last, joined);
    }

    /// The columns between which media flows.
    fn media_ends(&self) -> (usize, usize) {
        let left = self.column(self.terminals[0], Lifeline::MediaController);
        let right = if self.single() {
            self.column("", Lifeline::Remote)
        } else {
            self.column(self.terminals[1], Lifeline::MediaController)
        };
        (left.unwrap_or_default(), right.unwrap_or_default())
    }

    fn single(&self) -> bool {
        self.terminals[1].is_empty()
    }

    fn column(&self, terminal: &str, lifeline: Lifeline) -> Option<usize> {
        self.columns.iter().position(|column| {
            column.lifeline == lifeline
                && column.terminal.as_deref().is_none_or(|owner| owner == terminal)
        })
    }
}

/// Fewer media packets than this do not get an arrow of their own before the next signal.
const WORTH_AN_ARROW: u64 = 25;

fn hue(entry: &Entry) -> Hue {
    use Lifeline::{
        MediaController, Network, Remote, SecurityApplication, SecurityManager, SipManager,
        TelephonyApplication,
    };
    if entry.kind == Kind::Wire {
        return Hue::Sip;
    }
    let other = if entry.from == SecurityManager { entry.to } else { entry.from };
    match (entry.from.min(entry.to), other) {
        (SecurityApplication, _) => Hue::Sma,
        (SecurityManager, SipManager | Network | Remote) => Hue::Ssa,
        (SecurityManager, TelephonyApplication) => Hue::Sst,
        (SecurityManager, MediaController) => Hue::Ssm,
        _ => Hue::Application,
    }
}
