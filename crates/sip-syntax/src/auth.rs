//! `auth-param` lists: the grammar that challenges and credentials share. RFC 3261 §25.1.
//!
//! Strict on purpose: what could be read in two ways is malformed. Nothing is copied; a value is
//! the octets between its quotes, escapes kept, as they stand.

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
    /// The value; of a quoted string what is between the quotes, escapes kept.
    pub value: &'a [u8],
}

impl fmt::Debug for Param<'_> {
    /// Prints the name alone: values are credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=[{} bytes]", self.name.escape_ascii(), self.value.len())
    }
}

/// Splits `Scheme params` and gives the scheme and the rest; `None` without a scheme.
pub fn scheme(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let value = value.trim_ascii_start();
    let end = token_length(value);
    let (scheme, rest) = value.split_at_checked(end)?;
    let separated = rest.first().is_none_or(u8::is_ascii_whitespace);
    (!scheme.is_empty() && separated).then_some((scheme, rest))
}

/// The parameters after `scheme`, where the value is of that scheme.
pub fn of_scheme<'a>(value: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    let (scheme, rest) = scheme(value)?;
    scheme.eq_ignore_ascii_case(wanted.as_bytes()).then_some(rest)
}

/// Walks the parameters of a list.
#[derive(Clone, Debug)]
pub struct Params<'a> {
    rest: &'a [u8],
    separator: Separator,
    begun: bool,
}

impl<'a> Params<'a> {
    /// The parameters in `list`.
    pub const fn new(list: &'a [u8], separator: Separator) -> Self {
        Self { rest: list, separator, begun: false }
    }

    /// Goes to the next name; `false` at the end of the list.
    #[inline]
    fn begin(&mut self) -> Result<bool, Malformed> {
        self.rest = skip_white(self.rest);
        if self.rest.is_empty() {
            return Ok(false);
        }
        if self.begun {
            let (first, rest) = self.rest.split_first().ok_or(Malformed)?;
            match first {
                b',' => {}
                b';' if self.separator == Separator::CommaOrSemicolon => {}
                _ => return Err(Malformed),
            }
            self.rest = skip_white(rest);
        }
        self.begun = true;
        Ok(true)
    }

    /// Whether the next name is `name`, spelled so and its equals sign next to it; it is passed.
    #[inline]
    fn pass(&mut self, name: &str) -> bool {
        // Most names are told apart by their first octet.
        if self.rest.first() != name.as_bytes().first() {
            return false;
        }
        match self.rest.strip_prefix(name.as_bytes()) {
            Some([b'=', after @ ..]) => {
                self.rest = after;
                true
            }
            _ => false,
        }
    }

