//! `options`: whether a peer is there.

use super::args::{Global, Options};
use super::ask::{Asked, ask};
use super::json::Object;
use super::output::Output;
use crate::error::Result;

/// Sends OPTIONS and says what was answered.
pub(super) async fn run(global: &Global, options: Options, out: Output) -> Result<()> {
    let asked = Asked {
        uri: &options.uri,
        account: options.account.as_deref(),
        answered: Object::options_answered,
        failed: Object::options_failed,
    };
    ask(global, asked, out, |session, uri, hop| session.terminal.options(uri, hop)).await
}
