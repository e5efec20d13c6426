//! An INVITE that is to take the place of a call. RFC 3891.

use super::state::{InviteUsage, Phase};
use crate::dialog::Dialog;
use crate::headers::CallId;
use crate::manager::event::Misuse;
use crate::{HeaderName, Message, NameAddr, Uri};
use sip_syntax::{Cursor, Params, unescaped};

/// The dialog that a Replaces names, as its user agent knows it. RFC 3891 §6.1.
#[derive(Clone, Copy, Debug)]
pub(in crate::manager) struct Replaces<'a> {
    pub(in crate::manager) call_id: &'a [u8],
    /// Our tag.
    pub(in crate::manager) local: &'a [u8],
    /// The peer's.
    pub(in crate::manager) remote: &'a [u8],
    /// Whether the call may not be up yet.
    pub(in crate::manager) early_only: bool,
}

impl<'a> Replaces<'a> {
    /// What an INVITE is to replace; `None`: nothing.
    ///
    /// # Errors
    /// 400 for a malformed one, or for two. RFC 3891 §3.
    pub(in crate::manager) fn of(invite: &'a Message) -> Result<Option<Self>, u16> {
        let mut rows = invite.headers(HeaderName::Replaces);
        let Some(row) = rows.next() else { return Ok(None) };
        if rows.next().is_some() {
            return Err(400);
        }
        let mut cursor = Cursor::new(row);
        let call_id = CallId::read(&mut cursor).map_err(|_| 400_u16)?.as_bytes();
        let params = Params::read(&mut cursor).map_err(|_| 400_u16)?;
        let tag = |name| params.value(name).ok_or(400_u16);
        Ok(Some(Self {
            call_id,
            local: tag("to-tag")?,
            remote: tag("from-tag")?,
            early_only: params.get("early-only").is_some(),
        }))
    }
}

impl Replaces<'_> {
    /// The value of a Replaces that stands in a URI which is called, as a Refer-To has it. RFC 3261
    /// §19.1.5 leaves it to us which headers of a URI to heed: no other.
    ///
    /// # Errors
    /// [`Misuse::NotAUri`] where it is malformed.
    pub(super) fn of_uri(uri: &str) -> Result<Option<Vec<u8>>, Misuse> {
        if !uri.contains('?') {
            return Ok(None);
        }
        let uri = Uri::parse(uri.as_bytes()).map_err(|_| Misuse::NotAUri)?;
        let mut headers = uri.headers().iter();
        let Some((_, value)) = headers.find(|(name, _)| name.eq_ignore_ascii_case(b"Replaces"))
        else {
            return Ok(None);
        };
        let value: Vec<u8> = unescaped(value).collect();
        let mut cursor = Cursor::new(&value);
        let read = CallId::read(&mut cursor).and_then(|_| Params::read(&mut cursor));
        let has_tags = |params: Params<'_>| {
            ["to-tag", "from-tag"].iter().all(|name| params.value(name).is_some())
        };
        let is_whole = read.is_ok_and(has_tags) && cursor.end().is_ok();
        if is_whole { Ok(Some(value)) } else { Err(Misuse::NotAUri) }
    }

    /// A URI that has its caller take the place of the other end of `dialog`. RFC 5589 §7.1.
    pub(in crate::manager) fn to_uri(dialog: &Dialog) -> Option<Vec<u8>> {
        let remote = NameAddr::parse(dialog.remote()).ok()?;
        let mut uri = remote.uri().without_params().to_vec();
        uri.extend_from_slice(b"?Replaces=");
        escape(&mut uri, dialog.call_id());
        for (name, tag) in [("to-tag", dialog.remote_tag()), ("from-tag", dialog.local_tag())] {
            escape(&mut uri, format!(";{name}=").as_bytes());
            escape(&mut uri, tag);
        }
        Some(uri)
    }
}

/// Adds `text` as the value of a URI's header: RFC 3261 §25.1, hvalue.
fn escape(uri: &mut Vec<u8>, text: &[u8]) {
    for octet in text {
        match octet {
            b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => uri.push(*octet),
            _ if octet.is_ascii_alphanumeric() => uri.push(*octet),
            _ => uri.extend_from_slice(format!("%{octet:02X}").as_bytes()),
        }
    }
}

impl InviteUsage {
    /// Whether another INVITE may take its place.
    ///
    /// # Errors
    /// 481 where it is no call of that kind, 486 where it is up and may not be, 603 where it has
    /// ended. RFC 3891 §3.
    pub(in crate::manager) const fn may_be_replaced(&self, early_only: bool) -> Result<(), u16> {
        match self.phase {
            Phase::Up(_) if early_only => Err(486),
            Phase::Up(_) => Ok(()),
            // An early dialog is replaced where its INVITE was ours.
            Phase::Inviting { .. } => Ok(()),
            Phase::Prepared(_) | Phase::Incoming { .. } => Err(481),
            Phase::Ending | Phase::Over => Err(603),
        }
    }
}
