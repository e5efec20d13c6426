//! From registrations to octets.

use super::{ACTIVE, Contact, ROOT, RegInfo, Registration};
use crate::packages::xml::{Writer, word};

impl RegInfo {
    /// The body. Characters that no document may have, control characters mostly, are U+FFFD there.
    pub fn to_body(&self) -> Vec<u8> {
        let version = self.version.to_string();
        let attributes =
            [("version", Some(version.as_str())), ("state", Some(self.coverage.word()))];
        Writer::document(ROOT, &attributes, |document| {
            self.registrations.iter().for_each(|it| it.write(document));
        })
    }
}

impl Registration {
    fn write(&self, document: &mut Writer) {
        let Self { aor, id, state, contacts } = self;
        let attributes =
            [("aor", Some(aor.as_str())), ("id", Some(id)), ("state", Some(state.word()))];
        document.element("registration", &attributes, |document| {
            contacts.iter().for_each(|contact| contact.write(document));
        });
    }
}

impl Contact {
    fn write(&self, document: &mut Writer) {
        let numbers = [self.expires, self.retry_after, self.duration_registered, self.cseq];
        let [expires, retry_after, duration, cseq] = numbers.map(|it| it.map(|it| it.to_string()));
        let q = self.q.map(|q| q.to_string());
        let attributes = [
            ("id", Some(self.id.as_str())),
            ("state", Some(word(self.is_active, ACTIVE))),
            ("event", Some(self.event.word())),
            ("duration-registered", duration.as_deref()),
            ("expires", expires.as_deref()),
            ("retry-after", retry_after.as_deref()),
            ("q", q.as_deref()),
            ("callid", self.call_id.as_deref()),
            ("cseq", cseq.as_deref()),
        ];
        document.element("contact", &attributes, |document| {
            document.leaf("uri", &[], &self.uri);
            if let Some(name) = &self.display_name {
                document.leaf("display-name", &[], name);
            }
            for (name, value) in &self.params {
                document.leaf("unknown-param", &[("name", Some(name))], value);
            }
        });
    }
}
