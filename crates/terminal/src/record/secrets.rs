//! Where octets hold secrets: passwords, Digest responses, media keys. Case O01.
//!
//! It is asked of log lines, which are shown without them, and of messages in a capture, in which
//! they are overwritten. So it reads no grammar: it looks for what stands before a secret, and
//! rather takes something else for one than the other way round. The work is linear in the input.

use std::ops::Range;

/// Schemes of credentials whose parameters, but for those in [`PARAMETERS`], are no secret.
const PUBLIC: [&[u8]; 2] = [b"digest", b"pgp"];

/// Parameters whose value is a secret or derived from one. RFC 7616 §3.4, §3.5.
const PARAMETERS: [&[u8]; 4] = [b"response", b"rspauth", b"password", b"passphrase"];

/// Overwrites the secrets in `octets`; lengths, quotes and line ends stay, so that what was a
/// message is one still: a zero is a digit of every secret's grammar.
pub(crate) fn overwrite(octets: &mut [u8]) {
    for range in Secrets::of(octets).collect::<Vec<_>>() {
        blank(octets.get_mut(range).unwrap_or_default());
    }
}

/// Overwrites all of `octets` but line ends and white space.
pub(crate) fn blank(octets: &mut [u8]) {
    octets.iter_mut().filter(|octet| !is_space(**octet)).for_each(|octet| *octet = b'0');
}

/// The secrets in octets, in order. None is empty; in UTF-8, each is whole characters.
#[derive(Debug)]
pub(super) struct Secrets<'a> {
    octets: &'a [u8],
    at: usize,
    /// Where the user part of a SIP URI that is being looked at ends at the latest.
    userinfo_end: usize,
}

impl<'a> Secrets<'a> {
    pub(super) const fn of(octets: &'a [u8]) -> Self {
        Self { octets, at: 0, userinfo_end: 0 }
    }

    fn from(&self, at: usize) -> &'a [u8] {
        self.octets.get(at..).unwrap_or_default()
    }

    /// The place behind `word`, in any case, if it stands at `at`.
    fn after(&self, at: usize, word: &[u8]) -> Option<usize> {
        let head = self.from(at).get(..word.len())?;
        head.eq_ignore_ascii_case(word).then_some(at + word.len())
    }

    /// The first place from `at` on at which `ends` holds, or the end.
    fn until(&self, at: usize, ends: impl Fn(u8) -> bool) -> usize {
        let rest = self.from(at);
        at + rest.iter().position(|octet| ends(*octet)).unwrap_or(rest.len())
    }

    /// The place behind white space, folds included. RFC 3261 §25.1: LWS.
    fn behind_space(&self, at: usize) -> usize {
        self.until(at, |octet| !is_space(octet))
    }

    /// The end of the line at `at`, its folds included. RFC 3261 §7.3.1.
    fn line_end(&self, mut at: usize) -> usize {
        loop {
            let end = self.until(at, |octet| matches!(octet, b'\r' | b'\n'));
            let next = end + if self.from(end).starts_with(b"\r\n") { 2 } else { 1 };
            if !matches!(self.octets.get(next), Some(b' ' | b'\t')) {
                return end;
            }
            at = next;
        }
    }

    /// The secret that is shown by what stands here.
    fn here(&mut self) -> Option<Range<usize>> {
        match self.octets.get(self.at)?.to_ascii_lowercase() {
            b'a' => self.credentials(),
            b'i' => self.media_key(),
            b'k' => self.session_key(),
            b'p' | b'r' => self.parameter(),
            b's' => self.sip_password(),
            b'/' => self.url_password(),
            _ => None,
        }
        .filter(|secret| !secret.is_empty())
    }

    /// Credentials of a scheme that has no parameters we know, such as Basic. RFC 7235 §2.1.
    fn credentials(&self) -> Option<Range<usize>> {
        let colon = self.behind_space(self.after(self.at, b"authorization")?);
        let value = self.behind_space(self.after(colon, b":")?);
        let scheme_end = self.until(value, is_space);
        let scheme = self.octets.get(value..scheme_end)?;
        if PUBLIC.iter().any(|public| scheme.eq_ignore_ascii_case(public)) {
            return None;
        }
        let end = self.line_end(value);
        let rest = self.behind_space(scheme_end);
        Some(if rest < end { rest..end } else { value..end })
    }

    /// The value of a parameter, without its quotes.
    fn parameter(&self) -> Option<Range<usize>> {
        let name = PARAMETERS.iter().find_map(|name| self.after(self.at, name))?;
        let value = self.behind_space(self.after(self.behind_space(name), b"=")?);
        match self.octets.get(value)? {
            b'"' => Some(value + 1..self.quoted_end(value + 1)),
            _ => Some(value..self.until(value, ends_value)),
        }
    }

    /// Where a quoted string ends whose first octet is at `at`. RFC 3261 §25.1: quoted-string.
    fn quoted_end(&self, at: usize) -> usize {
        let line = self.octets.get(at..self.line_end(at)).unwrap_or_default();
        let mut escaped = false;
        let end = line.iter().position(|octet| {
            let ends = *octet == b'"' && !escaped;
            escaped = *octet == b'\\' && !escaped;
            ends
        });
        at + end.unwrap_or(line.len())
    }

    /// A media key; a slot holds none. RFC 4568 §6.1.
    fn media_key(&self) -> Option<Range<usize>> {
        let key = self.after(self.at, b"inline:")?;
        let slot = self.from(key).starts_with(b"{slot}");
        (!slot).then(|| key..self.until(key, ends_value))
    }

    /// The key of an SDP `k=` line. RFC 4566 §5.12.
    fn session_key(&self) -> Option<Range<usize>> {
        let begins =
            self.at.checked_sub(1).is_none_or(|before| self.from(before).starts_with(b"\n"));
        let method = self.after(self.at, b"k=").filter(|_| begins)?;
        let colon = self.until(method, |octet| !octet.is_ascii_alphanumeric());
        let key = self.after(colon, b":")?;
        Some(key..self.line_end(key))
    }

    /// The password of a SIP URI. RFC 3261 §19.1.1.
    fn sip_password(&mut self) -> Option<Range<usize>> {
        let start = self.after(self.at, b"sip:").or_else(|| self.after(self.at, b"sips:"))?;
        if self.userinfo_end < start {
            self.userinfo_end = self.until(start, |octet| ends_uri(octet) || octet == b'@');
        }
        self.password(start, self.userinfo_end)
    }

    /// The password of another URI. RFC 3986 §3.2.1.
    fn url_password(&self) -> Option<Range<usize>> {
        let start = self.after(self.at, b"//")?;
        let end = self.until(start, |octet| ends_uri(octet) || matches!(octet, b'@' | b'/'));
        self.password(start, end)
    }

    /// What stands behind the colon of a user part that ends with `@`.
    fn password(&self, start: usize, end: usize) -> Option<Range<usize>> {
        let userinfo =
            self.octets.get(start..end).filter(|_| self.octets.get(end) == Some(&b'@'))?;
        let colon = userinfo.iter().position(|octet| *octet == b':')?;
        Some(start + colon + 1..end)
    }
}

impl Iterator for Secrets<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        while self.at < self.octets.len() {
            let found = self.here();
            self.at = found.as_ref().map_or(self.at + 1, |secret| secret.end);
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

const fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

const fn ends_value(octet: u8) -> bool {
    is_space(octet) || matches!(octet, b',' | b';' | b'|' | b'"' | b'\\')
}

const fn ends_uri(octet: u8) -> bool {
    is_space(octet) || matches!(octet, b'<' | b'>' | b'"')
}
