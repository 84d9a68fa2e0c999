//! The clock of a development instance, moved by hand: what has to be put right where time goes back. A row that waits for a
//! moment would wait for as long as the clock was ahead; what ends at a moment ends then, whoever comes to it and how.

use crate::clock::Time;
use crate::db::Write;
use crate::error::Result;
use crate::events::{Action, Event};
use crate::{instance, webhooks};

/// 2015 begins: ids hold no time before May 2014.
pub const EARLIEST: Time = Time(1_420_070_400_000);
/// 2150 begins: ids hold no time after June of it.
pub const LATEST: Time = Time(5_680_281_600_000);

/// The clock is about to be moved to that moment.
pub fn go(tx: &mut Write<'_>, to: Time) -> Result<()> {
    instance::forget_time(tx)?;
    if to < tx.now() {
        webhooks::hurry(tx, to)?;
    }
    tx.note(Event::new(Action::ClockMove).detail(format!("to {to:?}")));
    Ok(())
}

/// A server starts, by the machine's clock: where another one was moved and ended so, it is now earlier than rows say.
pub fn come_back(tx: &mut Write<'_>) -> Result<()> {
    if instance::forgets_time(tx)? {
        let now = tx.now();
        webhooks::hurry(tx, now)?;
    }
    Ok(())
}
