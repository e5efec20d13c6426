//! The rules of an agreement, and how what comes of it is keyed.

use super::broken::{Broken, rule};
use super::packets;
use crate::{Call, Guard, Handshake, Line, LineSecurity, MediaGuard, MediaSecurity, Profile};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Two security managers whose users have a call with each other, and have proved to one another what is
/// required; nothing was said of its media yet.
pub struct Pair {
    /// The caller's.
    pub caller: Arc<dyn MediaSecurity>,
    /// The callee's.
    pub callee: Arc<dyn MediaSecurity>,
    /// The call, as both name it.
    pub call: Call,
    /// What becomes of a media line's words on their way to the other side: slots are filled where they
    /// leave, and emptied where they come in, by whatever way both have.
    pub carry: Carry,
}

type Carry = Box<dyn Fn(Said, LineSecurity) -> LineSecurity + Send + Sync>;

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pair({:?})", self.call)
    }
}

/// What the words of a media line are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The caller's offer.
    Offer,
    /// The callee's answer.
    Answer,
}

type Step<T> = Result<T, &'static str>;

const LINE: Line = Line(0);
/// Turns that a handshake has: each brings datagrams over, or time to the next that is due.
const TURNS: usize = 1_000;

/// Has both agree on a media line, keys it and judges what protects it; returns the rules that were
/// broken. `now`: a time to begin at, from which a handshake is given the time that it asks for.
pub fn run(pair: &Pair, now: Instant) -> Vec<Broken> {
    let mut broken = Vec::new();
    // The rules that a step breaks end the play; those that stand beside it do not.
    if let Err(rule) = play(pair, now, &mut broken) {
        broken.push(Broken(rule));
    }
    broken
}

fn play(pair: &Pair, now: Instant, broken: &mut Vec<Broken>) -> Step<()> {
    let Pair { caller, callee, call, carry } = pair;
    let offered = caller.offer(*call, LINE).map_err(|_| "media can be offered")?;
    let offered = carry(Said::Offer, offered);
    let answered = callee.answer(*call, LINE, &offered);
    let answered = answered.map_err(|_| "what the other side offers can be answered")?;
    rule(broken, answered.profile == offered.profile, "an answer keeps the profile of its offer");
    let answered = carry(Said::Answer, answered);
    caller.judge(*call, LINE, &answered).map_err(|_| "what the other side answers is taken")?;
    let guard = |side: &Arc<dyn MediaSecurity>| side.guard(*call, LINE);
    let guards = (guard(caller), guard(callee));
    let (Ok(ours), Ok(theirs)) = guards else { return Err("what was agreed on is handed out") };
    let secure = offered.profile.is_secure();
    if secure {
        let once = |side| matches!(guard(side), Err(_) | Ok(Guard::Kept));
        rule(broken, once(caller) && once(callee), "an agreement is handed out once");
    }
    let [mut ours, mut theirs] = keyed([ours, theirs], now)?;
    packets::judge(broken, [&mut ours, &mut theirs], secure);
    packets::judge(broken, [&mut theirs, &mut ours], secure);
    if secure {
        downgrade(pair, offered.profile, broken);
    }
    Ok(())
}

/// What was secured stays so, whoever speaks next.
fn downgrade(pair: &Pair, profile: Profile, broken: &mut Vec<Broken>) {
    let Pair { caller, callee, call, .. } = pair;
    let plain = LineSecurity { profile: Profile::Avp, attributes: Vec::new() };
    let bare = LineSecurity { profile, attributes: Vec::new() };
    let answers = |line| callee.answer(*call, LINE, line).is_ok();
    rule(broken, !answers(&plain), "what was secured is not answered in the clear");
    rule(broken, !answers(&bare), "a secured line without keys is not answered");
    let offered = caller.offer(*call, LINE).map_or(true, |line| line.profile.is_secure());
    rule(broken, offered, "what was secured is not offered in the clear");
    let takes = |line| caller.judge(*call, LINE, line).is_ok();
    rule(broken, !takes(&plain), "an answer in the clear to a secured offer is not taken");
    rule(broken, !takes(&bare), "an answer without keys to a secured offer is not taken");
}

/// The halves of both sides.
fn keyed(guards: [Guard; 2], now: Instant) -> Step<[MediaGuard; 2]> {
    match guards {
        [Guard::Ready(ours), Guard::Ready(theirs)] => Ok([ours, theirs]),
        [Guard::Handshake(ours), Guard::Handshake(theirs)] => shaken([ours, theirs], now),
        _ => Err("both sides are keyed in one way, and whole at first"),
    }
}

/// Has two handshakes end, over a way that loses nothing.
fn shaken(mut sides: [Box<dyn Handshake>; 2], mut now: Instant) -> Step<[MediaGuard; 2]> {
    let mut ended = [None, None];
    sides.iter_mut().for_each(|side| side.on_timeout(now));
    for _ in 0..TURNS {
        let [ours, theirs] = &mut sides;
        let moved = brings(ours, theirs, now) | brings(theirs, ours, now);
        for (ended, side) in ended.iter_mut().zip(&mut sides) {
            *ended = ended.take().or_else(|| side.poll_outcome());
        }
        match ended {
            [Some(Ok(ours)), Some(Ok(theirs))] => return Ok([ours, theirs]),
            [Some(Err(_)), _] | [_, Some(Err(_))] => break,
            waiting => ended = waiting,
        }
        if !moved {
            let due = sides.iter().filter_map(|side| side.poll_timeout()).min();
            now = due.unwrap_or(now + Duration::from_secs(1)).max(now);
            sides.iter_mut().for_each(|side| side.on_timeout(now));
        }
    }
    Err("a handshake between two that agree ends in keys")
}

/// Brings what one side sends to the other; whether there was any.
fn brings(from: &mut Box<dyn Handshake>, to: &mut Box<dyn Handshake>, now: Instant) -> bool {
    let datagrams: Vec<_> = std::iter::from_fn(|| from.poll_datagram()).collect();
    datagrams.iter().for_each(|datagram| to.on_datagram(now, datagram));
    !datagrams.is_empty()
}
