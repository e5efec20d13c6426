//! Sends INVITEs that are never authorized to a terminal on loopback, and looks at its memory.
//!
//! `cargo run --package terminal --example challenges -- ADDRESS PID COUNT`: each INVITE has a
//! branch, Call-ID and From tag of its own and should get one 401. Fails when fewer than 99 % were
//! challenged or when the terminal's resident memory moved by 1 MiB or more.
#![expect(clippy::print_stdout, reason = "a program that prints what it measured")]

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::net::UdpSocket;
use std::time::Duration;

/// INVITEs under way at once: few enough that neither socket's buffer overflows.
const WINDOW: u64 = 64;
/// How far the resident memory may move, in KiB.
const ALLOWED_KIB: u64 = 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, pid, count] = arguments.as_slice() else {
        return Err("usage: challenges ADDRESS PID COUNT".into());
    };
    let count: u64 = count.parse()?;
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(Duration::from_millis(500)))?;

    // The first thousand warm up allocator and sockets: what is asked for is growth.
    flood(&socket, address, 0..1_000.min(count))?;
    let before = resident_kib(pid)?;
    let challenged = flood(&socket, address, 1_000..1_000 + count)?;
    let after = resident_kib(pid)?;

    println!(
        "{count} INVITEs, {challenged} challenged with 401; VmRSS {before} KiB, then {after} KiB"
    );
    if challenged * 100 < count * 99 {
        return Err("fewer than 99 % of the INVITEs were challenged".into());
    }
    if after.abs_diff(before) >= ALLOWED_KIB {
        return Err(format!("resident memory moved by {} KiB", after.abs_diff(before)).into());
    }
    Ok(())
}

/// Sends the INVITEs window by window and returns how many 401s came back.
fn flood(
    socket: &UdpSocket, address: &str, numbers: std::ops::Range<u64>,
) -> Result<u64, Box<dyn Error>> {
    let local = socket.local_addr()?;
    let (mut challenged, mut next) = (0, numbers.start);
    let mut request = String::new();
    let mut response = [0; 2048];
    while next < numbers.end {
        let last = numbers.end.min(next + WINDOW);
        for number in next..last {
            request.clear();
            write!(
                request,
                "INVITE sip:bob@{address} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{number}\r\n\
                 From: <sip:mallory@{local}>;tag={number}\r\nTo: <sip:bob@{address}>\r\n\
                 Call-ID: {number}@{local}\r\nCSeq: 1 INVITE\r\nContact: <sip:mallory@{local}>\r\n\
                 Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
            )?;
            socket.send(request.as_bytes())?;
        }
        for _ in next..last {
            match socket.recv(&mut response) {
                Ok(_) if response.starts_with(b"SIP/2.0 401 ") => challenged += 1,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        next = last;
    }
    Ok(challenged)
}

fn resident_kib(pid: &str) -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    Ok(line.ok_or("no VmRSS")?.trim().trim_end_matches(" kB").parse()?)
}
