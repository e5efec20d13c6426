//! A few short texts in one allocation.

/// `N` octet strings, packed. A dialog is held for as long as a call lasts: it keeps these rather
/// than the messages that they came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Texts<const N: usize> {
    octets: Box<[u8]>,
    ends: [u32; N],
}

impl<const N: usize> Texts<N> {
    /// Packs `texts`.
    pub(super) fn new(texts: [&[u8]; N]) -> Self {
        let mut end = 0;
        let ends = texts.map(|text| {
            end += text.len();
            u32::try_from(end).unwrap_or(u32::MAX)
        });
        Self { octets: texts.concat().into_boxed_slice(), ends }
    }

    /// The text at `index`, empty where there is none.
    pub(super) fn get(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before));
        let end = self.ends.get(index).copied().unwrap_or(0) as usize;
        let start = start.copied().unwrap_or(0) as usize;
        self.octets.get(start..end).unwrap_or_default()
    }

    /// The same texts with another one at `index`.
    pub(super) fn replaced(&self, index: usize, text: &[u8]) -> Self {
        let mut at = 0;
        let texts = [(); N].map(|()| {
            let this = if at == index { text } else { self.get(at) };
            at += 1;
            this
        });
        Self::new(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_are_replaced() {
        let texts = Texts::new([b"ab".as_slice(), b"", b"cde"]);
        assert_eq!([texts.get(0), texts.get(1), texts.get(2)], [b"ab".as_slice(), b"", b"cde"]);
        assert_eq!(texts.get(3), b"");
        let replaced = texts.replaced(1, b"xyz");
        assert_eq!(replaced, Texts::new([b"ab".as_slice(), b"xyz", b"cde"]));
    }
}
