//! The folded ladder as a picture that a page shows at its own width: 830 pixels, and no letter
//! under 11.

use super::fold::{Line, Span, Stay, Step, fold};
use super::layout::Ladder;
use super::row::{Column, Hue};
use super::svg::{FAINT, FONT, INK, colour, line, rectangle, text, thick};
use super::text::two_lines;
use crate::record::Lifeline;
use svg::Document;
use svg::node::element::{Group, Polygon, Rectangle, TSpan, Text, Title};

/// Pixels of the whole, and of what is above the first line.
const WIDTH: f64 = 830.0;
const HEAD: f64 = 76.0;
/// Pixels from one column to the next, and from one line to the next.
const PITCH: f64 = 23.0;
const ROW: f64 = 13.0;
/// Pixels between the outer columns and the names beside them.
const GAP: f64 = 14.0;
const SIZE: f64 = 11.0;
/// The machine's states.
const IDLE: (&str, &str) = ("idle", "#7bc47f");
const WAITING: (&str, &str) = ("wait for authorization", "#f0a732");

impl Ladder {
    /// The folded diagram as an SVG document under `title`: 830 pixels wide, 13 for each line.
    ///
    /// A question, its answer and what was asked on the way are one line; messages on the wire are
    /// bold; the states of the security manager's machine colour its column.
    pub fn to_short_svg(&self, title: &str) -> String {
        let (lines, stays) = fold(self);
        let picture = Picture::of(self.columns.len());
        let bottom = HEAD + ROW * lines.len() as f64;
        let mut document = Document::new()
            .set("viewBox", (0, 0, WIDTH as i64, (bottom + 8.0) as i64))
            .set("width", WIDTH as i64)
            .set("height", (bottom + 8.0) as i64)
            .set("font-family", FONT)
            .add(Title::new(title))
            .add(rectangle(0.0, 0.0, WIDTH, bottom + 8.0, "#ffffff", 0.0));
        for (n, _) in lines.iter().enumerate().filter(|(_, line)| line.wire.is_some()) {
            document = document.add(rectangle(0.0, middle(n) - ROW / 2.0, WIDTH, ROW, BAND, 0.0));
        }
        for (n, column) in self.columns.iter().enumerate() {
            document = document.add(picture.lifeline(n, column, bottom));
        }
        for stay in &stays {
            document = document.add(picture.stay(stay, bottom));
        }
        for (n, line) in lines.iter().enumerate() {
            document = document.add(picture.line(n, line));
        }
        let owner = |column: Option<&Column>| column.and_then(|it| it.terminal.clone());
        document
            .add(picture.left(&owner(self.columns.first()).unwrap_or_default()))
            .add(picture.right(&owner(self.columns.last()).unwrap_or_default()))
            .to_string()
    }
}

/// The ground of what is on the wire.
const BAND: &str = "#edf0f4";

/// The middle of a line.
fn middle(line: usize) -> f64 {
    HEAD + ROW * line as f64 + ROW / 2.0
}

/// Where the columns are.
struct Picture {
    first: f64,
    last: f64,
}

impl Picture {
    fn of(columns: usize) -> Self {
        let wide = PITCH * columns.saturating_sub(1) as f64;
        let first = (WIDTH - wide) / 2.0;
        Self { first, last: first + wide }
    }

    fn x(&self, column: usize) -> f64 {
        self.first + PITCH * column as f64
    }

    /// A dashed rule under a box with the name, which reads upwards.
    fn lifeline(&self, n: usize, column: &Column, bottom: f64) -> Group {
        let x = self.x(n);
        let outside = matches!(column.lifeline, Lifeline::Network | Lifeline::Remote);
        let rule = svg::node::element::Line::new()
            .set("x1", x)
            .set("x2", x)
            .set("y1", HEAD)
            .set("y2", bottom)
            .set("stroke", if outside { "#7b8794" } else { "#9fb3c8" })
            .set("stroke-width", if outside { 1.6 } else { 0.8 })
            .set("stroke-dasharray", if outside { "2 3" } else { "3 3" });
        let names = two_lines(column.lifeline);
        let lines: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
        let ground = match (outside, x < WIDTH / 2.0) {
            (true, _) => "#e4e7eb",
            (false, true) => "#eef4fb",
            (false, false) => "#fdf3e7",
        };
        let wide = PITCH - 3.0;
        let ground = rectangle(x - wide / 2.0, 2.0, wide, HEAD - 4.0, ground, 4.0);
        let mut group = Group::new().add(rule).add(ground);
        for (name, at) in lines.iter().zip(0..) {
            let baseline = x + 3.8 + 10.0 * (f64::from(at) - (lines.len() as f64 - 1.0) / 2.0);
            let turn = format!("rotate(-90 {baseline} {})", HEAD - 5.0);
            group = group.add(text(baseline, HEAD - 5.0, SIZE, INK, name).set("transform", turn));
        }
        group
    }

