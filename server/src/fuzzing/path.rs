//! What must hold of every path, shown to a server with one user.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::process;
use std::sync::LazyLock;

use axum::body::Body;
use http::header::{AUTHORIZATION, HOST};
use http::{Request, Uri};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::super::prepare;
use super::edited;
use crate::app::App;
use crate::backend_api::{self, UserRow};
use crate::caller::Caller;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Database;
use crate::secret::Secret;
use crate::users;
use crate::wire::{self, Calls, Doors, Peer};

const KEY: &str = "sk_test_for_the_fuzzer_0123456789abcdef";
const USER: &str = "user_2b7sQyWmX0aB9cD4eF6gH8iJ1kL";

struct World {
    runtime: Runtime,
    app: App,
    doors: Doors,
    peer: Peer,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let folder = env::temp_dir().join(format!("standin-fuzzed-{}", process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let database = Database::Sqlite(folder.join("standin.db"));
    let runtime = Runtime::new().expect("a runtime");
    let address = SocketAddr::from(([127, 0, 0, 1], 4747));
    let mut config = Config::development(address.port(), database, Secret::random());
    config.clock = Clock::fixed(super::NOW);
    config.development_key = Some(KEY.to_owned().into());
    let preparing = async {
        let app = prepare(config, address).await?;
        let user = UserRow::parse(
            json!({ "id": USER, "username": "ada_l" })
                .to_string()
                .as_bytes(),
        )?;
        let user = [user.read(super::NOW)?];
        let by = Caller::internal("fuzzed", super::NOW);
        app.db.write(by, move |tx| users::import(tx, &user)).await?;
        Ok::<_, crate::error::Error>(app)
    };
    let app = runtime.block_on(preparing).expect("a server");
    // What is open needs no name any more.
    fs::remove_dir_all(&folder).expect("to remove it");
    World {
        runtime,
        doors: Doors::one(backend_api::routes(&app, Calls::new())),
        app,
        peer: Peer {
            address,
            is_tls: false,
        },
    }
});

/// No path is too much for the server, a refusal has one form, and a user is shown by the very id, however it is written.
pub(super) fn path(data: &[u8]) {
    let mut paths = vec![format!("/v1/users/{}", edited(USER, data))];
    paths.extend(String::from_utf8(data.to_vec()));
    for path in paths {
        let Ok(uri) = Uri::try_from(&path) else {
            continue;
        };
        let (status, shown) = WORLD.get(uri.clone());
        let id = uri.path().strip_prefix("/v1/users/");
        let names_the_user = id.is_some_and(|id| percent_decode_str(id).eq(USER.bytes()));
        match status {
            200 if shown["object"] == "user" => assert!(names_the_user, "{path}"),
            200 => assert!(!names_the_user, "{path}"),
            _ => assert!(refuses(status, &shown), "{path}: {status} {shown:?}"),
        }
    }
}

fn refuses(status: u16, shown: &Value) -> bool {
    let entry = &shown["errors"][0];
    let texts = ["code", "message", "long_message"].map(|name| entry[name].as_str());
    (400..500).contains(&status)
        && texts
            .iter()
            .all(|text| text.is_some_and(|text| !text.is_empty()))
}

impl World {
    fn get(&self, uri: Uri) -> (u16, Value) {
        let request = Request::get(uri)
            .header(HOST, "localhost:4747")
            .header(AUTHORIZATION, format!("Bearer {KEY}"))
            .body(Body::empty())
            .expect("a request");
        let (app, doors) = (self.app.clone(), self.doors.clone());
        self.runtime.block_on(async {
            let answer = wire::edge(app, doors, self.peer, request).await;
            let status = answer.status().as_u16();
            let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
            let bytes = bytes.expect("a body");
            (
                status,
                serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            )
        })
    }
}
