//! Microphones and loudspeakers: `devices` lists them, and calls are told what becomes of theirs.

use super::json::Object;
use super::output::Output;
use crate::config::Audio;
use crate::error::{Error, Result};
use crate::file;
use media_ctl::audio::Ends;
#[cfg(feature = "echo")]
use sound::{Canceller, Unwanted};
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
    /// One of them cannot be used, or an echo is to be cancelled by a build that cannot.
    pub(super) async fn choose(audio: &Audio, out: Output) -> Result<Self> {
        let Audio { microphone, loudspeaker, cancel_echo, suppress_noise, .. } = audio.clone();
        let chosen = Chosen { microphone, loudspeaker };
        let tell = move |news| {
            // Where nobody reads any more, what is said next finds out.
            drop(tell(&news, out));
        };
        let devices = sound::Devices::new(Arc::new(SystemDevices), chosen.clone(), tell);
        let devices = cleaned(devices, cancel_echo, suppress_noise)?;
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

/// The same, cleaned of what is not wanted of echo and noise; of both where nothing is said of them.
#[cfg(feature = "echo")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature, it may fail")]
fn cleaned(
    devices: sound::Devices, echo: Option<bool>, noise: Option<bool>,
) -> Result<sound::Devices> {
    let unwanted = Unwanted { echo: echo.unwrap_or(true), noise: noise.unwrap_or(true) };
    Ok(match unwanted {
        Unwanted { echo: false, noise: false } => devices,
        _ => devices.cleaned(move || Box::new(Canceller::new(unwanted))),
    })
}

/// The same. What is asked for by name is not left out in silence.
#[cfg(not(feature = "echo"))]
fn cleaned(
    devices: sound::Devices, echo: Option<bool>, noise: Option<bool>,
) -> Result<sound::Devices> {
    for (key, asked) in [("cancel-echo", echo), ("suppress-noise", noise)] {
        if asked == Some(true) {
            return Err(Error::invalid(format!(
                "[audio] {key} = true: this build cannot; one that is built with `--features echo` can"
            )));
        }
    }
    Ok(devices)
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
        News::NotCleaned => {
            let line = "what the microphone hears is said as it is from now on in this call, echo and \
                        noise included: what took them out has failed by a fault of its own; wear a \
                        headset";
            out.say(line, Object::NotCleaned)
        }
        _ => Ok(()),
    }
}
