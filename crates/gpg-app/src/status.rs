//! GnuPG's status lines, read strictly.

use sma::Error;

/// What every line begins with.
const MARK: &str = "[GNUPG:] ";

/// One line: its keyword and what follows it.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    keyword: String,
    rest: String,
}

/// All lines that one run wrote to its status descriptor.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Status(Vec<Line>);

impl Status {
    /// Reads whole lines of `[GNUPG:] KEYWORD ARGUMENTS`; the descriptor carries nothing else.
    ///
    /// # Errors
    /// [`Error::Protocol`].
    pub(crate) fn parse(octets: &[u8]) -> Result<Self, Error> {
        if octets.is_empty() {
            return Ok(Self::default());
        }
        let text = std::str::from_utf8(octets).map_err(|_| Error::Protocol)?;
        let whole = text.strip_suffix('\n').ok_or(Error::Protocol)?;
        let lines: Option<Vec<Line>> = whole.split('\n').map(line).collect();
        lines.map(Self).ok_or(Error::Protocol)
    }

    /// The arguments of the only line with this keyword; `None` where there is none, or are several.
    pub(crate) fn only<'a>(&'a self, keyword: &'a str) -> Option<&'a str> {
        let mut found = self.all(keyword);
        let first = found.next();
        first.filter(|_| found.next().is_none())
    }

    /// The arguments of each line with this keyword, in order.
    pub(crate) fn all<'a>(&'a self, keyword: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |line| line.keyword == keyword).map(|line| line.rest.as_str())
    }

    /// Whether there is a line with one of these keywords.
    pub(crate) fn has_any(&self, keywords: &[&str]) -> bool {
        self.0.iter().any(|line| keywords.contains(&line.keyword.as_str()))
    }

    /// Keywords and arguments, in order.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|line| (line.keyword.as_str(), line.rest.as_str()))
    }
}

fn line(text: &str) -> Option<Line> {
    let text = text.strip_prefix(MARK)?;
    let (keyword, rest) = text.split_once(' ').unwrap_or((text, ""));
    let word = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    let sound =
        !keyword.is_empty() && keyword.bytes().all(word) && !rest.chars().any(|c| c.is_control());
    sound.then(|| Line { keyword: keyword.to_owned(), rest: rest.to_owned() })
}

/// Undoes the escapes of an argument: `%` and two hexadecimal digits.
///
/// # Errors
/// [`Error::Protocol`].
pub(crate) fn unescaped(text: &str) -> Result<Vec<u8>, Error> {
    let mut octets = Vec::with_capacity(text.len());
    let mut pieces = text.split('%');
    octets.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        let digits = piece.get(..2).filter(|it| it.bytes().all(|b| b.is_ascii_hexdigit()));
        let digits = digits.ok_or(Error::Protocol)?;
        octets.push(u8::from_str_radix(digits, 16).map_err(|_| Error::Protocol)?);
        octets.extend_from_slice(piece.get(2..).unwrap_or_default().as_bytes());
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_by_keyword() {
        let status = Status::parse(b"[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG A b c\n[GNUPG:] X \n");
        let status = status.unwrap();
        assert_eq!((status.only("NEWSIG"), status.only("GOODSIG")), (Some(""), Some("A b c")));
        assert_eq!((status.only("X"), status.only("Y")), (Some(""), None));
        assert!(status.has_any(&["Y", "X"]) && !status.has_any(&["GOOD"]));
    }

    #[test]
    fn two_of_a_line_are_not_one() {
        let status = Status::parse(b"[GNUPG:] NEWSIG\n[GNUPG:] NEWSIG\n").unwrap();
        assert_eq!((status.only("NEWSIG"), status.all("NEWSIG").count()), (None, 2));
    }

    /// Case G17.
    #[test]
    fn g17_what_is_no_line_makes_all_of_them_worthless() {
        let bad = [
            &b"[GNUPG:] NEWSIG"[..],
            b"[GNUPG:] \n",
            b"[GNUPG:]  NEWSIG\n",
            b"[gnupg:] NEWSIG\n",
            b" [GNUPG:] NEWSIG\n",
            b"[GNUPG:] newsig\n",
            b"[GNUPG:] NEWSIG\r\n",
            b"[GNUPG:] NEWSIG\n\n",
            b"[GNUPG:] NEWSIG a\x1bb\n",
            b"[GNUPG:] NEWSIG \xff\n",
            b"gpg: Good signature\n[GNUPG:] NEWSIG\n",
        ];
        for octets in bad {
            assert_eq!(Status::parse(octets), Err(Error::Protocol), "{octets:?}");
        }
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescaped("a%0Ab%25").unwrap(), b"a\nb%");
        for bad in ["%", "%0", "%zz", "%+1"] {
            assert_eq!(unescaped(bad), Err(Error::Protocol), "{bad}");
        }
    }
}
