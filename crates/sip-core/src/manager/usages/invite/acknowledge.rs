//! The ACK to a 2xx. RFC 3261 §13.2.2.4.

use crate::dialog::Dialog;
use crate::manager::action::Hop;
use crate::manager::io::Io;
use crate::manager::requests::{Answer, Draft, Requests};
use crate::manager::transactions::Ack;
use crate::{HeaderName, Message, Method};
use ssa::Body;

/// Sends the ACK to a 2xx, and keeps it for its retransmissions. It carries the credentials of the
/// INVITE (RFC 3261 §13.2.2.4, §22.1), but only to where the INVITE went: the peer's Contact may
/// lead to another party than the one that they are for. `body` is our answer, where the 2xx made an
/// offer.
pub(super) fn acknowledge(
    io: &mut Io<'_>, requests: &mut Requests, answer: &Answer, (dialog, peer): (&Dialog, &Hop),
    body: Body,
) {
    let Ok(cseq) = answer.sent.cseq() else { return };
    let (mut draft, target) = Draft::in_dialog(dialog, peer, Method::ACK, cseq.number);
    let Some(hop) = target.hop(0, io.config.own()) else { return };
    if (hop.transport, hop.remote) == (answer.hop.transport, answer.hop.remote) {
        draft.fields = credentials(&answer.sent);
    }
    draft.body = body;
    let branch = io.random();
    let octets = draft.octets(io.config.own(), &hop, branch);
    let ack = Ack { to_tag: dialog.remote_tag().into(), hop, octets };
    requests.acknowledge(io, answer.client, ack);
}

/// The credentials of a request, for the ACK to its 2xx.
fn credentials(request: &Message) -> Vec<(&'static str, Vec<u8>)> {
    let mut fields = Vec::new();
    for name in [HeaderName::Authorization, HeaderName::ProxyAuthorization] {
        fields.extend(request.headers(name).map(|value| (name.as_str(), value.to_vec())));
    }
    fields
}
