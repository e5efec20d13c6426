//! The peer of the terminal that is measured. It prints its address first.
#![expect(clippy::print_stdout, reason = "a program that prints its address")]

use benches::peer::Peer;
use benches::whole::transport;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

const USAGE: &str = "usage: peer call udp|tcp|tls TERMINAL HELD CALLS\n       \
                     peer answer CALLS ACCOUNTS\n       peer register ACCOUNTS";

/// What it does.
enum Task {
    Call(SocketAddr, u64, u64),
    Answer(usize, usize),
    Register(usize),
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match started(&words) {
        Some(Ok((peer, task))) => {
            println!("{}", peer.address());
            run(peer, &task)
                .map_or_else(|why| failure(&format!("the terminal: {why}")), |()| ExitCode::SUCCESS)
        }
        Some(Err(why)) => failure(&why.to_string()),
        None => failure(USAGE),
    }
}

/// `None`: the words make no command.
fn started(words: &[&str]) -> Option<io::Result<(Peer, Task)>> {
    let (peer, task) = match words {
        ["call", over, terminal, held, calls] => {
            let terminal = terminal.parse().ok()?;
            let peer = match *over {
                "udp" => Peer::new(),
                over => Peer::connected(transport(over)?, terminal),
            };
            (peer, Task::Call(terminal, held.parse().ok()?, calls.parse().ok()?))
        }
        ["answer", calls, accounts] => {
            (Peer::new(), Task::Answer(calls.parse().ok()?, accounts.parse().ok()?))
        }
        ["register", accounts] => (Peer::new(), Task::Register(accounts.parse().ok()?)),
        _ => return None,
    };
    Some(peer.map(|peer| (peer, task)))
}

fn run(mut peer: Peer, task: &Task) -> io::Result<()> {
    match *task {
        Task::Call(terminal, held, calls) => peer.call(terminal, held, calls),
        Task::Answer(calls, accounts) => peer.register(accounts).and_then(|()| peer.answer(calls)),
        Task::Register(accounts) => peer.register(accounts),
    }
}

fn failure(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}
