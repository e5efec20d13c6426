//! Certificates of a case, by an authority of its own.

use super::room::Room;
use crate::command::{Failure, output};
use std::path::PathBuf;
use std::process::Command;

/// An authority: its certificate is `ca.pem` in the case's folder.
pub(super) struct Authority<'a> {
    room: &'a Room,
}

impl<'a> Authority<'a> {
    /// A new one.
    ///
    /// # Errors
    /// openssl fails.
    pub(super) fn new(room: &'a Room) -> Result<Self, Failure> {
        openssl(
            room,
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key \
             -out ca.pem -days 2 -subj /CN=interop -addext basicConstraints=critical,CA:TRUE",
        )?;
        Ok(Self { room })
    }

    /// A certificate with these subjectAltNames, and its key.
    ///
    /// # Errors
    /// openssl fails.
    pub(super) fn certifies(
        &self, name: &str, alternatives: &str,
    ) -> Result<[PathBuf; 2], Failure> {
        let room = self.room;
        let extensions = format!("subjectAltName={alternatives}\nbasicConstraints=CA:FALSE\n");
        room.write(&format!("{name}.ext"), &extensions)?;
        openssl(
            room,
            &format!(
                "req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN=anything"
            ),
        )?;
        openssl(
            room,
            &format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
                 -extfile {name}.ext -out {name}.pem"
            ),
        )?;
        Ok(["pem", "key"].map(|end| room.folder.join(format!("{name}.{end}"))))
    }
}

fn openssl(room: &Room, arguments: &str) -> Result<(), Failure> {
    let mut command = Command::new("openssl");
    command.current_dir(&room.folder).args(arguments.split_whitespace());
    output(&mut command).map(drop)
}
