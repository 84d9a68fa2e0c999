//! How long what is over is kept.

use std::str::FromStr;

use clap::Args;
use serde::Deserialize;
use standin_server::config;

use crate::duration::Seconds;

/// The options of `standin serve`, and the settings of the same names in its file.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Keep {
    /// How long tasks and sign-in tokens are kept after their links expired, and tasks at least as long as their sessions: a time
    /// or `forever` [default: 30d]
    #[arg(
        id = "keep_tasks",
        long = "keep-tasks",
        value_name = "TIME",
        env = "STANDIN_KEEP_TASKS"
    )]
    pub tasks: Option<Kept>,
    /// How long sessions are kept after they ended or expired [default: 30d]
    #[arg(
        id = "keep_sessions",
        long = "keep-sessions",
        value_name = "TIME",
        env = "STANDIN_KEEP_SESSIONS"
    )]
    pub sessions: Option<Kept>,
    /// How long records of the audit trail are kept [default: 400d]
    #[arg(
        id = "keep_audit",
        long = "keep-audit",
        value_name = "TIME",
        env = "STANDIN_KEEP_AUDIT"
    )]
    pub audit: Option<Kept>,
    /// How long webhooks' deliveries are kept after their event [default: 30d]
    #[arg(
        id = "keep_deliveries",
        long = "keep-deliveries",
        value_name = "TIME",
        env = "STANDIN_KEEP_DELIVERIES"
    )]
    pub deliveries: Option<Kept>,
}

impl Keep {
    /// Lays what was said over what is in place.
    pub fn apply(self, keep: &mut config::Keep) {
        for (said, setting) in [
            (self.tasks, &mut keep.tasks),
            (self.sessions, &mut keep.sessions),
            (self.audit, &mut keep.audit),
            (self.deliveries, &mut keep.deliveries),
        ] {
            if let Some(Kept(kept)) = said {
                *setting = kept;
            }
        }
    }
}

/// So many seconds, or for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Kept(Option<i64>);

impl FromStr for Kept {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        /// An attempt to sign in opens one session, which its row tells; it may be shown again for an hour.
        const LEAST: i64 = 86_400;
        if text == "forever" {
            return Ok(Self(None));
        }
        let Seconds(time): Seconds = text
            .parse()
            .map_err(|error: String| format!("{error}, or forever"))?;
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        if seconds < LEAST {
            return Err(format!("`{text}` is too short; a day is the least"));
        }
        Ok(Self(Some(seconds)))
    }
}

impl TryFrom<String> for Kept {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_day_at_least_or_forever() {
        let kept = |text: &str| text.parse::<Kept>().map(|kept| kept.0);
        assert_eq!(kept("30d"), Ok(Some(30 * 86_400)));
        assert_eq!(kept("24h"), Ok(Some(86_400)));
        assert_eq!(kept("forever"), Ok(None));
        for (wrong, word) in [("23h", "a day"), ("30", "no unit"), ("never", "forever")] {
            assert!(kept(wrong).unwrap_err().contains(word), "{wrong}");
        }
    }
}
