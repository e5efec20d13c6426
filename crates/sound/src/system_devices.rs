//! The system's devices, by cpal: ALSA on Linux and what stands behind it there (PipeWire, PulseAudio),
//! elsewhere what the system has.

use crate::{Device, Format, Port, Stream, System, Unusable, Way};
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, FromSample, I24, SampleFormat, SizedSample};
use cpal::{StreamConfig, SupportedBufferSize, SupportedStreamConfig};

/// Rates that a device is opened at, preferred first. Frames of 20 ms are whole at all of them.
const RATES: [u32; 10] =
    [48_000, 44_100, 96_000, 32_000, 16_000, 192_000, 88_200, 24_000, 22_050, 8_000];

/// Formats that samples may have, preferred first.
const FORMATS: [SampleFormat; 5] =
    [SampleFormat::I16, SampleFormat::F32, SampleFormat::I32, SampleFormat::I24, SampleFormat::U8];

/// The share of a second that a device is asked to take at a turn: 20 ms.
const TURN: u32 = 50;

/// The system's devices.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDevices;

impl System for SystemDevices {
    fn list(&self, way: Way) -> Result<Vec<Device>, Unusable> {
        hush();
        let host = host()?;
        let default = default(&host, way);
        let mut devices: Vec<cpal::Device> = default.iter().cloned().collect();
        for device in host.devices()? {
            let serves = match way {
                Way::Microphone => device.supports_input(),
                Way::Loudspeaker => device.supports_output(),
            };
            if serves && !devices.contains(&device) {
                devices.push(device);
            }
        }
        Ok(devices
            .iter()
            .map(|device| listed(device, way, Some(device) == default.as_ref()))
            .collect())
    }

    fn probe(&self, way: Way, name: Option<&str>) -> Result<Format, Unusable> {
        hush();
        Ok(format(&choose(&find(way, name)?, way)?))
    }

    fn open(&self, way: Way, name: Option<&str>, port: Port) -> Result<Box<dyn Stream>, Unusable> {
        hush();
        let device = find(way, name)?;
        let chosen = choose(&device, way)?;
        port.begins(chosen.sample_rate());
        let stream = build(&device, way, &chosen, &port)?;
        stream.play()?;
        Ok(Box::new(Open { name: name_of(&device), _stream: stream }))
    }
}

/// A device that is open.
struct Open {
    name: String,
    _stream: cpal::Stream,
}

impl Stream for Open {
    fn name(&self) -> &str {
        &self.name
    }
}

/// ALSA's library writes to standard error, too, what its errors say. Holds for this thread.
#[cfg(target_os = "linux")]
fn hush() {
    // Without it, there are more lines.
    drop(alsa::Output::local_error_handler());
}

#[cfg(not(target_os = "linux"))]
const fn hush() {}

/// `cpal::default_host` panics where there is none.
fn host() -> Result<cpal::Host, Unusable> {
    let mut why = Unusable::Missing;
    for host in cpal::available_hosts() {
        match cpal::host_from_id(host) {
            Ok(host) => return Ok(host),
            Err(error) => why = Unusable::System(error.into()),
        }
    }
    Err(why)
}

fn default(host: &cpal::Host, way: Way) -> Option<cpal::Device> {
    match way {
        Way::Microphone => host.default_input_device(),
        Way::Loudspeaker => host.default_output_device(),
    }
}

/// The device of this name, or the default one.
fn find(way: Way, name: Option<&str>) -> Result<cpal::Device, Unusable> {
    let host = host()?;
    let Some(name) = name else { return default(&host, way).ok_or(Unusable::Missing) };
    let is_it = |device: &cpal::Device| name_of(device) == name;
    match default(&host, way).filter(is_it) {
        Some(device) => Ok(device),
        None => host.devices()?.find(is_it).ok_or(Unusable::Unknown),
    }
}

/// What names a device for good.
fn name_of(device: &cpal::Device) -> String {
    device.id().map_or_else(|_| device.to_string(), |id| id.id().to_owned())
}

fn listed(device: &cpal::Device, way: Way, is_default: bool) -> Device {
    let description = device.to_string();
    let format = choose(device, way).map(|chosen| format(&chosen));
    Device::new(name_of(device), description, is_default, format)
}

fn format(chosen: &SupportedStreamConfig) -> Format {
    Format { rate: chosen.sample_rate(), channels: chosen.channels() }
}

/// What a device is opened in: that a default device is there says nothing of whether it has anything.
fn choose(device: &cpal::Device, way: Way) -> Result<SupportedStreamConfig, Unusable> {
    let ranges: Vec<_> = match way {
        Way::Microphone => device.supported_input_configs()?.collect(),
        Way::Loudspeaker => device.supported_output_configs()?.collect(),
    };
    let rates = || RATES.into_iter().enumerate();
    let all = ranges.into_iter().flat_map(|range| {
        rates().filter_map(move |(at, rate)| Some((at, range.try_with_sample_rate(rate)?)))
    });
    let ranked = all.filter_map(|(rate, chosen)| {
        let format = FORMATS.iter().position(|format| *format == chosen.sample_format())?;
        Some(((rate, format, chosen.channels()), chosen))
    });
    let best = ranked.min_by_key(|(rank, _)| *rank).map(|(_, chosen)| chosen);
    best.filter(|chosen| chosen.channels() > 0).ok_or(Unusable::Format)
}

