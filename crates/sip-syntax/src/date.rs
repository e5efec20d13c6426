//! Date. RFC 3261 §20.17: RFC 1123 dates, always GMT.

use crate::{Cursor, Expected, ParseError, decimal};
use core::fmt;
use core::time::Duration;

/// A SIP-date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    seconds: u64,
}

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];
const DAYS: [&[u8]; 7] = [b"Thu", b"Fri", b"Sat", b"Sun", b"Mon", b"Tue", b"Wed"];

impl Date {
    /// The last second of the year 9999: years have four digits.
    const LAST: u64 = 253_402_300_799;

    /// A date so long after the start of 1970, in whole seconds.
    pub const fn from_unix(time: Duration) -> Self {
        let seconds = time.as_secs();
        Self { seconds: if seconds > Self::LAST { Self::LAST } else { seconds } }
    }

    /// Time since the start of 1970.
    pub const fn since_epoch(self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// Reads `Sat, 13 Nov 2010 23:29:00 GMT`.
    ///
    /// # Errors
    /// Any other form or zone, a date that no calendar has, a year before 1970. The weekday is
    /// read, not checked.
    pub fn parse(value: &[u8]) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(value);
        cursor.skip_white();
        let error = cursor.error(Expected::Date);
        let date = Self::read(&mut cursor).ok_or(error)?;
        cursor.end()?;
        Ok(date)
    }

    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        position(&DAYS, cursor.take(3))?;
        cursor.eat(b',').then_some(())?;
        cursor.skip_white();
        let day = decimal(cursor.take(2))?;
        cursor.eat(b' ').then_some(())?;
        let month = position(&MONTHS, cursor.take(3))? + 1;
        cursor.eat(b' ').then_some(())?;
        let year = decimal(cursor.take(4))?;
        cursor.eat(b' ').then_some(())?;
        let hour = decimal(cursor.take(2))?;
        cursor.eat(b':').then_some(())?;
        let minute = decimal(cursor.take(2))?;
        cursor.eat(b':').then_some(())?;
        let second = decimal(cursor.take(2))?;
        cursor.eat_ignore_case(b" GMT").then_some(())?;
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let days = days_from_civil(year, month, day)?;
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
        // A leap second is the second after it, but for the last one of all.
        Some(Self::from_unix(Duration::from_secs(seconds)))
    }
}

fn position(names: &[&[u8]], name: &[u8]) -> Option<u64> {
    let at = names.iter().position(|n| n.eq_ignore_ascii_case(name))?;
    u64::try_from(at).ok()
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from the start of 1970 to the start of a year.
const fn days_before(year: u64) -> u64 {
    let last = year - 1;
    let leaps = last / 4 - last / 100 + last / 400;
    // 477 leap days stand before 1970.
    (year - 1970) * 365 + leaps - 477
}

fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    if year < 1970 || day == 0 || day > days_in(year, month) {
        return None;
    }
    let months: u64 = (1..month).map(|month| days_in(year, month)).sum();
    Some(days_before(year) + months + day - 1)
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.seconds / 86_400;
        // Never too small, and at most a few too large.
        let mut year = 1970 + days / 365;
        while days_before(year) > days {
            year -= 1;
        }
        let mut day = days - days_before(year);
        let mut month = 1;
        while day >= days_in(year, month) {
            day -= days_in(year, month);
            month += 1;
        }
        let name = |names: &[&'static [u8]], at: u64| {
            usize::try_from(at)
                .ok()
                .and_then(|at| names.get(at).copied())
                .unwrap_or_default()
                .escape_ascii()
        };
        let (hour, minute, second) =
            (self.seconds / 3_600 % 24, self.seconds / 60 % 60, self.seconds % 60);
        write!(
            f,
            "{}, {:02} {} {year:04} {hour:02}:{minute:02}:{second:02} GMT",
            name(&DAYS, days % 7),
            day + 1,
            name(&MONTHS, month - 1),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
            ("Sat, 13 Nov 2010 23:29:00 GMT", 1_289_690_940),
            ("Tue, 14 Nov 2023 22:13:20 GMT", 1_700_000_000),
            ("Fri, 31 Dec 2100 23:59:59 GMT", 4_133_980_799),
        ] {
            let date = Date::parse(text.as_bytes()).unwrap();
            assert_eq!(date.since_epoch().as_secs(), seconds, "{text}");
            assert_eq!(date.to_string(), text);
        }
    }

    #[test]
    fn a_leap_second_after_the_last_year_reads_back() {
        let date = Date::parse(b"Fri, 31 Dec 9999 23:59:60 GMT").unwrap();
        assert_eq!(date.to_string(), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(Date::parse(date.to_string().as_bytes()), Ok(date));
    }

    #[test]
    fn only_gmt_is_a_sip_date() {
        for text in [
            "Fri, 01 Jan 2010 16:00:00 EST",
            "Fri, 32 Jan 2010 16:00:00 GMT",
            "Mon, 29 Feb 2100 16:00:00 GMT",
            "1 Jan 2010 16:00:00 GMT",
            "Fri, 01 Jan 2010 24:00:00 GMT",
        ] {
            assert!(Date::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
