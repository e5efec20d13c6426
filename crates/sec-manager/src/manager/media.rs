//! SSM, as the media controller calls it.

use super::SecurityManager;
use crate::keying::Handed;
use ssm::{Call, Guard, Line, LineSecurity, MediaSecurity, Refused};
use std::sync::Arc;

impl MediaSecurity for SecurityManager {
    fn offer(&self, call: Call, line: Line) -> Result<LineSecurity, Refused> {
        let platform = &*self.shared.platform;
        self.with_media(call.0, |media, standing| media.offer(line, standing, platform))
            .unwrap_or_else(|| self.unknown()?.offer(call, line))
    }

    fn answer(
        &self, call: Call, line: Line, offered: &LineSecurity,
    ) -> Result<LineSecurity, Refused> {
        if offered.profile.is_by_dtls() {
            self.remember(call.0);
        }
        let platform = &*self.shared.platform;
        let answer = self
            .with_media(call.0, |media, standing| media.answer(line, standing, offered, platform))
            .unwrap_or_else(|| self.unknown()?.answer(call, line, offered));
        if answer.is_err() && !offered.profile.is_secure() {
            self.plain_media_refused(call.0);
        }
        answer
    }

    fn judge(&self, call: Call, line: Line, answered: &LineSecurity) -> Result<(), Refused> {
        let verdict = self
            .with_media(call.0, |media, standing| media.judge(line, standing, answered))
            .unwrap_or_else(|| self.unknown()?.judge(call, line, answered));
        if verdict.is_err() && !answered.profile.is_secure() {
            self.plain_media_refused(call.0);
        }
        verdict
    }

    fn moved(&self, call: Call, line: Line) {
        self.with_media(call.0, |media, _| media.moved(line));
    }

    fn guard(&self, call: Call, line: Line) -> Result<Guard, Refused> {
        self.hand_out(call, line)?.guard()
    }
}

impl SecurityManager {
    /// What protects a line; nothing that of a call which is not known, where policy lets it be.
    fn hand_out(&self, call: Call, line: Line) -> Result<Handed, Refused> {
        let shared = Arc::downgrade(&self.shared);
        let keyed = move || {
            if let Some(shared) = shared.upgrade() {
                shared.tell_assurance(call.0);
            }
        };
        self.with_media(call.0, |media, standing| media.hand_out(line, standing, keyed))
            .unwrap_or_else(|| self.unknown().map(|_| Handed::Plain))
    }

    /// The same as [`guard`](MediaSecurity::guard) for a media controller in another process: what it
    /// makes the guard of.
    ///
    /// # Errors
    /// Those of `guard`.
    #[cfg(feature = "srtp")]
    pub fn keys(&self, call: Call, line: Line) -> Result<Handed, Refused> {
        self.hand_out(call, line)
    }
}
