//! `cargo xtask soak`: a terminal that is called for minutes on end, in the second half beside a flood
//! of requests that prove nothing. Promises 14 and 17.
//!
//! ```text
//!   SIPp ── calls, each proved by Digest ───────▶ ┌──────────────────┐
//!   a terminal ── one call that goes on ────────▶ │ countersign      │ ◀── memory, descriptors,
//!   strangers ── INVITEs, in the second half ───▶ │           listen │     threads: each second
//!                                                 └──────────────────┘
//! ```

mod process;
mod strangers;

use super::children::Child;
use super::peers;
use super::room::Room;
use super::sipp::counted;
use super::terminal::{Setup, Terminal};
use super::waiting::talk;
use crate::command::{Failure, cargo, root, run as execute, target};
use process::{Process, Samples, State};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use strangers::{Strangers, Tally};

/// How long, how many calls, and how much beside them.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// How long calls come in, in minutes
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(2..))]
    minutes: u64,
    /// How many calls come in a second
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// How many INVITEs that prove nothing come in a second, in the second half
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    flood: u32,
    /// Take `countersign` from this folder, and build nothing
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
}

const HELP: &str = "\
Needs Debian's package sip-tester (SIPp). All of it is on 127.0.0.1, in real time; what each program
said is left in target/interop/soak/.

Exit status: 0 if every call was whole, each was answered within a second, the call that went on came
with less than 20 ms of jitter, and memory and descriptors are at the end what they were; else 1.

Example:
  cargo xtask soak --minutes 10";

/// How long a call and its transactions are remembered. RFC 3261 §17.2.1: Timer H, 64*T1.
const REMEMBERED: Duration = Duration::from_secs(32);
/// How long a terminal takes to have as much at hand as its calls need.
const WARMING_UP: Duration = Duration::from_secs(45);
/// How much a terminal may grow: less than a tenth of a kilobyte for each of 600 calls a minute.
const GROWTH: f64 = 60.0;
/// How long an INVITE may take to be answered, in milliseconds, and how much jitter there may be.
const ANSWERED: f64 = 1_000.0;
const JITTER: f64 = 20.0;

/// Runs it and prints the table.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    peers::are_installed(&["sipp"])?;
    let programs = match &arguments.programs {
        Some(folder) => folder.clone(),
        None => {
            let build = ["build", "--release", "--package", "terminal", "--bin", "countersign"];
            execute(&mut cargo(&build))?;
            target().join("release")
        }
    };
    let room = Room::new("soak", 0, &programs)?;
    let found = soak(&room, arguments)?;
    print!("{}", found.table());
    found.judge()
}

/// What was measured.
struct Found {
    calls: u64,
    failed: u64,
    /// Milliseconds from each authorized INVITE to its 200, sorted.
    answered: Vec<f64>,
    before: State,
    calm: Samples,
    flooded: Samples,
    after: State,
    strangers: Tally,
    /// Of the call that goes on: milliseconds of jitter, packets that came, and that were lost.
    jitter: f64,
    packets: [u64; 2],
}

fn soak(room: &Room, arguments: &Arguments) -> Result<Found, Failure> {
    let policy = "[policy]\nrequire = \"digest\"\nalgorithms = [\"MD5\"]\n\
                  [[user]]\nname = \"alice\"\npassword-file = \"alice-secret\"\n";
    let setup = Setup::new(room, "bob")?.with(policy);
    let bob = setup.listen(&["--auto-answer"])?;
    let process = Process::of(bob.pid());
    let half = Duration::from_secs(30 * arguments.minutes);
    // It is warm once it has been called.
    Callers::start(room, "warm", &setup.address(), arguments.rate, 5)?.end()?;
    talk(milliseconds(REMEMBERED) + 5_000);
    let before = process.state()?;
    let total = u64::from(arguments.rate) * 60 * arguments.minutes;
    let callers = Callers::start(room, "soak", &setup.address(), arguments.rate, total)?;
    let mut talker = talker(room, &setup, 2 * half - Duration::from_secs(5))?;
    let calm = process.sample(half, WARMING_UP)?;
    let at: SocketAddr = setup.address().parse().map_err(|_| "no address".to_owned())?;
    let strangers = Strangers::start(at, arguments.flood)?;
    let flooded = process.sample(half, Duration::from_secs(5))?;
    let strangers = strangers.stop()?;
    let media = talker.event_within("over", Duration::from_secs(30))?;
    let (calls, failed, answered) = callers.end()?;
    talk(milliseconds(REMEMBERED) + 5_000);
    let after = process.state()?;
    bob.stop()?;
    let number = |path: &str| media.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let count = |name: &str| media.get(name).and_then(Value::as_u64).unwrap_or_default();
    Ok(Found {
        calls,
        failed,
        answered,
        before,
        calm,
        flooded,
        after,
        strangers,
        jitter: number("/media/jitter_ms"),
        packets: [count("packets_received"), count("packets_lost")],
    })
}

