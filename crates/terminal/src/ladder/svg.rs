//! The ladder as a picture: SVG with no script and no outside reference.

use super::layout::Ladder;
use super::row::{Column, Hue, Row};
use super::text::shorten;
use crate::record::Lifeline;
use std::time::Duration;
use svg::Document;
use svg::node::element::{Group, Line, Polygon, Rectangle, Text, Title};

pub(super) const FONT: &str = "Inter, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";
/// Pixels from one column to the next.
const PITCH: f64 = 170.0;
/// Pixels of the times at the left.
const MARGIN: f64 = 72.0;
/// Where the boxes with the columns' names begin and end, and where the rows begin.
const HEAD: (f64, f64, f64) = (86.0, 130.0, 142.0);
/// Pixels from one row to the next: a label above the line and a detail below it.
const ROW: f64 = 38.0;
const LABEL_SIZE: f64 = 12.5;
const DETAIL_SIZE: f64 = 10.0;
/// Width of a character, in parts of the font's size, in the widest of the fonts.
const CHARACTER: f64 = 0.62;
pub(super) const INK: &str = "#1f2933";
pub(super) const FAINT: &str = "#7b8794";

impl Ladder {
    /// The diagram as an SVG document under `title`.
    pub fn to_svg(&self, title: &str) -> String {
        let width = MARGIN + PITCH * self.columns.len() as f64 + 24.0;
        let mut y = HEAD.2;
        let rows: Vec<(f64, &Row)> = self
            .rows
            .iter()
            .map(|row| {
                y += ROW;
                (y - 13.0, row)
            })
            .collect();
        let bottom = y + 10.0;
        let mut document = Document::new()
            .set("viewBox", (0, 0, width as i64, (bottom + 64.0) as i64))
            .set("width", width as i64)
            .set("height", (bottom + 64.0) as i64)
            .set("font-family", FONT)
            .add(Title::new(title))
            .add(rectangle(0.0, 0.0, width, bottom + 64.0, "#ffffff", 0.0))
            .add(text(24.0, 34.0, 20.0, INK, title).set("font-weight", 700));
        for panel in self.panels(bottom) {
            document = document.add(panel);
        }
        document = document.add(legend(24.0, 58.0));
        for (n, column) in self.columns.iter().enumerate() {
            document = document.add(lifeline(n, column, bottom));
        }
        for (y, row) in rows {
            document = document.add(draw(y, row));
        }
        document.to_string()
    }

    /// A tinted ground behind each terminal's columns, with its name.
    fn panels(&self, bottom: f64) -> Vec<Group> {
        let mut panels = Vec::new();
        let mut n = 0;
        let tints = ["#f2f7fd", "#fdf7f0"];
        for group in self.columns.chunk_by(|a, b| a.terminal == b.terminal) {
            let tint = tints.get(panels.len()).copied().unwrap_or("#f7f7f7");
            let left = x(n) - PITCH / 2.0 + 5.0;
            let wide = PITCH * group.len() as f64 - 10.0;
            if let Some(name) = group.first().and_then(|c| c.terminal.as_deref()) {
                let name = text(left + wide / 2.0, HEAD.0 - 8.0, 13.0, FAINT, name)
                    .set("text-anchor", "middle")
                    .set("font-weight", 700)
                    .set("letter-spacing", 2);
                let ground =
                    rectangle(left, HEAD.0 - 26.0, wide, bottom - HEAD.0 + 40.0, tint, 10.0);
                panels.push(Group::new().add(ground).add(name));
            }
            n += group.len();
        }
        panels
    }
}

fn x(column: usize) -> f64 {
    MARGIN + PITCH / 2.0 + PITCH * column as f64
}

pub(super) const fn colour(hue: Hue) -> &'static str {
    match hue {
        Hue::Ssa => "#1d4ed8",
        Hue::Sst => "#7c3aed",
        Hue::Ssm => "#0f766e",
        Hue::Sma => "#b45309",
        Hue::Application => "#52606d",
        Hue::Sip => "#111827",
        Hue::Media => "#be185d",
    }
}

pub(super) fn rectangle(
    x: f64, y: f64, width: f64, height: f64, fill: &str, radius: f64,
) -> Rectangle {
    Rectangle::new()
        .set("x", x)
        .set("y", y)
        .set("width", width)
        .set("height", height)
        .set("rx", radius)
        .set("fill", fill)
}

pub(super) fn text(x: f64, y: f64, size: f64, fill: &str, content: &str) -> Text {
    Text::new(content).set("x", x).set("y", y).set("font-size", size).set("fill", fill)
}

/// What the colours mean.
fn legend(mut at: f64, y: f64) -> Group {
    let mut group = Group::new();
    let rows = [
        (Hue::Sip, "SIP on the wire"),
        (Hue::Media, "media on the wire"),
        (Hue::Ssa, "SSA"),
        (Hue::Sst, "SST"),
        (Hue::Ssm, "SSM"),
        (Hue::Sma, "SMA"),
        (Hue::Application, "application"),
    ];
    for (hue, name) in rows {
        group = group.add(line(at, at + 22.0, y - 4.0, colour(hue), thick(hue))).add(text(
            at + 28.0,
            y,
            11.0,
            INK,
            name,
        ));
        at += 50.0 + name.len() as f64 * 11.0 * CHARACTER;
    }
    group
}

