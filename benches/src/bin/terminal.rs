//! The terminal that is measured, to be run under callgrind. It prints its address first.
#![expect(clippy::print_stdout, reason = "a program that prints its address")]

use benches::whole::{Security, Terminal};
use std::io;
use std::process::ExitCode;

const USAGE: &str = "usage: terminal open|managed answer ENDED\n       \
                     terminal open|managed place CALLS PEER";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (security, rest) = match words.split_first() {
        Some((&"open", rest)) => (Security::Open, rest),
        Some((&"managed", rest)) => (Security::Managed, rest),
        _ => return usage(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return ExitCode::FAILURE };
    runtime.block_on(async {
        let done = match Terminal::start(security) {
            Ok(terminal) => run(terminal, rest).await,
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
    })
}

/// `None`: the words make no command.
async fn run(mut terminal: Terminal, words: &[&str]) -> Option<io::Result<()>> {
    println!("{}", terminal.address()?);
    Some(match words {
        ["answer", ended] => terminal.answer(ended.parse().ok()?).await,
        ["place", calls, peer] => terminal.place(peer.parse().ok()?, calls.parse().ok()?).await,
        _ => return None,
    })
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
