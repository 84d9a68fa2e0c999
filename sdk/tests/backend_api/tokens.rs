use std::time::Duration;

use standin::sign_in_tokens::SignInTokenStatus;

use crate::world::World;

#[tokio::test]
async fn a_sign_in_token_is_made_and_taken_back() {
    let world = World::new().await;
    let tokens = world.client.sign_in_tokens();
    let made = tokens
        .create(&world.ada.id)
        .expires_in(Duration::from_mins(1))
        .await
        .unwrap();
    assert!(made.url.contains(&made.token) && !format!("{made:?}").contains(&made.token));
    let revoked = tokens.revoke(&made.id).await.unwrap();
    assert_eq!(revoked.status, SignInTokenStatus::Revoked);
    assert_eq!(revoked.user_id, world.ada.id);
    assert_eq!(
        tokens.revoke(&made.id).await.unwrap_err().status().unwrap(),
        400
    );
}

#[tokio::test]
async fn a_testing_token_says_until_when() {
    let world = World::new().await;
    let token = world.client.create_testing_token().await.unwrap();
    assert!(token.expires_at > world.ada.created_at && !token.token.is_empty());
}

#[tokio::test]
async fn the_key_that_signed_a_token_is_published() {
    let world = World::new().await;
    let keys = world.client.jwks().await.unwrap();
    let key = &keys.keys[0];
    assert_eq!(
        (key.kty.as_str(), key.alg.as_deref()),
        ("RSA", Some("RS256"))
    );
    assert_eq!(
        (key.use_for.as_deref(), key.e.as_deref()),
        (Some("sig"), Some("AQAB"))
    );
    assert!(key.n.as_ref().unwrap().len() > 300);
    assert!(keys.find(key.kid.as_deref().unwrap()).is_some() && keys.find("other").is_none());
}

#[tokio::test]
async fn a_token_whose_session_was_revoked_counts_no_more_though_it_verifies() {
    let world = World::new().await;
    let sessions = world.client.sessions();
    let session = sessions.create(&world.ada.id).await.unwrap();
    let token = sessions.create_token(&session.id).await.unwrap();
    let shown = world.client.introspect(&token.jwt).await.unwrap();
    assert!(shown.active && shown.expires_at.is_some());
    assert_eq!(shown.user_id.as_ref(), Some(&world.ada.id));
    assert_eq!(shown.session_id.as_ref(), Some(&session.id));
    world.client.revoke_token(&token.jwt).await.unwrap();
    let shown = world.client.introspect(&token.jwt).await.unwrap();
    assert!(!shown.active && shown.user_id.is_none());
}