pub(super) const fn thick(hue: Hue) -> f64 {
    match hue {
        Hue::Sip | Hue::Media => 2.4,
        _ => 1.4,
    }
}

pub(super) fn line(from: f64, to: f64, y: f64, stroke: &str, width: f64) -> Line {
    Line::new()
        .set("x1", from)
        .set("x2", to)
        .set("y1", y)
        .set("y2", y)
        .set("stroke", stroke)
        .set("stroke-width", width)
}

/// A column: its name in a box above and below, and the dashed line between.
fn lifeline(n: usize, column: &Column, bottom: f64) -> Group {
    let outside = matches!(column.lifeline, Lifeline::Network | Lifeline::Remote);
    let (fill, stroke) = if outside { ("#e4e7eb", "#9aa5b1") } else { ("#ffffff", "#829ab1") };
    let middle = x(n);
    let rule = Line::new()
        .set("x1", middle)
        .set("x2", middle)
        .set("y1", HEAD.1)
        .set("y2", bottom)
        .set("stroke", stroke)
        .set("stroke-width", if outside { 2.0 } else { 1.0 })
        .set("stroke-dasharray", if outside { "2 5" } else { "5 4" });
    let mut group = Group::new().add(rule);
    for top in [HEAD.0, bottom] {
        let tall = if top == bottom { 30.0 } else { HEAD.1 - HEAD.0 };
        let ground = rectangle(middle - 77.0, top, 154.0, tall, fill, 6.0)
            .set("stroke", stroke)
            .set("stroke-width", 1.2);
        let name = text(middle, top + tall / 2.0 + 4.5, 11.5, INK, column.lifeline.name())
            .set("text-anchor", "middle")
            .set("font-weight", 600);
        group = group.add(ground).add(name);
    }
    group
}

fn draw(y: f64, row: &Row) -> Group {
    match row {
        Row::Arrow { at, from, to, label, detail, hue } => arrow(y, x(*from), x(*to), *hue)
            .add(labelled(y, x(*from), x(*to), label, detail, *hue))
            .add(time(y, *at))
            .add(Title::new(tooltip(label, detail))),
        Row::Note { at, column, label, detail } => {
            note(y, x(*column), label).add(time(y, *at)).add(Title::new(tooltip(label, detail)))
        }
    }
}

fn tooltip(label: &str, detail: &str) -> String {
    if detail.is_empty() { label.to_owned() } else { format!("{label}: {detail}") }
}

fn time(y: f64, at: Duration) -> Text {
    text(MARGIN - 12.0, y + 3.5, 10.0, FAINT, &format!("{:.3} s", at.as_secs_f64()))
        .set("text-anchor", "end")
}

/// The line with its head.
fn arrow(y: f64, from: f64, to: f64, hue: Hue) -> Group {
    let towards = (to - from).signum();
    let (tip, neck) = (to - towards * 1.5, to - towards * 10.5);
    let head = format!("{tip},{y} {neck},{} {neck},{}", y - 4.5, y + 4.5);
    let mut shaft = line(from + towards * 1.5, neck, y, colour(hue), thick(hue));
    if hue == Hue::Media {
        shaft = shaft.set("stroke-dasharray", "9 3");
    }
    Group::new().add(shaft).add(Polygon::new().set("points", head).set("fill", colour(hue)))
}

/// The label above the line, the detail below it.
fn labelled(y: f64, from: f64, to: f64, label: &str, detail: &str, hue: Hue) -> Group {
    let middle = f64::midpoint(from, to);
    let room = (to - from).abs() - 14.0;
    let fits = |size: f64| (room / (size * CHARACTER)) as usize;
    let label = shorten(label, fits(LABEL_SIZE));
    let weight = if hue == Hue::Sip { 700 } else { 600 };
    let label = text(middle, y - 5.5, LABEL_SIZE, colour(hue), &label).set("font-weight", weight);
    let group = on_halo(Group::new(), label);
    if detail.is_empty() {
        return group;
    }
    let detail = shorten(detail, fits(DETAIL_SIZE));
    on_halo(group, text(middle, y + 11.5, DETAIL_SIZE, FAINT, &detail))
}

/// Adds a text in the middle of its place, over a white copy that keeps the lines behind it off.
/// Not every renderer knows `paint-order`, which would do with one.
fn on_halo(group: Group, element: Text) -> Group {
    let element = element.set("text-anchor", "middle");
    let halo = element
        .clone()
        .set("stroke", "#ffffff")
        .set("stroke-width", 3)
        .set("stroke-linejoin", "round")
        .set("aria-hidden", "true");
    group.add(halo).add(element)
}

/// A state of the machine: a rounded box on its column.
fn note(y: f64, middle: f64, label: &str) -> Group {
    let wide = label.chars().count() as f64 * 12.0 * CHARACTER + 24.0;
    let (fill, stroke) =
        if label == "idle" { ("#e3f9e5", "#31b237") } else { ("#fff3c4", "#de911d") };
    let ground = rectangle(middle - wide / 2.0, y - 13.0, wide, 24.0, fill, 12.0)
        .set("stroke", stroke)
        .set("stroke-width", 1.4);
    let state = text(middle, y + 3.5, 12.0, INK, label)
        .set("text-anchor", "middle")
        .set("font-weight", 700);
    Group::new().add(ground).add(state)
}
