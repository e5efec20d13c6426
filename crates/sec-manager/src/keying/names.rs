//! By what both sides know the exchange that agreed on media.

use ssa::{Request, Response};

/// What both sides name the exchange by in which media lines were agreed on: its dialog, as the
/// offerer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) call_id: Vec<u8>,
    /// The offerer's tag.
    pub(crate) from_tag: Vec<u8>,
    /// The answerer's.
    pub(crate) to_tag: Vec<u8>,
}

impl Names {
    /// Those of a request and its 2xx; `None` for a method that agrees on no media.
    pub(crate) fn of(request: &Request<'_>, response: &Response<'_>) -> Option<Self> {
        let agrees = matches!(request.method, "INVITE" | "UPDATE");
        agrees.then(|| Self {
            call_id: response.call_id.to_vec(),
            from_tag: response.from.tag.unwrap_or_default().to_vec(),
            to_tag: response.to.tag.unwrap_or_default().to_vec(),
        })
    }
}
