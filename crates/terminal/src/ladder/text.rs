//! The ladder as text of fixed width.

use super::layout::Ladder;
use super::row::Row;
use crate::record::Lifeline;
use std::time::Duration;

/// Characters of the time at the left.
const MARGIN: usize = 9;
/// Characters from one column to the next.
const PITCH: usize = 18;

impl Ladder {
    /// The diagram as text: 135 characters wide for one terminal, 207 for two.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.push_owners(&mut out);
        let mut head = [(); 2].map(|()| Canvas::blank(self.columns.len()));
        for (n, column) in self.columns.iter().enumerate() {
            for (line, name) in head.iter_mut().zip(two_lines(column.lifeline)) {
                line.write_centred(x(n), name);
            }
        }
        for line in head {
            line.finish(&mut out);
        }
        Canvas::ruled(self.columns.len()).finish(&mut out);
        for row in &self.rows {
            self.row(row).finish(&mut out);
        }
        Canvas::ruled(self.columns.len()).finish(&mut out);
        out
    }

    /// The terminals' names, over their columns.
    fn push_owners(&self, out: &mut String) {
        let mut canvas = Canvas::blank(self.columns.len());
        let mut n = 0;
        for group in self.columns.chunk_by(|a, b| a.terminal == b.terminal) {
            if let Some(name) = group.first().and_then(|c| c.terminal.as_deref()) {
                let middle = usize::midpoint(x(n), x(n + group.len() - 1));
                canvas.write_centred(middle, &name.to_uppercase());
            }
            n += group.len();
        }
        canvas.finish(out);
    }

    fn row(&self, row: &Row) -> Canvas {
        let mut canvas = Canvas::ruled(self.columns.len());
        match row {
            Row::Arrow { at, from, to, label, detail, .. } => {
                canvas.time(*at);
                canvas.arrow(x(*from), x(*to), label, detail);
            }
            Row::Note { at, column, label, .. } => {
                canvas.time(*at);
                canvas.write_centred(x(*column), &format!("[ {label} ]"));
            }
        }
        canvas
    }
}

/// The place of a column.
const fn x(column: usize) -> usize {
    MARGIN + PITCH / 2 + column * PITCH
}

pub(super) const fn two_lines(lifeline: Lifeline) -> [&'static str; 2] {
    match lifeline {
        Lifeline::SecurityApplication => ["security", "application"],
        Lifeline::SecurityManager => ["security", "manager"],
        Lifeline::TelephonyApplication => ["telephony", "application"],
        Lifeline::SipManager => ["SIP", "manager"],
        Lifeline::MediaController => ["media", "controller"],
        Lifeline::Network => ["", "network"],
        Lifeline::Remote => ["", "remote"],
    }
}

/// One line of text.
struct Canvas(Vec<char>);

impl Canvas {
    fn blank(columns: usize) -> Self {
        Self(vec![' '; MARGIN + columns * PITCH])
    }

    fn ruled(columns: usize) -> Self {
        let mut canvas = Self::blank(columns);
        for n in 0..columns {
            canvas.put(x(n), '│');
        }
        canvas
    }

    fn put(&mut self, at: usize, c: char) {
        if let Some(cell) = self.0.get_mut(at) {
            *cell = c;
        }
    }

    fn write(&mut self, at: usize, text: &str) {
        for (n, c) in text.chars().enumerate() {
            self.put(at + n, c);
        }
    }

    fn write_centred(&mut self, middle: usize, text: &str) {
        self.write(middle.saturating_sub(text.chars().count() / 2), text);
    }

    fn time(&mut self, at: Duration) {
        self.write(0, &format!("{:8.3}", at.as_secs_f64()));
    }

    /// `├─ label ─────▶│`: the label in the middle, the detail beside it where there is room.
    fn arrow(&mut self, from: usize, to: usize, label: &str, detail: &str) {
        let (left, right) = (from.min(to), from.max(to));
        for at in left + 1..right {
            self.put(at, '─');
        }
        if from < to {
            self.put(from, '├');
            self.put(right - 1, '▶');
        } else {
            self.put(from, '┤');
            self.put(left + 1, '◀');
        }
        let room = (right - left).saturating_sub(5);
        let whole =
            if detail.is_empty() { label.to_owned() } else { format!("{label} ({detail})") };
        let shown = if whole.chars().count() <= room { whole } else { shorten(label, room) };
        self.write_centred(usize::midpoint(left, right), &format!(" {shown} "));
    }

    fn finish(self, out: &mut String) {
        let line: String = self.0.into_iter().collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// At most `room` characters of `text`.
pub(super) fn shorten(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(room.saturating_sub(1)).collect();
    short.push('…');
    short
}
