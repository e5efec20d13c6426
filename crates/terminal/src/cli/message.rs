//! `message`: a text to a peer, outside of any call. RFC 3428.

use super::args::{Global, Message};
use super::ask::{Asked, ask};
use super::json::Object;
use super::output::Output;
use super::session::Session;
use crate::error::{Error, Result};
use crate::record::redacted;

/// Sends MESSAGE and says what was answered.
pub(super) async fn run(global: &Global, message: Message, out: Output) -> Result<()> {
    let asked = Asked {
        uri: &message.uri,
        account: message.account.as_deref(),
        answered: Object::message_answered,
        failed: Object::message_failed,
    };
    ask(global, asked, out, |session, uri, hop| {
        may_be_sent(session, uri)?;
        session.terminal.message(uri, hop, &message.text)
    })
    .await
}

/// Whoever must prove who it is proves it in a call alone, and only there is a text signed and
/// encrypted: nothing is told to anybody else.
fn may_be_sent(session: &Session, uri: &str) -> Result<()> {
    let required = session.config.required_of(uri);
    if required.is_nothing() {
        return Ok(());
    }
    let to = redacted(uri);
    Err(Error::invalid(format!(
        "{to} must prove who it is ({required}), which only a call has it do: call, and send it there \
         with `message TEXT`"
    )))
}
