//! From dialogs to octets.

use super::{Dialog, DialogInfo, Direction, Event, Named, Participant, ROOT, Target};
use crate::packages::xml::Writer;

impl DialogInfo {
    /// The body. Characters that no document may have, control characters mostly, are U+FFFD there.
    pub fn to_body(&self) -> Vec<u8> {
        let version = self.version.to_string();
        let attributes = [
            ("version", Some(version.as_str())),
            ("state", Some(self.coverage.word())),
            ("entity", self.entity.as_deref()),
        ];
        Writer::document(ROOT, &attributes, |document| {
            self.dialogs.iter().for_each(|dialog| dialog.write(document));
        })
    }
}

impl Dialog {
    fn write(&self, document: &mut Writer) {
        let attributes = [
            ("id", Some(self.id.as_str())),
            ("call-id", self.call_id.as_deref()),
            ("local-tag", self.local_tag.as_deref()),
            ("remote-tag", self.remote_tag.as_deref()),
            ("direction", self.direction.map(Direction::word)),
        ];
        document.element("dialog", &attributes, |document| {
            let code = self.code.map(|code| code.to_string());
            let of_state = [("event", self.event.map(Event::word)), ("code", code.as_deref())];
            document.leaf("state", &of_state, self.state.word());
            if let Some(seconds) = self.duration {
                document.leaf("duration", &[], &seconds.to_string());
            }
            self.local.write(document, "local");
            self.remote.write(document, "remote");
        });
    }
}

impl Participant {
    fn write(&self, document: &mut Writer, name: &str) {
        if self.identities.is_empty() && self.target.is_none() {
            return;
        }
        document.element(name, &[], |document| {
            for Named { uri, display } in &self.identities {
                document.leaf("identity", &[("display", display.as_deref())], uri);
            }
            if let Some(target) = &self.target {
                target.write(document);
            }
        });
    }
}

impl Target {
    fn write(&self, document: &mut Writer) {
        document.element("target", &[("uri", Some(&self.uri))], |document| {
            for (name, value) in &self.params {
                document.leaf("param", &[("pname", Some(name)), ("pval", Some(value))], "");
            }
        });
    }
}
