//! SIP-date: RFC 3261 §25.1, the fixed form of RFC 1123 in GMT.

use super::FRESH;
use std::time::Duration;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY: u64 = 86_400;

/// The date at `since_epoch`, for example `Tue, 14 Nov 2023 22:13:20 GMT`.
pub(crate) fn sip_date(since_epoch: Duration) -> String {
    let seconds = since_epoch.as_secs();
    let days = seconds / DAY;
    let (year, month, day) = civil(days);
    let name = usize::try_from(days % 7).ok().and_then(|at| DAYS.get(at)).unwrap_or(&"Thu");
    let month = MONTHS.get(month).unwrap_or(&"Jan");
    let (hour, minute, second) = (seconds % DAY / 3600, seconds % 3600 / 60, seconds % 60);
    format!("{name}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Whether a Date is one, and within 300 s of `now`.
pub(crate) fn is_fresh(date: &[u8], now: Duration) -> bool {
    parse(date).is_some_and(|seconds| seconds.abs_diff(now.as_secs()) <= FRESH.as_secs())
}

/// Unix seconds of a SIP-date; the day's name must be the right one.
fn parse(date: &[u8]) -> Option<u64> {
    let date = std::str::from_utf8(date).ok()?;
    let (name, rest) = date.split_once(", ")?;
    let mut words = rest.split(' ');
    let day: u64 = number(words.next()?, 2)?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|known| *known == month)?;
    let year = number(words.next()?, 4)?;
    let mut time = words.next()?.split(':');
    let (hour, minute, second) =
        (number(time.next()?, 2)?, number(time.next()?, 2)?, number(time.next()?, 2)?);
    let ended = words.next() == Some("GMT") && words.next().is_none() && time.next().is_none();
    if !ended || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days(year, month, day)?;
    let right = usize::try_from(days % 7).ok().and_then(|at| DAYS.get(at)) == Some(&name);
    right.then_some(days * DAY + hour * 3600 + minute * 60 + second)
}

fn number(text: &str, digits: usize) -> Option<u64> {
    let plain = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

/// Days from the epoch to a date that exists; `month` counts from 0.
fn days(year: u64, month: usize, day: u64) -> Option<u64> {
    if !(1970..=9999).contains(&year) {
        return None;
    }
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let before = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    let months = lengths(year);
    let length = *months.get(month)?;
    let passed: u64 = months.iter().take(month).sum();
    (1..=length).contains(&day).then_some(before + passed + day - 1)
}

/// Year, month from 0, and day of the month.
fn civil(days_since_epoch: u64) -> (u64, usize, u64) {
    let (mut year, mut left) = (1970, days_since_epoch);
    loop {
        let length = lengths(year).iter().sum();
        if left < length {
            break;
        }
        left -= length;
        year += 1;
    }
    let mut month = 0;
    for length in lengths(year) {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    (year, month, left + 1)
}

const fn lengths(year: u64) -> [u64; 12] {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let february = if leap { 29 } else { 28 };
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_that_are_known() {
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1_700_000_000, "Tue, 14 Nov 2023 22:13:20 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_289_653_689, "Sat, 13 Nov 2010 13:08:09 GMT"),
        ] {
            assert_eq!(sip_date(Duration::from_secs(seconds)), text);
            assert_eq!(parse(text.as_bytes()), Some(seconds));
        }
    }

    #[test]
    fn what_is_no_sip_date() {
        for text in [
            "Wed, 14 Nov 2023 22:13:20 GMT",
            "Tue, 14 Nov 2023 22:13:20 EST",
            "Tue, 14 nov 2023 22:13:20 GMT",
            "Tue, 31 Feb 2023 22:13:20 GMT",
            "Tue, 14 Nov 2023 24:13:20 GMT",
            "Tue, 14 Nov 23 22:13:20 GMT",
            "Tue, 14 Nov 2023 22:13:20 GMT ",
            "",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_date_is_fresh_for_300_seconds_either_way() {
        let now = Duration::from_secs(1_700_000_000);
        let date = |seconds| sip_date(Duration::from_secs(seconds));
        assert!(is_fresh(date(1_700_000_300).as_bytes(), now));
        assert!(is_fresh(date(1_699_999_700).as_bytes(), now));
        assert!(!is_fresh(date(1_700_000_301).as_bytes(), now));
        assert!(!is_fresh(date(1_699_999_699).as_bytes(), now));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_date_reads_back(seconds in 0_u64..200_000_000_000) {
            let date = sip_date(Duration::from_secs(seconds));
            prop_assert_eq!(parse(date.as_bytes()), Some(seconds));
        }
    }
}
