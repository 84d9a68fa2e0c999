//! Sessions that nobody ends: applications that listen hear of it when their time is over, once.
#![expect(
    clippy::disallowed_methods,
    reason = "housekeeping is waited for, and nothing else tells that it came by"
)]

use std::time::Duration;

use serde_json::{Value, json};
use standin_server::caller::Caller;
use standin_server::clock::Time;
use standin_server::db::Write;
use standin_server::sessions::{Expired, expired};
use tokio::time::sleep;

use crate::travel::signed_in;
use crate::webhooks::Sink;
use crate::world::World;

async fn listen(world: &World, sink: &Sink) -> String {
    let endpoint = json!({ "url": sink.url(), "events": ["session.ended"] });
    let made = world.backend.post("/v1/webhook_endpoints", endpoint).await;
    made.ok().json["id"].as_str().unwrap().to_owned()
}

async fn look(world: &World, now: Time) -> Option<Expired> {
    let db = world.db().await;
    db.read(move |tx| expired(tx, now)).await.unwrap()
}

/// Waits until housekeeping has nothing to do.
async fn passed(world: &World) {
    while look(world, world.now()).await.is_some() {
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_runs_out_is_told_once_a_minute_later_and_one_that_was_ended_is_not_told_again()
 {
    let mut world = World::new().await;
    let sink = Sink::new().await;
    listen(&world, &sink).await;
    passed(&world).await;
    let (_, left) = signed_in(&world).await;
    let (browser, ended) = signed_in(&world).await;
    let path = format!("/v1/client/sessions/{ended}/end");
    browser.form(&path, &[]).await.ok();
    sink.has(1).await;

    let end = world.now().plus_seconds(1800);
    assert!(look(&world, end.plus_seconds(59)).await.is_none());
    world.advance(1860);
    let told = sink.has(2).await;
    let sessions: Vec<&Value> = told.iter().map(|event| &event["data"]["id"]).collect();
    assert_eq!(sessions, [&ended, &left]);
    assert_eq!(told[1]["type"], "session.ended");
    assert_eq!(told[1]["data"]["status"], "expired");
    assert_eq!(told[1]["data"]["user"]["id"], told[1]["data"]["user_id"]);

    // Wherever it stopped, it goes on from there.
    world.restart().await;
    world.advance(600);
    passed(&world).await;
    let records = world
        .backend
        .get("/v1/audit_logs?limit=100")
        .await
        .ok()
        .json;
    let records = records["data"].as_array().unwrap().iter();
    let expired: Vec<_> = records
        .filter(|record| record["action"] == "session.expire")
        .map(|record| &record["session_id"])
        .collect();
    assert_eq!(expired, [&left]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_what_ran_out_before_they_listened_and_of_two_nodes_one_tells() {
    let world = World::new().await;
    signed_in(&world).await;
    world.advance(1801);
    let sink = Sink::new().await;
    listen(&world, &sink).await;
    signed_in(&world).await;
    passed(&world).await;
    assert!(look(&world, world.now().plus_seconds(1859)).await.is_none());

    let later = world.now().plus_seconds(1860);
    let looks = [look(&world, later).await, look(&world, later).await];
    let db = world.db().await;
    let mut told = Vec::new();
    for look in looks.map(Option::unwrap) {
        let tell = move |tx: &mut Write<'_>| look.tell(tx);
        let by = Caller::internal("standin", later);
        told.push(db.write(by, tell).await.unwrap());
    }
    assert_eq!(told, [1, 0]);
}

/// Runs everything there is, for those who look at each statement.
pub async fn use_all(world: &World) {
    let endpoint = listen(world, &Sink::new().await).await;
    passed(world).await;
    let path = format!("/v1/webhook_endpoints/{endpoint}");
    world.backend.delete(&path).await.ok();
}
