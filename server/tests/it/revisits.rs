//! A link that is opened again by the browser that holds what it opened.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tokio::task::JoinSet;

use crate::world::{Answer, Browser, Task, World};

/// The cookies that an application would get for the nonce in this answer.
async fn exchanged(world: &World, landed: &Answer) -> Vec<String> {
    let query = landed.location();
    let nonce = query
        .query_pairs()
        .find(|(name, _)| name == "__clerk_handshake_nonce")
        .map(|(_, nonce)| nonce.into_owned());
    let nonce = nonce.unwrap_or_else(|| {
        let cookies = landed.set_cookies();
        let cookie = cookies["__clerk_handshake_nonce"].split(';').next();
        cookie.unwrap().split_once('=').unwrap().1.to_owned()
    });
    let path = format!("/v1/clients/handshake_payload?nonce={nonce}");
    let payload = world.backend.get(&path).await.ok();
    let directives = payload.json["directives"].as_array().unwrap().clone();
    directives
        .iter()
        .map(|one| one.as_str().unwrap().to_owned())
        .collect()
}

fn is_signed_in(directives: &[String]) -> bool {
    directives
        .last()
        .is_some_and(|last| last.starts_with("__session") && !last.contains("Max-Age=0"))
}

#[tokio::test]
async fn the_browser_that_holds_the_session_lands_again_and_nothing_is_opened() {
    for production in [false, true] {
        let world = if production {
            World::production().await
        } else {
            World::new().await
        };
        let browser = if production {
            world.public_browser()
        } else {
            world.browser()
        };
        let page = if production {
            json!({ "redirect_url": "https://app.example.com/dashboard" })
        } else {
            json!({})
        };
        let task = Task::of(&world.backend.create(page).await.ok());
        browser.visit(&task).await.location();
        let before = browser.cookies.lock().unwrap().clone();
        let session = browser.session().await;
        world.advance(5);
        let again = browser.visit(&task).await;
        assert_eq!(again.location().path(), "/dashboard");
        assert!(is_signed_in(&exchanged(&world, &again).await), "{again:?}");
        let kept = browser.cookies.lock().unwrap().clone();
        let clients = |all: &BTreeMap<String, String>| -> Vec<_> {
            let named = all.iter().filter(|(name, _)| name.contains("__client"));
            named
                .map(|(name, text)| (name.clone(), text.clone()))
                .collect()
        };
        assert!(!clients(&before).is_empty());
        assert_eq!(clients(&kept), clients(&before));
        assert_eq!(browser.session().await["id"], session["id"]);
        assert_eq!(world.count("sessions").await, 1);
        assert_eq!(
            world.trail(&task.id).await,
            [
                "task.create ok",
                "session.create ok",
                "task.accept ok",
                "task.revisit ok"
            ]
        );
        let records = format!("/v1/audit_logs?agent_task_id={}", task.id);
        let records = world.backend.get(&records).await.ok().json;
        let revisit = &records["data"][0];
        assert_eq!(revisit["session_id"], session["id"]);
        assert_eq!(revisit["actor"], task.agent, "it was the session's doing");
    }
}

#[tokio::test]
async fn a_development_browser_that_lands_again_gets_a_name_that_opens_its_client() {
    let world = World::new().await;
    let browser = world.browser();
    let task = world.backend.task().await;
    browser.visit(&task).await.location();
    let directives = exchanged(&world, &browser.visit(&task).await).await;
    let named = directives
        .iter()
        .find_map(|one| one.strip_prefix("__clerk_db_jwt="));
    let named = named.unwrap().split(';').next().unwrap();
    let path = format!("/v1/client?__clerk_db_jwt={named}");
    let seen = world.browser().page(reqwest::Method::GET, &path).await.ok();
    assert_eq!(
        seen.json["response"]["sessions"][0]["id"],
        browser.session().await["id"]
    );
}

#[tokio::test]
async fn an_arrival_in_development_takes_what_many_earlier_instances_left() {
    let world = World::new().await;
    let browser = world.browser();
    {
        let mut jar = browser.cookies.lock().unwrap();
        for n in 0..8 {
            for name in [
                "__client",
                "__client_uat",
                "__session",
                "__refresh",
                "__clerk_db_jwt",
            ] {
                jar.insert(format!("{name}_suffix{n}x"), format!("{n}"));
            }
        }
        jar.insert("theme_suffix0x".into(), "dark".into());
    }
    browser.visit(&world.backend.task().await).await.location();
    let jar = browser.cookies.lock().unwrap();
    let left = |n: u32| {
        jar.keys()
            .filter(|name| name.ends_with(&format!("_suffix{n}x")))
            .count()
    };
    assert_eq!([0, 1, 2, 3, 4].map(left), [1, 0, 0, 0, 0], "{jar:?}");
    assert_eq!([5, 6, 7].map(left), [5, 5, 5], "{jar:?}");
}

