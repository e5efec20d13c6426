//! Microphones and loudspeakers: `devices` lists them, and calls are told what becomes of theirs.

use super::json::Object;
use super::output::Output;
use crate::config::Audio;
use crate::error::{Error, Result};
use crate::file;
use media_ctl::audio::Ends;
use sound::{Chosen, Device, Format, News, System, SystemDevices, Unusable, Way};
use std::sync::Arc;

/// Lists the devices that there are.
pub(super) fn run(out: Output) -> Result<()> {
    for way in [Way::Microphone, Way::Loudspeaker] {
        let devices = SystemDevices.list(way);
        let devices =
            devices.map_err(|why| Error::invalid(format!("no {way} can be found: {why}")))?;
        devices.iter().try_for_each(|device| list(way, device, out))?;
    }
    Ok(())
}

fn list(way: Way, device: &Device, out: Output) -> Result<()> {
    let Device { name, description, is_default, format, .. } = device;
    let format = format.as_ref();
    let state = match &format {
        Ok(Format { rate, channels: 1 }) => format!("{rate} Hz, mono"),
        Ok(Format { rate, channels }) => format!("{rate} Hz, {channels} channels"),
        Err(why) => format!("cannot be used: {why}"),
    };
    let default = if *is_default { ", taken where none is named" } else { "" };
    let line = format!("{way}: {name} ({description}{default}): {state}");
    let object = Object::Device {
        way: way.name(),
        name,
        description,
        default: *is_default,
        usable: format.is_ok(),
        rate: format.ok().map(|format| format.rate),
        channels: format.ok().map(|format| format.channels),
        reason: format.err().map(ToString::to_string),
    };
    out.say(&line, object)
}

/// The devices that a person talks by.
#[derive(Clone, Debug)]
pub(super) struct Devices(sound::Devices);

impl Devices {
    /// Those of the configuration, or the default ones, if both can be used now. What becomes of them in
    /// calls goes to `out`.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub(super) async fn choose(audio: &Audio, out: Output) -> Result<Self> {
        let Audio { microphone, loudspeaker, .. } = audio.clone();
        let chosen = Chosen { microphone, loudspeaker };
        let tell = move |news| {
            // Where nobody reads any more, what is said next finds out.
            drop(tell(&news, out));
        };
        let devices = sound::Devices::new(Arc::new(SystemDevices), chosen.clone(), tell);
        let probed = devices.clone();
        let probe =
            move || probed.probe().map_err(|(way, why)| unusable(way, chosen.name(way), &why));
        file::apart("the microphone and the loudspeaker", probe).await?;
        Ok(Self(devices))
    }

    /// The ends of a call.
    pub(super) fn ends(&self) -> Ends {
        self.0.ends()
    }
}

/// What a device is called where it fails.
fn called(way: Way, name: Option<&str>) -> String {
    name.map_or_else(|| format!("the default {way}"), |name| format!("the {way} `{name}`"))
}

fn unusable(way: Way, name: Option<&str>, why: &Unusable) -> Error {
    let device = called(way, name);
    Error::invalid(format!(
        "{device} cannot be used: {why}; `countersign devices` lists what there is, `{way}` under \
         [audio] in the configuration chooses"
    ))
}

/// Tells what became of a device in a call.
fn tell(news: &News, out: Output) -> Result<()> {
    match news {
        News::Lost { way, name, why } => {
            let meanwhile = match way {
                Way::Microphone => "the peer hears silence",
                Way::Loudspeaker => "the peer is not heard",
            };
            let device = called(*way, name.as_deref());
            let line = format!("{device} is lost ({why}): {meanwhile} until it is back");
            let (way, name) = (way.name(), name.as_deref());
            out.say(&line, Object::DeviceLost { way, name, reason: why.to_string() })
        }
        News::Back { way, name } => {
            let line = format!("the {way} is back: {name}");
            out.say(&line, Object::DeviceBack { way: way.name(), name })
        }
        _ => Ok(()),
    }
}
