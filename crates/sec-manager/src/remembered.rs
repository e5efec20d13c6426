//! What was looked at last, to be known again: the same parts, octet by octet, and no others.

/// Octets that are remembered at most.
const MOST: usize = 2048;

/// `N` parts that belong together, each of any octets.
pub(crate) struct Remembered<const N: usize> {
    /// All parts, one behind the other. The room is used again.
    octets: Vec<u8>,
    /// Where each ends; `None` where nothing is remembered.
    ends: Option<[usize; N]>,
}

impl<const N: usize> Default for Remembered<N> {
    /// Nothing.
    fn default() -> Self {
        Self { octets: Vec::new(), ends: None }
    }
}

impl<const N: usize> Remembered<N> {
    /// Remembers these parts in place of those before, or nothing where they are too long.
    pub(crate) fn keep(&mut self, parts: &[&[u8]; N]) {
        self.octets.clear();
        self.ends = None;
        if parts.iter().map(|part| part.len()).sum::<usize>() > MOST {
            return;
        }
        self.ends = Some(parts.map(|part| {
            self.octets.extend_from_slice(part);
            self.octets.len()
        }));
    }

    /// Whether these are the parts.
    pub(crate) fn is(&self, parts: &[&[u8]; N]) -> bool {
        let Some(ends) = self.ends else { return false };
        let mut start = 0;
        parts.iter().zip(ends).all(|(part, end)| {
            let known = self.octets.get(start..end);
            start = end;
            known == Some(*part)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_known_again_each_by_itself() {
        let mut last = Remembered::default();
        assert!(!last.is(&[b"", b""]), "nothing is no parts");
        last.keep(&[b"ab", b"c"]);
        assert!(last.is(&[b"ab", b"c"]));
        for others in [[&b"a"[..], b"bc"], [b"abc", b""], [b"ab", b""], [b"ab", b"d"], [b"", b""]] {
            assert!(!last.is(&others), "{others:?}");
        }
        last.keep(&[b"", b"x"]);
        assert!(last.is(&[b"", b"x"]) && !last.is(&[b"ab", b"c"]));
    }

    #[test]
    fn what_is_too_long_is_not_remembered_nor_what_was_before() {
        let (long, longer) = (vec![7; MOST], vec![7; MOST + 1]);
        let mut last = Remembered::default();
        last.keep(&[&long]);
        assert!(last.is(&[&long]));
        last.keep(&[&longer]);
        assert!(!last.is(&[&longer]) && !last.is(&[&long]) && !last.is(&[b""]));
        assert!(last.octets.capacity() <= MOST);
    }
}
