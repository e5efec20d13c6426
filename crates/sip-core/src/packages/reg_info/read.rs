//! From octets to registrations.

use super::{ACTIVE, Contact, EVENTS, ROOT, RegInfo, Registration, STATES};
use crate::packages::priority::Priority;
use crate::packages::versions::{Coverage, version};
use crate::packages::xml::{DocumentError, Element, read, value};

impl RegInfo {
    /// Reads a body.
    ///
    /// # Errors
    /// It is no such document, or longer or deeper than may be.
    pub fn parse(body: &[u8]) -> Result<Self, DocumentError> {
        let root = read(body, ROOT)?;
        let registrations = root.all("registration").map(Registration::read);
        Ok(Self {
            version: version(&root)?,
            coverage: Coverage::read(&root)?,
            registrations: registrations.collect::<Result<_, _>>()?,
        })
    }
}

impl Registration {
    fn read(element: &Element) -> Result<Self, DocumentError> {
        let state = element.required("state")?;
        Ok(Self {
            aor: element.required("aor")?.to_owned(),
            id: element.required("id")?.to_owned(),
            state: value(element.at(), state, STATES, "the state of a registration")?,
            contacts: element.all("contact").map(Contact::read).collect::<Result<_, _>>()?,
        })
    }
}

impl Contact {
    fn read(element: &Element) -> Result<Self, DocumentError> {
        let at = element.at();
        let param = |it: &Element| Ok((it.required("name")?.to_owned(), it.text().to_owned()));
        Ok(Self {
            id: element.required("id")?.to_owned(),
            is_active: value(at, element.required("state")?, ACTIVE, "the state of a contact")?,
            event: value(at, element.required("event")?, EVENTS, "what changes a contact")?,
            uri: element.element("uri")?.text().to_owned(),
            display_name: element.first("display-name").map(|it| it.text().to_owned()),
            expires: element.count("expires")?,
            retry_after: element.count("retry-after")?,
            duration_registered: element.count("duration-registered")?,
            q: element.attribute("q").and_then(Priority::read),
            call_id: element.owned("callid"),
            cseq: element.count("cseq")?,
            params: element.all("unknown-param").map(param).collect::<Result<_, _>>()?,
        })
    }
}
