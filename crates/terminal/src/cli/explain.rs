//! `explain`: what a journal tells, in plain words, and whether it is what was written.

use super::args::Explain;
use super::json::Object;
use super::output::Output;
use super::recording::write_ladder;
use crate::error::{Error, Result};
use crate::journal::{History, entries, story};
use crate::ladder::Ladder;
use std::path::Path;

/// Tells the journal's story; fails where the journal is not what was written.
pub(super) async fn run(arguments: Explain, out: Output) -> Result<()> {
    let path = &arguments.file;
    let history = History::read(path)?;
    let beside = arguments.ladder.as_deref() == Some(Path::new("-"));
    let out = match beside {
        true if out.is_json() => {
            return Err(Error::Usage(
                "standard output takes one of --json and --ladder -".to_owned(),
            ));
        }
        true => out.aside(),
        false => out,
    };
    if out.is_json() {
        objects(path, &history, out)?
    } else {
        words(path, &history, out)?
    }
    if let Some(to) = &arguments.ladder {
        let (terminal, entries) = entries(&history);
        let title = format!("The security decisions of {terminal}");
        write_ladder(to, &Ladder::of_one(&entries, &terminal), &title).await?;
    }
    judge(&arguments, &history)
}

fn words(path: &Path, history: &History, out: Output) -> Result<()> {
    for chapter in story(history) {
        out.line(&chapter.title)?;
        for sentence in &chapter.sentences {
            out.line(&format!("  {}  {}", sentence.time, sentence.text))?;
        }
        out.line("")?;
    }
    for note in &history.notes {
        out.line(&format!("note       {note}"))?;
    }
    for fault in &history.faults {
        out.line(&format!("not whole  {fault}"))?;
    }
    let (lines, last) = (history.lines.len(), &history.last);
    let whole = if history.faults.is_empty() { "whole" } else { "NOT WHOLE" };
    out.line(&format!("journal    {}: {lines} lines, chain {whole}", path.display()))?;
    out.line(&format!("last hash  {last}"))
}

fn objects(file: &Path, history: &History, out: Output) -> Result<()> {
    for chapter in story(history) {
        out.object(Object::Explained(&chapter))?;
    }
    out.object(Object::Journal {
        file,
        lines: history.lines.len(),
        whole: history.faults.is_empty(),
        faults: history.faults.iter().map(ToString::to_string).collect(),
        notes: history.notes.iter().map(ToString::to_string).collect(),
        last: &history.last,
    })
}

fn judge(arguments: &Explain, history: &History) -> Result<()> {
    let path = arguments.file.display();
    if let Some(seen) = &arguments.seen
        && !history.has(seen)
    {
        return Err(Error::Judged(format!(
            "{path}: no line has the hash {seen}: it was changed or cut since"
        )));
    }
    match history.faults.len() {
        0 => Ok(()),
        n => Err(Error::Judged(format!("{path}: it is not what was written, in {n} places"))),
    }
}
