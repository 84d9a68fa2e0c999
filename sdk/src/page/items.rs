//! A list as one stream: the next page is fetched when the one before is used up.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::Page;
use crate::call::Call;
use crate::error::Result;

/// How many items a page has where the caller asked for no number.
const LIMIT: usize = 100;

/// The place after an item, as a query parameter: how a list goes on that has cursors.
type Cursor<T> = fn(&T) -> (&'static str, String);
type Fetch<T> = Pin<Box<dyn Future<Output = Result<Page<T>>> + Send>>;

/// All items of a list, fetched page by page.
///
/// It is a [`Stream`], and has [`try_next`](Self::try_next) so that no other crate is needed to read it. It ends after the last item or the
/// first error.
///
/// ```no_run
/// # async fn run(client: standin::Client) -> standin::Result<()> {
/// let mut users = client.users().list().query("lovelace").stream();
/// while let Some(user) = users.try_next().await? {
///     println!("{} {:?}", user.id, user.primary_email_address());
/// }
/// # Ok(())
/// # }
/// ```
///
/// Users are read with a cursor, so that one created or deleted meanwhile neither repeats nor hides another. Other lists
/// are read by position: what is created meanwhile can make an item appear twice.
#[must_use = "nothing is fetched until it is read"]
pub struct Items<T> {
    list: Call<Page<T>>,
    limit: usize,
    /// How many items the pages so far had.
    offset: usize,
    cursor: Option<Cursor<T>>,
    /// The cursor after the last page.
    after: Option<(&'static str, String)>,
    ready: VecDeque<T>,
    fetch: Option<Fetch<T>>,
    ended: bool,
}

impl<T: DeserializeOwned + Send + 'static> Items<T> {
    /// The items of a list from the page on that the call asks for.
    pub(crate) fn new(list: Call<Page<T>>, cursor: Option<Cursor<T>>) -> Self {
        let (list, limit) = list.take_query("limit");
        let (list, offset) = list.take_query("offset");
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
        let offset = number(offset);
        Self {
            list,
            limit: number(limit).unwrap_or(LIMIT),
            offset: offset.unwrap_or(0),
            // A list that begins at a position goes on by position: servers take one or the other.
            cursor: cursor.filter(|_| offset.is_none()),
            after: None,
            ready: VecDeque::new(),
            fetch: None,
            ended: false,
        }
    }

    /// The next item, or `None` after the last one.
    ///
    /// # Errors
    /// When the next page cannot be fetched. The stream has ended then.
    pub async fn try_next(&mut self) -> Result<Option<T>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context))
            .await
            .transpose()
    }

    /// All items from here to the end, in memory.
    ///
    /// # Errors
    /// When a page cannot be fetched.
    pub async fn try_collect(mut self) -> Result<Vec<T>> {
        let mut all = Vec::new();
        while let Some(item) = self.try_next().await? {
            all.push(item);
        }
        Ok(all)
    }

    fn next_page(&self) -> Fetch<T> {
        let list = self.list.again().query("limit", self.limit);
        let list = match &self.after {
            Some((name, place)) => list.query(name, place),
            None if self.offset > 0 => list.query("offset", self.offset),
            None => list,
        };
        Box::pin(list.send())
    }

    fn take_in(&mut self, page: Page<T>) {
        self.offset += page.data.len();
        self.ended = page.data.len() < self.limit;
        self.after = self.cursor.and_then(|cursor| page.data.last().map(cursor));
        self.ready.extend(page);
    }
}

impl<T> Unpin for Items<T> {}

impl<T: DeserializeOwned + Send + 'static> Stream for Items<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            let mut fetch = self.fetch.take().unwrap_or_else(|| self.next_page());
            match fetch.as_mut().poll(context) {
                Poll::Pending => {
                    self.fetch = Some(fetch);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(page)) => self.take_in(page),
                Poll::Ready(Err(error)) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("ready", &self.ready.len())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
