//! What happens in the calls: a command may have waited for it.

use super::state::Control;
use super::waits::{Awaited, Waiting};
use crate::assembly::{Event, Terminal};
use crate::error::{Error, Result};
use sip_core::manager::{CallId, Cause, RequestId};

impl Control {
    /// Takes in what happened: a command may have waited for it.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(in crate::cli) fn on(&mut self, event: &Event, terminal: &Terminal) -> Result<()> {
        self.calls.on(event);
        self.replies.agents.on(event);
        self.settle(event, terminal)?;
        // What waited for what is answered now.
        while let Some((command, id)) = self.waits.next_queued() {
            self.start(&command, id, terminal)?;
        }
        Ok(())
    }

    /// Answers the command that waited for what happened.
    fn settle(&mut self, event: &Event, terminal: &Terminal) -> Result<()> {
        match event {
            Event::Held { id } | Event::Resumed { id } => match self.waits.held(*id) {
                Some(Waiting { what: Awaited::Joined(number), .. }) => self.joined(number),
                Some(waiting) => self.replies.done(waiting.command, Some(*id)),
                None => Ok(()),
            },
            Event::HoldFailed { id, cause, .. } => match self.waits.held(*id) {
                Some(waiting) => {
                    self.waits.answers_alone(&waiting);
                    self.replies.failed_by(&waiting, *cause)
                }
                None => Ok(()),
            },
            Event::RequestAnswered { id, outcome } => {
                self.request_answered(*id, *outcome, terminal)
            }
            Event::Pressed { id, sent } => self.pressed(*id, *sent, terminal),
            Event::TransferAsked(transfer) => {
                self.transfers.retain(|it| it.within != transfer.within);
                self.transfers.push(transfer.clone());
                Ok(())
            }
            Event::Incoming { id, replaces: Some(replaced), .. } => {
                self.replacing.push((*id, *replaced));
                Ok(())
            }
            Event::Established { id, .. } => {
                if let Some(at) = self.replacing.iter().position(|(new, _)| new == id) {
                    terminal.hang_up(self.replacing.swap_remove(at).1);
                }
                Ok(())
            }
            Event::Transferred { id } => {
                let waiting = self.waits.transferring(*id);
                terminal.hang_up(*id);
                waiting.map_or(Ok(()), |waiting| self.replies.done(waiting.command, Some(*id)))
            }
            Event::NotTransferred { id, cause } => match self.waits.transferring(*id) {
                Some(waiting) => self.replies.failed_by(&waiting, *cause),
                None => Ok(()),
            },
            Event::Over { id, .. } => self.over(*id, terminal),
            _ => Ok(()),
        }
    }

    /// A call is over: what waited for it fails, and who was left alone with it is with nobody.
    fn over(&mut self, id: CallId, terminal: &Terminal) -> Result<()> {
        self.transfers.retain(|it| it.within != id);
        self.replacing.retain(|(new, _)| *new != id);
        let over = Error::NotNow("the call is over");
        let mut waited = self.waits.over(id).into_iter();
        waited.try_for_each(|name| self.replies.failed(name, Some(id), &over))?;
        self.tell_of_parted(terminal)
    }

    fn request_answered(
        &mut self, id: RequestId, outcome: std::result::Result<u16, Cause>, terminal: &Terminal,
    ) -> Result<()> {
        let Some(waiting) = self.waits.of_request(id) else { return Ok(()) };
        match outcome {
            Ok(200..=299) => self.go_on(waiting, terminal),
            Ok(status) => self.replies.failed_by(&waiting, Cause::Status(status)),
            Err(cause) => self.replies.failed_by(&waiting, cause),
        }
    }

    /// A key was told to the peer of a call, or could not be.
    fn pressed(&mut self, id: CallId, sent: bool, terminal: &Terminal) -> Result<()> {
        let Some(waiting) = self.waits.pressing(id) else { return Ok(()) };
        if sent {
            return self.go_on(waiting, terminal);
        }
        let unsent =
            Error::NotNow("nothing is sent to the peer any more, or it takes no more keys");
        self.replies.failed(waiting.command, Some(id), &unsent)
    }

    /// What a command waited for has come: the next key is pressed, or it is done.
    fn go_on(&mut self, mut waiting: Waiting, terminal: &Terminal) -> Result<()> {
        if let Awaited::Digits(pressing, rest) = &mut waiting.what
            && let Some(next) = rest.pop_front()
        {
            match terminal.press(waiting.call, next) {
                Ok(pressed) => *pressing = pressed,
                Err(error) => {
                    return self.replies.failed(waiting.command, Some(waiting.call), &error);
                }
            }
            self.waits.push(waiting);
            return Ok(());
        }
        self.replies.done(waiting.command, Some(waiting.call))
    }
}
