//! Where octets hold secrets: passwords, Digest responses, media keys. Case O01.
//!
//! It is asked of log lines, which are shown without them, and of messages in a capture, in which
//! they are overwritten. So it reads no grammar: it looks for what stands before a secret, at every
//! place, and rather takes something else for one than the other way round. What is taken for a
//! secret is looked at too, since a peer may write `password=` right before one of ours. The work is
//! linear in the input.

use std::ops::Range;

/// Schemes of credentials whose parameters, but for those in [`PARAMETERS`], are no secret.
const PUBLIC: [&[u8]; 2] = [b"digest", b"pgp"];

/// Parameters whose value is a secret or derived from one. RFC 7616 §3.4, §3.5.
const PARAMETERS: [&[u8]; 4] = [b"response", b"rspauth", b"password", b"passphrase"];

/// Overwrites the secrets in `octets`; lengths, quotes and line ends stay, so that what was a
/// message is one still: a zero is a digit of every secret's grammar.
pub(crate) fn overwrite(octets: &mut [u8]) {
    for range in secrets(octets) {
        blank(octets.get_mut(range).unwrap_or_default());
    }
}

/// Overwrites all of `octets` but line ends and white space.
pub(crate) fn blank(octets: &mut [u8]) {
    octets.iter_mut().filter(|octet| !is_space(**octet)).for_each(|octet| *octet = b'0');
}

/// The secrets in octets, in order and apart. None is empty; in UTF-8, each is whole characters.
pub(super) fn secrets(octets: &[u8]) -> Vec<Range<usize>> {
    let mut search = Search { octets, at: 0, ends: Ends::default() };
    let mut found = Vec::new();
    while search.at < octets.len() {
        found.extend(search.here());
        search.at += 1;
    }
    found.sort_unstable_by_key(|secret| secret.start);
    let mut told = 0;
    let apart = found.into_iter().filter_map(|secret| {
        let start = secret.start.max(told);
        told = told.max(secret.end);
        (start < secret.end).then_some(start..secret.end)
    });
    apart.collect()
}

/// Looks for what stands before a secret.
#[derive(Debug)]
struct Search<'a> {
    octets: &'a [u8],
    at: usize,
    ends: Ends,
}

/// Where what was looked at last ends: all that begins within it and is of its kind ends there, so
/// that no octet is searched twice.
#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    /// A value without quotes.
    value: usize,
    /// A quoted string.
    quoted: usize,
    /// A line with its folds.
    line: usize,
    /// The scheme of credentials, and the white space behind it.
    scheme: (usize, usize),
    /// The user part of a SIP URI, at the latest.
    userinfo: usize,
}

impl<'a> Search<'a> {
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
    fn line_end(&mut self, at: usize) -> usize {
        if self.ends.line < at {
            self.ends.line = self.unfolded_end(at);
        }
        self.ends.line
    }

    fn unfolded_end(&self, mut at: usize) -> usize {
        loop {
            let end = self.until(at, |octet| matches!(octet, b'\r' | b'\n'));
            let next = end + if self.from(end).starts_with(b"\r\n") { 2 } else { 1 };
            if !matches!(self.octets.get(next), Some(b' ' | b'\t')) {
                return end;
            }
            at = next;
        }
    }

    /// The end of a value without quotes.
    fn value_end(&mut self, at: usize) -> usize {
        if self.ends.value < at {
            self.ends.value = self.until(at, ends_value);
        }
        self.ends.value
    }

    /// Where a scheme ends, and where what it is the scheme of begins.
    fn scheme_end(&mut self, at: usize) -> (usize, usize) {
        if self.ends.scheme.0 < at {
            let end = self.until(at, is_space);
            self.ends.scheme = (end, self.behind_space(end));
        }
        self.ends.scheme
    }

    /// The secret that is shown by what stands here.
    fn here(&mut self) -> Option<Range<usize>> {
        match self.octets.get(self.at)?.to_ascii_lowercase() {
            b'a' => self.credentials(),
            b'i' => self.media_key().or_else(|| self.ice_password()),
            b'k' => self.session_key(),
            b'p' | b'r' => self.parameter(),
            b's' => self.sip_password(),
            b'/' => self.url_password(),
            _ => None,
        }
        .filter(|secret| !secret.is_empty())
    }

    /// Credentials of a scheme that has no parameters we know, such as Basic. RFC 7235 §2.1.
    fn credentials(&mut self) -> Option<Range<usize>> {
        let colon = self.behind_space(self.after(self.at, b"authorization")?);
        let value = self.behind_space(self.after(colon, b":")?);
        let (scheme_end, rest) = self.scheme_end(value);
        let scheme = self.octets.get(value..scheme_end)?;
        if PUBLIC.iter().any(|public| scheme.eq_ignore_ascii_case(public)) {
            return None;
        }
        let end = self.line_end(value);
        Some(if rest < end { rest..end } else { value..end })
    }

    /// The value of a parameter, without its quotes.
    fn parameter(&mut self) -> Option<Range<usize>> {
        let name = PARAMETERS.iter().find_map(|name| self.after(self.at, name))?;
        let value = self.behind_space(self.after(self.behind_space(name), b"=")?);
        match self.octets.get(value)? {
            b'"' => Some(value + 1..self.quoted_end(value + 1)),
            _ => Some(value..self.value_end(value)),
        }
    }

    /// Where a quoted string ends whose first octet is at `at`. RFC 3261 §25.1: quoted-string.
    fn quoted_end(&mut self, at: usize) -> usize {
        if self.ends.quoted < at {
            let line_end = self.line_end(at);
            let line = self.octets.get(at..line_end).unwrap_or_default();
            let mut escaped = false;
            let end = line.iter().position(|octet| {
                let ends = *octet == b'"' && !escaped;
                escaped = *octet == b'\\' && !escaped;
                ends
            });
            self.ends.quoted = at + end.unwrap_or(line.len());
        }
        self.ends.quoted
    }

    /// A media key; a slot holds none. RFC 4568 §6.1.
    fn media_key(&mut self) -> Option<Range<usize>> {
        let key = self.after(self.at, b"inline:")?;
        let slot = self.from(key).starts_with(b"{slot}");
        (!slot).then(|| key..self.value_end(key))
    }

    /// With what the checks of ICE are protected. RFC 8839 §5.4.
    fn ice_password(&mut self) -> Option<Range<usize>> {
        let password = self.after(self.at, b"ice-pwd:")?;
        Some(password..self.value_end(password))
    }

    /// The key of an SDP `k=` line. RFC 4566 §5.12.
    fn session_key(&mut self) -> Option<Range<usize>> {
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
        if self.ends.userinfo < start {
            self.ends.userinfo = self.until(start, |octet| ends_uri(octet) || octet == b'@');
        }
        self.password(start, self.ends.userinfo)
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

const fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

const fn ends_value(octet: u8) -> bool {
    is_space(octet) || matches!(octet, b',' | b';' | b'|' | b'"' | b'\\')
}

const fn ends_uri(octet: u8) -> bool {
    is_space(octet) || matches!(octet, b'<' | b'>' | b'"')
}
