//! HA1 files: what stands for a password within one realm, in its place. RFC 7616 §3.4.2.

use super::parse::parse;
use super::secret::read_private;
use crate::error::{Error, Result};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use sst::{Algorithm, Password};
use std::path::Path;

/// Longest file, in bytes.
const LONGEST: usize = 4 * 1_024;

/// `H(user:realm:password)` under some algorithms, and whose it is.
#[derive(Debug)]
pub struct Ha1 {
    /// The user name.
    pub user: String,
    /// The realm.
    pub realm: String,
    /// The digits under each algorithm that is there, in lower case.
    pub digits: Vec<(Algorithm, Password)>,
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    user: String,
    realm: String,
    #[serde(default, rename = "MD5", deserialize_with = "digits::<32, _>")]
    md5: Option<Password>,
    #[serde(default, rename = "SHA-256", deserialize_with = "digits::<64, _>")]
    sha256: Option<Password>,
    #[serde(default, rename = "SHA-512-256", deserialize_with = "digits::<64, _>")]
    sha512_256: Option<Password>,
}

/// So many hexadecimal digits. What is wrong is told without them.
fn digits<'de, const LENGTH: usize, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Password>, D::Error> {
    let mut text = String::deserialize(deserializer)?;
    text.make_ascii_lowercase();
    let is_hash = text.len() == LENGTH && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let digits = Password::new(text.into_bytes());
    if is_hash {
        return Ok(Some(digits));
    }
    Err(D::Error::custom(format!("expected {LENGTH} hexadecimal digits, in quotes")))
}

/// Reads an HA1 file that only its owner may read. What is freed of it is wiped by the program's
/// allocator.
///
/// # Errors
/// The file cannot be read, is open to others, or is not written as [`Ha1::to_toml`] does.
pub fn read_ha1(path: &Path) -> Result<Ha1> {
    let octets = read_private(path, LONGEST + 1)?;
    let text = std::str::from_utf8(&octets).ok().filter(|text| text.len() <= LONGEST);
    let text = text.ok_or_else(|| {
        let path = path.display();
        Error::invalid(format!("{path}: it is no HA1 file; `countersign auth ha1` writes one"))
    })?;
    let written: Written = parse(path, text)?;
    let all = [
        (Algorithm::Md5, written.md5),
        (Algorithm::Sha256, written.sha256),
        (Algorithm::Sha512_256, written.sha512_256),
    ];
    let digits = all.into_iter().filter_map(|(algorithm, digits)| Some((algorithm, digits?)));
    Ok(Ha1 { user: written.user, realm: written.realm, digits: digits.collect() })
}

impl Ha1 {
    /// The digits, where they are this user's in this realm, and enough: under each of the algorithms
    /// `all`, or under one of `any`.
    ///
    /// # Errors
    /// They are another's, or too few; the error names what is there and what is wanted.
    pub fn of(
        self, user: &str, realm: &str, enough: Enough<'_>,
    ) -> std::result::Result<Vec<(Algorithm, Password)>, String> {
        if (&*self.user, &*self.realm) != (user, realm) {
            return Err(format!(
                "it is of `{}` in the realm `{}`, and that of `{user}` in `{realm}` is wanted",
                self.user, self.realm
            ));
        }
        let has = |wanted: &Algorithm| self.digits.iter().any(|(its, _)| its == wanted);
        let (is_enough, wanted, joint) = match enough {
            Enough::All(wanted) => (wanted.iter().all(has), wanted, " and "),
            Enough::Any(wanted) => (wanted.iter().any(has), wanted, " or "),
        };
        if is_enough {
            return Ok(self.digits);
        }
        let found: Vec<Algorithm> = self.digits.iter().map(|(its, _)| *its).collect();
        let found = if found.is_empty() { "none".to_owned() } else { names(&found, " and ") };
        Err(format!(
            "it has hashes under {found}, and {} is wanted; `countersign auth ha1` writes all",
            names(wanted, joint)
        ))
    }

