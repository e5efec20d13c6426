//! `cargo xtask quality`: how speech sounds that crossed a bad network, to a terminal of ours and to
//! another phone.
//!
//! A caller of ours says the same sentences over the same losses and delays (`examples/impaired`) to
//! both; what each recorded is scored against what was said by ViSQOL (`xtask/score`).

use super::baresip::Baresip;
use super::beside::beside;
use super::children::Child;
use super::peers;
use super::room::Room;
use super::terminal::Setup;
use super::waiting::{PATIENCE, talk};
use crate::command::{Failure, cargo, output, program, run as execute, target};
use std::path::{Path, PathBuf};
use std::process::Command;

/// How many calls are scored at once.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// Make the calls whose name contains this, for example `jitter` or `opus`; may be repeated
    #[arg(long, value_name = "PART")]
    only: Vec<String>,
    /// How many calls are up at once
    #[arg(long, value_name = "N", default_value_t = 7)]
    jobs: usize,
}

const HELP: &str = "\
Needs Debian's packages baresip-core, espeak-ng and sox. All of it is on 127.0.0.1, in real time: some
minutes with the building. Each call keeps what was said and heard in target/interop/quality-…/.

The score is MOS-LQO by ViSQOL 3.1 in its mode for speech, from 1 to 5, against what was said with the
codec's bandwidth. Exit status: 0 if no score of ours is below 3.5, else 1.

Example:
  cargo xtask quality";

/// What is said: sentences of the Harvard lists (IEEE 297-1969).
const SENTENCES: &str = "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue \
                         background. It is easy to tell the depth of a well. These days a chicken leg \
                         is a rare dish.";

/// By name, what `examples/impaired` calls them and what it does, for people.
const PROFILES: &[(&str, &str)] = &[
    ("clean", "nothing"),
    ("loss-1", "1 % lost"),
    ("loss-5", "5 % lost"),
    ("bursts", "5 % lost, four in a row on the mean"),
    ("jitter-40", "delayed by up to 40 ms, in order"),
    ("jitter-120", "delayed by up to 120 ms, in order"),
    ("reordering", "one in twenty delayed by up to 60 ms and overtaken"),
];

/// Our name of a codec, baresip's, and the rate whose speech it carries.
const CODECS: &[(&str, &str, &str)] =
    &[("PCMU", "pcmu", "8000"), ("opus", "opus/48000/2", "16000")];

/// Nothing of ours may sound worse.
const LEAST: f64 = 3.5;

/// A call that is to be scored.
#[derive(Clone, Copy)]
struct Call {
    profile: &'static str,
    codec: &'static (&'static str, &'static str, &'static str),
    by: By,
}

/// Whose ears it is scored by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// A terminal of ours that records.
    Us,
    /// One that says what it hears, and the caller records.
    OurEcho,
    /// baresip, which does.
    Baresip,
}

const ALL: [By; 3] = [By::Us, By::OurEcho, By::Baresip];

/// Makes the calls and prints the table.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    peers::are_installed(&["baresip", "espeak-ng", "sox"])?;
    // All of them but devices, for which a machine without sound need not have what they are built with.
    let all = ["--package", "terminal", "--features", "loopback", "--bin", "countersign"];
    execute(&mut cargo(&[&["build"], &all[..], &["--example", "impaired"]].concat()))?;
    let built = target().join("score");
    let mut scorer = cargo(&["build", "--release", "--manifest-path", "xtask/score/Cargo.toml"]);
    execute(scorer.arg("--locked").arg("--target-dir").arg(&built))?;
    let only = &arguments.only;
    let calls: Vec<Call> = PROFILES
        .iter()
        .flat_map(|(profile, _)| CODECS.iter().map(move |codec| (*profile, codec)))
        .flat_map(|(profile, codec)| ALL.map(|by| Call { profile, codec, by }))
        .filter(|call| only.is_empty() || only.iter().any(|part| call.name().contains(part)))
        .collect();
    let heard = side_by_side(&calls, arguments.jobs)?;
    let score = built.join("release/score");
    let scores: Vec<f64> =
        heard.iter().map(|(said, heard)| scored(&score, said, heard)).collect::<Result<_, _>>()?;
    print!("{}", table(&calls, &scores));
    let ours = calls.iter().zip(&scores).filter(|(call, _)| call.by == By::Us);
    let worst = ours.map(|(_, score)| *score).fold(f64::INFINITY, f64::min);
    if worst < LEAST {
        Err(format!("a score of ours is {worst:.2}: less than {LEAST}"))
    } else {
        Ok(())
    }
}

/// Makes all calls, a few at once: what was said and heard, at 16 kHz, in their order.
fn side_by_side(calls: &[Call], jobs: usize) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
    let heard = beside(calls.len(), jobs, |n| {
        let call = calls.get(n)?;
        let heard = call.make(n);
        eprintln!("{} {}: {}", call.name(), call.codec.0, shown(&heard));
        Some(heard)
    });
    heard.into_iter().collect()
}

fn shown(heard: &Result<(PathBuf, PathBuf), Failure>) -> String {
    match heard {
        Ok((_, heard)) => heard.display().to_string(),
        Err(why) => why.clone(),
    }
}

