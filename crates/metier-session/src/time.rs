//! A moment as transcripts record it: milliseconds, UTC.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in milliseconds since 1970-01-01T00:00:00Z.
///
/// Months and days are those of UTC everywhere, so that a session never moves to another day with
/// the machine's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// Reads RFC 3339, with any offset and any number of decimals. None if it is not one.
    ///
    /// ```
    /// use metier_session::Time;
    /// assert_eq!(Time::parse("1970-01-01T00:00:01.5Z"), Some(Time(1500)));
    /// assert_eq!(Time::parse("1970-01-01T01:00:00+01:00"), Some(Time(0)));
    /// assert_eq!(Time::parse("yesterday"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Time> {
        parse_usual(text.as_bytes())
            .or_else(|| text.parse::<Timestamp>().ok().map(|t| t.as_millisecond()))
            .map(Time)
    }

    /// The month, as `2026-01`.
    pub fn month(self) -> String {
        let text = self.to_string();
        text.get(..7).unwrap_or("unknown").to_owned()
    }

    /// The month in UTC as a number: months since January of the year 0. `None` before.
    ///
    /// ```
    /// use metier_session::Time;
    /// let months = |text| Time::parse(text).and_then(Time::months);
    /// assert_eq!(months("2026-01-31T23:59:59Z"), Some(2026 * 12));
    /// assert_eq!(months("2025-12-31T23:59:59Z"), Some(2026 * 12 - 1));
    /// ```
    pub fn months(self) -> Option<u32> {
        // The way back of `parse_usual`: Howard Hinnant, "chrono-compatible low-level date algorithms" (2014).
        let days = self.0.div_euclid(86_400_000) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let (month, next_year) = if shifted < 10 { (shifted + 2, 0) } else { (shifted - 10, 1) };
        u32::try_from((era * 400 + year_of_era + next_year) * 12 + month).ok()
    }
}

impl fmt::Display for Time {
    /// RFC 3339 with milliseconds: `2026-01-31T12:00:00.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Time::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no RFC 3339 time")))
    }
}

/// The one shape that nearly every record has, `2026-01-31T12:00:00.000Z`, without a general parser.
fn parse_usual(b: &[u8]) -> Option<i64> {
    if b.len() != 24 || b[23] != b'Z' || b[10] != b'T' || b[19] != b'.' {
        return None;
    }
    if b[4] != b'-' || b[7] != b'-' || b[13] != b':' || b[16] != b':' {
        return None;
    }
    let number = |from: usize, to: usize| {
        b[from..to].iter().try_fold(0i64, |n, d| d.is_ascii_digit().then(|| n * 10 + i64::from(d - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second, milli) = (number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 23)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if day < 1 || day > days || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days since the epoch of a civil date: Howard Hinnant, "chrono-compatible low-level date algorithms" (2014).
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y - era * 400;
    let doy = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    let days = era * 146_097 + doe - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + milli)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_short_way_agrees_with_the_general_parser(ms in 0i64..4_102_444_800_000) {
            let text = Time(ms).to_string();
            prop_assert_eq!(parse_usual(text.as_bytes()), Some(ms));
            prop_assert_eq!(Time::parse(&text), Some(Time(ms)));
        }

        #[test]
        fn impossible_dates_are_none_in_both(month in 0u32..15, day in 0u32..34, hour in 0u32..26) {
            let text = format!("2027-{month:02}-{day:02}T{hour:02}:00:00.000Z");
            let general = text.parse::<Timestamp>().ok().map(|t| t.as_millisecond());
            prop_assert_eq!(Time::parse(&text).map(|t| t.0), general);
        }
    }
}