const USED: &str = "400 agent_task_already_used";

#[tokio::test]
async fn everybody_else_and_everything_later_is_refused() {
    let world = World::new().await;
    let refused = async |browser: &Browser, task: &Task| browser.visit(task).await.refusal();

    let (holder, task) = (world.browser(), world.backend.task().await);
    holder.visit(&task).await.location();
    assert_eq!(refused(&world.browser(), &task).await, USED, "a stranger");
    let other = world.browser();
    other.visit(&world.backend.task().await).await.location();
    assert_eq!(refused(&other, &task).await, USED, "somebody signed in");

    // The same client, with another session by now.
    let next = world.backend.task().await;
    holder.visit(&next).await.location();
    assert_eq!(refused(&holder, &task).await, USED, "another session");
    holder.visit(&next).await.location();

    let session = holder.session().await["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/sessions/{session}/revoke");
    world.backend.post(&path, json!({})).await.ok();
    assert_eq!(refused(&holder, &next).await, USED, "its session is over");

    let (late, task) = (world.browser(), world.backend.task().await);
    late.visit(&task).await.location();
    world.advance(600);
    assert!(late.session().await["id"].is_string());
    assert_eq!(
        refused(&late, &task).await,
        USED,
        "the ticket's time is over"
    );

    let path = format!("/v1/agents/{}/disable", task.agent);
    let (barred, task) = (world.browser(), world.backend.task().await);
    barred.visit(&task).await.location();
    world.backend.post(&path, json!({})).await.ok();
    assert_eq!(refused(&barred, &task).await, USED, "its agent is disabled");
}

#[tokio::test]
async fn a_call_that_wants_a_session_for_itself_gets_none_for_a_used_ticket() {
    let world = World::new().await;
    let (browser, task) = (world.browser(), world.backend.task().await);
    browser.visit(&task).await.location();
    let ticket = task.path.split('=').nth(1).unwrap();
    let call = browser
        .request(reqwest::Method::POST, "/v1/client/sign_ins")
        .header("origin", "http://localhost:3000")
        .form(&[("strategy", "ticket"), ("ticket", ticket)]);
    assert_eq!(
        browser.send(call).await.refusal(),
        "400 agent_task_already_used"
    );
    assert!(browser.session().await["id"].is_string(), "nothing changed");
}

#[tokio::test]
async fn a_replay_revokes_nothing_when_it_is_the_holders() {
    let world = World::with(|config| {
        config.on_replay = standin_server::policy::OnReplay::RevokeSession;
    })
    .await;
    let (browser, task) = (world.browser(), world.backend.task().await);
    browser.visit(&task).await.location();
    browser.visit(&task).await.location();
    assert!(browser.session().await["id"].is_string());
    world.browser().visit(&task).await;
    assert!(browser.session().await.is_null(), "a stranger's does");
}

#[tokio::test]
async fn an_origin_that_is_allowed_no_longer_is_not_landed_on_again() {
    let mut world = World::with(|config| {
        config
            .allowed_origins
            .push("https://app.test".parse().unwrap());
    })
    .await;
    let page = json!({ "redirect_url": "https://app.test/" });
    let task = Task::of(&world.backend.create(page).await.ok());
    let browser = world.browser();
    browser.visit(&task).await.location();
    world.config.allowed_origins.pop();
    world.restart().await;
    assert_eq!(
        world.browser_with(&browser).visit(&task).await.refusal(),
        "422 redirect_url_domain_mismatch"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_visits_at_once_by_the_holder_all_land_in_the_one_session() {
    let world = World::new().await;
    let (browser, task) = (world.browser(), world.backend.task().await);
    browser.visit(&task).await.location();
    let mut visits = JoinSet::new();
    for _ in 0..32 {
        let (twin, task) = (world.browser_with(&browser), task.clone());
        visits.spawn(async move {
            twin.visit(&task).await.location();
            twin.cookies.lock().unwrap()["__client"].clone()
        });
    }
    let cookies: BTreeSet<String> = visits.join_all().await.into_iter().collect();
    assert_eq!(cookies.len(), 1, "nobody's cookie was taken away");
    assert_eq!(world.count("sessions").await, 1);
    // Of many the first eight are on record, then the 16th and the 32nd.
    let revisits = world.trail(&task.id).await;
    let revisits = revisits.iter().filter(|one| *one == "task.revisit ok");
    assert_eq!(revisits.count(), 10);
}
