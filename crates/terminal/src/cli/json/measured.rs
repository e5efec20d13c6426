//! How a call came and went, and how it sounded.

use media_ctl::{Quality, Stats, VoipMetrics};
use serde::Serialize;
use std::time::Duration;

/// How a call came and went, and how it sounded.
#[derive(Debug, Serialize)]
pub(in super::super) struct Measured {
    jitter_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    round_trip_ms: Option<f64>,
    playout_delay_ms: f64,
    frames_heard: u64,
    frames_concealed: u64,
    frames_adjusted: u64,
    frames_recovered: u64,
    packets_lost_to_peer: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter_at_peer_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r_factor: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mos: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_peer: Option<AtPeer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relays_lost: Option<u64>,
    said_peak_dbfs: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heard_peak_dbfs: Option<f64>,
}

impl Measured {
    /// Of what was counted, where anything came.
    pub(in super::super) fn of(stats: &Stats) -> Option<Self> {
        let quality = Quality::of(stats);
        (stats.packets_received > 0).then(|| Self {
            jitter_ms: ms(stats.jitter),
            round_trip_ms: stats.round_trip.map(ms),
            playout_delay_ms: ms(stats.playout_delay),
            frames_heard: stats.heard,
            frames_concealed: stats.concealed,
            frames_adjusted: stats.adjusted,
            frames_recovered: stats.recovered,
            packets_lost_to_peer: stats.lost_by_peer,
            jitter_at_peer_ms: stats.jitter_at_peer.map(ms),
            r_factor: quality.map(|quality| tenths(quality.r_factor)),
            mos: quality.map(|quality| tenths(quality.mos)),
            at_peer: stats.at_peer.map(AtPeer::of),
            relays_lost: (stats.relays_lost > 0).then_some(stats.relays_lost),
            said_peak_dbfs: stats.said_level.loudest_dbfs().map(tenths),
            heard_peak_dbfs: stats.heard_level.loudest_dbfs().map(tenths),
        })
    }
}

/// How the call was at the peer, as it said last. RFC 3611 §4.7.
#[derive(Debug, Serialize)]
struct AtPeer {
    loss_percent: f64,
    discard_percent: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    round_trip_ms: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r_factor: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mos: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listening_mos: Option<f64>,
}

impl AtPeer {
    fn of(told: VoipMetrics) -> Self {
        let percent = |rate: u8| tenths(f64::from(rate) / 2.56);
        let score = |score: u8| f64::from(score) / 10.0;
        Self {
            loss_percent: percent(told.loss_rate),
            discard_percent: percent(told.discard_rate),
            round_trip_ms: (told.round_trip > 0).then_some(told.round_trip),
            r_factor: told.r_factor,
            mos: told.mos_cq.map(score),
            listening_mos: told.mos_lq.map(score),
        }
    }
}

/// How loud what is said and heard is; what is absent is silence.
#[derive(Debug, Serialize)]
pub(in super::super) struct Loud {
    #[serde(skip_serializing_if = "Option::is_none")]
    said_dbfs: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    said_peak_dbfs: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heard_dbfs: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heard_peak_dbfs: Option<f64>,
}

impl Loud {
    /// In the last 200 ms.
    pub(in super::super) fn of(stats: &Stats) -> Self {
        let (said, heard) = (stats.said_level, stats.heard_level);
        Self {
            said_dbfs: said.rms_dbfs().map(tenths),
            said_peak_dbfs: said.peak_dbfs().map(tenths),
            heard_dbfs: heard.rms_dbfs().map(tenths),
            heard_peak_dbfs: heard.peak_dbfs().map(tenths),
        }
    }
}

fn ms(time: Duration) -> f64 {
    tenths(time.as_secs_f64() * 1000.0)
}

/// To a tenth: more is not known.
fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
