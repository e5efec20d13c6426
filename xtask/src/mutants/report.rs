//! What is printed and written.

use super::sites::{Choice, Form, Site};
use super::tree::{Source, Tree};
use super::trial::Outcome;
use crate::command::{Failure, target};
use serde::Serialize;
use std::collections::BTreeMap;

/// One mutant, as it stands in the JSON file.
#[derive(Serialize)]
pub(super) struct Row {
    file: String,
    line: usize,
    column: usize,
    operator: &'static str,
    /// What is there.
    original: String,
    /// What stands there instead.
    mutant: String,
    pub(super) outcome: Outcome,
}

/// Counts of outcomes.
#[derive(Default)]
struct Count(BTreeMap<Outcome, usize>);

impl Count {
    fn of(&self, outcomes: &[Outcome]) -> usize {
        outcomes.iter().filter_map(|outcome| self.0.get(outcome)).sum()
    }

    fn cells(&self) -> String {
        use Outcome::{Caught, Survived, Timeout, Unreached, Unviable};
        let caught = self.of(&[Caught, Timeout]);
        let viable = caught + self.of(&[Survived, Unreached]);
        let share = 100.0 * caught as f64 / viable.max(1) as f64;
        format!(
            "{viable:>6} {caught:>7} {:>8} {:>9} {:>9} {:>8} {share:>6.1} %",
            self.of(&[Timeout]),
            self.of(&[Survived]),
            self.of(&[Unreached]),
            self.of(&[Unviable]),
        )
    }
}

/// The rows of all mutants that were judged or do not compile.
pub(super) fn rows(tree: &Tree, outcomes: &BTreeMap<u32, Outcome>) -> Vec<Row> {
    let row = |(source, site, choice): (&Source, &Site, &Choice)| {
        let outcome = if tree.dropped.contains(&choice.mutant) {
            Outcome::Unviable
        } else {
            *outcomes.get(&choice.mutant)?
        };
        Some(Row {
            file: source.path.clone(),
            line: site.place.line,
            column: site.place.column + 1,
            operator: name(&site.form),
            original: brief(source.text.get(site.at.clone()).unwrap_or_default()),
            mutant: choice.with.clone(),
            outcome,
        })
    };
    tree.mutants().filter_map(row).collect()
}

fn name(form: &Form) -> &'static str {
    match form {
        Form::Function | Form::Body => "body",
        Form::Statement => "statement",
        Form::Condition => "condition",
        Form::Negation => "negation",
        Form::Pattern(_) => "pattern",
        Form::Boundary(..) => "boundary",
        Form::Arithmetic(_) => "arithmetic",
        Form::Assignment(_) => "assignment",
    }
}

/// The first line's worth of an expression, in one line.
fn brief(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let mut short: String = line.chars().take(72).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

/// Prints the survivors, a line each, and the table by file and by operator; writes the JSON.
pub(super) fn print(name: &str, tree: &Tree, rows: &[Row]) -> Result<(), Failure> {
    for row in
        rows.iter().filter(|row| matches!(row.outcome, Outcome::Survived | Outcome::Unreached))
    {
        let why = if row.outcome == Outcome::Unreached { " (no test reaches it)" } else { "" };
        let Row { file, line, column, operator, original, mutant, .. } = row;
        println!("{file}:{line}:{column}: {operator}: `{original}` → `{mutant}`{why}");
    }
    println!("\n{:52} viable  caught timeouts survived unreached unviable caught", "");
    table(rows, |row| row.file.clone());
    println!();
    table(rows, |row| row.operator.to_owned());
    println!();
    table(rows, |_| name.to_owned());
    let constant: usize = tree.sources.iter().map(|source| source.constant).sum();
    println!("left out, in constants and `const fn`: {constant}");
    let path = target().join(format!("mutants/{name}.json"));
    let json = serde_json::to_string_pretty(rows).map_err(|why| why.to_string())?;
    std::fs::write(&path, json).map_err(|why| format!("{}: {why}", path.display()))?;
    println!("every mutant: {}", path.display());
    Ok(())
}

fn table(rows: &[Row], key: impl Fn(&Row) -> String) {
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for row in rows {
        *counts.entry(key(row)).or_default().0.entry(row.outcome).or_default() += 1;
    }
    for (key, count) in counts {
        println!("{key:52} {}", count.cells());
    }
}
