//! How keys take the place of others: those that sign tokens, and the master key.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use standin_server::Server;
use standin_server::caller::Caller;
use standin_server::clock::{Clock, Time};
use standin_server::db::{Database, Write};
use standin_server::error::Result;
use standin_server::keys::{self, Published, Retired, Rotated, Rotation};
use standin_server::secret::{MasterKey, Secret};

use crate::watched::{figure, metrics};
use crate::world::{Browser, Task, World, join_all};

const LEAD: i64 = 900;
const KEEP: i64 = 3600;

async fn write<T: Send + 'static>(
    world: &World,
    work: impl FnMut(&mut Write<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let by = Caller::internal("cli", world.now());
    world.db().await.write(by, work).await
}

async fn rotate(world: &World, lead: i64, is_urgent: bool) -> Rotated {
    let master = MasterKey::parse(&world.config.master_key).unwrap();
    let (kid, sealed) = keys::generate(&master, world.now()).unwrap();
    let rotation = Rotation {
        kid,
        sealed,
        lead,
        keep: KEEP,
        is_urgent,
    };
    write(world, move |tx| keys::rotate(tx, &rotation))
        .await
        .unwrap()
}

async fn list(world: &World) -> Vec<Published> {
    world.db().await.read(keys::list).await.unwrap()
}

