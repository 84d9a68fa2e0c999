//! Lengths and moments of time as people write and read them: `30m`, `1h30m`, `14:13`.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use standin_server::clock::Clock;

/// A length of time in whole seconds, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(pub i64);

impl FromStr for Seconds {
    type Err = String;

    /// Reads `90`, `90s`, `30m`, `2h`, `1d` and sums of them (`1h30m`); nothing and less than nothing are refused.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no length of time; write 90s, 30m, 2h, 1d or 1h30m");
        let (mut total, mut rest) = (0_i64, text.trim());
        while !rest.is_empty() {
            let digits = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let number: i64 = rest[..digits].parse().map_err(|_| wrong())?;
            let unit_end = rest[digits..]
                .find(|c: char| c.is_ascii_digit())
                .map_or(rest.len(), |at| digits + at);
            let unit = match &rest[digits..unit_end] {
                // A number alone is seconds, but not behind something else: `1h30` may mean minutes.
                "" if digits == text.trim().len() => 1,
                "s" => 1,
                "m" => 60,
                "h" => 3600,
                "d" => 86_400,
                _ => return Err(wrong()),
            };
            total = number
                .checked_mul(unit)
                .and_then(|seconds| total.checked_add(seconds))
                .ok_or_else(wrong)?;
            rest = &rest[unit_end..];
        }
        if total > 0 {
            Ok(Self(total))
        } else {
            Err(wrong())
        }
    }
}

/// A moment (milliseconds since the epoch) in local time: the time of day, with its date where that is not today's.
pub fn moment(millis: i64) -> String {
    let zone = TimeZone::system();
    let local = |millis: i64| {
        Timestamp::from_millisecond(millis)
            .unwrap_or_default()
            .to_zoned(zone.clone())
    };
    let (at, now) = (local(millis), local(Clock::System.now().0));
    if at.date() == now.date() {
        at.strftime("%H:%M").to_string()
    } else {
        at.strftime("%Y-%m-%d %H:%M").to_string()
    }
}

/// The moment with its seconds, for lists of what happened.
pub fn exact_moment(millis: i64) -> String {
    let at = Timestamp::from_millisecond(millis).unwrap_or_default();
    let local = at.to_zoned(TimeZone::system());
    local.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<i64> {
        text.parse::<Seconds>().ok().map(|seconds| seconds.0)
    }

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        assert_eq!(seconds("90"), Some(90));
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("30m"), Some(1800));
        assert_eq!(seconds("1h30m"), Some(5400));
        assert_eq!(seconds("2d"), Some(172_800));
        for wrong in [
            "",
            "0",
            "0m",
            "-5m",
            "m",
            "5x",
            "1h30",
            "1.5h",
            "10 m",
            "99999999999999999999",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
        assert_eq!(seconds("9223372036854775807d"), None);
    }

    #[test]
    fn a_moment_of_another_day_names_its_day() {
        assert_eq!(moment(Clock::System.now().0).len(), "14:13".len());
        assert!(moment(0).contains('-'));
    }
}
