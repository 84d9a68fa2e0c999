//! What somebody did to a development server, and may have forgotten: its clock, its faults.

use jiff::SignedDuration;

use super::Finding;
use crate::client::Client;

/// A clock that was moved, and faults that are left. A server in production has neither.
pub(super) async fn by_hand(client: &Client) -> Vec<Finding> {
    let development = client.api.development();
    let mut found = Vec::new();
    if let Ok(clock) = development.clock().await
        && clock.ahead_ms != 0
    {
        let apart = SignedDuration::from_secs(clock.ahead_ms / 1000);
        let text = format!(
            "somebody moved the server's clock, it is {:#} from the real one: SDKs refuse the tokens that it makes",
            apart.abs()
        );
        found.push(Finding::wrong("clock", text, "standin clock real"));
    }
    let faults = development.faults().await.map(|page| page.data);
    let mut faults = faults.into_iter().flatten();
    if let Some(fault) = faults.find(|fault| fault.times_left != Some(0)) {
        let text = format!(
            "requests to {} {} come upon a fault that somebody added",
            fault.method, fault.path
        );
        found.push(Finding::wrong("faults", text, "standin fault remove --all"));
    }
    found
}
