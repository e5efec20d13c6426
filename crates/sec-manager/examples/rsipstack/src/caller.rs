//! Calls a peer, talks for a second and hangs up.

use crate::Party;
use crate::media::{LINE, describe, read, talk};
use crate::stack::{Client, Failure, answered, body, in_dialog};
use crate::view::View;
use rsipstack::sip::{Contact, Header, Method, Uri, typed};
use rsipstack::transaction::make_tag;
use rsipstack::transport::SipAddr;
use ssa::{Body, BodyVerdict, Direction, SipSecurity as _, Transport, Why};
use ssm::{Call, MediaSecurity as _};
use sst::{Outgoing, TelephonySecurity as _};
use std::time::Duration;
use tokio::net::UdpSocket;

/// One call.
///
/// # Errors
/// It was refused, by the peer or by the manager.
pub async fn call(party: &Party, peer: &str, destination: SipAddr) -> Result<(), Failure> {
    let (manager, stack, own) = (&party.manager, &party.stack, &party.own);
    let client = Client { stack: stack.clone(), endpoint: party.endpoint.clone(), destination };
    let mut invite = client.endpoint.make_request(
        Method::Invite,
        Uri::try_from(peer)?,
        client.endpoint.get_via(None, None)?,
        typed::From::from(Uri::try_from(own.as_str())?).with_tag(make_tag()),
        typed::To::from(Uri::try_from(peer)?),
        1,
        None,
    );
    invite.headers.push(Header::Contact(Contact::new(&party.contact)));
    let name = stack.names.call(&View::of_request(&invite)?);
    let outgoing = Outgoing { from: own.clone(), to: peer.to_owned(), require: party.require };
    manager.call_started(sst::Call(name.0), outgoing);

    let socket = UdpSocket::bind((party.ip, 0)).await?;
    let at = socket.local_addr()?;
    let offer = describe(at, &manager.offer(Call(name.0), LINE)?);
    println!("calling {peer}");
    let (mut transaction, accepted) = client.send(name, invite, offer).await?;
    let answer = body(&accepted.headers, &accepted.body);
    let opened =
        answered(manager.decrypt(name, Direction::Response, Transport::Tcp, answer)).await?;
    let BodyVerdict::Body(answer) = opened else { return Err(Failure::Security(Why::Body)) };
    let (media, line) = read(&answer).ok_or(Failure::Security(Why::Body))?;
    manager.judge(Call(name.0), LINE, &line)?;

    let guard = party.guard(name)?;
    // The transaction repeats the ACK for as long as the 2xx may be repeated.
    let invite = transaction.original.clone();
    tokio::spawn(async move { while transaction.receive().await.is_some() {} });
    let over = tokio::time::sleep(Duration::from_secs(1));
    let talked = talk(guard, socket, media, over).await;
    let bye = in_dialog(Method::Bye, &invite, &accepted)?;
    client.send(name, bye, Body::default()).await?;
    party.over(name, &talked);
    Ok(())
}