/// Opens a device with turns of 20 ms, or, where it has no such, with those that it likes.
fn build(
    device: &cpal::Device, way: Way, chosen: &SupportedStreamConfig, port: &Port,
) -> Result<cpal::Stream, Unusable> {
    let turn = chosen.sample_rate() / TURN;
    let fits = match chosen.buffer_size() {
        SupportedBufferSize::Range { min, max } => (*min..=*max).contains(&turn),
        SupportedBufferSize::Unknown => false,
    };
    let ours = StreamConfig { buffer_size: BufferSize::Fixed(turn), ..chosen.config() };
    let likes = StreamConfig { buffer_size: BufferSize::Default, ..chosen.config() };
    let by = |config| of_format(device, way, config, chosen.sample_format(), port);
    match fits.then(|| by(ours)) {
        Some(Ok(stream)) => Ok(stream),
        Some(Err(_)) | None => by(likes),
    }
}

fn of_format(
    device: &cpal::Device, way: Way, config: StreamConfig, format: SampleFormat, port: &Port,
) -> Result<cpal::Stream, Unusable> {
    let port = port.clone();
    match format {
        SampleFormat::I16 => of::<i16>(device, way, config, port),
        SampleFormat::F32 => of::<f32>(device, way, config, port),
        SampleFormat::I32 => of::<i32>(device, way, config, port),
        SampleFormat::I24 => of::<I24>(device, way, config, port),
        SampleFormat::U8 => of::<u8>(device, way, config, port),
        _ => Err(Unusable::Format),
    }
}

/// Opens a device whose samples are such.
fn of<T>(
    device: &cpal::Device, way: Way, config: StreamConfig, port: Port,
) -> Result<cpal::Stream, Unusable>
where
    T: SizedSample + FromSample<i16> + Send + 'static,
    i16: FromSample<T>,
{
    let channels = usize::from(config.channels);
    let ends = port.clone();
    let failed = move |error: cpal::Error| match error.kind() {
        // It goes on: a gap, another device in its place, or a wish that was not granted.
        ErrorKind::Xrun | ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => {}
        _ => ends.lost(error.into()),
    };
    Ok(match way {
        Way::Microphone => {
            let heard = move |samples: &[T], _: &_| port.heard(mixed(samples, channels));
            device.build_input_stream(config, heard, failed, None)?
        }
        Way::Loudspeaker => {
            let mut mono = Vec::new();
            let says = move |samples: &mut [T], _: &_| {
                mono.resize(samples.len() / channels, 0);
                port.says(&mut mono);
                for (frame, sample) in samples.chunks_exact_mut(channels).zip(&mono) {
                    frame.fill(T::from_sample_(*sample));
                }
            };
            device.build_output_stream(config, says, failed, None)?
        }
    })
}

/// The mean of all channels.
fn mixed<T: Copy>(samples: &[T], channels: usize) -> impl ExactSizeIterator<Item = i16>
where
    i16: FromSample<T>,
{
    samples.chunks_exact(channels).map(move |frame| {
        let sum: i32 = frame.iter().map(|sample| i32::from(i16::from_sample_(*sample))).sum();
        // A mean of 16 bits has 16 bits.
        (sum / channels as i32) as i16
    })
}

impl From<cpal::Error> for Unusable {
    fn from(error: cpal::Error) -> Self {
        match error.kind() {
            ErrorKind::DeviceBusy => Self::Busy,
            ErrorKind::PermissionDenied => Self::Forbidden,
            ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable => Self::Gone,
            ErrorKind::UnsupportedConfig => Self::Format,
            _ => Self::System(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_mixed_whatever_their_format() {
        assert_eq!(mixed(&[100_i16, 300, -100, -300], 2).collect::<Vec<_>>(), [200, -200]);
        assert_eq!(mixed(&[i16::MIN; 8], 8).collect::<Vec<_>>(), [i16::MIN]);
        assert_eq!(mixed(&[0.5_f32, 0.5, 1.0, 0.0], 2).collect::<Vec<_>>(), [16_384, 16_383]);
        assert_eq!(mixed(&[1_i32 << 30], 1).collect::<Vec<_>>(), [1 << 14]);
        assert_eq!(mixed(&[128_u8, 255], 1).collect::<Vec<_>>(), [0, 127 << 8]);
        // What is no whole frame is none.
        assert_eq!(mixed(&[1_i16, 2, 3], 2).count(), 1);
    }
}
