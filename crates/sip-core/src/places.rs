//! Where a message's identity stands in its octets: what was read once is not read again.

/// Octets of a message's head, by where they stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    at: u16,
    length: u16,
}

impl Place {
    /// Where `part` stands in `whole`, which it was read from.
    pub(crate) fn of(whole: &[u8], part: &[u8]) -> Self {
        let at = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
        // A head has no offset that 16 bits do not hold.
        let narrow = |number| u16::try_from(number).unwrap_or(u16::MAX);
        Self { at: narrow(at), length: narrow(part.len()) }
    }

    /// Where it ends.
    pub(crate) fn end(self) -> usize {
        usize::from(self.at) + usize::from(self.length)
    }

    pub(crate) fn within(self, whole: &[u8]) -> &[u8] {
        let (at, length) = (usize::from(self.at), usize::from(self.length));
        whole.get(at..at + length).unwrap_or_default()
    }
}

/// From or To.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartyPlaces {
    pub(crate) uri: Place,
    pub(crate) tag: Option<Place>,
}

impl PartyPlaces {
    /// The party, as the security manager sees it.
    pub(crate) fn within(self, whole: &[u8]) -> ssa::Party<'_> {
        ssa::Party { uri: self.uri.within(whole), tag: self.tag.map(|tag| tag.within(whole)) }
    }
}

/// An [`Identity`](crate::Identity) that borrows nothing: the message keeps it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    /// Whether the first row of Via has no other value.
    pub(crate) via_is_alone: bool,
    pub(crate) branch: Option<Place>,
    pub(crate) call_id: Place,
    pub(crate) from: PartyPlaces,
    pub(crate) to: PartyPlaces,
    /// The method of CSeq.
    pub(crate) method: Place,
    pub(crate) cseq: u32,
}

impl Places {
    /// The top Via's branch, empty where it has none.
    pub(crate) fn branch<'a>(&self, whole: &'a [u8]) -> &'a [u8] {
        self.branch.map(|branch| branch.within(whole)).unwrap_or_default()
    }
}