/// A terminal that calls the one that is called, and stays so long.
fn talker(room: &Room, called: &Setup<'_>, stays: Duration) -> Result<Terminal, Failure> {
    let account = format!(
        "[[account]]\naor = \"sip:alice@{ip}\"\nregistrar = \"udp:{}\"\nuser = \"alice\"\n\
         realm = \"{ip}\"\nfloor = \"MD5\"\npassword-file = \"alice-secret\"\n",
        called.address(),
        ip = room.ip,
    );
    let setup = Setup::new(room, "alice")?.with(&account);
    let seconds = stays.as_secs().to_string();
    let mut alice = setup.call(&called.uri(), &["--seconds", &seconds])?;
    alice.event("established")?;
    Ok(alice)
}

/// SIPp, which places calls.
struct Callers {
    child: Child,
    name: String,
    folder: PathBuf,
    within: Duration,
}

impl Callers {
    fn start(
        room: &Room, name: &str, target: &str, rate: u32, calls: u64,
    ) -> Result<Self, Failure> {
        let folder = room.folder.join(name);
        // SIPp writes beside its scenario.
        let scenario = root().join("crates/terminal/tests/sipp/uac-digest.xml");
        let copied = fs::create_dir_all(&folder)
            .and_then(|()| fs::copy(&scenario, folder.join("calls.xml")));
        copied.map_err(|why| format!("{}: {why}", folder.display()))?;
        let said = format!(
            "-sf calls.xml {target} -s bob -au alice -ap alice-secret -i {ip} -p {} -mp {} -nostdin \
             -r {rate} -m {calls} -trace_err -error_file {name}.errors -trace_rtt -rtt_freq 1",
            room.port()?,
            room.port()?,
            ip = room.ip,
        );
        let arguments: Vec<String> = said.split_whitespace().map(str::to_owned).collect();
        let child = Child::start(&folder, name, Path::new("sipp"), &arguments)?;
        let within = Duration::from_secs(calls / u64::from(rate) + 90);
        Ok(Self { child, name: name.to_owned(), folder, within })
    }

    /// Waits for the last of them: calls that were whole, that failed, and the times to each 200.
    fn end(mut self) -> Result<(u64, u64, Vec<f64>), Failure> {
        self.child.end(self.within)?;
        let screen = self.child.out();
        let [whole, failed] = ["Successful call", "Failed call"].map(|what| counted(&screen, what));
        let (Some(whole), Some(failed)) = (whole, failed) else {
            return Err(format!("SIPp, {}: it counted nothing: {}", self.name, self.child.err()));
        };
        Ok((whole, failed, times(&self.folder)?))
    }
}

/// The times that SIPp took down in a folder, sorted: `Date_ms;response_time_ms;rtd_no` a line.
fn times(folder: &Path) -> Result<Vec<f64>, Failure> {
    let files = fs::read_dir(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let mut files = files.filter_map(|it| Some(it.ok()?.path()));
    let file = files.find(|it| it.to_string_lossy().ends_with("_rtt.csv"));
    let file = file.ok_or("SIPp took no times down")?;
    let text = fs::read_to_string(&file).map_err(|why| format!("{}: {why}", file.display()))?;
    let times = text.lines().filter_map(|line| line.split(';').nth(1)?.trim().parse().ok());
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Whether it is known, and less.
fn is_below(number: f64, limit: f64) -> bool {
    number < limit
}

impl Found {
    /// The time within which so many of a hundred were answered.
    fn answered(&self, of_a_hundred: usize) -> f64 {
        let at = self.answered.len().saturating_mul(of_a_hundred) / 100;
        let at = at.min(self.answered.len().saturating_sub(1));
        self.answered.get(at).copied().unwrap_or(f64::NAN)
    }

    fn table(&self) -> String {
        let Self { calls, failed, before, calm, flooded, after, strangers, .. } = self;
        let [received, lost] = self.packets;
        format!(
            "calls            {calls} whole, {failed} failed\n\
             INVITE to 200    median {:.0} ms, 99 % within {:.0} ms, all within {:.0} ms\n\
             a call beside    jitter {:.1} ms, {received} packets came, {lost} lost\n\
             strangers        {strangers}\n\
             calm             {calm}\n\
             flooded          {flooded}\n\
             before           {before}\n\
             {} s after      {after}\n",
            self.answered(50),
            self.answered(99),
            self.answered(100),
            self.jitter,
            REMEMBERED.as_secs() + 5,
        )
    }

    /// Whether all is as was promised.
    fn judge(&self) -> Result<(), Failure> {
        let (slowest, slope) = (self.answered(100), self.calm.slope());
        let faults = [
            (self.failed > 0 || self.calls == 0, format!("{} calls failed", self.failed)),
            (!is_below(slowest, ANSWERED), format!("an INVITE took {slowest:.0} ms")),
            (!is_below(self.jitter, JITTER), format!("{:.1} ms of jitter", self.jitter)),
            (!is_below(slope, GROWTH), format!("memory grows by {slope:.0} KiB a minute")),
            (
                self.after.descriptors > self.before.descriptors,
                format!("{} descriptors stayed", self.after.descriptors),
            ),
        ];
        let faults = faults.into_iter().filter_map(|(is_one, fault)| is_one.then_some(fault));
        let faults = faults.collect::<Vec<_>>().join("; ");
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}
