//! Standin's promises, held against what happened.
//!
//! A run may kill, race, flood or simulate. Whatever it does, it keeps a [`History`]: who asked for what, from when to when,
//! and what they were told. With what the server keeps in the end ([`Kept`]) that is enough to say whether the eight
//! invariants held, and [`History::check`] says it for every run in the same way. No run has rules of its own.
//!
//! I1 An acknowledged task is there, and opens its session or has a reason not to.
//! I2 A ticket opens one session at most, and has opened one when somebody was told so.
//! I3 A ticket that was taken back opens nothing afterwards, and what was over once stays over.
//! I4 Sessions that were taken back get no tokens afterwards; the last one is dead 65 seconds later.
//! I5 No token outlives its session.
//! I6 Every change has its one record, in the order of the commits.
//! I7 What was acknowledged is there after whatever came then.
//! I8 A name has one agent for ever, and an agent one name.

mod chance;
mod history;
mod kept;
mod laws;
mod page;
mod trial;

pub use chance::Chance;
pub use history::{Asked, Call, History, Moment, Open, Told, Whose};
pub use kept::{Kept, KeptSession, KeptTask, Record};
pub use laws::{Broken, Held};
pub use page::check_page;
pub use trial::Trial;
