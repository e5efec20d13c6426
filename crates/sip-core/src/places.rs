//! Where a message's identity stands in its octets: what was read once is not read again.

/// Octets of a message's head, by where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    at: u16,
    length: u16,
}

impl Place {
    /// So many octets from there on.
    pub(crate) fn new(at: usize, length: usize) -> Self {
        // A head has no offset that 16 bits do not hold.
        let narrow = |number| u16::try_from(number).unwrap_or(u16::MAX);
        Self { at: narrow(at), length: narrow(length) }
    }

    /// Where `part` stands in `whole`, which it was read from.
    pub(crate) fn of(whole: &[u8], part: &[u8]) -> Self {
        Self::new(part.as_ptr().addr().saturating_sub(whole.as_ptr().addr()), part.len())
    }

    /// The same part where the text that it stands in stands at `text`.
    fn shifted(self, text: Self) -> Self {
        Self::new(usize::from(text.at) + usize::from(self.at), self.length.into())
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartyPlaces {
    pub(crate) uri: Place,
    pub(crate) tag: Option<Place>,
}

impl PartyPlaces {
    /// Where a party stands in the row that it was read from.
    pub(crate) fn of(row: &[u8], party: &ssa::Party<'_>) -> Self {
        let place = |part| Place::of(row, part);
        Self { uri: place(party.uri), tag: party.tag.map(place) }
    }

    /// The party, as the security manager sees it.
    pub(crate) fn within(self, whole: &[u8]) -> ssa::Party<'_> {
        ssa::Party { uri: self.uri.within(whole), tag: self.tag.map(|tag| tag.within(whole)) }
    }
}

/// From or To of a request of ours, as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    text: Vec<u8>,
    places: PartyPlaces,
}

impl Party {
    /// A URI in brackets behind a display name or nothing, and the tag.
    pub(crate) fn new(display: &[u8], uri: &[u8], tag: Option<&[u8]>) -> Self {
        const TAG: &[u8] = b">;tag=";
        let uri_place = Place::new(display.len() + 1, uri.len());
        let before_tag: &[u8] = if tag.is_some() { TAG } else { b">" };
        let text = [display, b"<", uri, before_tag, tag.unwrap_or_default()].concat();
        let tag = tag.map(|tag| Place::new(text.len() - tag.len(), tag.len()));
        Self { text, places: PartyPlaces { uri: uri_place, tag } }
    }

    /// One that was read before.
    pub(crate) const fn read(text: Vec<u8>, places: PartyPlaces) -> Self {
        Self { text, places }
    }

    /// The value of From or To.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// Where its parts stand in it.
    pub(crate) const fn places(&self) -> PartyPlaces {
        self.places
    }

    /// Where they stand in a message that has it at `text`.
    pub(crate) fn places_at(&self, text: Place) -> PartyPlaces {
        let PartyPlaces { uri, tag } = self.places;
        PartyPlaces { uri: uri.shifted(text), tag: tag.map(|tag| tag.shifted(text)) }
    }

    /// The URI.
    pub(crate) fn uri(&self) -> &[u8] {
        self.places.uri.within(&self.text)
    }

    /// The tag, empty where it has none.
    pub(crate) fn tag(&self) -> &[u8] {
        self.places.tag.map(|tag| tag.within(&self.text)).unwrap_or_default()
    }
}

/// An [`Identity`](crate::Identity) that borrows nothing: the message keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