    /// The file's text.
    pub fn to_toml(&self) -> String {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let mut out = format!(
            "# What stands for the password of this user in this realm, and is as good as it there \
             (HA1, RFC 7616).\nuser = {}\nrealm = {}\n",
            quoted(&self.user),
            quoted(&self.realm)
        );
        for (algorithm, digits) in &self.digits {
            let digits = String::from_utf8_lossy(digits.expose());
            out.push_str(&format!("{} = \"{digits}\"\n", algorithm.name()));
        }
        out
    }
}

/// Under which algorithms there must be hashes.
#[derive(Clone, Copy, Debug)]
pub enum Enough<'a> {
    /// Under each of these: peers may answer under any.
    All(&'a [Algorithm]),
    /// Under one of these: a peer that asks offers what it likes.
    Any(&'a [Algorithm]),
}

fn names(algorithms: &[Algorithm], joint: &str) -> String {
    algorithms.iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(joint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const ALICE: &str = "user = \"alice\"\nrealm = \"example.org\"\n";

    fn file(text: &str, mode: u32) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alice.ha1");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    fn told(text: &str) -> String {
        let (_folder, path) = file(text, 0o600);
        read_ha1(&path).unwrap_err().line()
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let (md5, sha) = ("0123456789abcdef".repeat(2), "ab".repeat(32));
        let password = |text: &str| Password::new(text.as_bytes().to_vec());
        let digits =
            vec![(Algorithm::Md5, password(&md5)), (Algorithm::Sha512_256, password(&sha))];
        let written = Ha1 { user: "al\"ice".into(), realm: "the \\lab".into(), digits };
        // Other programs write them in upper case.
        let text = written.to_toml().replace("0123456789abcdef", "0123456789ABCDEF");
        let (_folder, path) = file(&text, 0o600);
        let found = read_ha1(&path).unwrap();
        let digits = found.of("al\"ice", "the \\lab", Enough::All(&[Algorithm::Md5])).unwrap();
        let texts: Vec<_> = digits.iter().map(|(its, text)| (*its, text.expose())).collect();
        assert_eq!(
            texts,
            [(Algorithm::Md5, md5.as_bytes()), (Algorithm::Sha512_256, sha.as_bytes())]
        );
    }

    #[test]
    fn o02_one_that_others_may_read_is_refused() {
        let (_folder, path) = file(ALICE, 0o640);
        assert!(read_ha1(&path).unwrap_err().line().contains("mode 640"));
    }

    /// What stands in it is a secret, also where it is wrong.
    #[test]
    fn o01_what_is_wrong_is_told_without_the_digits() {
        for wrong in [
            "MD5 = \"c0ffee\"",
            "MD5 = c0ffee",
            "SHA-256 = \"c0ffeec0ffeec0ffeec0ffeec0ffee00\"",
            "MD4 = \"c0ffee\"",
        ] {
            let told = told(&format!("{ALICE}{wrong}\n"));
            assert!(told.contains(":3:") && !told.contains("c0ffee"), "{told}");
        }
        assert!(told("\u{0}").contains("alice.ha1"), "{}", told("\u{0}"));
        assert!(told(&"#".repeat(LONGEST + 1)).contains("no HA1 file"));
    }

    #[test]
    fn that_of_another_or_under_other_algorithms_is_refused_by_name() {
        let read = |text: &str| {
            let (_folder, path) = file(text, 0o600);
            read_ha1(&path).unwrap()
        };
        let md5 = format!("{ALICE}MD5 = \"{}\"\n", "00".repeat(16));
        let both = [Algorithm::Sha256, Algorithm::Md5];
        let why = |user, realm, enough| read(&md5).of(user, realm, enough).err();
        for (user, realm) in [("bob", "example.org"), ("alice", "example.net")] {
            let why = why(user, realm, Enough::Any(&both)).unwrap();
            assert!(why.contains("`alice` in the realm `example.org`"), "{why}");
            assert!(why.contains(&format!("`{user}` in `{realm}`")), "{why}");
        }
        assert_eq!(why("alice", "example.org", Enough::Any(&both)), None);
        let told = why("alice", "example.org", Enough::All(&both)).unwrap();
        assert!(told.contains("under MD5, and SHA-256 and MD5 is wanted"), "{told}");
        let told = read(ALICE).of("alice", "example.org", Enough::Any(&both)).unwrap_err();
        assert!(told.contains("under none, and SHA-256 or MD5 is wanted"), "{told}");
    }
}
