//! A dialog that nobody wanted: the 2xx of another fork, or one that came too late. It is
//! acknowledged, and ended with BYE. RFC 3261 §13.2.2.4.

use super::acknowledge::acknowledge;
use crate::Method;
use crate::dialog::Dialog;
use crate::manager::requests::{Answer, Draft, Purpose};
use crate::manager::serving::Reply;
use crate::manager::slab::Key;
use crate::manager::usages::cx::Cx;
use ssa::{Body, CallRef};

const BYE: Purpose = Purpose(0);

/// A dialog that is being ended.
#[derive(Debug)]
pub(in crate::manager) struct Unwanted {
    name: CallRef,
    dialog: Option<Key>,
    over: bool,
}

impl Unwanted {
    pub(in crate::manager) const fn new(name: CallRef) -> Self {
        Self { name, dialog: None, over: false }
    }

    pub(in crate::manager) const fn name(&self) -> CallRef {
        self.name
    }

    pub(in crate::manager) const fn is_over(&self) -> bool {
        self.over
    }

    pub(in crate::manager) const fn dialog(&self) -> Option<Key> {
        self.dialog
    }

    /// Acknowledges the 2xx, and ends the dialog that it made. One to a re-INVITE made none: its
    /// dialog is ended already, or somebody else's to end.
    pub(in crate::manager) fn begin(&mut self, cx: &mut Cx<'_>, answer: &Answer) {
        self.over = true;
        let Some(dialog) = Dialog::of_caller(&answer.sent, &answer.response.message) else {
            return;
        };
        let made_here = answer.sent.to().is_ok_and(|to| to.tag().is_none());
        let hop = answer.kept_hop(cx.io.config.own());
        acknowledge(&mut cx.io, cx.requests, answer, (&dialog, &hop), Body::default());
        if !made_here {
            return;
        }
        let key = cx.dialogs.insert(&cx.io, dialog, hop, cx.me);
        self.dialog = Some(key);
        if let Some(request) = Draft::of_dialog(cx.dialogs, key, Method::BYE) {
            cx.send(BYE, self.name, request);
            self.over = false;
        }
    }

    /// The peer ends it as well, or asks for something that is too late.
    pub(in crate::manager) fn on_request(&self, cx: &mut Cx<'_>, server: Key) {
        let method = cx.serving.get(server).map(|served| served.is_for.row.method);
        let status = if method == Some(Method::BYE) { 200 } else { 481 };
        cx.answer(server, Reply::new(status));
    }

    pub(in crate::manager) const fn on_outcome(&mut self, _: &mut Cx<'_>) {
        self.over = true;
    }
}
