//! Runs one operation a number of times: `instructions OPERATION ROUNDS`, to be run under callgrind.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let rounds = arguments.next().and_then(|rounds| rounds.parse::<u64>().ok());
    let operations = benches::operations::all();
    let found = operations.iter().find(|operation| operation.name == name);
    let (Some(operation), Some(rounds)) = (found, rounds) else {
        let names: Vec<&str> = operations.iter().map(|operation| operation.name.as_str()).collect();
        eprintln!("usage: instructions OPERATION ROUNDS, of:\n  {}", names.join("\n  "));
        return ExitCode::from(2);
    };
    (0..rounds).for_each(|_| (operation.run)());
    ExitCode::SUCCESS
}
