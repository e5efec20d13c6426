//! SSM, as the media controller calls it. A guard is made here, of the keys that cross.

use crate::client::Client;
use crate::connection::Connection;
use crate::guard::{GuardKeys, LineKeys};
use crate::handshake::RemoteHandshake;
use crate::wire::{Body, LineQuestion, LineVerdict, security_of, verdict_of_line};
use ssm::{Call, Guard, Line, LineSecurity, MediaSecurity, Refused};
use std::sync::Arc;

impl Client {
    /// Who is asked about a call now, and which process that is; nobody, where only another would know.
    fn process(&self, call: Call) -> Result<(Arc<Connection>, u64), Refused> {
        let kept = self.kept();
        let connection = kept.connection().filter(|_| !kept.is_lost(call.0));
        Ok((connection.ok_or(Refused::Unavailable)?, kept.process()))
    }

    fn line<T>(
        &self, connection: &Arc<Connection>, question: Body,
        read: impl FnOnce(LineVerdict) -> Option<T>,
    ) -> Result<T, Refused> {
        let read = |body| match body {
            Body::Line(verdict) => verdict_of_line(verdict, read),
            _ => None,
        };
        let answer = connection.ask_now(question, self.within(), read);
        answer.unwrap_or(Err(Refused::Unavailable))
    }

    /// What a line is to say. Where that is a handshake, no other process knows of it.
    fn said(&self, call: Call, question: Body) -> Result<LineSecurity, Refused> {
        let (connection, process) = self.process(call)?;
        let said = |verdict: LineVerdict| security_of(verdict.said?);
        let said = self.line(&connection, question, said)?;
        if said.profile.is_by_dtls() {
            self.kept().keyed(call.0, process);
        }
        Ok(said)
    }
}

impl MediaSecurity for Client {
    fn offer(&self, call: Call, line: Line) -> Result<LineSecurity, Refused> {
        self.said(call, Body::Offer(LineQuestion::of(call, line, None)))
    }

    fn answer(
        &self, call: Call, line: Line, offered: &LineSecurity,
    ) -> Result<LineSecurity, Refused> {
        self.said(call, Body::Answer(LineQuestion::of(call, line, Some(offered))))
    }

    fn judge(&self, call: Call, line: Line, answered: &LineSecurity) -> Result<(), Refused> {
        let (connection, _) = self.process(call)?;
        let question = Body::Judge(LineQuestion::of(call, line, Some(answered)));
        self.line(&connection, question, |_| Some(()))
    }

    fn moved(&self, call: Call, line: Line) {
        self.tell(Body::Moved(LineQuestion::of(call, line, None)));
    }

    fn guard(&self, call: Call, line: Line) -> Result<Guard, Refused> {
        let (connection, _) = self.process(call)?;
        let question = Body::Guard(LineQuestion::of(call, line, None));
        let keys = |verdict: LineVerdict| verdict.keys?.taken();
        let halves = |keys: &LineKeys| (self.guards())(keys).ok_or(Refused::Attributes);
        match self.line(&connection, question, keys)? {
            GuardKeys::Plain => ssm::Open.guard(call, line),
            GuardKeys::Srtp(keys) => halves(&keys).map(Guard::Ready),
            GuardKeys::Sealer(keys) => halves(&keys).map(|guard| Guard::Sealer(guard.sealer)),
            GuardKeys::Opener(keys) => halves(&keys).map(|guard| Guard::Opener(guard.opener)),
            GuardKeys::Kept => Ok(Guard::Kept),
            GuardKeys::Handshake(number) => {
                let make = Arc::clone(self.guards());
                let remote = RemoteHandshake::new(connection, number, self.within(), make);
                Ok(Guard::Handshake(Box::new(remote)))
            }
        }
    }
}