impl Call {
    fn name(&self) -> String {
        let who = match self.by {
            By::Us => "countersign",
            By::OurEcho => "echo",
            By::Baresip => "baresip",
        };
        format!("quality-{}-{}-{who}", self.profile, self.codec.0.to_lowercase())
    }

    /// Says the sentences, and gives back what was said and heard.
    fn make(&self, n: usize) -> Result<(PathBuf, PathBuf), Failure> {
        let room = Room::new(&self.name(), n, &target().join("debug"))?;
        let (said, reference) = says(&room, self.codec.2)?;
        let heard = match self.by {
            By::Us => self.heard_by_us(&room, &said),
            By::OurEcho => self.echoed_by_us(&room, &said),
            By::Baresip => self.echoed_by_baresip(&room, &said),
        }?;
        let at_16 = room.folder.join("heard.wav");
        convert(&heard, &at_16, "16000")?;
        Ok((reference, at_16))
    }

    fn heard_by_us(&self, room: &Room, said: &Path) -> Result<PathBuf, Failure> {
        let bob = Setup::new(room, "bob")?;
        let folder = room.folder.join("recorded");
        let shown = folder.display().to_string();
        let options = ["--auto-answer", "--record-as", "heard", "--record", &shown];
        let mut terminal = bob.listen(&options)?;
        self.calls(room, &bob.uri(), said)?;
        terminal.over()?;
        terminal.stop()?;
        Ok(folder.join("call-0001.wav"))
    }

    fn echoed_by_us(&self, room: &Room, said: &Path) -> Result<PathBuf, Failure> {
        let port = room.port()?;
        let arguments =
            ["echo".to_owned(), format!("udp:{}:{port}", room.ip), self.codec.2.to_owned()];
        let program = room.program("examples/impaired");
        let callee = Child::start(&room.folder, "callee", &program, &arguments)?;
        talk(500);
        let back = self.calls(room, &format!("sip:impaired@{}:{port}", room.ip), said)?;
        drop(callee);
        Ok(back)
    }

    /// Its own recordings have no clock: they are what it decoded, without the gaps. So it says what
    /// it hears, and what comes back is taken, over a way that loses nothing.
    fn echoed_by_baresip(&self, room: &Room, said: &Path) -> Result<PathBuf, Failure> {
        let mut phone = Baresip::echoing(room, self.codec.1)?;
        let back = self.calls(room, &phone.uri(), said)?;
        phone.event("CALL_CLOSED")?;
        phone.quits()?;
        Ok(back)
    }

    /// Has the sentences said to this URI; what the caller hears meanwhile.
    fn calls(&self, room: &Room, uri: &str, said: &Path) -> Result<PathBuf, Failure> {
        let back = room.folder.join("back.wav");
        let [said, shown] = [said, &back].map(|path| path.display().to_string());
        let way = ["call", self.profile, self.codec.0, &said, uri, &shown];
        let arguments = way.map(str::to_owned);
        let caller = room.program("examples/impaired");
        let mut caller = Child::start(&room.folder, "caller", &caller, &arguments)?;
        let status = caller.end(PATIENCE * 3)?;
        if status.success() {
            Ok(back)
        } else {
            Err("the caller failed: see caller.err".to_owned())
        }
    }
}

/// Has the sentences spoken: as a file at this rate, and the same at 16 kHz.
fn says(room: &Room, rate: &str) -> Result<(PathBuf, PathBuf), Failure> {
    let [spoken, said, reference] =
        ["spoken.wav", "said.wav", "reference.wav"].map(|name| room.folder.join(name));
    let mut speech = Command::new("espeak-ng");
    output(speech.args(["-v", "en-gb", "-s", "150", "-w"]).arg(&spoken).arg(SENTENCES))?;
    convert(&spoken, &said, rate)?;
    convert(&said, &reference, "16000")?;
    Ok((said, reference))
}

/// Converts a recording to one channel at this rate.
fn convert(from: &Path, to: &Path, rate: &str) -> Result<(), Failure> {
    let mut sox = program("sox");
    // Not so loud that the filter's overshoot is clipped.
    sox.args(["-V1", "-G"]).arg(from).args(["-r", rate, "-c", "1", "-b", "16"]).arg(to);
    output(&mut sox).map(drop)
}

fn scored(score: &Path, said: &Path, heard: &Path) -> Result<f64, Failure> {
    let text = output(Command::new(score).arg(said).arg(heard))?;
    text.trim().parse().map_err(|_| format!("no score: {text}"))
}

/// The table, as Markdown.
fn table(calls: &[Call], scores: &[f64]) -> String {
    let of = |profile: &str, codec: &str, by: By| {
        let is = |call: &Call| call.profile == profile && call.codec.0 == codec && call.by == by;
        let found = calls.iter().zip(scores).find(|(call, _)| is(call));
        found.map_or_else(String::new, |(_, score)| format!("{score:.2}"))
    };
    let mut text =
        "| RTP of the caller | PCMU | echoed by us | by baresip | Opus | echoed by us | \
                    by baresip |\n|---|---|---|---|---|---|---|\n"
            .to_owned();
    for (profile, what) in PROFILES {
        let cells: Vec<String> =
            CODECS.iter().flat_map(|(codec, ..)| ALL.map(|by| of(profile, codec, by))).collect();
        text.push_str(&format!("| {what} | {} |\n", cells.join(" | ")));
    }
    text
}
