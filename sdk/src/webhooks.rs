//! Webhooks. [`verify`] is for whoever receives events, from Standin and from Clerk alike; where they are sent to is set over the
//! calls of [`Client::webhooks`], **Standin only**.

mod verify;

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::Deserialize;

use crate::call::{Call, awaitable};
use crate::client::Client;
use crate::id::WebhookId;
use crate::page::Page;
pub use verify::{Event, Invalid, TOLERANCE, verify};

/// The calls about endpoints; from [`Client::webhooks`].
#[derive(Clone, Copy, Debug)]
pub struct Webhooks<'a>(&'a Client);

impl Client {
    /// The calls about endpoints that events are sent to. **Standin only**.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// let made = client
    ///     .webhooks()
    ///     .create("https://app.example.com/api/webhooks")
    ///     .events(["user.*", "session.created"])
    ///     .await?;
    /// println!("{:?}", made.signing_secret);
    /// # Ok(())
    /// # }
    /// ```
    pub fn webhooks(&self) -> Webhooks<'_> {
        Webhooks(self)
    }
}

impl Webhooks<'_> {
    /// All endpoints, the oldest first.
    pub fn list(self) -> Call<Page<Webhook>> {
        Call::get(self.0, "/v1/webhook_endpoints")
    }

    /// Has events sent to this address, all where [`events`](SetWebhook::events) says nothing. The answer holds the secret.
    pub fn create(self, url: &str) -> SetWebhook {
        SetWebhook(Call::post(self.0, "/v1/webhook_endpoints").set("url", url))
    }

    /// Changes an endpoint.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one, as with all calls that name one.
    pub fn update(self, id: &WebhookId) -> SetWebhook {
        SetWebhook(Call::patch(self.0, format!("/v1/webhook_endpoints/{id}")))
    }

    /// Sends nothing there any more.
    pub fn delete(self, id: &WebhookId) -> Call<serde_json::Value> {
        Call::delete(self.0, format!("/v1/webhook_endpoints/{id}"))
    }

    /// An endpoint with its secret.
    pub fn secret(self, id: &WebhookId) -> Call<Webhook> {
        Call::get(self.0, format!("/v1/webhook_endpoints/{id}/secret"))
    }

    /// Gives an endpoint another secret, which the answer holds. The present one signs beside it for a day.
    pub fn rotate_secret(self, id: &WebhookId) -> Call<Webhook> {
        Call::post(self.0, format!("/v1/webhook_endpoints/{id}/rotate_secret"))
    }

    /// Sends an event that tells of nothing, `webhook.test`.
    pub fn test(self, id: &WebhookId) -> Call<Delivery> {
        Call::post(self.0, format!("/v1/webhook_endpoints/{id}/test"))
    }

    /// What was sent or will be, the newest first.
    pub fn deliveries(self, id: &WebhookId) -> ListDeliveries {
        let path = format!("/v1/webhook_endpoints/{id}/deliveries");
        ListDeliveries(Call::get(self.0, path))
    }

    /// Sends a delivery again.
    pub fn replay(self, id: &WebhookId, delivery: i64) -> Call<Delivery> {
        let path = format!("/v1/webhook_endpoints/{id}/deliveries/{delivery}/replay");
        Call::post(self.0, path)
    }

    /// Sends again what happened since then: 1,000 events at most, the oldest first.
    pub fn replay_since(self, id: &WebhookId, since: Timestamp) -> ReplaySince {
        let call = Call::post(self.0, format!("/v1/webhook_endpoints/{id}/replay"));
        ReplaySince(call.set("since", since.as_millisecond()))
    }
}

/// An endpoint about to be made or changed; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct SetWebhook(Call<Webhook>);

impl SetWebhook {
    /// Where events are sent to.
    pub fn url(self, url: &str) -> Self {
        Self(self.0.set("url", url))
    }

    /// Which: types, `user.*` for all of one object, `*` for all.
    pub fn events<'a>(self, events: impl IntoIterator<Item = &'a str>) -> Self {
        let events: Vec<_> = events.into_iter().collect();
        Self(self.0.set("events", events))
    }

    /// A remark.
    pub fn description(self, text: &str) -> Self {
        Self(self.0.set("description", text))
    }

    /// Whether nothing is sent there, and nothing kept for it.
    pub fn disabled(self, yes: bool) -> Self {
        Self(self.0.set("disabled", yes))
    }
}

/// Some deliveries; `.await` them.
#[must_use = "nothing is sent until it is awaited"]
pub struct ListDeliveries(Call<Page<Delivery>>);

impl ListDeliveries {
    /// Only those that have come so far: `waiting`, `delivered` or `dead`.
    pub fn status(self, status: &str) -> Self {
        Self(self.0.query("status", status))
    }

    /// How many at most: 1 to 500, 10 where not given.
    pub fn limit(self, limit: u32) -> Self {
        Self(self.0.query("limit", limit))
    }

    /// How many to pass over.
    pub fn offset(self, offset: u32) -> Self {
        Self(self.0.query("offset", offset))
    }
}

/// Deliveries about to be sent again; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct ReplaySince(Call<Replayed>);

impl ReplaySince {
    /// Only those of which nobody tries any more.
    pub fn only_dead(self) -> Self {
        Self(self.0.set("status", "dead"))
    }
}

awaitable!(SetWebhook => Webhook, ListDeliveries => Page<Delivery>, ReplaySince => Replayed);

/// Where events are sent to.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where.
    pub url: String,
    /// A remark.
    pub description: String,
    /// Which events.
    pub events: Vec<String>,
    /// Whether nothing is sent there.
    pub disabled: bool,
    /// What its events are signed with; in answers that say so.
    pub signing_secret: Option<String>,
    /// When it was made.
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
}

impl std::fmt::Debug for Webhook {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("id", &self.id)
            .field("url", &self.url)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

/// An event on its way to an endpoint, or after it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Delivery {
    /// Its number.
    pub id: i64,
    /// The event, as receivers know it.
    pub message_id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The id of what it tells of.
    pub object_id: String,
    /// `waiting`, `delivered` or `dead`.
    pub status: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it happened.
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
    /// When it is tried next.
    #[serde(with = "millisecond::optional")]
    pub next_attempt_at: Option<Timestamp>,
}

/// How many deliveries are sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Replayed {
    /// So many.
    pub count: u64,
    /// Where there are more: from when on to go on.
    #[serde(with = "millisecond::optional")]
    pub continue_since: Option<Timestamp>,
}