    /// A name in any spelling, and its equals sign.
    #[cold]
    fn name(&mut self) -> Result<&'a [u8], Malformed> {
        let name = self.token()?;
        let after_name = skip_white(self.rest);
        let Some((b'=', rest)) = after_name.split_first() else {
            return Err(Malformed);
        };
        self.rest = rest;
        Ok(name)
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
    fn value(&mut self) -> Result<&'a [u8], Malformed> {
        self.rest = skip_white(self.rest);
        match self.rest.split_first() {
            Some((b'"', rest)) => self.quoted(rest),
            _ => self.token(),
        }
    }

    fn param(&mut self) -> Result<Option<Param<'a>>, Malformed> {
        if !self.begin()? {
            return Ok(None);
        }
        Ok(Some(Param { name: self.name()?, value: self.value()? }))
    }

    #[inline]
    fn token(&mut self) -> Result<&'a [u8], Malformed> {
        let end = token_length(self.rest);
        let (token, rest) = self.rest.split_at_checked(end).ok_or(Malformed)?;
        self.rest = rest;
        if token.is_empty() { Err(Malformed) } else { Ok(token) }
    }

    /// `rest` begins after the opening quote.
    #[inline]
    fn quoted(&mut self, rest: &'a [u8]) -> Result<&'a [u8], Malformed> {
        // Nearly every value holds no escape: its end is the first octet that is not plain.
        match rest.split_at_checked(plain_length(rest)) {
            Some((value, [b'"', after @ ..])) => {
                self.rest = after;
                Ok(value)
            }
            _ => self.quoted_with_escapes(rest),
        }
    }

    #[cold]
    fn quoted_with_escapes(&mut self, rest: &'a [u8]) -> Result<&'a [u8], Malformed> {
        let mut escaped = false;
        for (at, byte) in rest.iter().enumerate() {
            match byte {
                _ if escaped && *byte < 0x80 => escaped = false,
                b'"' => {
                    self.rest = rest.get(at + 1..).unwrap_or_default();
                    return rest.get(..at).ok_or(Malformed);
                }
                b'\\' => escaped = true,
                // A line may be folded between parameters, not within one.
                0..=8 | 10..=31 | 127 => return Err(Malformed),
                _ if escaped => return Err(Malformed),
                _ => {}
            }
        }
        Err(Malformed)
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = Result<Param<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.param();
        if item.is_err() {
            self.rest = &[];
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
) -> Result<[Option<&'a [u8]>; N], Malformed> {
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

/// What follows the white space that `octets` begins with, folded lines included.
#[inline]
fn skip_white(mut octets: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = octets {
        octets = rest;
    }
    octets
}

/// How many octets at the start of `octets` are plain text of a quoted string: no quote,
/// backslash, DEL or octet below a space.
#[inline]
fn plain_length(octets: &[u8]) -> usize {
    let (words, rest) = octets.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let found = not_plain(u64::from_le_bytes(*word));
        if found != 0 {
            // The lowest mark is exact; a borrow can set only those above it.
            return 8 * at + (found.trailing_zeros() / 8) as usize;
        }
    }
    let mut last = [b' '; 8];
    last.iter_mut().zip(rest).for_each(|(l, octet)| *l = *octet);
    let found = not_plain(u64::from_le_bytes(last));
    8 * words.len() + rest.len().min((found.trailing_zeros() / 8) as usize)
}

/// The high bit of every octet of `word` that is not plain, for eight octets at once.
#[inline]
const fn not_plain(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    /// `x - n` borrows into the high bit where an octet is below `n`.
    const fn below(word: u64, n: u8) -> u64 {
        word.wrapping_sub(ONES * n as u64) & !word
    }
    // The quote, 0x22, and the space, 0x20, change places: one comparison finds what is below a
    // space, and the quote.
    let control_or_quote = below(word ^ (ONES * 2), b'!');
    let backslash = below(word ^ (ONES * b'\\' as u64), 1);
    let delete = below(word ^ (ONES * 127), 1);
    (control_or_quote | backslash | delete) & (ONES * 128)
}

/// `token` of RFC 3261 §25.1: which octets may stand in one.
#[expect(clippy::indexing_slicing, reason = "a constant: out of bounds would not compile")]
static TOKEN: [bool; 256] = {
    let mut class = [false; 256];
    let mut at = 0;
    while at < 256 {
        let octet = at as u8;
        class[at] = octet.is_ascii_alphanumeric()
            || matches!(
                octet,
                b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
            );
        at += 1;
    }
    class
};

/// How many octets at the start of `octets` belong to a token.
#[inline]
fn token_length(octets: &[u8]) -> usize {
    let outside = |octet: &u8| !TOKEN.get(usize::from(*octet)).copied().unwrap_or_default();
    octets.iter().position(outside).unwrap_or(octets.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(list: &str, separator: Separator) -> Option<Vec<(String, String)>> {
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        Params::new(list.as_bytes(), separator)
            .map(|p| p.map(|p| (text(p.name), text(p.value))))
            .collect::<Result<_, _>>()
            .ok()
    }

    fn pairs(list: &str) -> Option<Vec<(String, String)>> {
        all(list, Separator::Comma)
    }

    #[test]
    fn lists_are_read() {
        let expected = Some(vec![
            ("realm".to_owned(), "a, b;c=\\\"d".to_owned()),
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
        let expected = Some([Some(&b"r"[..]), Some(&b"1"[..]), None]);
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
        fn plain_text_ends_where_it_should(octets in proptest::collection::vec(
            prop_oneof![4 => Just(b'a'), 1 => any::<u8>()], 0..40,
        )) {
            let odd = |b: &u8| matches!(b, 0..=31 | 127 | b'"' | b'\\');
            let expected = octets.iter().position(odd).unwrap_or(octets.len());
            prop_assert_eq!(plain_length(&octets), expected);
        }

        #[test]
        fn no_input_panics_and_values_lie_within(list in proptest::collection::vec(any::<u8>(), 0..60)) {
            for param in Params::new(&list, Separator::CommaOrSemicolon).flatten() {
                prop_assert!(list.as_ptr_range().contains(&param.name.as_ptr()));
            }
        }
    }
}
