use std::time::Duration;

use http::HeaderMap;
use standin::id::SessionId;
use standin::sessions::{Refresh, SessionStatus, Whose};
use url::Url;

use crate::world::{World, open, parameter, task};

#[tokio::test]
async fn a_session_is_found_and_taken_back() {
    let world = World::new().await;
    let sessions = world.client.sessions();
    let made = sessions.create(&world.ada.id).await.unwrap();
    assert!(made.is_active() && made.actor.is_none());
    assert_eq!(sessions.get(&made.id).await.unwrap(), made);
    let listed = sessions.list().client(&made.client_id).await.unwrap();
    assert_eq!(
        (listed.data, listed.total_count),
        (vec![made.clone()], Some(1))
    );

    let revoked = sessions.revoke(&made.id).await.unwrap();
    assert_eq!(revoked.status, SessionStatus::Revoked);
    assert_eq!(
        sessions.revoke(&made.id).await.unwrap().status,
        SessionStatus::Revoked
    );
    let active = sessions
        .list()
        .user(&world.ada.id)
        .status(SessionStatus::Active);
    assert_eq!(active.await.unwrap().total_count, Some(0));
    assert!(
        sessions
            .get(&"sess_nobody".parse().unwrap())
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test]
async fn many_sessions_end_in_one_call() {
    let world = World::new().await;
    let (tasks, sessions) = (world.client.agent_tasks(), world.client.sessions());
    let mut made = Vec::new();
    for _ in 0..2 {
        let task = tasks.create(task()).await.unwrap();
        open(&task.url).await.unwrap();
        let session = tasks.get(&task.id).await.unwrap().session_id.unwrap();
        made.push((task, session));
    }
    let own = sessions.create(&world.ada.id).await.unwrap();
    let ended = async |whose| sessions.revoke_all(whose).await.unwrap().data;
    assert_eq!(
        ended(Whose::AgentTask(made[0].0.id.clone())).await,
        [made[0].1.clone()]
    );
    assert_eq!(
        ended(Whose::Agent(made[0].0.agent_id.clone())).await,
        [made[1].1.clone()]
    );
    assert_eq!(ended(Whose::User(world.ada.id.clone())).await, [own.id]);
    assert_eq!(ended(Whose::Everyone).await, [] as [SessionId; 0]);
}

#[tokio::test]
async fn a_token_is_minted_for_an_active_session_only() {
    let world = World::new().await;
    let sessions = world.client.sessions();
    let session = sessions.create(&world.ada.id).await.unwrap();
    let token = sessions
        .create_token(&session.id)
        .expires_in(Duration::from_mins(5))
        .await
        .unwrap();
    assert_eq!(token.jwt.split('.').count(), 3);
    assert!(!format!("{token:?}").contains(&token.jwt));
    let client = world.client.clients().verify(&token.jwt).await.unwrap();
    assert_eq!(client.id, session.client_id);
    assert_eq!(client.sessions[..], *std::slice::from_ref(&session));
    assert_eq!(
        world.client.clients().get(&client.id).await.unwrap(),
        client
    );

    let template = sessions
        .create_token_from_template(&session.id, "hasura")
        .await;
    assert!(template.unwrap_err().is_not_found());
    let odd = sessions
        .create_token_from_template(&session.id, "../revoke")
        .await
        .unwrap_err();
    assert_eq!(odd.status(), None);

    sessions.revoke(&session.id).await.unwrap();
    assert!(
        sessions
            .create_token(&session.id)
            .await
            .unwrap_err()
            .status()
            .is_some()
    );
    assert!(world.client.clients().verify(&token.jwt).await.is_err());
}

/// A session that a task opened, and the cookies that its landing brings.
async fn landed(world: &World) -> (SessionId, Url, Vec<String>) {
    let made = world.client.agent_tasks().create(task()).await.unwrap();
    let landing = open(&made.url).await.unwrap();
    let nonce = parameter(&landing, "__clerk_handshake_nonce");
    let payload = world.client.clients().handshake_payload(&nonce);
    let payload = payload.await.unwrap();
    let record = world.client.agent_tasks().get(&made.id).await.unwrap();
    assert!(!format!("{payload:?}").contains("__session"));
    (record.session_id.unwrap(), landing, payload.directives)
}

fn value<'a>(cookies: &'a [String], prefix: &str) -> &'a str {
    let mut found = cookies.iter().filter_map(|one| one.strip_prefix(prefix));
    let (_, value) = found.next().unwrap().split_once('=').unwrap();
    value.split(';').next().unwrap()
}

#[tokio::test]
async fn a_refresh_renews_the_cookies_of_a_handshake() {
    let world = World::new().await;
    let (session, landing, cookies) = landed(&world).await;
    world.advance(90);
    let (origin, headers) = (landing.origin().ascii_serialization(), HeaderMap::new());
    let refresh = Refresh {
        expired_token: value(&cookies, "__session"),
        refresh_token: value(&cookies, "__refresh_"),
        request_origin: &origin,
        request_headers: &headers,
        suffixed_cookies: true,
    };
    let sessions = world.client.sessions();
    let renewed = sessions.refresh(&session, refresh).await.unwrap();
    assert!(value(&renewed.cookies, "__session").starts_with("ey"));
    // Parallel requests of one page may all renew the same token, for ten seconds.
    world.advance(11);
    let again = sessions.refresh(&session, refresh).await.unwrap_err();
    assert!(again.is_unauthorized());
    let consumed = "session_refresh_expired_session_token_consumed";
    assert_eq!(again.code(), Some(consumed));
}

#[tokio::test]
async fn a_nonce_nobody_gave_out_brings_nothing() {
    let world = World::new().await;
    let clients = world.client.clients();
    let unknown = clients.handshake_payload("a&nonce=b").await.unwrap_err();
    assert!(unknown.is_not_found() && !unknown.to_string().contains("a&nonce"));
}
