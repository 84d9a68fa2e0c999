use std::time::Duration;

use http::HeaderMap;
use standin::id::SessionId;
use standin::sessions::{Refresh, SessionStatus, Whose};

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
    let ended = async |whose| sessions.revoke_all(whose).await.unwrap();
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
        .expires_in(Duration::from_secs(300))
        .await
        .unwrap();
    assert_eq!(token.jwt.split('.').count(), 3);
    assert!(!format!("{token:?}").contains(&token.jwt));
    let client = world.client.clients().verify(&token.jwt).await.unwrap();
    assert_eq!(client.id, session.client_id);
    assert_eq!(client.sessions, [session.clone()]);
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

#[tokio::test]
async fn a_handshake_brings_cookies_and_a_refresh_renews_them() {
    let world = World::new().await;
    let made = world.client.agent_tasks().create(task()).await.unwrap();
    let landing = open(&made.url).await.unwrap();
    let nonce = parameter(&landing, "__clerk_handshake_nonce");
    let payload = world
        .client
        .clients()
        .handshake_payload(&nonce)
        .await
        .unwrap();
    let value = |prefix: &str| {
        let found = payload
            .directives
            .iter()
            .find(|one| one.starts_with(prefix));
        let (_, rest) = found.unwrap().split_once('=').unwrap();
        rest.split(';').next().unwrap().to_owned()
    };
    let (session_token, refresh_token) = (value("__session="), value("__refresh_"));
    assert!(!format!("{payload:?}").contains(&session_token));

    world.advance(90);
    let session = world
        .client
        .agent_tasks()
        .get(&made.id)
        .await
        .unwrap()
        .session_id
        .unwrap();
    let (origin, headers) = (landing.origin().ascii_serialization(), HeaderMap::new());
    let refresh = Refresh {
        expired_token: &session_token,
        refresh_token: &refresh_token,
        request_origin: &origin,
        request_headers: &headers,
        suffixed_cookies: true,
    };
    let renewed = world
        .client
        .sessions()
        .refresh(&session, refresh)
        .await
        .unwrap();
    assert!(
        renewed
            .cookies
            .iter()
            .any(|one| one.starts_with("__session=ey"))
    );
    // Parallel requests of one page may all renew the same token, for ten seconds.
    world.advance(11);
    let again = world
        .client
        .sessions()
        .refresh(&session, refresh)
        .await
        .unwrap_err();
    assert!(again.is_unauthorized());
    assert_eq!(
        again.code(),
        Some("session_refresh_expired_session_token_consumed")
    );

    let unknown = world
        .client
        .clients()
        .handshake_payload("a&nonce=b")
        .await
        .unwrap_err();
    assert!(unknown.is_not_found() && !unknown.to_string().contains("a&nonce"));
}
