//! `auth-param` lists: the grammar that challenges and credentials share. RFC 3261 §25.1.
//!
//! Strict on purpose: what could be read in two ways is malformed.

use crate::class::{TOKEN, plain_length};
use crate::{Cursor, Text};
use core::fmt;

/// Parameters that are not known by name are remembered up to this number, to find them twice.
const UNKNOWN: usize = 16;

/// The list is not what the grammar allows, or a parameter occurs twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("malformed authentication parameters")
    }
}

impl core::error::Error for Malformed {}

/// What stands between two parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// A comma, as RFC 3261 says.
    Comma,
    /// A comma or a semicolon: RFC 2543 wrote the PGP scheme with semicolons.
    CommaOrSemicolon,
}

/// One parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// The name, in any case.
    pub name: &'a [u8],
    /// The value: a token, or what a quoted string stands for.
    pub value: Text<'a>,
}

impl Param<'_> {
    /// Whether the parameter has this name, in any case.
    #[inline]
    pub fn is(&self, name: &str) -> bool {
        is_word(self.name, name)
    }
}

impl fmt::Debug for Param<'_> {
    /// Prints the name alone: values are credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=[redacted]", self.name.escape_ascii())
    }
}

/// Splits `Scheme params` and gives the scheme and the rest; `None` without a scheme.
#[inline]
pub fn scheme(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut cursor = Cursor::new(value);
    cursor.skip_white();
    let scheme = cursor.run(TOKEN);
    let separated = cursor.peek().is_none_or(|octet| octet.is_ascii_whitespace());
    (!scheme.is_empty() && separated).then_some((scheme, cursor.rest()))
}

/// The parameters after `scheme`, where the value is of that scheme.
pub fn of_scheme<'a>(value: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    let (scheme, rest) = scheme(value)?;
    scheme.eq_ignore_ascii_case(wanted.as_bytes()).then_some(rest)
}

/// Walks the parameters of a list.
#[derive(Clone, Debug)]
pub struct Params<'a> {
    cursor: Cursor<'a>,
    separator: Separator,
    begun: bool,
}

impl<'a> Params<'a> {
    /// The parameters in `list`.
    pub const fn new(list: &'a [u8], separator: Separator) -> Self {
        Self { cursor: Cursor::new(list), separator, begun: false }
    }

    /// Goes to the next name; `false` at the end of the list.
    #[inline]
    fn begin(&mut self) -> Result<bool, Malformed> {
        self.cursor.skip_white();
        if self.cursor.is_done() {
            return Ok(false);
        }
        if self.begun {
            let also_semicolon = self.separator == Separator::CommaOrSemicolon;
            let separated = self.cursor.eat(b',') || also_semicolon && self.cursor.eat(b';');
            if !separated {
                return Err(Malformed);
            }
            self.cursor.skip_white();
        }
        self.begun = true;
        Ok(true)
    }

    /// Whether the next name is `name`, spelled so and its equals sign next to it; it is passed.
    #[inline]
    fn pass(&mut self, name: &str) -> bool {
        // Most names are told apart by their first octet.
        if self.cursor.peek() != name.as_bytes().first().copied() {
            return false;
        }
        let mut ahead = self.cursor;
        let passed = ahead.eat_text(name.as_bytes()) && ahead.eat(b'=');
        if passed {
            self.cursor = ahead;
        }
        passed
    }

    /// A name in any spelling, and its equals sign.
    #[cold]
    fn name(&mut self) -> Result<&'a [u8], Malformed> {
        let name = self.cursor.token().map_err(|_| Malformed)?;
        self.cursor.skip_white();
        if self.cursor.eat(b'=') { Ok(name) } else { Err(Malformed) }
    }

    /// The place in `names` of a name in any spelling; one past the last where it is not there.
    #[cold]
    fn index(&mut self, names: &[&str], unknown: &mut Unknown<'a>) -> Result<usize, Malformed> {
        let name = self.name()?;
        let same = |known: &&str| name.eq_ignore_ascii_case(known.as_bytes());
        match names.iter().position(same) {
            Some(at) => Ok(at),
            None => unknown.add(name).map(|()| names.len()),
        }
    }

    #[inline(always)]
    fn value(&mut self) -> Result<Text<'a>, Malformed> {
        self.cursor.skip_white();
        // Nearly every quoted value holds no escape: its end is the first octet that is not plain.
        if let [b'"', rest @ ..] = self.cursor.rest()
            && let Some((value, [b'"', ..])) = rest.split_at_checked(plain_length(rest))
        {
            self.cursor.take(value.len() + 2);
            return Ok(Text::plain(value));
        }
        self.odd_value()
    }

    /// A token, or a quoted string with escapes.
    #[inline]
    fn odd_value(&mut self) -> Result<Text<'a>, Malformed> {
        if self.cursor.peek() != Some(b'"') {
            return self.cursor.token().map(Text::plain).map_err(|_| Malformed);
        }
        let value = self.cursor.quoted().map_err(|_| Malformed)?;
        // A line may be folded between parameters, not within one.
        if value.contains(&b'\r') { Err(Malformed) } else { Ok(Text::of_value(value)) }
    }

    fn param(&mut self) -> Result<Option<Param<'a>>, Malformed> {
        if !self.begin()? {
            return Ok(None);
        }
        Ok(Some(Param { name: self.name()?, value: self.value()? }))
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = Result<Param<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.param();
        if item.is_err() {
            self.cursor = Cursor::new(&[]);
        }
        item.transpose()
    }
}

