//! `standin clock`: what time it is for a development server, moved by hand.

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use standin::Call;
use standin::development::Clock as Shown;

use crate::client::{Client, ServerOptions};
use crate::duration::{Seconds, exact_moment};
use crate::failure::{Failure, Result};
use crate::terminal;

#[derive(Args)]
#[command(after_help = "\
Examples:
  standin clock                            what time it is there
  standin clock +31m                       a session of half an hour is over now
  standin clock -2d
  standin clock set 2026-12-24T10:00:00Z   it goes on from there
  standin clock real                       as the machine's again; a restart does the same")]
pub struct Clock {
    /// A length of time with a sign, `set`, or `real`; nothing shows the clock
    #[arg(value_name = "CHANGE", allow_hyphen_values = true)]
    change: Option<String>,
    /// To which moment it is set
    #[arg(value_name = "MOMENT")]
    moment: Option<String>,
    #[command(flatten)]
    server: ServerOptions,
}

/// What is to become of the clock.
enum Change {
    By(SignedDuration),
    To(Timestamp),
    Real,
}

impl Change {
    fn read(clock: &Clock) -> Result<Option<Self>> {
        let words = [&clock.change, &clock.moment].into_iter().flatten();
        let words: Vec<&str> = words.map(String::as_str).collect();
        match words[..] {
            [] => Ok(None),
            ["real"] => Ok(Some(Self::Real)),
            ["set", moment] => match moment.parse() {
                Ok(moment) => Ok(Some(Self::To(moment))),
                Err(_) => Err(Failure::usage(format!("`{moment}` is no moment"))
                    .hint("write", "standin clock set 2026-12-24T10:00:00Z")),
            },
            [by] if by.starts_with(['+', '-']) => {
                let length: Seconds = by[1..].parse().map_err(Failure::usage)?;
                let length = SignedDuration::try_from(length.0).map_err(Failure::usage)?;
                Ok(Some(Self::By(if by.starts_with('-') {
                    -length
                } else {
                    length
                })))
            }
            _ => Err(
                Failure::usage(format!("`{}` does not say what to do", words.join(" ")))
                    .hint("move it", "standin clock +31m")
                    .hint("set it", "standin clock set 2026-12-24T10:00:00Z")
                    .hint("put it right", "standin clock real"),
            ),
        }
    }
}

pub async fn run(clock: Clock, json: bool) -> Result<()> {
    let change = Change::read(&clock)?;
    let client = Client::of_development(&clock.server)?;
    let development = client.api.development();
    let call: Call<Shown> = match change {
        None => development.clock(),
        Some(Change::By(by)) => development.move_clock(by),
        Some(Change::To(at)) => development.set_clock(at),
        Some(Change::Real) => development.real_clock(),
    };
    if json {
        return client.print(call.json()).await;
    }
    let shown = client.ask(call).await?;
    terminal::print(exact_moment(shown.now));
    explain(shown);
    Ok(())
}

/// What a moved clock means for those who go by another one.
fn explain(shown: Shown) {
    let apart = SignedDuration::from_secs(shown.ahead_ms / 1000);
    if shown.ahead_ms == 0 {
        terminal::say("as the machine's clock");
        return;
    }
    let (words, tokens) = if apart.is_negative() {
        (
            "behind",
            "tokens made now have expired for everybody who verifies them by the real clock",
        )
    } else {
        (
            "ahead of",
            "tokens made now are from the future for everybody who verifies them by the real clock: SDKs refuse them, unless \
             told otherwise (clockSkewInMs)",
        )
    };
    terminal::say(format!("{:#} {words} the real clock", apart.abs()));
    terminal::note(format!(
        "{tokens}; what ends by the server's own word (sessions, links, sign-ins) ends by this clock"
    ));
    terminal::say("put it right with: standin clock real");
}
