//! What a development server says when it is ready. The secret key is shown to a person only: what goes into a file or a
//! CI log stays there.

use std::io::IsTerminal as _;
use std::time::Duration;

use crate::env::Values;
use crate::terminal::{self, BOLD, DIM, GREEN};

/// Says where the server is, with which keys, and what to do next. `place` is the data, `someone` a user.
pub fn say(values: &Values, place: &str, someone: &str, took: Duration) {
    let version = env!("CARGO_PKG_VERSION");
    let millis = took.as_millis();
    let (url, publishable) = (&values.public_url, &values.publishable_key);
    let secret = if std::io::stderr().is_terminal() {
        values.secret_key.as_str()
    } else {
        "standin env prints it"
    };
    let someone = terminal::plain(someone);
    terminal::say(format!(
        "\n  {BOLD}standin {version}{BOLD:#}  {GREEN}ready in {millis} ms{GREEN:#}  {DIM}data {place}{DIM:#}\n\n\
         \x20 {DIM}Address{DIM:#}                {url}\n\
         \x20 {DIM}CLERK_PUBLISHABLE_KEY{DIM:#}  {publishable}\n\
         \x20 {DIM}CLERK_SECRET_KEY{DIM:#}       {secret}\n\
         \x20                        {DIM}your framework's names for these:{DIM:#} standin env --file .env.local\n\n\
         \x20 {DIM}Next{DIM:#}  standin task create --for {someone} --open\n\
         \x20       standin task create --for {someone} --redirect http://localhost:3000/\n"
    ));
}
