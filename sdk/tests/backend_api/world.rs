//! A development server with one user, and the SDK's client of it.

use std::time::Duration;

use standin::users::User;
use standin::{Client, NewAgentTask, OnBehalfOf};
use standin_server::Server;
use standin_server::clock::Clock;
use standin_server::config::Config;
use standin_server::db::Database;
use standin_server::secret::Secret;
use tempfile::TempDir;
use url::Url;

const SECRET_KEY: &str = "sk_test_for_the_tests_0123456789abcdef";
pub const DASHBOARD: &str = "http://localhost:3000/dashboard";

pub struct World {
    pub client: Client,
    pub ada: User,
    pub server: Server,
    clock: Clock,
    _folder: TempDir,
}

impl World {
    pub async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let database = Database::Sqlite(folder.path().join("standin.db"));
        let mut config = Config::development(0, database, Secret::random());
        let clock = Clock::fixed(Clock::System.now());
        config.clock = clock.clone();
        config.development_key = Some(Secret::from(SECRET_KEY));
        let server = Server::start(config).await.unwrap();
        let client = Client::builder()
            .secret_key(SECRET_KEY)
            .api_url(server.url())
            .build()
            .unwrap();
        let ada = client
            .users()
            .create()
            .email_address("ada@example.com")
            .first_name("Ada")
            .last_name("Lovelace")
            .await
            .unwrap();
        Self {
            client,
            ada,
            server,
            clock,
            _folder: folder,
        }
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// A client of the same server with another key.
    pub fn with_key(&self, key: &str) -> Client {
        let builder = Client::builder().secret_key(key);
        builder.api_url(self.server.url()).build().unwrap()
    }
}

/// A task for Ada that lands on [`DASHBOARD`].
pub fn task() -> NewAgentTask<'static> {
    NewAgentTask {
        on_behalf_of: OnBehalfOf::identifier("ada@example.com"),
        agent_name: "my-agent",
        task_description: "Book a table",
        redirect_url: DASHBOARD,
    }
}

/// Opens a task's URL as a browser does, and answers where it leads.
pub async fn open(url: &str) -> Result<Url, u16> {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let answer = browser.build().unwrap().get(url).send().await.unwrap();
    match answer.headers().get("location") {
        Some(location) => Ok(location.to_str().unwrap().parse().unwrap()),
        None => Err(answer.status().as_u16()),
    }
}

/// A parameter of a URL's query.
pub fn parameter(url: &Url, name: &str) -> String {
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(one, _)| one == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {url}"))
        .1
        .into_owned()
}
