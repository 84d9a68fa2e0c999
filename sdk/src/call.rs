//! One call: a request that knows what it is answered with. Everything that can be set on a call before it is sent is a
//! thin wrapper around this.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::client::{Client, Request};
use crate::error::{Error, Result};

/// A call that is answered with a `T`; `.await` it.
///
/// ```no_run
/// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
/// let user = client.users().get(&ada).await?;
/// let everything_the_server_says = client.users().get(&ada).json().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent until it is awaited"]
pub struct Call<T> {
    client: Client,
    request: Request,
    /// The first parameter that could not be written down. It is told when the call is sent.
    wrong: Option<Error>,
    answer: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Call<T> {
    pub(crate) fn new(client: &Client, method: Method, path: impl Into<String>) -> Self {
        Self {
            client: client.clone(),
            request: Request {
                path: path.into(),
                query: Vec::new(),
                body: None,
                with_key: true,
                reads: method == Method::GET,
                method,
            },
            wrong: None,
            answer: PhantomData,
        }
    }

    /// The same call, answered with JSON as the server wrote it: also with what the SDK has no names for.
    pub fn json(self) -> Call<Value> {
        Call {
            client: self.client,
            request: self.request,
            wrong: self.wrong,
            answer: PhantomData,
        }
    }

    /// For a `GET` that changes something: it is not sent again when its answer is lost.
    pub(crate) fn once(mut self) -> Self {
        self.request.reads = false;
        self
    }

    /// Leaves the secret key out, for addresses that are not the Backend API's.
    pub(crate) fn without_key(mut self) -> Self {
        self.request.with_key = false;
        self
    }

    /// A call that cannot be sent, and says so when it is awaited.
    pub(crate) fn failed(client: &Client, error: Error) -> Self {
        Self {
            wrong: Some(error),
            ..Self::get(client, "")
        }
    }

    pub(crate) fn get(client: &Client, path: impl Into<String>) -> Self {
        Self::new(client, Method::GET, path)
    }

    pub(crate) fn post(client: &Client, path: impl Into<String>) -> Self {
        Self::new(client, Method::POST, path)
    }

    pub(crate) fn put(client: &Client, path: impl Into<String>) -> Self {
        Self::new(client, Method::PUT, path)
    }

    pub(crate) fn patch(client: &Client, path: impl Into<String>) -> Self {
        Self::new(client, Method::PATCH, path)
    }

    pub(crate) fn delete(client: &Client, path: impl Into<String>) -> Self {
        Self::new(client, Method::DELETE, path)
    }

    /// Sets a query parameter.
    pub(crate) fn query(self, name: &'static str, value: impl ToString) -> Self {
        self.take_query(name).0.query_more(name, value)
    }

    /// Adds to a query parameter that is a list: servers take a name that comes again for one.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers hand in what they have made for it"
    )]
    pub(crate) fn query_more(mut self, name: &'static str, value: impl ToString) -> Self {
        self.request.query.push((name, value.to_string()));
        self
    }

    /// Sets the whole body.
    pub(crate) fn with_body(mut self, body: Map<String, Value>) -> Self {
        self.request.body = Some(body);
        self
    }

    /// Sets a parameter of the body.
    pub(crate) fn set(mut self, name: &'static str, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => {
                self.body().insert(name.into(), value);
            }
            Err(error) => self.wrong = self.wrong.or(Some(Error::parameter(name, error))),
        }
        self
    }

    /// Adds to a parameter of the body that is a list.
    pub(crate) fn push(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let list = self
            .body()
            .entry(name)
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(value.into());
        }
        self
    }

    /// Takes a query parameter out: the last one of that name.
    pub(crate) fn take_query(mut self, name: &str) -> (Self, Option<String>) {
        let value = self.queried(name).map(str::to_owned);
        self.request.query.retain(|(one, _)| *one != name);
        (self, value)
    }

    /// The last query parameter of that name.
    pub(crate) fn queried(&self, name: &str) -> Option<&str> {
        let last = self
            .request
            .query
            .iter()
            .rev()
            .find(|(one, _)| *one == name);
        last.map(|(_, value)| value.as_str())
    }

    /// The same call once more. Only for lists, whose parameters cannot be wrong.
    pub(crate) fn again(&self) -> Self {
        Self {
            client: self.client.clone(),
            request: self.request.clone(),
            wrong: None,
            answer: PhantomData,
        }
    }

    fn body(&mut self) -> &mut Map<String, Value> {
        self.request.body.get_or_insert_with(Map::new)
    }

    pub(crate) async fn send(self) -> Result<T> {
        if let Some(error) = self.wrong {
            return Err(error);
        }
        self.client.ask(&self.request).await
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for Call<T> {
    type Output = Result<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Names the address; the rest can hold passwords.
impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.request.method)
            .field("path", &self.request.path)
            .finish_non_exhaustive()
    }
}

/// Makes wrappers around a call into something to `.await`, and keeps what they hold out of `Debug`: bodies can hold
/// passwords.
macro_rules! awaitable {
    ($($name:ident => $answer:ty),+ $(,)?) => { $(
        impl $name {
            /// The same call, answered with JSON as the server wrote it: also with what the SDK has no names for.
            pub fn json(self) -> $crate::Call<serde_json::Value> {
                self.0.json()
            }
        }

        impl std::future::IntoFuture for $name {
            type Output = $crate::error::Result<$answer>;
            type IntoFuture = std::pin::Pin<Box<dyn Future<Output = Self::Output> + Send>>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.0.send())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+ };
}

pub(crate) use awaitable;

/// Keeps all that a type holds out of `Debug`: credentials end up in logs otherwise.
macro_rules! hide_all {
    ($($name:ident $(<$life:lifetime>)?),+ $(,)?) => { $(
        impl std::fmt::Debug for $name $(<$life>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+ };
}

pub(crate) use hide_all;
