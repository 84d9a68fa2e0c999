//! Users (spec paths `/users…`).

mod change;
mod list;
mod user;

use http::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::id::UserId;
pub use change::{ChangeMetadata, CreateUser, Field, UpdateUser};
pub use list::{CountUsers, ListUsers, Order};
pub use user::{Metadata, User};

/// The calls about users; from [`Client::users`].
#[derive(Clone, Copy, Debug)]
pub struct Users<'a>(&'a Client);

impl Client {
    /// The calls about users.
    pub fn users(&self) -> Users<'_> {
        Users(self)
    }
}

impl Users<'_> {
    /// Users, newest first where no other order is asked for (spec operation `GetUserList`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// use standin::users::Order;
    ///
    /// let page = client.users().list().query("ada").order_by(Order::LastName).limit(20).await?;
    /// for user in page {
    ///     println!("{} {:?}", user.id, user.full_name());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(self) -> ListUsers {
        ListUsers(Call::get(self.0, "/v1/users"))
    }

    /// How many users there are, with the filters of a list (spec operation `GetUsersCount`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// let banned = client.users().count().banned(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn count(self) -> CountUsers {
        CountUsers(Call::get(self.0, "/v1/users/count"))
    }

    /// One user (spec operation `GetUser`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
    /// let user = client.users().get(&ada).await?;
    /// println!("{:?} <{:?}>", user.full_name(), user.primary_email_address());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one.
    pub fn get(self, id: &UserId) -> Call<User> {
        Call::get(self.0, path(id, ""))
    }

    /// Creates a user (spec operation `CreateUser`). It needs something to be named by: an e-mail address, a phone number or
    /// a username, as the instance is set up.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// let ada = client
    ///     .users()
    ///     .create()
    ///     .email_address("ada@example.com")
    ///     .first_name("Ada")
    ///     .public_metadata([("plan", "pro")].into_iter().collect::<std::collections::HashMap<_, _>>())
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `form_identifier_exists` (422) where another user goes by that name already.
    pub fn create(self) -> CreateUser {
        CreateUser(Call::post(self.0, "/v1/users"))
    }

    /// Changes a user (spec operation `UpdateUser`). What is not set stays as it is.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::id::UserId) -> standin::Result<()> {
    /// use standin::users::Field;
    ///
    /// client.users().update(&ada).last_name("King").clear(Field::Username).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one.
    pub fn update(self, id: &UserId) -> UpdateUser {
        UpdateUser(Call::patch(self.0, path(id, "")))
    }

    /// Merges into a user's metadata, at every depth; `null` removes a key (spec operation `UpdateUserMetadata`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::id::UserId) -> standin::Result<()> {
    /// #[derive(serde::Serialize)]
    /// struct Plan { plan: &'static str, seats: u32 }
    ///
    /// client.users().merge_metadata(&ada).public_metadata(Plan { plan: "pro", seats: 5 }).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn merge_metadata(self, id: &UserId) -> ChangeMetadata {
        ChangeMetadata(Call::patch(self.0, path(id, "/metadata")))
    }

    /// Puts new metadata in the place of a user's; kinds that are not set stay as they are (spec operation
    /// `ReplaceUserMetadata`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
    /// let nothing = standin::users::Metadata::new();
    /// client.users().replace_metadata(&ada).unsafe_metadata(nothing).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn replace_metadata(self, id: &UserId) -> ChangeMetadata {
        ChangeMetadata(Call::new(self.0, Method::PUT, path(id, "/metadata")))
    }

    /// Deletes a user, whose sessions end (spec operation `DeleteUser`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
    /// match client.users().delete(&ada).await {
    ///     Err(error) if error.is_not_found() => println!("gone already"),
    ///     other => other?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one.
    pub async fn delete(self, id: &UserId) -> Result<()> {
        let call = Call::<IgnoredAny>::delete(self.0, path(id, ""));
        call.send().await.map(|_| ())
    }

    /// Bans a user, whose sessions end and who cannot sign in (spec operation `BanUser`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
    /// assert!(client.users().ban(&ada).await?.banned);
    /// # Ok(())
    /// # }
    /// ```
    pub fn ban(self, id: &UserId) -> Call<User> {
        self.post(id, "/ban")
    }

    /// Lets a banned user sign in again (spec operation `UnbanUser`).
    pub fn unban(self, id: &UserId) -> Call<User> {
        self.post(id, "/unban")
    }

    /// Bans up to 50 users: all of them or, where one is unknown, none (spec operation `UsersBan`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, spammers: Vec<standin::UserId>) -> standin::Result<()> {
    /// for fifty in spammers.chunks(50) {
    ///     client.users().ban_all(fifty).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ban_all(self, ids: &[UserId]) -> Result<Vec<User>> {
        Call::post(self.0, "/v1/users/ban")
            .set("user_ids", ids)
            .send()
            .await
    }

    /// Lets up to 50 banned users sign in again, as [`ban_all`](Self::ban_all) (spec operation `UsersUnban`).
    pub async fn unban_all(self, ids: &[UserId]) -> Result<Vec<User>> {
        Call::post(self.0, "/v1/users/unban")
            .set("user_ids", ids)
            .send()
            .await
    }

    /// Locks a user out of signing in, for as long as the instance says (spec operation `LockUser`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
    /// let user = client.users().lock(&ada).await?;
    /// println!("locked for {:?}", user.lockout_expires_in);
    /// # Ok(())
    /// # }
    /// ```
    pub fn lock(self, id: &UserId) -> Call<User> {
        self.post(id, "/lock")
    }

    /// Ends a lock before its time (spec operation `UnlockUser`).
    pub fn unlock(self, id: &UserId) -> Call<User> {
        self.post(id, "/unlock")
    }

    /// Whether this is the user's password (spec operation `VerifyPassword`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
    /// if !client.users().verify_password(&ada, "correct horse").await? {
    ///     println!("that is not the password");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `no_password_set` (400) for a user without one; [`is_not_found`](crate::Error::is_not_found) for an unknown user.
    pub async fn verify_password(self, id: &UserId, password: &str) -> Result<bool> {
        #[derive(Deserialize)]
        struct Answer {
            verified: bool,
        }
        let call = Call::<Answer>::post(self.0, path(id, "/verify_password"));
        match call.set("password", password).send().await {
            Ok(answer) => Ok(answer.verified),
            Err(error) if error.code() == Some("incorrect_password") => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes a user's password away (spec path `/users/{user_id}/remove_password`).
    pub fn remove_password(self, id: &UserId) -> Call<User> {
        self.post(id, "/remove_password")
    }

    fn post(self, id: &UserId, rest: &str) -> Call<User> {
        Call::post(self.0, path(id, rest))
    }
}

fn path(id: &UserId, rest: &str) -> String {
    format!("/v1/users/{id}{rest}")
}
