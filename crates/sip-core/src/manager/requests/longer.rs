//! How a request goes on whose session was to be too short. RFC 4028 §7.3.

use super::draft::{Draft, Sequence};
use super::table::Requests;
use crate::headers::leading_seconds;
use crate::manager::inbound::Inbound;
use crate::manager::io::Io;
use crate::manager::slab::Key;
use crate::{HeaderName, Message};
use sip_syntax::Cursor;
use std::ops::RangeInclusive;

/// Seconds that a session may have to last at least, by a 422: whoever asks for more than a day
/// wants no timer.
const LEAST: RangeInclusive<u32> = 90..=86_400;

impl Requests {
    /// Sends an INVITE again that was answered with 422, with a session as long as it has to be;
    /// whether it does: once.
    pub(super) fn lengthens(&mut self, io: &mut Io<'_>, key: Key, response: &Inbound) -> bool {
        let exchange = self.table.get_mut(key).filter(|exchange| exchange.is_wanted);
        let lengthened = exchange.is_some_and(|it| it.draft.lengthen(&response.message));
        if lengthened {
            self.start_over(io, key);
        }
        lengthened
    }
}

impl Draft {
    /// Asks for the session that a 422 says is long enough, where it asked for a shorter one; once.
    fn lengthen(&mut self, refused: &Message) -> bool {
        let is_again = self.fields.iter().any(|(name, _)| *name == "Min-SE");
        let asked = self.fields.iter_mut().find(|(name, _)| *name == "Session-Expires");
        let Some((_, asked)) = asked.filter(|_| !is_again && self.sequence == Sequence::Own) else {
            return false;
        };
        let least = refused.header(HeaderName::MinSe).map(seconds).unwrap_or_default();
        let is_longer = |least: &u32| seconds(asked).is_some_and(|asked| asked < *least);
        let least = least.filter(|least| LEAST.contains(least) && is_longer(least));
        let Some(least) = least else { return false };
        *asked = least.to_string().into_bytes();
        self.fields.push(("Min-SE", least.to_string().into_bytes()));
        self.cseq = self.cseq.saturating_add(1);
        true
    }
}

/// The seconds of a Session-Expires or a Min-SE, which parameters may follow.
fn seconds(value: &[u8]) -> Option<u32> {
    leading_seconds(&mut Cursor::new(value)).ok()
}
