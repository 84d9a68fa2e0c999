//! The Backend API as a page's request sees it: asked with a deadline, and left alone for a while after it missed one.
//!
//! Somebody waits for the page. So a call from here ends after seconds, and a server that has just kept one waiting is a
//! closed gate for [`PAUSE`]: until then nobody else waits for it, and afterwards one request at a time finds out whether
//! it answers again. Failures that come at once keep nobody waiting, so they close nothing: neither a refusal, which any
//! stranger can bring about with an invented nonce, nor a server that is not there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::{Client, Error, Result};

/// How long a call may take where nothing else is set.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);
/// How long a server is left alone that kept a call waiting.
const PAUSE: Duration = Duration::from_secs(2);
/// A failure that took longer kept somebody waiting.
const SLOW: Duration = Duration::from_secs(1);

/// The Backend API behind a gate.
#[derive(Debug)]
pub(crate) struct Backend {
    client: Client,
    deadline: Duration,
    closed: Mutex<Option<Closed>>,
}

#[derive(Debug)]
struct Closed {
    until: Instant,
    why: Arc<Error>,
}

impl Backend {
    pub(crate) fn new(client: &Client, deadline: Duration) -> Self {
        Self {
            client: client.within(deadline),
            deadline,
            closed: Mutex::new(None),
        }
    }

    /// Makes a call.
    ///
    /// # Errors
    /// What the call fails with, or, while the gate is closed, what closed it.
    pub(crate) async fn ask<'a, T, F>(
        &'a self,
        call: impl FnOnce(&'a Client) -> F,
    ) -> Result<T, Arc<Error>>
    where
        F: Future<Output = Result<T>>,
    {
        self.enter()?;
        let started = Instant::now();
        match call(&self.client).await {
            Ok(answer) => {
                *self.closed() = None;
                Ok(answer)
            }
            Err(error) => {
                let error = Arc::new(error);
                let slow = is_failure(&error) && started.elapsed() >= SLOW.min(self.deadline);
                *self.closed() = slow.then(|| Closed {
                    until: Instant::now() + PAUSE,
                    why: Arc::clone(&error),
                });
                Err(error)
            }
        }
    }

    /// Passes the gate. Who is the first after a pause tries for all, so the others are kept out for as long as that can
    /// take: a request that is given up on the way needs no cleaning up after it.
    fn enter(&self) -> Result<(), Arc<Error>> {
        let now = Instant::now();
        match &mut *self.closed() {
            Some(closed) if now < closed.until => Err(Arc::clone(&closed.why)),
            Some(closed) => {
                closed.until = now + self.deadline;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn closed(&self) -> MutexGuard<'_, Option<Closed>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the server did not do its part, in contrast to one that refused.
fn is_failure(error: &Error) -> bool {
    error.status().is_none_or(|status| status.is_server_error())
}
