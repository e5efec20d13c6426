//! In which order records are used.

use super::records::{Naptr, Srv, serves};
use super::wanted::Asked;
use ssa::Transport;

/// Hosts of one service that are looked at. Case X08.
const HOSTS: usize = 16;

/// The record of ours that the domain prefers: its transport, and the name of the SRV records.
/// RFC 3403 §4.1.
pub(super) fn preferred(
    records: &[Naptr], asked: Asked, transports: &[Transport],
) -> Option<(Transport, String)> {
    let ours = records.iter().filter_map(|record| {
        let (transport, name) = record.service()?;
        let place = (record.order, record.preference);
        serves(asked, transport, transports).then_some((place, transport, name))
    });
    let (_, transport, name) = ours.min_by_key(|(place, ..)| *place)?;
    Some((transport, name.to_owned()))
}

/// The hosts and ports of these records, by priority, and within one by chance and weight. RFC 2782.
pub(super) fn in_order(records: &[Srv], seed: u64) -> Vec<(String, u16)> {
    let mut left: Vec<_> =
        records.iter().filter_map(|record| Some((record, record.host()?))).collect();
    // Those of weight 0 come first, so that a chance of theirs remains.
    left.sort_by_key(|(record, _)| (record.priority, record.weight != 0));
    let mut chance = Chance(seed);
    let mut hosts = Vec::new();
    while hosts.len() < HOSTS
        && let Some((first, _)) = left.first()
    {
        let same = left.iter().take_while(|(record, _)| record.priority == first.priority);
        let weights = same.map(|(record, _)| u64::from(record.weight));
        let chosen = chance.next() % (weights.clone().sum::<u64>() + 1);
        let mut sum = 0;
        let at = weights.into_iter().position(|weight| {
            sum += weight;
            sum >= chosen
        });
        let (record, host) = left.remove(at.unwrap_or_default());
        hosts.push((host.to_owned(), record.port));
    }
    hosts
}

/// SplitMix64: a number for each record from the one that chance gave. It orders hosts and guards
/// nothing.
struct Chance(u64);

impl Chance {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
