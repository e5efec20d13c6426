//! SSM, as the media controller calls it.

use super::SecurityManager;
use crate::keying::CallMedia;
use ssm::{Call, Guard, Line, LineSecurity, MediaSecurity, Refused};

impl MediaSecurity for SecurityManager {
    fn offer(&self, call: Call, line: Line) -> Result<LineSecurity, Refused> {
        self.with_media(call.0, |_, standing| CallMedia::offer(standing))
            .unwrap_or_else(|| self.unknown()?.offer(call, line))
    }

    fn answer(
        &self, call: Call, line: Line, offered: &LineSecurity,
    ) -> Result<LineSecurity, Refused> {
        let answer = self
            .with_media(call.0, |media, standing| media.answer(line, standing, offered))
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

    fn guard(&self, call: Call, line: Line) -> Result<Guard, Refused> {
        self.with_media(call.0, |media, standing| media.guard(line, standing).map(Guard::Ready))
            .unwrap_or_else(|| self.unknown()?.guard(call, line))
    }
}