    fn stay(&self, stay: &Stay, bottom: f64) -> Rectangle {
        let (from, to) = (middle(stay.from), (middle(stay.to) - 1.0).min(bottom));
        let fill = if stay.state == IDLE.0 { IDLE.1 } else { WAITING.1 };
        let (x, tall) = (self.x(stay.column) - 3.5, (to - from).max(1.0));
        rectangle(x, from, 7.0, tall, fill, 2.0).add(Title::new(stay.state.clone()))
    }

    fn line(&self, n: usize, line: &Line) -> Group {
        let mut group = Group::new();
        for (step, side) in line.sides.iter().zip([Side::Left, Side::Right]) {
            let Some(step) = step else { continue };
            for span in &step.spans {
                group = group.add(self.span(middle(n), span));
            }
            group = group.add(self.name(middle(n) + 4.0, step, side));
        }
        group
    }

    /// The line with its heads: full where the question went, open where the answer came.
    fn span(&self, y: f64, span: &Span) -> Group {
        let (from, to) = (self.x(span.from), self.x(span.to));
        let towards = (to - from).signum();
        let ink = colour(span.hue);
        let shaft = line(from, to - towards * 5.0, y, ink, thick(span.hue));
        let group = Group::new().add(shaft).add(head(to, towards, y).set("fill", ink));
        if !span.answered {
            return group;
        }
        let open = head(from, -towards, y).set("fill", "#ffffff").set("stroke", ink);
        group.add(open)
    }

    fn name(&self, y: f64, step: &Step, side: Side) -> Text {
        let (x, anchor) = match side {
            Side::Left => (self.first - GAP, "end"),
            Side::Right => (self.last + GAP, "start"),
        };
        let hue = step.spans.first().map_or(Hue::Application, |span| span.hue);
        let wire = matches!(hue, Hue::Sip | Hue::Media);
        let name = TSpan::new(step.name.clone()).set("font-weight", if wire { 700 } else { 400 });
        let mut label = text(x, y, SIZE, colour(hue), "").set("text-anchor", anchor).add(name);
        if !step.detail.is_empty() {
            let detail = TSpan::new(step.detail.clone());
            label = label.add(detail.set("fill", FAINT).set("dx", 4));
        }
        label.add(Title::new(format!("{:.3} s", step.at.as_secs_f64())))
    }

    /// Whose the left columns are, and what is on the wire and in the machine.
    fn left(&self, owner: &str) -> Group {
        let sip = (colour(Hue::Sip), thick(Hue::Sip), "SIP on the wire");
        let media = (colour(Hue::Media), thick(Hue::Media), "media on the wire");
        let idle = (IDLE.1, 7.0, "security manager idle");
        let waiting = (WAITING.1, 7.0, "security manager waits for authorization");
        let mut group = Group::new().add(self.owner(owner, Side::Left));
        for ((ink, wide, name), y) in [sip, media, idle, waiting].into_iter().zip([14, 28, 42, 56])
        {
            group = group.add(key(8.0, f64::from(y), ink, wide, name));
        }
        group
    }

    /// Whose the right columns are, and what crosses which interface.
    fn right(&self, owner: &str) -> Group {
        let mut group = Group::new().add(self.owner(owner, Side::Right));
        let keys = [
            (Hue::Ssa, "SSA", 0.0, 28.0),
            (Hue::Sst, "SST", 52.0, 28.0),
            (Hue::Ssm, "SSM", 104.0, 28.0),
            (Hue::Sma, "SMA", 156.0, 28.0),
            (Hue::Application, "application", 0.0, 42.0),
        ];
        for (hue, name, x, y) in keys {
            group = group.add(key(self.last + GAP + x, y, colour(hue), 2.0, name));
        }
        let how = "question (asked on the way) → answer";
        group.add(text(self.last + GAP, 56.0, SIZE, FAINT, how))
    }

    fn owner(&self, name: &str, side: Side) -> Text {
        let (x, anchor) = match side {
            Side::Left => (self.first - GAP, "end"),
            Side::Right => (self.last + GAP, "start"),
        };
        text(x, 14.0, 12.0, INK, &name.to_uppercase())
            .set("text-anchor", anchor)
            .set("font-weight", 700)
            .set("letter-spacing", 1)
    }
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// The head of an arrow whose tip is at `tip`.
fn head(tip: f64, towards: f64, y: f64) -> Polygon {
    let neck = tip - towards * 6.0;
    Polygon::new().set("points", format!("{tip},{y} {neck},{} {neck},{}", y - 3.2, y + 3.2))
}

/// A line of the legend.
fn key(x: f64, y: f64, ink: &str, wide: f64, name: &str) -> Group {
    let stroke = line(x, x + 16.0, y - 4.0, ink, wide);
    Group::new().add(stroke).add(text(x + 21.0, y, SIZE, INK, name))
}
