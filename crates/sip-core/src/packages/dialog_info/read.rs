//! From octets to dialogs.

use super::{
    DIRECTIONS, Dialog, DialogInfo, EVENTS, Named, Participant, ROOT, STATES, State, Target,
};
use crate::packages::versions::{Coverage, version};
use crate::packages::xml::{DocumentError, Element, Wanted, number, read, value};

impl DialogInfo {
    /// Reads a body.
    ///
    /// # Errors
    /// It is no such document, or longer or deeper than may be.
    pub fn parse(body: &[u8]) -> Result<Self, DocumentError> {
        let root = read(body, ROOT)?;
        Ok(Self {
            version: version(&root)?,
            coverage: Coverage::read(&root)?,
            entity: root.owned("entity"),
            dialogs: root.all("dialog").map(Dialog::read).collect::<Result<_, _>>()?,
        })
    }
}

impl Dialog {
    fn read(element: &Element) -> Result<Self, DocumentError> {
        let state = element.element("state")?;
        let duration = element.first("duration");
        Ok(Self {
            id: element.required("id")?.to_owned(),
            call_id: element.owned("call-id"),
            local_tag: element.owned("local-tag"),
            remote_tag: element.owned("remote-tag"),
            direction: element.choice("direction", DIRECTIONS, "`initiator` or `recipient`")?,
            state: State::read(state)?,
            event: state.choice("event", EVENTS, "what ends a dialog")?,
            code: code(state)?,
            duration: duration.map(|it| number(it.at(), it.text())).transpose()?,
            local: Participant::read(element.first("local"))?,
            remote: Participant::read(element.first("remote"))?,
        })
    }
}

impl State {
    fn read(element: &Element) -> Result<Self, DocumentError> {
        value(element.at(), element.text(), STATES, "the state of a dialog")
    }
}

fn code(state: &Element) -> Result<Option<u16>, DocumentError> {
    let Some(text) = state.attribute("code") else { return Ok(None) };
    let code = text.parse().ok().filter(|code| (100..=699).contains(code));
    let expected = Wanted::Words("a status code of 100 to 699");
    code.map(Some).ok_or_else(|| DocumentError::quoting(state.at(), expected, text))
}

impl Participant {
    fn read(element: Option<&Element>) -> Result<Self, DocumentError> {
        let Some(element) = element else { return Ok(Self::default()) };
        let identities = element.all("identity").map(Named::read).collect();
        let target = element.first("target").map(Target::read).transpose()?;
        Ok(Self { identities, target })
    }
}

impl Named {
    /// Its name is `display` by RFC 4235 §4.1.6.1, and `display-name` by the schema of §4.4.
    fn read(element: &Element) -> Self {
        let display = element.owned("display").or_else(|| element.owned("display-name"));
        Self { uri: element.text().to_owned(), display }
    }
}

impl Target {
    fn read(element: &Element) -> Result<Self, DocumentError> {
        let param =
            |it: &Element| Ok((it.required("pname")?.to_owned(), it.required("pval")?.to_owned()));
        let params = element.all("param").map(param).collect::<Result<_, _>>()?;
        Ok(Self { uri: element.required("uri")?.to_owned(), params })
    }
}
