//! `countersign-gpg` as a process: what it gives up, and what it does not take from others.

use crate::{BOB, Home, to_sign};
use sma::SecurityApplication as _;
use sma_socket::Client;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_countersign-gpg");

/// Killed when it is dropped.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(home: &Home, socket: &Path) -> Serving {
    let mut command = Command::new(PROGRAM);
    command.args(["serve", "--no-passphrase", "--require-sandbox", "--keys"]).arg(home.path());
    command.arg("--socket").arg(socket);
    let mut serving = Serving(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    let mut output = BufReader::new(serving.0.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    serving
}

/// Whether a process has these lines in its status.
fn has(id: &str, lines: [&str; 2]) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    lines.iter().all(|line| status.lines().any(|it| it == *line))
}

#[tokio::test]
async fn it_serves_from_its_sandbox_and_gpg_agent_is_not_in_it() {
    let (home, key) = Home::with_key(BOB);
    // It starts the agent by itself.
    let end = ["--homedir", home.path().to_str().unwrap(), "--kill", "all"];
    assert!(Command::new("gpgconf").args(end).status().unwrap().success());
    let socket: PathBuf = home.path().join("sock");
    let serving = serve(&home, &socket);
    let client = Client::new(&socket);
    assert!(client.sign(to_sign(&key, b"data")).await.is_ok());
    let message = client.encrypt(vec![key.clone()], b"text".to_vec().into()).await.unwrap();
    assert_eq!(client.decrypt(key, message).await.unwrap().octets.expose(), b"text");
    assert!(has(&serving.0.id().to_string(), ["NoNewPrivs:\t1", "Seccomp:\t2"]));
    let asked = Command::new("gpg-connect-agent")
        .args(["--homedir", home.path().to_str().unwrap(), "--no-autostart", "getinfo pid", "/bye"])
        .output()
        .unwrap();
    let answer = String::from_utf8(asked.stdout).unwrap();
    let agent = answer.lines().find_map(|line| line.strip_prefix("D ")).expect("gpg-agent runs");
    assert!(has(agent, ["NoNewPrivs:\t0", "Seccomp:\t0"]), "gpg-agent is in the sandbox");
}

#[test]
fn it_writes_its_manual() {
    let folder = tempfile::tempdir().unwrap();
    let man = Command::new(PROGRAM).arg("man").arg(folder.path()).status().unwrap();
    assert!(man.success());
    let page = fs::read_to_string(folder.path().join("countersign-gpg-serve.1")).unwrap();
    assert!(page.contains("require\\-sandbox"), "{page}");
    let script = Command::new(PROGRAM).args(["completions", "bash"]).output().unwrap().stdout;
    assert!(String::from_utf8(script).unwrap().contains("countersign-gpg"));
}