async fn kids(base: &str) -> BTreeSet<String> {
    let url = format!("{base}/.well-known/jwks.json");
    let jwks: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let keys = jwks["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

/// Waits until a node publishes so many keys.
async fn publishes(base: &str, count: usize) -> BTreeSet<String> {
    loop {
        let kids = kids(base).await;
        if kids.len() == count {
            return kids;
        }
        tokio::task::yield_now().await;
    }
}

/// Runs everything there is, for those who look at each statement.
pub async fn use_all(world: &World) {
    own_template(world).await;
    let hook = own_webhook(world).await;
    rotate(world, LEAD, false).await;
    rotate(world, 5, true).await;
    let waits = list(world).await[0].kid.clone();
    let retired = write(world, move |tx| keys::retire(tx, &waits)).await;
    assert_eq!(retired.unwrap(), Retired::Done);
    let master = MasterKey::parse(&Secret::random()).unwrap();
    let master = master.opening_also(MasterKey::parse(&world.config.master_key).unwrap());
    let sealed = world.db().await.read(keys::sealed).await.unwrap();
    let anew: Vec<_> = sealed
        .into_iter()
        .map(|sealed| sealed.anew(&master).unwrap().unwrap())
        .collect();
    let refused = write(world, move |tx| {
        keys::replace(tx, &anew)?;
        keys::sweep(tx)?;
        // This server has the old master key only.
        Err::<(), _>(standin_server::error::Error::KeyInvalid)
    });
    refused.await.unwrap_err();
    world.backend.delete(&hook).await.ok();
}

/// An endpoint that signs with two secrets.
async fn own_webhook(world: &World) -> String {
    let body = json!({ "url": "http://localhost:9/" });
    let made = world
        .backend
        .post("/v1/webhook_endpoints", body)
        .await
        .ok()
        .json;
    let path = format!("/v1/webhook_endpoints/{}", made["id"].as_str().unwrap());
    let rotate = format!("{path}/rotate_secret");
    world.backend.post(&rotate, json!({})).await.ok();
    path
}

/// A template that signs with a key of its own.
async fn own_template(world: &World) {
    let template = json!({ "name": "own", "claims": {}, "custom_signing_key": true, "signing_algorithm": "HS256",
        "signing_key": "0123456789abcdef0123456789abcdef" });
    world.backend.post("/v1/jwt_templates", template).await.ok();
}

/// An application's server that keeps the keys it fetched for five minutes, as Clerk's SDKs do, and fetches no sooner.
struct Verifier {
    base: String,
    clock: Clock,
    fetched_at: Option<Time>,
    keys: HashMap<String, DecodingKey>,
}

impl Verifier {
    async fn verifies(&mut self, token: &str) -> bool {
        let now = self.clock.now();
        if self
            .fetched_at
            .is_none_or(|at| now.seconds_since(at) >= 300)
        {
            let url = format!("{}/.well-known/jwks.json", self.base);
            let jwks: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
            let text = |key: &Value, name: &str| key[name].as_str().unwrap().to_owned();
            self.keys = jwks["keys"]
                .as_array()
                .unwrap()
                .iter()
                .map(|key| {
                    let public = DecodingKey::from_rsa_components(&text(key, "n"), &text(key, "e"));
                    (text(key, "kid"), public.unwrap())
                })
                .collect();
            self.fetched_at = Some(now);
        }
        let kid = decode_header(token).unwrap().kid.unwrap();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let key = self.keys.get(&kid);
        key.is_some_and(|key| decode::<Value>(token, key, &validation).is_ok())
    }
}

/// What a page and its application's server do again and again, until they are told to stop.
async fn use_tokens(
    (browser, session): (Browser, String),
    mut verifier: Verifier,
    (stop, rounds): (Arc<AtomicBool>, Arc<AtomicUsize>),
) -> (BTreeSet<String>, usize) {
    let (mut kids, mut failed) = (BTreeSet::new(), 0);
    while !stop.load(Ordering::Relaxed) {
        let token = browser.token(&session).await.ok().json["jwt"]
            .as_str()
            .unwrap()
            .to_owned();
        failed += usize::from(!verifier.verifies(&token).await);
        kids.insert(decode_header(&token).unwrap().kid.unwrap());
        rounds.fetch_add(1, Ordering::Relaxed);
    }
    (kids, failed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_takes_over_on_all_nodes_and_no_verifier_meets_a_token_it_does_not_know() {
    let world = World::new().await;
    let other = Server::start(world.config.clone()).await.unwrap();
    let other_url = format!("http://localhost:{}", other.local_addr().port());
    let nodes = [world.url.clone(), other_url.clone()];
    let stop = Arc::new(AtomicBool::new(false));
    let mut pages = Vec::new();
    for number in 0..4 {
        let long = json!({ "session_max_duration_in_seconds": 86_400 });
        let task = Task::of(&world.backend.create(long).await.ok());
        let mut browser = world.browser();
        browser.visit(&task).await.location();
        let session = browser.session().await["id"].as_str().unwrap().to_owned();
        // A page on one node, its application's server on the other, and both on the same.
        browser.base.clone_from(&nodes[number % 2]);
        let verifier = Verifier {
            base: nodes[number / 2].clone(),
            clock: world.clock.clone(),
            fetched_at: None,
            keys: HashMap::new(),
        };
        let rounds = Arc::new(AtomicUsize::new(0));
        let told = (stop.clone(), rounds.clone());
        let using = tokio::spawn(use_tokens((browser, session), verifier, told));
        pages.push((using, rounds));
    }
    let rotated = rotate(&world, LEAD, false).await;
    assert!(matches!(rotated, Rotated::Done(_)));
    for node in &nodes {
        publishes(node, 2).await;
    }
    // Until the old one is no longer published; verifiers fetch at different moments.
    for _ in 0..=(LEAD + KEEP) / 50 {
        world.advance(50);
        for (_, rounds) in &pages {
            let before = rounds.load(Ordering::Relaxed);
            while rounds.load(Ordering::Relaxed) < before + 2 {
                tokio::task::yield_now().await;
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    for (using, _) in pages {
        let (kids, failed) = using.await.unwrap();
        assert_eq!((kids.len(), failed), (2, 0));
    }
    for node in &nodes {
        publishes(node, 1).await;
    }
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_wrong_hands_is_replaced_within_seconds_and_what_it_signed_is_nothing() {
    let world = World::new().await;
    let (browser, task) = (world.browser(), world.backend.task().await);
    browser.visit(&task).await.location();
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    let token = browser.token(&session).await.ok().json["jwt"].clone();
    let verify = async |token: &Value| {
        let body = json!({ "token": token });
        world.backend.post("/v1/clients/verify", body).await.status
    };
    let old = list(&world).await[0].kid.clone();
    let retire = async |kid: &str| {
        let kid = kid.to_owned();
        write(&world, move |tx| keys::retire(tx, &kid)).await
    };
    assert_eq!(retire(&old).await.unwrap(), Retired::Signs);

    let Rotated::Done(new) = rotate(&world, 5, true).await else {
        panic!("nothing was under way");
    };
    publishes(&world.url, 2).await;
    world.advance(5);
    let after = browser.token(&session).await.ok().json["jwt"].clone();
    assert_eq!(
        decode_header(after.as_str().unwrap()).unwrap().kid.unwrap(),
        new.kid
    );
    assert_eq!(verify(&token).await, 200);
    assert_eq!(retire(&old).await.unwrap(), Retired::Done);
    assert_eq!(publishes(&world.url, 1).await, BTreeSet::from([new.kid]));
    assert_eq!(verify(&token).await, 401);
    assert_eq!(verify(&after).await, 200);
    let shown = browser.session().await["last_active_token"]["jwt"].clone();
    assert_eq!(
        verify(&shown).await,
        200,
        "no token that is kept is of the old key"
    );
    let gone = retire(&old).await.unwrap_err();
    assert!(gone.to_string().contains(&old), "{gone}");
}

#[tokio::test]
async fn a_rotation_can_be_called_off_and_hurried_and_is_not_begun_twice() {
    let world = World::new().await;
    let first = list(&world).await[0].kid.clone();
    let Rotated::Done(next) = rotate(&world, LEAD, false).await else {
        panic!("nothing was under way");
    };
    let Rotated::UnderWay(again) = rotate(&world, LEAD, false).await else {
        panic!("one was under way");
    };
    assert_eq!(again.kid, next.kid);
    let kid = next.kid.clone();
    let retired = write(&world, move |tx| keys::retire(tx, &kid)).await;
    assert_eq!(retired.unwrap(), Retired::Done);
    let left: Vec<_> = list(&world).await;
    let signs = keys::next(&left, world.now()).0.unwrap();
    assert_eq!((&signs.kid, signs.retired_at), (&first, None), "it goes on");

    rotate(&world, LEAD, false).await;
    let Rotated::Done(hurried) = rotate(&world, 5, true).await else {
        panic!("it was to be hurried");
    };
    assert_eq!(hurried.active_at, world.now().plus_seconds(5));
    let mut keys = list(&world).await;
    // The one that was called off is swept, or will be.
    keys.retain(|key| key.retired_at.is_none_or(|at| at > world.now()));
    assert_eq!(
        keys.len(),
        2,
        "the one that waited is taken, and no other made"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_rotate_at_once_make_one_key() {
    let world = World::new().await;
    let rotated = join_all((0..4).map(|_| rotate(&world, LEAD, false))).await;
    let done = rotated.iter().filter(|one| matches!(one, Rotated::Done(_)));
    assert_eq!((done.count(), list(&world).await.len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_that_are_both_held_up_in_a_rotation_the_second_sees_what_the_first_did() {
    let world = World::new().await;
    let Database::Postgres(url) = world.config.database.clone() else {
        return;
    };
    let (locked, begun) = tokio::sync::oneshot::channel();
    let holding = tokio::task::spawn_blocking(move || {
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        // Keys can be read meanwhile, and none can be written.
        let hold = "begin; lock table signing_keys in share mode";
        client.batch_execute(hold).unwrap();
        locked.send(()).unwrap();
        let waiting = "select count(*) from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'";
        while client.query_one(waiting, &[]).unwrap().get::<_, i64>(0) < 2 {
            std::thread::yield_now();
            // What a transaction has seen of others it sees again.
            client
                .batch_execute("select pg_stat_clear_snapshot()")
                .unwrap();
        }
        client.batch_execute("commit").unwrap();
    });
    begun.await.unwrap();
    let rotated = join_all((0..2).map(|_| rotate(&world, LEAD, false))).await;
    holding.await.unwrap();
    let done = rotated.iter().filter(|one| matches!(one, Rotated::Done(_)));
    assert_eq!((done.count(), list(&world).await.len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_comes_takes_no_token_away_and_one_whose_time_is_over_is_gone_at_that_moment() {
    let world = World::with(|config| {
        config.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let (browser, task) = (world.browser(), world.backend.task().await);
    browser.visit(&task).await.location();
    let signatures = async || figure(&metrics(&world).await, "standin_signatures_total");
    let before = signatures().await;
    let shown = async || browser.session().await["last_active_token"]["jwt"].clone();
    let token = shown().await;
    assert_eq!(signatures().await, before + 1);
    let looks = async || {
        let looked = r#"standin_housekeeping_done_total{chore="read_signing_keys"}"#;
        figure(&metrics(&world).await, looked)
    };
    let looked = looks().await;
    while looks().await == looked {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        (shown().await, signatures().await),
        (token.clone(), before + 1)
    );
    rotate(&world, LEAD, false).await;
    publishes(&world.url, 2).await;
    assert_eq!((shown().await, signatures().await), (token, before + 1));

    world.advance(u64::try_from(LEAD + KEEP).unwrap() - 1);
    assert_eq!(kids(&world.url).await.len(), 2);
    world.advance(1);
    assert_eq!(kids(&world.url).await.len(), 1);
    crate::retention::later(&world, 1).await;
    assert_eq!(list(&world).await.len(), 1, "nor is its secret half kept");
    let removed = r#"standin_housekeeping_rows_total{chore="remove_signing_keys"}"#;
    assert_eq!(figure(&metrics(&world).await, removed), 1);
}

#[tokio::test]
async fn the_master_key_is_replaced_node_by_node_and_nothing_that_was_sealed_is_lost() {
    let mut world = World::new().await;
    own_template(&world).await;
    own_webhook(&world).await;
    let [old, new] = [world.config.master_key.clone(), Secret::random()];
    // Every node knows both before one seals with the new one.
    world.config.master_key_also = Some(new.clone());
    let other = Server::start(world.config.clone()).await.unwrap();
    let other_url = format!("http://localhost:{}", other.local_addr().port());
    world.config.master_key = new.clone();
    world.config.master_key_also = Some(old.clone());
    world.restart().await;
    let sealed = world.db().await.read(keys::sealed).await.unwrap();
    assert_eq!(
        sealed.len(),
        4,
        "a key, a template's, and two of an endpoint"
    );
    for (key, opens) in [(&new, true), (&old, false)] {
        let master = MasterKey::parse(key).unwrap();
        assert!(sealed.iter().all(|one| one.opens_with(&master) == opens));
    }

    let (browser, task) = (world.browser(), world.backend.task().await);
    let landed = browser.visit(&task).await.location();
    let nonce = landed
        .query_pairs()
        .find(|(name, _)| name == "__clerk_handshake_nonce");
    let nonce = nonce.unwrap().1.into_owned();
    let mut backend = world.backend.clone();
    backend.base = other_url;
    let payload = format!("/v1/clients/handshake_payload?nonce={nonce}");
    backend.get(&payload).await.ok();
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/sessions/{session}/tokens/own");
    for node in [&backend, &world.backend] {
        node.post(&path, json!({})).await.ok();
    }
    other.stop().await;

    world.config.master_key_also = None;
    world.restart().await;
    world.backend.post(&path, json!({})).await.ok();
    world.server.take().unwrap().stop().await;
    world.config.master_key = old;
    let refused = Server::start(world.config.clone()).await.err().unwrap();
    assert!(
        refused.to_string().contains("another master key"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_use_of_a_key_is_noted_to_the_minute_without_a_write_for_each_request() {
    let world = World::with(|config| {
        config.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let used = async || {
        let sql = "select coalesce(max(last_used_at), 0) from secret_keys";
        let db = world.db().await;
        db.read(move |tx| tx.one::<Time>(sql, &[])).await.unwrap()
    };
    let writes = async || {
        let address = world.server.as_ref().unwrap().metrics_addr().unwrap();
        let text = reqwest::get(format!("http://{address}/metrics"))
            .await
            .unwrap();
        let text = text.text().await.unwrap();
        let name = "standin_db_transaction_writes_sum ";
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().parse::<u64>().unwrap()
    };
    let noted = async || {
        while used().await != world.now() {
            tokio::task::yield_now().await;
        }
    };
    // Of the requests with which the world began.
    noted().await;
    world.advance(60);
    let before = writes().await;
    join_all((0..50).map(|_| world.backend.get("/v1/jwks"))).await;
    noted().await;
    // Whatever was still on its way is written before this.
    world.backend.task().await;
    assert_eq!(writes().await - before, 2);
}
