//! Answers one call and talks until the caller hangs up.

use crate::Party;
use crate::media::{LINE, describe, read, talk};
use crate::stack::{Failure, answered, body, challenge, enclose, put, refused, response};
use crate::view::View;
use rsipstack::sip::{Contact, Header, Method, Response, StatusCode};
use rsipstack::transaction::{Transaction, make_tag};
use ssa::{
    Authentication, Body, BodyVerdict, CallRef, Direction, Leaving, Refusal, SipSecurity as _,
    Transport,
};
use ssm::{Call, MediaSecurity as _};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::UdpSocket;
use tokio::sync::Notify;

const NOT_ACCEPTABLE: Refusal = Refusal::new(488, "Not Acceptable Here");

/// A request that was let through by the gate, and is served by one task.
pub struct Served {
    pub party: Arc<Party>,
    pub transaction: Transaction,
    /// The caller has hung up.
    pub over: Arc<Notify>,
}

impl Served {
    /// Authenticates it where that is owed, and answers it.
    ///
    /// # Errors
    /// It cannot be read, or is not authenticated.
    pub async fn serve(mut self) -> Result<(), Failure> {
        let request = self.transaction.original.clone();
        let (stack, manager) = (&self.party.stack, &self.party.manager);
        let (view, tag) = (View::of_request(&request)?, make_tag().to_string());
        let name = stack.names.call(&view);
        if stack.owes(&self.transaction.key) {
            let connection = self.transaction.connection.as_ref().ok_or(Failure::Unanswered)?;
            let arrival = view.arrival(connection, &stack.names, stack.holds(&view))?;
            let asked = manager.authenticate(name, &arrival, &view.request());
            let instead = match answered(asked).await? {
                Authentication::Authenticated => None,
                Authentication::SendWwwAuthenticate(fields) => {
                    Some(challenge(&request, &tag, &fields)?)
                }
                Authentication::Refused(refusal) => Some(refused(&request, &tag, &refusal)?),
            };
            if let Some(instead) = instead {
                let status = instead.status_code.code();
                self.transaction.respond(instead).await?;
                return Err(Failure::Refused(status));
            }
        }
        match request.method {
            Method::Invite => self.invited(name, &tag).await,
            Method::Bye if stack.holds(&view) => {
                self.ok(name, &tag, Body::default()).await?;
                self.over.notify_one();
                Ok(())
            }
            _ => Ok(self.transaction.reply(StatusCode::CallTransactionDoesNotExist).await?),
        }
    }

    async fn invited(mut self, name: CallRef, tag: &str) -> Result<(), Failure> {
        let socket = UdpSocket::bind((self.party.ip, 0)).await?;
        let at = socket.local_addr()?;
        let (answer, media) = match self.answer(name, at).await? {
            Ok(agreed) => agreed,
            Err(refusal) => {
                let refused = refused(&self.transaction.original, tag, &refusal)?;
                return Ok(self.transaction.respond(refused).await?);
            }
        };
        if let Ok(mut held) = self.party.stack.held.lock() {
            held.insert(name);
        }
        self.ok(name, tag, answer).await?;
        let Self { party, mut transaction, over } = self;
        tokio::spawn(async move { while transaction.receive().await.is_some() {} });
        let guard = party.guard(name)?;
        let talked = talk(guard, socket, media, over.notified()).await;
        party.over(name, &talked);
        Ok(())
    }

    /// Reads the offer and answers it; or what the call is refused with.
    async fn answer(
        &self, name: CallRef, at: SocketAddr,
    ) -> Result<Result<(Body, SocketAddr), Refusal>, Failure> {
        let (manager, invite) = (&self.party.manager, &self.transaction.original);
        let offer = body(&invite.headers, &invite.body);
        let offer = match answered(manager.decrypt(name, Direction::Request, Transport::Tcp, offer))
            .await?
        {
            BodyVerdict::Body(offer) => offer,
            BodyVerdict::Refused(refusal) => return Ok(Err(refusal)),
        };
        let Some((media, offered)) = read(&offer) else { return Ok(Err(NOT_ACCEPTABLE)) };
        let Ok(line) = manager.answer(Call(name.0), LINE, &offered) else {
            return Ok(Err(NOT_ACCEPTABLE));
        };
        Ok(Ok((describe(at, &line), media)))
    }

    /// A 200 with the manager's proof; or the failure that it sends instead.
    async fn ok(&mut self, name: CallRef, tag: &str, plain: Body) -> Result<(), Failure> {
        let request = self.transaction.original.clone();
        let manager = &self.party.manager;
        let mut response = response(&request, StatusCode::OK, tag)?;
        let contact = Contact::new(&self.party.contact);
        response.headers.push(Header::Contact(contact));
        let leaving =
            match answered(manager.encrypt(name, Direction::Response, Transport::Tcp, None, plain))
                .await?
            {
                BodyVerdict::Body(body) => {
                    response.body = enclose(&mut response.headers, body);
                    self.leaving(name, &response).await?
                }
                BodyVerdict::Refused(refusal) => Leaving::Refused(refusal),
            };
        match leaving {
            Leaving::Fields(fields) => put(&mut response.headers, &fields),
            Leaving::Refused(refusal) => response = refused(&request, tag, &refusal)?,
        }
        Ok(self.transaction.respond(response).await?)
    }

    async fn leaving(&self, name: CallRef, response: &Response) -> Result<Leaving, Failure> {
        let leaving = {
            let request = View::of_request(&self.transaction.original)?;
            let view = View::of_response(response)?;
            let told = view.response(response.status_code.code());
            self.party.manager.response_leaving(name, &request.request(), &told)
        };
        answered(leaving).await
    }
}