/// The values of the parameters `names`; others are passed over.
///
/// # Errors
/// [`Malformed`], also where a parameter occurs twice. RFC 3261 §20.7, RFC 7235 §2.1.
// Inlined, its names are constants, and so is every comparison with one.
#[inline(always)]
pub fn values<'a, const N: usize>(
    list: &'a [u8], separator: Separator, names: &'static [&'static str; N],
) -> Result<[Option<Text<'a>>; N], Malformed> {
    let mut values = [None; N];
    let mut unknown = Unknown::default();
    let mut params = Params::new(list, separator);
    while params.begin()? {
        let at = match names.iter().position(|name| params.pass(name)) {
            Some(at) => at,
            None => params.index(names, &mut unknown)?,
        };
        let value = params.value()?;
        if values.get_mut(at).is_some_and(|slot| slot.replace(value).is_some()) {
            return Err(Malformed);
        }
    }
    Ok(values)
}

/// Whether `token` is `word`, in any case.
#[inline]
pub fn is_word(token: &[u8], word: &str) -> bool {
    // Nearly all are spelled as the RFCs do.
    token == word.as_bytes() || token.eq_ignore_ascii_case(word.as_bytes())
}

/// Names of parameters that nobody asked for, to find one that occurs twice.
#[derive(Default)]
struct Unknown<'a> {
    names: [&'a [u8]; UNKNOWN],
    count: usize,
}

impl<'a> Unknown<'a> {
    /// # Errors
    /// [`Malformed`]: the parameter occurs twice, or there are more than can be told apart.
    fn add(&mut self, name: &'a [u8]) -> Result<(), Malformed> {
        let seen = |known: &&[u8]| known.eq_ignore_ascii_case(name);
        if self.names.iter().take(self.count).any(seen) {
            return Err(Malformed);
        }
        *self.names.get_mut(self.count).ok_or(Malformed)? = name;
        self.count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(list: &str, separator: Separator) -> Option<Vec<(String, String)>> {
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        Params::new(list.as_bytes(), separator)
            .map(|p| p.map(|p| (text(p.name), text(&p.value.octets().collect::<Vec<_>>()))))
            .collect::<Result<_, _>>()
            .ok()
    }

    fn pairs(list: &str) -> Option<Vec<(String, String)>> {
        all(list, Separator::Comma)
    }

    #[test]
    fn lists_are_read() {
        let expected = Some(vec![
            ("realm".to_owned(), "a, b;c=\"d".to_owned()),
            ("nc".to_owned(), "00000001".to_owned()),
            ("x".to_owned(), String::new()),
        ]);
        assert_eq!(pairs(r#"realm="a, b;c=\"d",nc=00000001,x="""#), expected);
        assert_eq!(pairs("realm = \"a, b;c=\\\"d\" ,\r\n\tnc=00000001 ,x =\"\" "), expected);
        assert_eq!(pairs("").map(|p| p.len()), Some(0));
    }

    #[test]
    fn a20_what_could_be_read_in_two_ways_is_malformed() {
        for list in [
            "a",
            "a=",
            "=b",
            "a=b,",
            ",a=b",
            "a=b,,c=d",
            "a=b c=d",
            "a=\"b",
            "a=\"b\\\"",
            "a=b\"",
            "a=\"b\"c",
            "a=\"b\"\"c\"",
            "a=\"b\r\n c\"",
            "a=\"\0\"",
            "a==b",
            "a=b;c=d",
            "a=\"\\\u{f6}\"",
        ] {
            assert_eq!(pairs(list), None, "{list:?}");
        }
    }

    #[test]
    fn semicolons_only_where_the_scheme_allows_them() {
        let both = all("a=b;c=d, e=f", Separator::CommaOrSemicolon);
        assert_eq!(both.map(|p| p.len()), Some(3));
    }

    #[test]
    fn schemes_are_told_apart_in_any_case() {
        assert_eq!(of_scheme(b" digest realm=x", "Digest"), Some(&b" realm=x"[..]));
        assert_eq!(of_scheme(b"Digest", "Digest"), Some(&b""[..]));
        assert_eq!(of_scheme(b"Digestrealm=x", "Digest"), None);
        assert_eq!(of_scheme(b"Digest,realm=x", "Digest"), None);
        assert_eq!(of_scheme(b"", "Digest"), None);
    }

    #[test]
    fn values_are_found_by_name_in_any_case_and_once() {
        let read = |list: &'static str| {
            values(list.as_bytes(), Separator::Comma, &["realm", "nc", "cnonce"]).ok()
        };
        let expected = Some([Some(Text::plain(b"r")), Some(Text::plain(b"1")), None]);
        for list in ["realm=\"r\",nc=1", "nc=1, other=x, Realm=r", "NC =1,realm\t= \"r\""] {
            assert_eq!(read(list), expected, "{list}");
        }
        for list in ["nc=1,nc=1", "nc=1,NC=1", "x=1,nc=1,X=2", "nc=1,nc", "ncx", "nc:1"] {
            assert_eq!(read(list), None, "{list}");
        }
    }

    #[test]
    fn unknown_names_are_found_twice_and_are_bounded() {
        let mut unknown = Unknown::default();
        assert_eq!(unknown.add(b"x"), Ok(()));
        assert_eq!(unknown.add(b"X"), Err(Malformed));
        let names: Vec<String> = (1..20).map(|n| n.to_string()).collect();
        let outcome: Result<Vec<()>, _> = names.iter().map(|n| unknown.add(n.as_bytes())).collect();
        assert_eq!(outcome, Err(Malformed));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_input_panics_and_values_lie_within(list in proptest::collection::vec(any::<u8>(), 0..60)) {
            for param in Params::new(&list, Separator::CommaOrSemicolon).flatten() {
                prop_assert!(list.as_ptr_range().contains(&param.name.as_ptr()));
            }
        }
    }
}
