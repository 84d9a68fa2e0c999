//! One call: a request that knows what it is answered with. Everything that can be set on a call before it is sent is a
//! thin wrapper around this.

use std::marker::PhantomData;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::client::{Client, Request};
use crate::error::{Error, Result};

/// A call that is answered with a `T`.
pub(crate) struct Call<T> {
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
                method,
                path: path.into(),
                query: Vec::new(),
                body: None,
            },
            wrong: None,
            answer: PhantomData,
        }
    }

    pub(crate) fn get(client: &Client, path: impl Into<String>) -> Self {
        Self::new(client, Method::GET, path)
    }

    pub(crate) fn post(client: &Client, path: impl Into<String>) -> Self {
        Self::new(client, Method::POST, path)
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

/// Makes wrappers around a call into something to `.await`, and keeps what they hold out of `Debug`: bodies can hold
/// passwords.
macro_rules! awaitable {
    ($($name:ident => $answer:ty),+ $(,)?) => { $(
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
