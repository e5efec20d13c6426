//! Where a case takes place: ports and a folder that no other case has.

use crate::command::{Failure, root, target};
use std::cell::Cell;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

/// The first port of the first case. Those after [`END`] are the kernel's to give away.
const FIRST: u16 = 12_000;
const END: u16 = 32_000;
/// Ports of a case.
const PORTS: u16 = 100;

/// A case's own ports, on loopback, and its folder.
pub(super) struct Room {
    /// Peers that bind all addresses send from this one.
    pub(super) ip: Ipv4Addr,
    pub(super) folder: PathBuf,
    programs: PathBuf,
    next: Cell<u16>,
}

impl Room {
    /// The room of the `n`-th case, with an empty folder and the programs of another.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(super) fn new(name: &str, n: usize, programs: &Path) -> Result<Self, Failure> {
        let folder = absolute(&target()).join("interop").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
        }
        fs::create_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
        let n = u16::try_from(n).unwrap_or_default() % ((END - FIRST) / PORTS);
        let next = Cell::new(FIRST + n * PORTS);
        Ok(Self { ip: Ipv4Addr::LOCALHOST, folder, programs: absolute(programs), next })
    }

    /// The next even port that is free, with the one after it, for UDP and TCP.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn port(&self) -> Result<u16, Failure> {
        let is_free = |port| {
            TcpListener::bind((self.ip, port)).is_ok() && UdpSocket::bind((self.ip, port)).is_ok()
        };
        let from = self.next.get();
        let mut pairs = (from..END).step_by(2).filter(|port| is_free(*port) && is_free(port + 1));
        let port = pairs.next().ok_or_else(|| format!("no port from {from} to {END} is free"))?;
        self.next.set(port + 2);
        Ok(port)
    }

    /// Writes a file of the case.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let path = self.folder.join(name);
        let folder = path.parent().unwrap_or(&self.folder);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text));
        written.map(|()| path.clone()).map_err(|why| format!("{}: {why}", path.display()))
    }

    /// A program of ours.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Its folder, as the user finds it.
    pub(super) fn shown(&self) -> String {
        self.folder.strip_prefix(root()).unwrap_or(&self.folder).display().to_string()
    }
}

/// A file of this task: `xtask/interop/NAME`.
pub(super) fn data(name: &str) -> Result<String, Failure> {
    let path = root().join("xtask/interop").join(name);
    fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
