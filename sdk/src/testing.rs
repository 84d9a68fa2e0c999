//! A server for a test, and a client that is signed in (feature `testing`).
//!
//! ```no_run
//! # async fn test() -> standin::Result<()> {
//! use standin::testing::Standin;
//!
//! let standin = Standin::start().await?;
//! let ada = standin.user("ada@example.com").await?;
//! let visit = standin.sign_in(&ada.id, "http://localhost:3000/dashboard").await?;
//! assert_eq!(visit.page.status(), 200);
//! let orders = visit.browser.get("http://localhost:3000/orders").send().await;
//! # Ok(())
//! # }
//! ```
//!
//! The server is the `standin` binary, found as [`Setup::binary`] says, on a free port with an instance, keys and data of
//! its own, so tests run side by side. It is the binary and not the server's library because that is what everybody runs,
//! and because a test then compiles no server. The server ends when the [`Standin`] is dropped, and also when the test
//! is killed.
//!
//! The application under test gets the keys from [`Standin::settings`], or from [`Standin::client`] and
//! [`Standin::publishable_key`] where it runs in the test itself.

mod process;
mod visit;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::agent_tasks::{NewAgentTask, OnBehalfOf};
use crate::client::Client;
use crate::error::Result;
use crate::users::User;
use process::Process;
pub use visit::{Visit, browser};

/// A server of its own for a test. Dropping it stops the server and waits until it has stopped.
#[derive(Debug)]
pub struct Standin {
    client: Client,
    told: Told,
    /// Ends the server when it is dropped.
    _process: Process,
}

/// What `standin dev --json` says of itself when it is ready.
#[derive(Clone, Deserialize)]
struct Told {
    publishable_key: String,
    secret_key: String,
    api_url: String,
    public_url: String,
}

crate::call::hide_all!(Told);

impl Standin {
    /// Starts a server that sends browsers to loopback addresses only, as an application under test has.
    ///
    /// # Errors
    /// When there is no binary, or it does not get ready in 20 seconds; the error ends with what it last said.
    pub async fn start() -> Result<Self> {
        Setup::default().start().await
    }

    /// A server with settings of your own.
    ///
    /// ```no_run
    /// # async fn run() -> standin::Result<()> {
    /// use standin::testing::Standin;
    ///
    /// let standin = Standin::setup().allow_origin("https://app.test").start().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn setup() -> Setup {
        Setup::default()
    }

    /// A client of it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Its secret key.
    pub fn secret_key(&self) -> &str {
        &self.told.secret_key
    }

    /// Its publishable key.
    pub fn publishable_key(&self) -> &str {
        &self.told.publishable_key
    }

    /// Where browsers reach it: the proxy URL of SDKs.
    #[doc(alias = "url")]
    pub fn public_url(&self) -> &str {
        &self.told.public_url
    }

    /// What an application under test has in its environment, for [`Command::envs`](std::process::Command::envs):
    /// `CLERK_SECRET_KEY`, `CLERK_PUBLISHABLE_KEY`, `CLERK_API_URL`, `CLERK_PROXY_URL`.
    ///
    /// ```no_run
    /// # async fn run(standin: standin::testing::Standin) -> standin::Result<()> {
    /// let mut app = std::process::Command::new("./my-app");
    /// app.envs(standin.settings());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "env")]
    pub fn settings(&self) -> [(&'static str, &str); 4] {
        [
            ("CLERK_SECRET_KEY", &self.told.secret_key),
            ("CLERK_PUBLISHABLE_KEY", &self.told.publishable_key),
            ("CLERK_API_URL", &self.told.api_url),
            ("CLERK_PROXY_URL", &self.told.public_url),
        ]
    }

    /// The user with this e-mail address, made if there is none yet.
    ///
    /// ```no_run
    /// # async fn run(standin: standin::testing::Standin) -> standin::Result<()> {
    /// let ada = standin.user("ada@example.com").await?;
    /// let same = standin.user("ada@example.com").await?;
    /// assert_eq!(ada.id, same.id);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn user(&self, email_address: &str) -> Result<User> {
        let users = self.client.users();
        let found = users.list().email_address(email_address).limit(1).await?;
        match found.into_iter().next() {
            Some(user) => Ok(user),
            None => users.create().email_address(email_address).await,
        }
    }

    /// Creates a task for somebody, opens its URL in a new [`browser`], and follows it to the page it lands on. The
    /// application has to run by then.
    ///
    /// ```no_run
    /// # async fn run(standin: standin::testing::Standin) -> standin::Result<()> {
    /// use standin::OnBehalfOf;
    ///
    /// let ada = OnBehalfOf::identifier("ada@example.com");
    /// let visit = standin.sign_in(ada, "http://localhost:3000/dashboard").await?;
    /// println!("{}", visit.page.url());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When nobody is meant, the application does not answer, or its page lies elsewhere.
    pub async fn sign_in(&self, who: impl Into<OnBehalfOf>, landing: &str) -> Result<Visit> {
        let task = self
            .client
            .agent_tasks()
            .create(new(who.into(), landing))
            .await?;
        visit::open(&task.url, &self.told.public_url).await
    }

    /// A session token of a task's session, for tests that call an application's router without a network: it goes into a
    /// header `Authorization: Bearer …`. It is good for a minute.
    ///
    /// ```no_run
    /// # async fn run(standin: standin::testing::Standin) -> standin::Result<()> {
    /// let ada = standin.user("ada@example.com").await?;
    /// let request = http::Request::get("/dashboard")
    ///     .header("authorization", format!("Bearer {}", standin.token(&ada.id).await?));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When nobody is meant.
    pub async fn token(&self, who: impl Into<OnBehalfOf>) -> Result<String> {
        let landing = "http://localhost/";
        let task = self
            .client
            .agent_tasks()
            .create(new(who.into(), landing))
            .await?;
        visit::token(&self.client, &task.url).await
    }
}

fn new(on_behalf_of: OnBehalfOf, redirect_url: &str) -> NewAgentTask<'_> {
    NewAgentTask {
        on_behalf_of,
        agent_name: "test",
        task_description: "Automated test",
        redirect_url,
    }
}

/// Settings of a test server; made by [`Standin::setup`].
#[derive(Clone, Debug, Default)]
#[must_use = "settings do nothing until the server starts"]
pub struct Setup {
    binary: Option<PathBuf>,
    arguments: Vec<OsString>,
}

impl Setup {
    /// The binary to run. Where not given: what `STANDIN_BIN` names, else `standin` in the target folder of the test, else
    /// `standin` in the `PATH`.
    pub fn binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.binary = Some(path.into());
        self
    }

    /// Another origin that tasks may land on, as in `https://app.test`.
    pub fn allow_origin(self, origin: &str) -> Self {
        self.argument("--allow-origin").argument(origin)
    }

    /// Another argument of `standin dev`.
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Starts the server and returns when it answers; see [`Standin::start`].
    ///
    /// # Errors
    /// As [`Standin::start`].
    pub async fn start(self) -> Result<Standin> {
        let binary = process::find(self.binary)?;
        let (process, told) = Process::start::<Told>(binary, self.arguments).await?;
        let client = Client::builder()
            .secret_key(&told.secret_key)
            .api_url(&told.api_url)
            .timeout(Duration::from_secs(10))
            .build()?;
        Ok(Standin {
            client,
            told,
            _process: process,
        })
    }
}
