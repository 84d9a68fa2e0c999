//! What a development instance lets its users do to it: move its clock, have it fail. **Standin only**, and there on `standin dev`
//! only; elsewhere these calls are not found.

use std::time::Duration;

use jiff::fmt::serde::timestamp::millisecond;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::call::{Call, awaitable};
use crate::client::Client;
use crate::id::FaultId;
use crate::page::Page;
use crate::seed::Applied;

/// The calls of a development instance; from [`Client::development`].
#[derive(Clone, Copy, Debug)]
pub struct Development<'a>(&'a Client);

impl Client {
    /// The calls of a development instance. **Standin only**.
    pub fn development(&self) -> Development<'_> {
        Development(self)
    }
}

const CLOCK: &str = "/v1/development/clock";
const FAULTS: &str = "/v1/development/faults";
const SNAPSHOTS: &str = "/v1/development/snapshots";

/// Where a snapshot is; a name that cannot be one stays a single part of the path, for the server to refuse.
fn snapshot(name: &str) -> String {
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    format!("{SNAPSHOTS}/{name}")
}

impl Development<'_> {
    /// What time it is for the server.
    pub fn clock(self) -> Call<Clock> {
        Call::get(self.0, CLOCK)
    }

    /// Moves the server's clock from where it is, forward or back, in whole seconds.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// client.development().move_clock(jiff::SignedDuration::from_mins(31)).await?;
    /// // A session of half an hour is over now.
    /// client.development().real_clock().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn move_clock(self, by: SignedDuration) -> Call<Clock> {
        Call::patch(self.0, CLOCK).set("by_seconds", by.as_secs())
    }

    /// Sets the server's clock. It goes on from there.
    pub fn set_clock(self, at: Timestamp) -> Call<Clock> {
        Call::patch(self.0, CLOCK).set("at", at.as_millisecond())
    }

    /// Has the server go by the machine's clock again.
    pub fn real_clock(self) -> Call<Clock> {
        Call::delete(self.0, CLOCK)
    }

    /// The faults there are, those that are used up too.
    pub fn faults(self) -> Call<Page<Fault>> {
        Call::get(self.0, FAULTS)
    }

    /// Has requests to a path fail or be late; each `*` in it stands for anything. Say how with
    /// [`status`](AddFault::status) or [`delay`](AddFault::delay).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// let faults = client.development();
    /// faults.add_fault("/v1/client/*").method("POST").status(503).times(3).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_fault(self, path: &str) -> AddFault {
        AddFault(Call::post(self.0, FAULTS).set("path", path))
    }

    /// Takes a fault away.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one.
    pub fn remove_fault(self, id: &FaultId) -> Call<Fault> {
        Call::delete(self.0, format!("{FAULTS}/{id}"))
    }

    /// Takes all faults away, and gives them back.
    pub fn remove_faults(self) -> Call<Page<Fault>> {
        Call::delete(self.0, FAULTS)
    }
}

impl Development<'_> {
    /// Keeps the present state of the database under a name, in the place of what has it.
    pub fn save_snapshot(self, name: &str) -> Call<Snapshot> {
        Call::put(self.0, snapshot(name))
    }

    /// Puts a state back that was kept: links that were spent since open again. Keys stay.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// client.development().save_snapshot("signed-up").await?;
    /// // A test that changes whatever it likes.
    /// client.development().restore_snapshot("signed-up").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown name.
    pub fn restore_snapshot(self, name: &str) -> Call<Snapshot> {
        Call::post(self.0, format!("{}/restore", snapshot(name)))
    }

    /// The states that are kept, by name.
    pub fn snapshots(self) -> Call<Page<Snapshot>> {
        Call::get(self.0, SNAPSHOTS)
    }

    /// Removes a state that is kept.
    pub fn delete_snapshot(self, name: &str) -> Call<Value> {
        Call::delete(self.0, snapshot(name))
    }

    /// Leaves nothing but what a new database has, and keys, or what a [seed](Reset::seed) makes of that. Its clock goes
    /// right, and its faults are gone.
    pub fn reset(self) -> Reset {
        Reset(Call::post(self.0, "/v1/development/reset"))
    }
}

/// A way back to the beginning that is not taken yet; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct Reset(Call<Applied>);

impl Reset {
    /// Begins with what a seed says, as [`Seed::apply`](crate::seed::Seed::apply) takes it. All of it is done or nothing.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// let seed = serde_json::json!({ "users": [{ "id": "user_admin", "username": "admin" }] });
    /// let seed = seed.as_object().cloned().unwrap_or_default();
    /// client.development().reset().seed(seed).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn seed(self, seed: Map<String, Value>) -> Self {
        Self(self.0.with_body(seed))
    }
}

awaitable!(Reset => Applied);

/// A state of the database that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: String,
    /// How large its file is.
    pub bytes: u64,
    /// When it was saved, by the machine's clock.
    #[serde(with = "millisecond::required")]
    pub saved_at: Timestamp,
}

/// What time it is for a development instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Clock {
    /// By its own clock.
    #[serde(with = "millisecond::required")]
    pub now: Timestamp,
    /// By its machine's.
    #[serde(with = "millisecond::required")]
    pub real: Timestamp,
    /// Milliseconds between the two; 0 where nobody moved it.
    pub ahead_ms: i64,
}

/// A fault that is not added yet; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct AddFault(Call<Fault>);

impl AddFault {
    /// Only requests of this method; all where not given.
    pub fn method(self, method: &str) -> Self {
        Self(self.0.set("method", method))
    }

    /// Answers with this status, in the shape of the instance's own refusals.
    pub fn status(self, status: u16) -> Self {
        Self(self.0.set("status", status))
    }

    /// Answers so much later, in whole milliseconds.
    pub fn delay(self, delay: Duration) -> Self {
        Self(self.0.set("delay_ms", delay.as_millis()))
    }

    /// For so many requests; for all to come where not given.
    pub fn times(self, times: u64) -> Self {
        Self(self.0.set("times", times))
    }
}

awaitable!(AddFault => Fault);

/// A fault of a development instance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Fault {
    /// Its id.
    pub id: FaultId,
    /// Which method it is for; `*` is every one.
    pub method: String,
    /// Which paths it is for.
    pub path: String,
    /// The status of the answer; `None` where it is only late.
    pub status: Option<u16>,
    /// How much later the answer is, in milliseconds.
    pub delay_ms: u64,
    /// How many requests are left to come upon it; `None` for all to come.
    pub times_left: Option<u64>,
    /// How many did.
    pub hits: u64,
    /// When it was added, by the server's own clock.
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
}
