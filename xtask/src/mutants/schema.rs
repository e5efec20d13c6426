//! A source file with all its mutants in it, each behind the switch.

use super::sites::{Choice, Form, Site};
use std::collections::BTreeSet;
use std::ops::Range;

/// The file as it is compiled, and whose each inserted piece is.
pub(super) struct Schema {
    pub(super) text: String,
    /// Inserted pieces, and the mutants that each belongs to.
    pieces: Vec<(Range<usize>, Vec<u32>)>,
    /// From the first to the last piece of each site, and its mutants.
    extents: Vec<(Range<usize>, Vec<u32>)>,
}

struct Edit {
    at: Range<usize>,
    /// Among edits at one place: what closes before what opens, inner before outer.
    order: (bool, isize, usize),
    text: String,
    mutants: Vec<u32>,
    site: usize,
}

/// Writes all sites into the source, without the mutants that are dropped.
pub(super) fn write(source: &str, sites: &[Site], dropped: &BTreeSet<u32>) -> Schema {
    let mut edits = Vec::new();
    for (index, site) in sites.iter().enumerate() {
        let alive = |choice: &&Choice| !dropped.contains(&choice.mutant);
        let alive: Vec<&Choice> = site.choices.iter().filter(alive).collect();
        if site.form == Form::Function || !alive.is_empty() {
            Writer { source, site, index, alive: &alive, edits: &mut edits }.write();
        }
    }
    edits.sort_by_key(|edit| (edit.at.start, edit.order));
    let mut schema = Schema { text: String::new(), pieces: Vec::new(), extents: Vec::new() };
    let nowhere = Range { start: usize::MAX, end: 0 };
    schema.extents = vec![(nowhere, Vec::new()); sites.len()];
    let mut at = 0;
    for edit in edits {
        schema.text.push_str(source.get(at..edit.at.start).unwrap_or_default());
        at = edit.at.end;
        schema.insert(edit);
    }
    schema.text.push_str(source.get(at..).unwrap_or_default());
    schema
}

impl Schema {
    fn insert(&mut self, edit: Edit) {
        let start = self.text.len();
        self.text.push_str(&edit.text);
        if let Some((extent, mutants)) = self.extents.get_mut(edit.site) {
            *extent = start.min(extent.start)..self.text.len();
            mutants.extend(&edit.mutants);
        }
        self.pieces.push((start..self.text.len(), edit.mutants));
    }

    /// The mutants in whose own text an error begins.
    pub(super) fn own(&self, at: usize) -> &[u32] {
        let piece = self.pieces.iter().find(|(piece, _)| piece.contains(&at));
        piece.map_or(&[], |(_, mutants)| mutants)
    }

    /// The mutants of the innermost site around an error; of a function, all.
    pub(super) fn around(&self, at: usize) -> BTreeSet<u32> {
        let within = |outer: &Range<usize>| outer.start <= at && at <= outer.end;
        let mut around: Vec<_> = self.extents.iter().filter(|(extent, _)| within(extent)).collect();
        around.sort_by_key(|(extent, _)| extent.len());
        let all = |outer: &Range<usize>| {
            let inside = self.pieces.iter();
            let inside = inside.filter(|(p, _)| outer.start <= p.start && p.end <= outer.end);
            inside.flat_map(|(_, mutants)| mutants.clone()).collect()
        };
        let mut found = around.into_iter().map(|(extent, mutants)| match mutants.as_slice() {
            [] => all(extent),
            own => own.iter().copied().collect::<BTreeSet<u32>>(),
        });
        found.find(|mutants| !mutants.is_empty()).unwrap_or_default()
    }
}

/// Writes the edits of one site.
struct Writer<'a> {
    source: &'a str,
    site: &'a Site,
    index: usize,
    alive: &'a [&'a Choice],
    edits: &'a mut Vec<Edit>,
}

impl Writer<'_> {
    fn write(&mut self) {
        let (start, end) = (self.site.at.start, self.site.at.end);
        match &self.site.form {
            Form::Function => self.around("", ""),
            Form::Body => {
                for choice in self.alive {
                    let early = format!(" if {} {{ return {}; }}", is(choice), choice.with);
                    self.edit(start + 1..start + 1, false, early, Some(choice));
                }
            }
            Form::Statement => self.around(&format!("if !{} {{ ", self.first()), " }"),
            Form::Condition => {
                let (always, never) = (self.of("true"), self.of("false"));
                self.around("::mutant_switch::condition(", &format!(", {always}, {never})"));
            }
            Form::Negation => {
                let mutant = self.alive.first().map_or(0, |choice| choice.mutant);
                self.around("::mutant_switch::flip(", &format!(", {mutant})"));
            }
            Form::Pattern(join) => {
                let switch = format!("{join}!{}", self.first());
                self.edit(end..end, true, switch, None);
            }
            Form::Boundary(operator, function) => {
                let mutant = self.alive.first().map_or(0, |choice| choice.mutant);
                self.edit(operator.clone(), false, "), &(".to_owned(), None);
                self.around(&format!("::mutant_switch::{function}(&("), &format!("), {mutant})"));
            }
            Form::Arithmetic(operator) => {
                let sign = self.source.get(operator.clone()).unwrap_or_default();
                self.edit(operator.clone(), false, "), (".to_owned(), None);
                self.edit(start..start, false, "(match ((".to_owned(), None);
                self.arms(")) { (left_, right_) =>", "left_", sign);
            }
            Form::Assignment(operator) => {
                let sign = self.source.get(operator.clone()).unwrap_or_default();
                let left = self.source.get(start..operator.start).unwrap_or_default();
                self.edit(start..operator.end, false, "(match (".to_owned(), None);
                self.arms(") { right_ =>", left, sign);
            }
        }
    }

    /// `if is(1) { left - right } else { left + right }`, an arm a mutant.
    fn arms(&mut self, open: &str, left: &str, sign: &str) {
        let end = self.site.at.end;
        self.edit(end..end, true, open.to_owned(), None);
        for choice in self.alive {
            let arm = format!(" if {} {{ {left} {} right_ }} else", is(choice), choice.with);
            self.edit(end..end, true, arm, Some(choice));
        }
        self.edit(end..end, true, format!(" {{ {left} {sign} right_ }} }})"), None);
    }

    fn around(&mut self, open: &str, close: &str) {
        let (start, end) = (self.site.at.start, self.site.at.end);
        self.edit(start..start, false, open.to_owned(), None);
        self.edit(end..end, true, close.to_owned(), None);
    }

    fn edit(&mut self, at: Range<usize>, closes: bool, text: String, whose: Option<&Choice>) {
        let all = || self.alive.iter().map(|choice| choice.mutant).collect();
        let mutants = whose.map_or_else(all, |choice| vec![choice.mutant]);
        let index = self.index.cast_signed();
        let order = (!closes, if closes { -index } else { index }, self.edits.len());
        self.edits.push(Edit { at, order, text, mutants, site: self.index });
    }

    fn first(&self) -> String {
        self.alive.first().map(|choice| is(choice)).unwrap_or_default()
    }

    fn of(&self, with: &str) -> u32 {
        let choice = self.alive.iter().find(|choice| choice.with == with);
        choice.map_or(0, |choice| choice.mutant)
    }
}

fn is(choice: &Choice) -> String {
    format!("::mutant_switch::is({})", choice.mutant)
}
