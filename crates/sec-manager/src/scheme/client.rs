//! What a scheme is as a client: what it answers to an account's registrar, or a proxy before it.

use super::given::{Given, Wanted};
use crate::manager::Shared;
use crate::manager::challenge::Challenged;
use crate::policy::{Account, Policy};
use sip_syntax::auth::of_scheme;
use ssa::{Response, Why};

/// Challenges that are read in one response. A19.
const READ: usize = 8;
/// Octets of the longest challenge that is looked at: parts of it are sent back.
const LONGEST: usize = 8 * 1024;

/// One way to answer. Nothing is kept in it.
pub(crate) trait Client: Sync {
    /// The challenges of a 401 or 407 that accounts of ours answer by this scheme.
    ///
    /// # Errors
    /// Why none is; `None` where there is none of this scheme.
    fn find<'a>(
        &self, shared: &Shared, policy: &'a Policy, asked: &Challenged<'_>, response: &Response<'a>,
    ) -> Result<Vec<Chosen<'a>>, Option<Why>>;

    /// No challenge is answered, and why: the application is told what does not fit.
    fn tell(
        &self, shared: &Shared, policy: &Policy, asked: &Challenged<'_>, response: &Response<'_>,
        why: Why,
    );
}

/// A challenge that an account answers.
pub(crate) struct Chosen<'a> {
    pub(crate) account: &'a Account,
    pub(crate) proxy: bool,
    /// The answer before was made too late, and was not wrong.
    pub(crate) stale: bool,
    pub(crate) wanted: Wanted,
}

impl Chosen<'_> {
    /// Whether who challenges now had this answer. A realm's proxy and its server are two: each
    /// asks for itself. RFC 3261 §22.2, §22.3.
    pub(crate) fn challenged_before(&self, given: &Given) -> bool {
        self.proxy == given.proxy && self.account.realm == given.realm
    }

    /// Whether both are asked for by one party.
    pub(crate) fn is_asked_by_whom(&self, other: &Chosen<'_>) -> bool {
        self.proxy == other.proxy && self.account.realm == other.account.realm
    }
}

/// The parameters of the challenges of a scheme in a response that are looked at, and whether a proxy
/// asks.
pub(crate) fn challenges<'a>(
    response: &Response<'a>, word: &'static str,
) -> impl Iterator<Item = (&'a [u8], bool)> {
    let headers = response.headers;
    let field = move |name: &'static str, proxy| {
        let values = (0..READ).map_while(move |nth| headers.value(name, nth));
        let short = values.filter(|value| value.len() <= LONGEST);
        short.filter_map(move |value| Some((of_scheme(value, word)?, proxy)))
    };
    field("WWW-Authenticate", false).chain(field("Proxy-Authenticate", true)).take(READ)
}
