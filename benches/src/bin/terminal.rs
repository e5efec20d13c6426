//! The terminal that is measured, to be run under callgrind. It prints its address first.
#![expect(clippy::print_stdout, reason = "a program that prints its address")]

use benches::whole::{Security, Terminal, transport};
use std::io;
use std::process::ExitCode;
use tokio::runtime::Runtime;

const USAGE: &str = "usage: terminal open|managed|challenging udp|tcp|tls answer ENDED\n       \
                     terminal open|managed udp place CALLS PEER ACCOUNTS\n       \
                     terminal open|managed udp register ACCOUNTS REGISTRAR";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [security, over, rest @ ..] = words.as_slice() else { return usage() };
    let (Some(security), Some(over)) = (Security::of(security), transport(over)) else {
        return usage();
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return ExitCode::FAILURE };
    let done = match runtime.block_on(async { Terminal::start(security, over) }) {
        Ok(terminal) => run(&runtime, terminal, rest),
        Err(why) => Some(Err(why)),
    };
    match done {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(why)) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
        None => usage(),
    }
}

/// `None`: the words make no command.
fn run(runtime: &Runtime, mut terminal: Terminal, words: &[&str]) -> Option<io::Result<()>> {
    println!("{}", terminal.address()?);
    Some(match words {
        ["answer", ended] => runtime.block_on(terminal.answer(ended.parse().ok()?)),
        ["place", calls, peer, accounts] => {
            let (peer, calls, accounts) =
                (peer.parse().ok()?, calls.parse().ok()?, accounts.parse().ok()?);
            match runtime.block_on(terminal.register(peer, accounts)) {
                Ok(()) => counted(runtime, terminal.place(peer, calls)),
                failed => failed,
            }
        }
        ["register", accounts, registrar] => {
            let (registrar, accounts) = (registrar.parse().ok()?, accounts.parse().ok()?);
            runtime.block_on(async {
                let done = terminal.register(registrar, accounts).await;
                terminal.keep().await;
                done
            })
        }
        _ => return None,
    })
}

/// What callgrind counts of calls that are placed, and knows by this function's name: thousands of
/// accounts that register before cost as much as all calls, and never the same.
#[inline(never)]
fn counted<T>(runtime: &Runtime, placing: impl Future<Output = T>) -> T {
    runtime.block_on(placing)
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
