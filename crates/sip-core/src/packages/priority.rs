//! How much an address is preferred. RFC 3863 §4.1.5, RFC 3261 §25.1.

use std::fmt;

/// A preference from 0 to 1, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(u16);

impl Priority {
    /// A preference of so many thousandths; `None` above 1000.
    pub const fn of_thousandths(thousandths: u16) -> Option<Self> {
        if thousandths <= 1_000 { Some(Self(thousandths)) } else { None }
    }

    /// In thousandths.
    pub const fn thousandths(self) -> u16 {
        self.0
    }

    /// A qvalue, such as `0.8`; `None` for what is none: it is as if it was not there.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let are_digits = part.len() <= 3 && part.bytes().all(|it| it.is_ascii_digit());
        let part: u16 = format!("{part:0<3}").parse().ok().filter(|_| are_digits)?;
        match whole {
            "0" => Self::of_thousandths(part),
            "1" => Self::of_thousandths(1_000 + part),
            _ => None,
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_is_a_qvalue_and_what_is_none_is_not_there() {
        for (text, thousandths) in
            [("0", 0), ("0.", 0), ("0.021", 21), ("0.5", 500), ("1", 1_000), ("1.00", 1_000)]
        {
            assert_eq!(Priority::read(text).map(Priority::thousandths), Some(thousandths));
        }
        for none in ["", "1.001", "2", "0.0000", "0.+1", "-0", ".5", "0.5 ", "00.5", "0.é"] {
            assert_eq!(Priority::read(none), None, "{none}");
        }
        let all = (0..=1_000).filter_map(Priority::of_thousandths);
        assert!(all.into_iter().all(|it| Priority::read(&it.to_string()) == Some(it)));
        assert_eq!(Priority::of_thousandths(1_001), None);
    }
}
