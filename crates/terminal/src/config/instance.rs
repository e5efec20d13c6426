//! What names this terminal for good: a random UUID in a file beside the configuration. RFC 5626
//! §4.1.

use crate::error::{Error, Result};
use crate::file;
use std::io::{self, Read};
use std::path::Path;

/// What stands before the UUID.
const URN: &str = "urn:uuid:";

/// The name in the file at `path`; where there is none, one that is made of what `fill` gives and
/// kept there.
///
/// # Errors
/// The file cannot be read or written, or holds something else; there is no randomness.
pub fn instance(path: &Path, fill: impl FnOnce(&mut [u8; 16]) -> io::Result<()>) -> Result<String> {
    match read(path) {
        Ok(text) if is_one(&text) => Ok(text),
        Ok(_) => Err(Error::invalid(format!(
            "{} does not hold urn:uuid: and a UUID; remove it, and a new one is made",
            path.display()
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut octets = [0; 16];
            fill(&mut octets).map_err(Error::no_randomness)?;
            let made = random(octets);
            file::create(path, format!("{made}\n").as_bytes())
                .map_err(|error| Error::write(path, error))?;
            Ok(made)
        }
        Err(error) => Err(Error::read(path, error)),
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    file::open_regular(path)?.take(256).read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}

fn is_one(text: &str) -> bool {
    let is_digit = |(at, octet): (usize, u8)| match at {
        8 | 13 | 18 | 23 => octet == b'-',
        _ => octet.is_ascii_hexdigit(),
    };
    text.strip_prefix(URN)
        .is_some_and(|uuid| uuid.len() == 36 && uuid.bytes().enumerate().all(is_digit))
}

/// A UUID of random octets. RFC 4122 §4.4.
fn random(octets: [u8; 16]) -> String {
    let number = u128::from_be_bytes(octets) & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
    let digits = format!("{number:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [URN, &[part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_made_once_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("instance");
        let fill = |octet| {
            move |octets: &mut [u8; 16]| {
                octets.fill(octet);
                Ok(())
            }
        };
        let made = instance(&path, fill(0xff)).unwrap();
        assert_eq!(made, "urn:uuid:ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(instance(&path, fill(0)).unwrap(), made);
        assert_eq!(random([0; 16]), "urn:uuid:00000000-0000-4000-8000-000000000000");
    }

    #[test]
    fn what_holds_something_else_is_told_and_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("instance");
        std::fs::write(&path, "my phone\n").unwrap();
        let why = instance(&path, |_| Ok(())).unwrap_err().line();
        assert!(why.contains("remove it, and a new one is made"), "{why}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "my phone\n");
    }
}
