//! The peer of the terminal that is measured. It prints its address first.
#![expect(clippy::print_stdout, reason = "a program that prints its address")]

use benches::peer::Peer;
use std::process::ExitCode;

const USAGE: &str = "usage: peer call TERMINAL HELD CALLS\n       peer answer CALLS";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let peer = match Peer::new() {
        Ok(peer) => peer,
        Err(why) => return failure(&why.to_string()),
    };
    println!("{}", peer.address());
    let done = match *words {
        ["call", terminal, held, calls] => match (terminal.parse(), held.parse(), calls.parse()) {
            (Ok(terminal), Ok(held), Ok(calls)) => peer.call(terminal, held, calls),
            _ => return failure(USAGE),
        },
        ["answer", calls] => match calls.parse() {
            Ok(calls) => peer.answer(calls),
            Err(_) => return failure(USAGE),
        },
        _ => return failure(USAGE),
    };
    done.map_or_else(|why| failure(&format!("the terminal: {why}")), |()| ExitCode::SUCCESS)
}

fn failure(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}
