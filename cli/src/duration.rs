//! Lengths and moments of time as people write and read them: `30m`, `1h30m`, `14:13`.

use std::str::FromStr;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp, Unit};
use standin_server::clock::{Clock, Time};

/// A length of time in whole seconds, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(pub Duration);

impl FromStr for Seconds {
    type Err = String;

    /// Reads what jiff reads as a length (`90s`, `30m`, `1h30m`, `2d` of 24 hours each). A bare number is refused, because
    /// nobody knows of what; so are nothing and less than nothing.
    fn from_str(text: &str) -> Result<Self, String> {
        let bare = text.trim();
        if !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!(
                "`{bare}` has no unit; write {bare}s, {bare}m or {bare}h"
            ));
        }
        match length(text).map(|length| length.as_secs()) {
            // Longer than any clock counts, it would only be refused in stranger words.
            Some(seconds @ 1..=MOST) => Ok(Self(Duration::from_secs(seconds))),
            _ => Err(format!(
                "`{text}` is no length of time; write 90s, 30m, 2h, 1d or 1h30m"
            )),
        }
    }
}

/// A length of time in whole milliseconds, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Millis(pub Duration);

impl FromStr for Millis {
    type Err = String;

    /// Reads what [`Seconds`] reads, and `200ms`.
    fn from_str(text: &str) -> Result<Self, String> {
        match length(text) {
            Some(length) if !length.is_zero() => Ok(Self(length)),
            _ => Err(format!("`{text}` is no length of time; write 200ms or 2s")),
        }
    }
}

/// What the server counts with, `i64`, holds more; this is a thousand years.
const MOST: u64 = 1000 * 366 * 86_400;

fn length(text: &str) -> Option<Duration> {
    let span: Span = text.parse().ok()?;
    let days = SpanRelativeTo::days_are_24_hours();
    let total = span.total((Unit::Millisecond, days)).ok()?;
    Duration::try_from_secs_f64(total / 1000.0).ok()
}

/// A moment in local time: the time of day, with its date where that is not today's.
pub fn moment(at: Timestamp) -> String {
    let zone = TimeZone::system();
    let (at, now) = (
        at.to_zoned(zone.clone()),
        of_the_server(Clock::System.now()).to_zoned(zone),
    );
    if at.date() == now.date() {
        at.strftime("%H:%M").to_string()
    } else {
        at.strftime("%Y-%m-%d %H:%M").to_string()
    }
}

/// A moment as the server's library has it.
pub fn of_the_server(at: Time) -> Timestamp {
    Timestamp::from_millisecond(at.0).unwrap_or_default()
}

/// The moment with its seconds, for lists of what happened.
pub fn exact_moment(at: Timestamp) -> String {
    let local = at.to_zoned(TimeZone::system());
    local.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<u64> {
        let read = text.parse::<Seconds>().ok();
        read.map(|seconds| seconds.0.as_secs())
    }

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("30m"), Some(1800));
        assert_eq!(seconds("1h30m"), Some(5400));
        assert_eq!(seconds("2d"), Some(172_800));
        assert_eq!(seconds("1d12h"), Some(129_600));
        assert_eq!(seconds("1.5h"), Some(5400));
        assert_eq!(seconds("10 min"), Some(600));
        for wrong in [
            "",
            "0",
            "3",
            "90",
            "0m",
            "-5m",
            "m",
            "5x",
            "1h30",
            "0.4s",
            "30m ago",
            "1mo",
            "1y",
            "99999999999999999999",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
        assert_eq!(seconds("9223372036854775807d"), None);
    }

    #[test]
    fn lengths_of_time_can_be_of_milliseconds() {
        let millis = |text: &str| Some(text.parse::<Millis>().ok()?.0.as_millis());
        assert_eq!(millis("200ms"), Some(200));
        assert_eq!(millis("2s"), Some(2000));
        for wrong in ["", "200", "-1s", "0ms", "soon"] {
            assert_eq!(millis(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_moment_of_another_day_names_its_day() {
        assert_eq!(
            moment(of_the_server(Clock::System.now())).len(),
            "14:13".len()
        );
        assert!(moment(Timestamp::UNIX_EPOCH).contains('-'));
    }
}
