//! Lists of users: what they are filtered and ordered by (spec operation `GetUserList`).

use jiff::Timestamp;
use serde::Deserialize;

use super::User;
use crate::call::{Call, awaitable};
use crate::id::UserId;
use crate::page::{Items, Page};

/// A list of users; `.await` it for one page, or [`stream`](Self::stream) it.
///
/// A filter that takes one value can be used again for more, up to 100: users that match any of them are found.
#[must_use = "nothing is sent until it is awaited"]
pub struct ListUsers(pub(super) Call<Page<User>>);

/// A count of users; `.await` it. Its filters are those of [`ListUsers`].
#[must_use = "nothing is sent until it is awaited"]
pub struct CountUsers(pub(super) Call<Count>);

/// How many there are (spec schema `TotalCount`).
#[derive(Deserialize)]
pub(super) struct Count {
    total_count: u64,
}

/// What a list of users is ordered by. Who has no such value comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// When they were created.
    CreatedAt,
    /// When they last changed.
    UpdatedAt,
    /// When they were last seen.
    LastActiveAt,
    /// When they last signed in.
    LastSignInAt,
    /// The e-mail address they go by.
    EmailAddress,
    /// The phone number they go by.
    PhoneNumber,
    /// The username.
    Username,
    /// The given name.
    FirstName,
    /// The family name.
    LastName,
}

impl Order {
    fn name(self) -> &'static str {
        match self {
            Self::CreatedAt => CREATION,
            Self::UpdatedAt => "updated_at",
            Self::LastActiveAt => "last_active_at",
            Self::LastSignInAt => "last_sign_in_at",
            Self::EmailAddress => "email_address",
            Self::PhoneNumber => "phone_number",
            Self::Username => "username",
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
        }
    }
}

/// The only order that has cursors (spec); any other is read by position.
const CREATION: &str = "created_at";

macro_rules! filters {
    ($($name:ident),+) => { $(
        impl $name {
            /// Only these users.
            pub fn user(self, id: &UserId) -> Self {
                Self(self.0.query_more("user_id", id))
            }

            /// Only with this e-mail address.
            pub fn email_address(self, address: &str) -> Self {
                Self(self.0.query_more("email_address", address))
            }

            /// Only with this phone number.
            pub fn phone_number(self, number: &str) -> Self {
                Self(self.0.query_more("phone_number", number))
            }

            /// Only with this username.
            pub fn username(self, name: &str) -> Self {
                Self(self.0.query_more("username", name))
            }

            /// Only with this id of the application's own.
            pub fn external_id(self, id: &str) -> Self {
                Self(self.0.query_more("external_id", id))
            }

            /// Only with this text in an e-mail address, phone number, username, id or name.
            pub fn query(self, text: &str) -> Self {
                Self(self.0.query("query", text))
            }

            /// Only with this text in an e-mail address.
            pub fn email_address_query(self, text: &str) -> Self {
                Self(self.0.query("email_address_query", text))
            }

            /// Only with this text in a phone number.
            pub fn phone_number_query(self, text: &str) -> Self {
                Self(self.0.query("phone_number_query", text))
            }

            /// Only with this text in the username.
            pub fn username_query(self, text: &str) -> Self {
                Self(self.0.query("username_query", text))
            }

            /// Only with this text in the given or family name.
            pub fn name_query(self, text: &str) -> Self {
                Self(self.0.query("name_query", text))
            }

            /// Only banned ones, or only others.
            pub fn banned(self, yes: bool) -> Self {
                Self(self.0.query("banned", yes))
            }

            /// Only those created after this moment, to the millisecond.
            pub fn created_after(self, at: Timestamp) -> Self {
                Self(self.0.query("created_at_after", at.as_millisecond()))
            }

            /// Only those created before this moment, to the millisecond.
            pub fn created_before(self, at: Timestamp) -> Self {
                Self(self.0.query("created_at_before", at.as_millisecond()))
            }

            /// Only those seen after this moment, to the millisecond.
            pub fn last_active_after(self, at: Timestamp) -> Self {
                Self(self.0.query("last_active_at_after", at.as_millisecond()))
            }

            /// Only those last seen before this moment, to the millisecond.
            pub fn last_active_before(self, at: Timestamp) -> Self {
                Self(self.0.query("last_active_at_before", at.as_millisecond()))
            }

            /// Only those who signed in after this moment, to the millisecond.
            pub fn last_sign_in_after(self, at: Timestamp) -> Self {
                Self(self.0.query("last_sign_in_at_after", at.as_millisecond()))
            }

            /// Only those who last signed in before this moment, to the millisecond.
            pub fn last_sign_in_before(self, at: Timestamp) -> Self {
                Self(self.0.query("last_sign_in_at_before", at.as_millisecond()))
            }
        }
    )+ };
}

filters!(ListUsers, CountUsers);

impl ListUsers {
    /// The smallest, the earliest, or A first.
    pub fn order_by(self, order: Order) -> Self {
        Self(self.0.query("order_by", format!("+{}", order.name())))
    }

    /// The largest, the latest, or Z first.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// use standin::users::Order;
    ///
    /// let latest = client.users().list().order_by_descending(Order::LastSignInAt).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn order_by_descending(self, order: Order) -> Self {
        Self(self.0.query("order_by", format!("-{}", order.name())))
    }

    /// How many a page has: 1 to 500, 10 where not given.
    pub fn limit(self, limit: u32) -> Self {
        Self(self.0.query("limit", limit))
    }

    /// How many to pass over.
    pub fn offset(self, offset: u32) -> Self {
        Self(self.0.query("offset", offset))
    }

    /// Only those after this user, in the order of creation: the page after the one that ends with it.
    pub fn starting_after(self, id: &UserId) -> Self {
        Self(self.0.query("starting_after", id))
    }

    /// All of them, fetched in pages of [`limit`](Self::limit), 100 where not given.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// let all = client.users().list().banned(true).stream().try_collect().await?;
    /// println!("{} banned users", all.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(self) -> Items<User> {
        let by_creation = self
            .0
            .queried("order_by")
            .is_none_or(|order| order.ends_with(CREATION));
        Items::new(
            self.0,
            by_creation.then_some(|user| ("starting_after", user.id.to_string())),
        )
    }
}

awaitable!(ListUsers => Page<User>);

impl IntoFuture for CountUsers {
    type Output = crate::error::Result<u64>;
    type IntoFuture = std::pin::Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.0.send().await.map(|count| count.total_count) })
    }
}

impl std::fmt::Debug for CountUsers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CountUsers").finish_non_exhaustive()
    }
}
