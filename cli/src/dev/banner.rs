//! What a development server says when it is ready. The secret key is shown to a person only: what goes into a file or a
//! CI log stays there.

use std::io::IsTerminal as _;
use std::time::Duration;

use crate::env::Values;
use crate::sdk::Old;
use crate::terminal::{self, BOLD, DIM, GREEN, YELLOW};

/// What there is to say.
pub struct Banner<'a> {
    pub values: &'a Values,
    /// Where the data is.
    pub place: &'a str,
    /// Somebody a task can be for.
    pub someone: &'a str,
    /// The address with which a form signs in, if there is one.
    pub test_address: Option<&'a str>,
    pub took: Duration,
    /// What installs the clerk-js that pages would load, where there is none.
    pub missing: Option<&'a str>,
    /// An SDK that takes less than others.
    pub old: Option<Old>,
    /// Whether the server speaks https beside http.
    pub speaks_tls: bool,
    /// Whether a command runs now, which is what comes next.
    pub runs_command: bool,
}

/// Says where the server is, with which keys, what is missing, and what to do next.
pub fn say(banner: &Banner<'_>) {
    let Banner { values, place, .. } = banner;
    let version = env!("CARGO_PKG_VERSION");
    let millis = banner.took.as_millis();
    let (url, publishable) = (&values.public_url, &values.publishable_key);
    let secret = if std::io::stderr().is_terminal() {
        values.secret_key.as_str()
    } else {
        "standin env prints it"
    };
    terminal::say(format!(
        "\n  {BOLD}standin {version}{BOLD:#}  {GREEN}ready in {millis} ms{GREEN:#}  {DIM}data {place}{DIM:#}\n\n\
         \x20 {DIM}Address{DIM:#}                {url}\n\
         \x20 {DIM}CLERK_PUBLISHABLE_KEY{DIM:#}  {publishable}\n\
         \x20 {DIM}CLERK_SECRET_KEY{DIM:#}       {secret}"
    ));
    terminal::say(format!(
        "  {DIM}Dashboard{DIM:#}              {}/dashboard",
        values.api_url
    ));
    if !banner.runs_command {
        terminal::say(format!(
            "                         {DIM}your framework's names for these:{DIM:#} standin env --file .env.local"
        ));
    }
    if let Some(address) = banner.test_address {
        let address = terminal::plain(address);
        terminal::say(format!(
            "  {DIM}Sign in by a form{DIM:#}      {address}, code 424242"
        ));
    }
    if let Some(install) = banner.missing {
        terminal::say(format!(
            "  {YELLOW}clerk-js{YELLOW:#}               not in any node_modules here, and pages load it from this server:\n\
             \x20                        {install}"
        ));
    }
    if let Some(old) = &banner.old {
        let version = terminal::plain(&old.version);
        terminal::say(format!(
            "  {YELLOW}@clerk/backend{YELLOW:#}         {version} is before 2.19.1: links carry cookies in the address instead of a nonce,\n\
             \x20                        which it would follow in circles"
        ));
        if old.only_https && !banner.speaks_tls && values.public_url.starts_with("http:") {
            terminal::say(
                "                         and before 2.2: it sends strangers to https alone, so let this server speak both:\n\
                 \x20                        standin trust localhost --install\n\
                 \x20                        standin dev --tls-cert ./.standin/tls.pem --tls-key ./.standin/tls.key",
            );
        }
    }
    if !banner.runs_command {
        let someone = terminal::plain(banner.someone);
        terminal::say(format!(
            "\n  {DIM}Next{DIM:#}  standin task create --for {someone} --open\n\
             \x20       standin task create --for {someone} --redirect http://localhost:3000/"
        ));
    }
    terminal::say("");
}
