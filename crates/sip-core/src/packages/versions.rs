//! Documents that tell all or what has changed, counted by version. RFC 4235 §4.3, RFC 3680 §5.2.

use super::xml::{DocumentError, Element, number, value, word};

/// What a document tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// All there is.
    Full,
    /// What has changed since the document before.
    Partial,
}

const COVERAGE: &[(Coverage, &str)] = &[(Coverage::Full, "full"), (Coverage::Partial, "partial")];

impl Coverage {
    pub(super) fn read(root: &Element) -> Result<Self, DocumentError> {
        value(root.at(), root.required("state")?, COVERAGE, "`full` or `partial`")
    }

    pub(super) fn word(self) -> &'static str {
        word(self, COVERAGE)
    }
}

/// What became of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Applied {
    /// It is taken over.
    Taken,
    /// It is taken over, and what came before it is missing: the subscription is to be refreshed, so
    /// that all is told.
    Gap,
    /// What is known is as new, or newer: nothing was done.
    Old,
}

/// The `version` of a document. RFC 4235 §4.1, RFC 3680 §5.1: 32 bits.
pub(super) fn version(root: &Element) -> Result<u32, DocumentError> {
    let text = root.required("version")?;
    let number = number(root.at(), text)?;
    u32::try_from(number).map_err(|_| {
        DocumentError::quoting(root.at(), super::Wanted::Words("a version of 32 bits"), text)
    })
}

/// The versions of one subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Versions {
    last: Option<u32>,
    is_complete: bool,
}

impl Versions {
    /// A document comes in. One that tells all leaves no gap, and needs no other: so RFC 4235 §4.3,
    /// where RFC 3680 §5.2 makes no difference.
    pub(super) fn take(&mut self, version: u32, coverage: Coverage) -> Applied {
        let follows = match self.last {
            Some(last) if version <= last => return Applied::Old,
            Some(last) => version == last + 1,
            None => false,
        };
        self.last = Some(version);
        match coverage {
            Coverage::Full => self.is_complete = true,
            Coverage::Partial if follows => {}
            Coverage::Partial => {
                self.is_complete = false;
                return Applied::Gap;
            }
        }
        Applied::Taken
    }

    /// Something of what was told could not be kept.
    pub(super) const fn lose(&mut self) -> Applied {
        self.is_complete = false;
        Applied::Gap
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.is_complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_follow_one_another_leave_gaps_or_are_old() {
        use {Applied::*, Coverage::*};
        let mut versions = Versions::default();
        for (version, coverage, applied, is_complete) in [
            (7, Full, Taken, true),
            (8, Partial, Taken, true),
            (8, Full, Old, true),
            (7, Partial, Old, true),
            (10, Partial, Gap, false),
            (11, Partial, Taken, false),
            (12, Full, Taken, true),
            (20, Full, Taken, true),
            (u32::MAX, Full, Taken, true),
            (0, Full, Old, true),
        ] {
            assert_eq!(versions.take(version, coverage), applied, "{version}");
            assert_eq!(versions.is_complete(), is_complete, "{version}");
        }
        let mut versions = Versions::default();
        assert_eq!(versions.take(0, Partial), Gap, "the first tells all");
    }
}
