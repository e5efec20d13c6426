//! `talking [CALLS [SECONDS]]`: calls in G.711 with audio both ways, beside the bare receives and
//! sends of the same packets. Each runs in a process of its own, its peers in another one.
#![expect(clippy::print_stdout, reason = "a program that prints what it finds")]

use benches::talking::{Bare, Calls};
use std::io::{self, BufReader, Write as _};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

/// Until all of it runs evenly.
const WARM: Duration = Duration::from_secs(2);
/// Ticks of a second in `/proc/self/stat`, as Linux has had them for ever.
const TICKS: f64 = 100.0;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["of", kind, seconds] => child(kind, seconds.parse().unwrap_or(10)),
        rest => {
            let number = |n: usize, default| {
                rest.get(n).and_then(|word| word.parse().ok()).unwrap_or(default)
            };
            compare(number(0, 200), number(1, 10) as u64)
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn compare(calls: usize, seconds: u64) -> io::Result<()> {
    println!("{calls} calls for {seconds} s; a packet each way every 20 ms in each");
    for kind in ["bare", "calls"] {
        println!("{kind:5}  {}", measured(kind, calls, seconds)?);
    }
    Ok(())
}

/// What a process of this kind says of itself, whose peers are here.
fn measured(kind: &str, calls: usize, seconds: u64) -> io::Result<String> {
    let mut peers = Bare::new(calls)?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["of", kind, &seconds.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (Some(mut told), Some(says)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    writeln!(told, "{}", words(&peers.ports()?))?;
    let mut says = BufReader::new(says);
    peers.connect(&ports(&line(&mut says)?))?;
    peers.talk(WARM + Duration::from_secs(seconds) + WARM / 2);
    let said = line(&mut says)?;
    child.wait()?;
    Ok(said.trim().to_owned())
}

/// Is told ports, says its own, talks, and says what it cost.
fn child(kind: &str, seconds: u64) -> io::Result<()> {
    let before = memory()?;
    let peers = ports(&line(&mut io::stdin().lock())?);
    let time = Duration::from_secs(seconds);
    let count = peers.len() as f64;
    let said = if kind == "bare" {
        let mut bare = Bare::new(peers.len())?;
        bare.connect(&peers)?;
        println!("{}", words(&bare.ports()?));
        bare.talk(WARM);
        let from = cpu()?;
        bare.talk(time);
        format!("{:.1} µs of processor for each call and second", cost(from, count, seconds)?)
    } else {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let calls = Calls::new(&peers)?;
            println!("{}", words(&calls.ports()));
            tokio::time::sleep(WARM).await;
            let (from, _, came) = (cpu()?, calls.pace(), calls.received());
            tokio::time::sleep(time).await;
            let (cost, pace) = (cost(from, count, seconds)?, calls.pace());
            let each = (memory()? - before) / count / 1_000.0;
            let came = (calls.received() - came) as f64 / count / seconds as f64;
            let (sd, worst) = (pace.deviation().as_secs_f64(), pace.worst.as_secs_f64());
            Ok::<_, io::Error>(format!(
                "{cost:.1} µs; {came:.1} packets received a second; packets leave with a standard \
                 deviation of {:.2} ms, {:.1} ms apart at most; {each:.1} kB a call",
                sd * 1e3,
                worst * 1e3,
            ))
        })?
    };
    println!("{said}");
    Ok(())
}

fn cost(from: f64, calls: f64, seconds: u64) -> io::Result<f64> {
    Ok((cpu()? - from) * 1e6 / calls / seconds as f64)
}

/// Seconds of processor that this process has had, of the system's calls too.
fn cpu() -> io::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = stat.rsplit_once(')').ok_or(io::ErrorKind::InvalidData)?;
    let ticks = rest.split_whitespace().skip(11).take(2);
    Ok(ticks.filter_map(|word| word.parse::<f64>().ok()).sum::<f64>() / TICKS)
}

/// Octets of memory that this process has.
fn memory() -> io::Result<f64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages = statm.split_whitespace().nth(1).and_then(|word| word.parse::<f64>().ok());
    Ok(pages.ok_or(io::ErrorKind::InvalidData)? * 4_096.0)
}

fn line(from: &mut impl io::BufRead) -> io::Result<String> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    Ok(line)
}

fn words(ports: &[u16]) -> String {
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" ")
}

fn ports(line: &str) -> Vec<u16> {
    line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}
