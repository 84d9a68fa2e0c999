//! Whom a development server has when it is ready: those of its seed, or else a first user.

use serde_json::{Map, Value, json};
use standin::users::Order;

use crate::client::{self, Client, identifiers};
use crate::failure::Result;
use crate::seed;
use crate::{browser, task, terminal};

/// Whom the first task can be for.
const FIRST_USER: &str = "ada@example.com";
/// The same user's test address, for whose code nothing has to be sent: so forms sign in from the first moment on.
const TEST_ADDRESS: &str = "ada+clerk_test@example.com";

/// Somebody a task can be for.
pub struct Someone {
    pub name: String,
    /// The address to sign in with by a form.
    pub test_address: Option<String>,
    /// Whether a seed named them.
    is_seeded: bool,
}

impl Someone {
    fn ada() -> Self {
        Self {
            name: FIRST_USER.to_owned(),
            test_address: Some(TEST_ADDRESS.to_owned()),
            is_seeded: false,
        }
    }

    fn called(names: &[impl AsRef<str>], is_seeded: bool) -> Option<Self> {
        let mut names = names.iter().map(AsRef::as_ref);
        let test = names.clone().find(|name| name.contains("+clerk_test@"));
        Some(Self {
            name: names.next()?.to_owned(),
            test_address: test.map(ToOwned::to_owned),
            is_seeded,
        })
    }
}

/// Brings a seed about, and finds somebody a task can be for.
pub async fn ready(client: &Client, file: Option<&seed::File>, quiet: bool) -> Result<Someone> {
    if let Some(file) = file {
        let applied = seed::apply(client, file).await?;
        if !quiet {
            seed::say(&applied);
        }
        if let Some(someone) = seeded(file) {
            return Ok(someone);
        }
    }
    if let Some(someone) = there(client).await? {
        return Ok(someone);
    }
    let seed = Map::from_iter([("users".to_owned(), json!([ada()]))]);
    match client.ask(client.api.seed().apply(seed)).await {
        Ok(_) => Ok(Someone::ada()),
        // Another server on the same database was faster, or somebody who waited for the port.
        Err(refused) if refused.code == "form_identifier_exists" => {
            there(client).await?.ok_or(refused)
        }
        Err(refused) => Err(refused),
    }
}

/// Somebody who is there already.
async fn there(client: &Client) -> Result<Option<Someone>> {
    let page = client.ask(client.api.users().list().limit(1)).await?;
    let names = page.data.first().map(identifiers).unwrap_or_default();
    Ok(Someone::called(&names, false))
}

/// Takes a server back to its beginning, with somebody a task can be for.
pub async fn begin_anew(client: &Client, file: Option<&seed::File>) -> Result<Someone> {
    let mut seed = file.map(|file| file.seed.clone()).unwrap_or_default();
    let someone = file.and_then(seeded).unwrap_or_else(|| {
        let users = seed.entry("users").or_insert_with(|| json!([]));
        users
            .as_array_mut()
            .into_iter()
            .for_each(|users| users.push(ada()));
        Someone::ada()
    });
    let begun = client.api.development().reset().seed(seed).await;
    begun.map_err(|error| match file {
        Some(file) => file.refused(client, &error),
        None => client.failure(&error),
    })?;
    Ok(someone)
}

/// The first user of a seed.
fn seeded(file: &seed::File) -> Option<Someone> {
    let names = file.users().into_iter().next()?;
    Someone::called(&names, true)
}

/// The first user where there is none, as a seed has it.
fn ada() -> Value {
    json!({
        "email_address": [FIRST_USER, TEST_ADDRESS],
        "first_name": "Ada",
        "last_name": "Lovelace",
    })
}

/// Opens a task's URL for the seed's first user, or else for the oldest one. Without a browser the URL is printed instead.
pub async fn open(client: &Client, someone: &Someone) -> Result<()> {
    let user = if someone.is_seeded {
        client::user_id(client, &someone.name).await?
    } else {
        let users = client.api.users().list();
        let oldest = users.order_by(Order::CreatedAt).limit(1);
        let Some(user) = client.ask(oldest).await?.into_iter().next() else {
            return Ok(());
        };
        user.id
    };
    let url = task::create_own(client, &user).await?;
    if !browser::open(&url).await {
        terminal::note("no browser could be started; open this URL by hand, it works once");
        terminal::print(url);
    }
    Ok(())
}
