//! Changes that are answered the same when they are asked for again.

use axum::Json;
use serde_json::Value;

use super::App;
use crate::caller::Caller;
use crate::db::Write;
use crate::error::{Error, Result};
use crate::idempotency;
use crate::secret::Purpose;

/// The longest answer that is kept, in bytes.
const ANSWER_MAX: usize = 256 * 1024;

impl App {
    /// Makes a change and shows it.
    pub(crate) async fn answer<T: Send + 'static>(
        &self,
        by: Caller,
        work: impl FnMut(&mut Write<'_>) -> Result<T> + Send + 'static,
        show: impl Fn(&Self, &T) -> Value + Send + 'static,
    ) -> Result<Json<Value>> {
        self.once(by, work, show)
            .await
            .map(|(answer, _)| Json(answer))
    }

    /// Makes a change, or finds that it was made before under the same `Idempotency-Key`. Answers the same; what was made
    /// comes along where it is new.
    pub(crate) async fn once<T: Send + 'static>(
        &self,
        by: Caller,
        mut work: impl FnMut(&mut Write<'_>) -> Result<T> + Send + 'static,
        show: impl Fn(&Self, &T) -> Value + Send + 'static,
    ) -> Result<(Value, Option<T>)> {
        let Some(once) = by.once.clone() else {
            let made = self.db.write(by, work).await?;
            return Ok((show(self, &made), Some(made)));
        };
        let app = self.clone();
        let done = move |tx: &mut Write<'_>| {
            if let Some(sealed) = idempotency::find(tx, &once)? {
                return Ok((app.kept(&sealed)?, None));
            }
            let made = work(tx)?;
            let answer = show(&app, &made);
            idempotency::keep(tx, &once, &app.sealed(&answer)?)?;
            Ok((answer, Some(made)))
        };
        self.db.write(by, done).await
    }

    /// Answers hold tickets and links, which the database keeps as digests only.
    fn sealed(&self, answer: &Value) -> Result<String> {
        let text = answer.to_string();
        if text.len() > ANSWER_MAX {
            return Err(Error::IdempotencyAnswerTooLong(ANSWER_MAX));
        }
        self.master_key.seal(Purpose::Answer, text.as_bytes())
    }

    fn kept(&self, sealed: &str) -> Result<Value> {
        let opened = self.master_key.open(Purpose::Answer, sealed);
        let answer = opened.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        answer.ok_or_else(|| Error::Bug("a kept answer cannot be read with this master key".into()))
    }
}
