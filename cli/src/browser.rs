//! Opens a page in the person's browser: `$BROWSER` first, then what the desktop offers.

use std::process::Stdio;

use tokio::process::Command;

/// Tries to open `url`; false when no browser can be started.
pub async fn open(url: &str) -> bool {
    let chosen = std::env::var("BROWSER").unwrap_or_default();
    // $BROWSER is a list, tried in order; %s stands for the address.
    let chosen = chosen.split(':').filter(|command| !command.is_empty());
    for command in chosen.chain(["xdg-open", "open"]) {
        if start(command, url).await {
            return true;
        }
    }
    false
}

/// Starts `command`. One that ends at once with an error found no browser; one that still runs is the browser.
async fn start(command: &str, url: &str) -> bool {
    let mut words = command.split_whitespace();
    let Some(program) = words.next() else {
        return false;
    };
    let mut process = Command::new(program);
    let mut named = false;
    for word in words {
        named |= word.contains("%s");
        process.arg(word.replace("%s", url));
    }
    if !named {
        process.arg(url);
    }
    // A browser talks a lot, and its stdout is not ours.
    process
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let Ok(mut child) = process.spawn() else {
        return false;
    };
    match tokio::time::timeout(std::time::Duration::from_secs(2), child.wait()).await {
        Ok(ended) => ended.is_ok_and(|status| status.success()),
        Err(_) => true,
    }
}
