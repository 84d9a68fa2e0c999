use std::sync::Arc;

use serde_json::json;
use standin_proof::{Told, Trial};
use standin_server::Server;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::run::Run;
use crate::world::{Task, World};

const VISITORS: usize = 64;

/// All visitors at once, spread over the servers; what each was told.
async fn race(run: &Run, bases: &[String], task: &Task) -> Vec<Told> {
    let barrier = Arc::new(Barrier::new(VISITORS));
    let mut visitors = JoinSet::new();
    for visitor in 0..VISITORS {
        let (run, barrier, task) = (run.clone(), barrier.clone(), task.clone());
        let url = format!("{}{}", bases[visitor % bases.len()], task.path);
        visitors.spawn(async move {
            barrier.wait().await;
            run.visit(&task, &url).await
        });
    }
    visitors.join_all().await
}

async fn one_of_sixty_four(world: &World, bases: &[String], mut trial: Trial) {
    let rounds = trial.size(100 / bases.len(), 10_000 / bases.len());
    let run = Run::new(world);
    let used = Told::Refused("agent_task_already_used".into());
    for _ in 0..rounds {
        let told = race(&run, bases, &run.create().await).await;
        let late = told.iter().filter(|told| **told == used).count();
        assert_eq!(late, VISITORS - 1, "{told:?}");
    }
    let held = run.hold().await;
    assert_eq!((held.tasks, held.opened), (rounds, rounds), "{held}");
    trial.end(held);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_visitors_one_gets_in() {
    let world = World::new().await;
    let trial = Trial::begin("R4", "64 visitors of one ticket");
    one_of_sixty_four(&world, std::slice::from_ref(&world.url), trial).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_visitors_at_two_nodes_one_gets_in() {
    let world = World::new().await;
    let mut config = world.config.clone();
    // The same public address, as behind a load balancer; another socket.
    config.public_url = Some(world.url.parse().unwrap());
    let other = Server::start(config).await.unwrap();
    let bases = [
        world.url.clone(),
        format!("http://localhost:{}", other.local_addr().port()),
    ];
    let trial = Trial::begin("R4", "64 visitors of one ticket, at two nodes");
    one_of_sixty_four(&world, &bases, trial).await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_and_a_revocation_cannot_both_win() {
    let world = World::new().await;
    let run = Run::new(&world);
    for _ in 0..50 {
        let task = run.create().await;
        let url = format!("{}{}", world.url, task.path);
        let (visit, revoke) = tokio::join!(run.visit(&task, &url), run.take_back(&task));
        let refused = |code: &str| Told::Refused(code.into());
        let is_used = revoke == refused("agent_task_cannot_be_revoked");
        let is_revoked = visit == refused("agent_task_revoked");
        assert!(is_used != is_revoked, "{visit:?} {revoke:?}");
    }
    let held = run.hold().await;
    assert_eq!(held.opened + held.taken_back, 50, "{held}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_taken_back_gets_no_token_however_many_ask_meanwhile() {
    let world = World::new().await;
    let run = Run::new(&world);
    for _ in 0..20 {
        let task = run.create().await;
        let url = format!("{}{}", world.url, task.path);
        run.visit(&task, &url).await;
        let session = run.session(&task).await;
        let mut askers = JoinSet::new();
        for _ in 0..8 {
            let (run, session) = (run.clone(), session.clone());
            askers
                .spawn(async move { while let Told::Token { .. } = run.token(&session).await {} });
        }
        while run.token(&session).await == Told::Nothing {}
        assert_eq!(run.sign_out(&session).await, Told::Done);
        askers.join_all().await;
    }
    let held = run.hold().await;
    assert!(held.taken_back == 20 && held.tokens >= 20, "{held}");
    println!("{held}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_first_used_by_many_at_once_is_one_agent() {
    let world = World::new().await;
    for round in 0..10 {
        let mut creators = JoinSet::new();
        for _ in 0..32 {
            let backend = world.backend.clone();
            let body = json!({ "agent_name": format!("agent {round}") });
            creators.spawn(async move { Task::of(&backend.create(body).await.ok()).agent });
        }
        let mut agents = creators.join_all().await;
        agents.dedup();
        assert_eq!(agents.len(), 1);
    }
    assert_eq!(world.count("agents").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_and_a_visit_leave_no_session_that_works() {
    let world = World::new().await;
    for round in 0..30 {
        let email = format!("user{round}@example.com");
        let user = world.backend.user(&email).await;
        let task = Task::of(
            &world
                .backend
                .create(json!({ "on_behalf_of": { "user_id": user } }))
                .await
                .ok(),
        );
        let browser = world.browser();
        let path = format!("/v1/users/{user}/ban");
        let (visit, ban) = tokio::join!(browser.visit(&task), world.backend.post(&path, json!({})));
        ban.ok();
        assert!(matches!(visit.status.as_u16(), 307 | 403), "{visit:?}");
        assert!(browser.session().await.is_null());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_has_its_one_record_in_order() {
    let world = World::new().await;
    let mut players = JoinSet::new();
    for _ in 0..40 {
        let (backend, browser) = (world.backend.clone(), world.browser());
        players.spawn(async move {
            let task = backend.task().await;
            browser.visit(&task).await.location();
            task.id
        });
    }
    for task in players.join_all().await {
        assert_eq!(
            world.trail(&task).await,
            ["task.create ok", "session.create ok", "task.accept ok"]
        );
    }
}
