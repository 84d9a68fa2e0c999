use serde_json::{Value, json};

use crate::world::{Answer, Browser, DASHBOARD, World, claims, hosts_client};

const REDIRECT: &str = "redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fdashboard%3Fa%3Db%2520c";

/// What an application's server gets for the nonce in an address.
async fn exchange(world: &World, answer: &Answer) -> Answer {
    let target = answer.location();
    let nonce = target
        .query_pairs()
        .find(|(name, _)| name == "__clerk_handshake_nonce")
        .expect("a nonce")
        .1
        .into_owned();
    world
        .backend
        .get(&format!("/v1/clients/handshake_payload?nonce={nonce}"))
        .await
}

fn directives(answer: &Value) -> Vec<(String, String, String)> {
    let split = |text: &str| {
        let (pair, attributes) = text.split_once("; ").unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        (name.to_owned(), value.to_owned(), attributes.to_owned())
    };
    answer
        .as_array()
        .unwrap()
        .iter()
        .map(|directive| split(directive.as_str().unwrap()))
        .collect()
}

fn value<'a>(directives: &'a [(String, String, String)], name: &str) -> Option<&'a str> {
    directives
        .iter()
        .find(|(found, ..)| found == name)
        .map(|(_, value, _)| value.as_str())
}

fn suffix(world: &World) -> &str {
    &world.server.as_ref().unwrap().instance().cookie_suffix
}

#[tokio::test]
async fn a_nonce_becomes_the_cookies_of_a_signed_in_application() {
    let world = World::new().await;
    let browser = world.browser();
    let visit = browser.visit(&world.backend.task().await).await;
    let payload = exchange(&world, &visit).await.ok();
    let all = directives(&payload.json["directives"]);
    let suffix = suffix(&world);
    let token = value(&all, "__session").unwrap();
    assert_eq!(value(&all, &format!("__session_{suffix}")), Some(token));
    assert_eq!(claims(&world, token).await["azp"], "http://localhost:3000");
    let uat: i64 = value(&all, "__client_uat").unwrap().parse().unwrap();
    assert_eq!(uat, world.now().seconds());
    assert_eq!(
        value(&all, &format!("__client_uat_{suffix}")),
        Some(uat.to_string().as_str())
    );
    assert!(value(&all, "__clerk_db_jwt").unwrap().starts_with("dvb_"));
    assert!(value(&all, &format!("__clerk_db_jwt_{suffix}")).is_some());
    let refresh = all
        .iter()
        .find(|(name, ..)| *name == format!("__refresh_{suffix}"))
        .unwrap();
    assert!(refresh.2.contains("HttpOnly"));
    let last = all
        .iter()
        .rfind(|(name, ..)| name.starts_with("__session"))
        .unwrap();
    assert_eq!(last.1, token, "SDKs take the last one");
    for (name, value, attributes) in &all {
        assert!(!value.contains(['=', ';']), "{name}");
        assert!(
            attributes.contains("Path=/") && attributes.contains("SameSite=Lax"),
            "{name}: {attributes}"
        );
        assert!(name.len() + value.len() + attributes.len() < 4096);
    }
    exchange(&world, &visit).await.ok();
    world.advance(60);
    assert_eq!(
        exchange(&world, &visit).await.refusal(),
        "404 resource_not_found"
    );
}

#[tokio::test]
async fn a_nonce_speaks_of_the_session_as_it_is_now() {
    let world = World::new().await;
    let browser = world.browser();
    let visit = browser.visit(&world.backend.task().await).await;
    let id = browser.session().await["id"].as_str().unwrap().to_owned();
    world
        .backend
        .post(&format!("/v1/sessions/{id}/revoke"), json!({}))
        .await
        .ok();
    let all = directives(&exchange(&world, &visit).await.ok().json["directives"]);
    assert_eq!(value(&all, "__session"), Some(""));
    assert_eq!(value(&all, "__client_uat"), Some("0"));
    let stays = |name: &str| {
        let (.., attributes) = all.iter().find(|(found, ..)| found == name).unwrap();
        !attributes.contains("Max-Age=0;")
    };
    assert!(stays("__client_uat"), "that nobody is signed in is known");
    assert!(stays("__clerk_db_jwt"), "the browser is still the same");
    assert!(!stays("__session"));
}

#[tokio::test]
async fn a_forged_nonce_is_unknown() {
    let world = World::new().await;
    for nonce in [
        "x",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "%C3%A9",
    ] {
        let answer = world
            .backend
            .get(&format!("/v1/clients/handshake_payload?nonce={nonce}"))
            .await;
        assert_eq!(answer.refusal(), "404 resource_not_found");
    }
    let missing = world.backend.get("/v1/clients/handshake_payload").await;
    assert_eq!(missing.refusal(), "400 missing_query_parameter");
}

#[tokio::test]
async fn a_stranger_is_sent_back_signed_out_and_leaves_no_trace() {
    let world = World::new().await;
    let answer = world
        .browser()
        .get(&format!("/v1/client/handshake?{REDIRECT}&format=nonce"))
        .await;
    let target = answer.location();
    assert!(
        target
            .as_str()
            .starts_with("http://localhost:3000/dashboard?a=b%20c&__clerk_handshake_nonce="),
        "{target}"
    );
    let all = directives(&exchange(&world, &answer).await.ok().json["directives"]);
    assert_eq!(
        (value(&all, "__session"), value(&all, "__client_uat")),
        (Some(""), Some("0"))
    );
    assert!(
        value(&all, "__clerk_db_jwt").unwrap().starts_with("dvb_"),
        "or SDKs would ask again for ever"
    );
    assert_eq!(
        (
            world.count("clients").await,
            world.count("dev_browsers").await
        ),
        (0, 0)
    );
}

#[tokio::test]
async fn a_handshake_renews_by_cookie_or_by_dev_browser() {
    let world = World::new().await;
    let browser = world.browser();
    let visit = browser.visit(&world.backend.task().await).await;
    let db = value(
        &directives(&exchange(&world, &visit).await.ok().json["directives"]),
        "__clerk_db_jwt",
    )
    .unwrap()
    .to_owned();
    world.advance(90);
    let by_cookie = browser
        .get(&format!("/v1/client/handshake?{REDIRECT}&format=nonce"))
        .await;
    let without_cookie = world.browser();
    let path = format!("/v1/client/handshake?{REDIRECT}&format=nonce&__clerk_db_jwt={db}");
    let by_token = without_cookie.get(&path).await;
    for answer in [&by_cookie, &by_token] {
        let all = directives(&exchange(&world, answer).await.ok().json["directives"]);
        let claims = claims(&world, value(&all, "__session").unwrap()).await;
        assert_eq!(claims["iat"], world.now().seconds());
        assert_eq!(claims["act"]["type"], "agent");
    }
    let all = directives(&exchange(&world, &by_token).await.ok().json["directives"]);
    assert_eq!(
        value(&all, "__clerk_db_jwt"),
        Some(db.as_str()),
        "a good one stays"
    );
}

/// The session token in the signed form of a handshake.
async fn carried(world: &World, target: &url::Url) -> String {
    let mut pairs = target.query_pairs();
    let (name, token) = pairs.find(|(name, _)| name.starts_with("__clerk")).unwrap();
    assert_eq!(name, "__clerk_handshake", "{target}");
    assert_eq!(pairs.find(|(name, _)| name.starts_with("__clerk")), None);
    let claims = claims(world, &token).await;
    let session = directives(&claims["handshake"]);
    value(&session, "__session").unwrap().to_owned()
}

#[tokio::test]
async fn older_sdks_get_the_directives_in_a_signed_token() {
    let world = World::new().await;
    let browser = world.browser();
    browser.visit(&world.backend.task().await).await.location();
    let path = format!("/v1/client/handshake?{REDIRECT}");
    let target = browser.get(&path).await.location();
    assert!(!carried(&world, &target).await.is_empty());
}

#[tokio::test]
async fn a_link_for_an_sdk_that_leaves_nonces_in_the_address_carries_the_cookies_themselves() {
    let world = World::with(|config| config.nonces = false).await;
    let browser = world.browser();
    let task = world.backend.task().await;
    for _ in 0..2 {
        // The second time it lands where it is already.
        let target = browser.visit(&task).await.location();
        let token = carried(&world, &target).await;
        let session = browser.session().await["id"].clone();
        assert_eq!(claims(&world, &token).await["sid"], session);
    }
    // Some of these SDKs ask for a nonce, and follow it in circles none the less.
    let path = format!("/v1/client/handshake?{REDIRECT}&format=nonce");
    let target = browser.get(&path).await.location();
    assert!(!carried(&world, &target).await.is_empty());
    // Where cookies carry it, nothing stays in an address.
    let world = World::production_with(|config| config.nonces = false).await;
    let body = json!({ "redirect_url": "https://app.example.com/home" });
    let task = crate::world::Task::of(&world.backend.create(body).await.ok());
    let cookies = world.public_browser().visit(&task).await.set_cookies();
    assert!(
        cookies.contains_key("__clerk_handshake_nonce"),
        "{cookies:?}"
    );
}

#[tokio::test]
async fn a_handshake_leads_nowhere_else() {
    let world = World::new().await;
    let refusal = async |query: &str| {
        world
            .browser()
            .get(&format!("/v1/client/handshake?{query}"))
            .await
            .refusal()
    };
    assert_eq!(refusal("").await, "400 missing_query_parameter");
    assert_eq!(
        refusal("redirect_url=https%3A%2F%2Fevil.example%2F").await,
        "422 redirect_url_domain_mismatch"
    );
    assert_eq!(
        refusal("redirect_url=javascript%3Aalert(1)").await,
        "422 prohibited_redirect_url"
    );
    assert_eq!(
        refusal("redirect_url=%2Fdashboard").await,
        "422 invalid_redirect_url"
    );
    assert_eq!(
        refusal(&format!("{REDIRECT}&format=jpeg")).await,
        "400 invalid_handshake"
    );
}

#[tokio::test]
async fn production_carries_in_cookies_on_the_shared_domain() {
    let world = World::production().await;
    let browser = world.public_browser();
    let task = crate::world::Task::of(
        &world
            .backend
            .create(json!({ "redirect_url": "https://app.example.com/home" }))
            .await
            .ok(),
    );
    let visit = browser.visit(&task).await;
    assert_eq!(visit.location().as_str(), "https://app.example.com/home");
    let cookies = visit.set_cookies();
    let nonce = &cookies["__clerk_handshake_nonce"];
    assert!(
        nonce.contains("Domain=example.com")
            && nonce.contains("Secure")
            && nonce.contains("Max-Age=60"),
        "{nonce}"
    );
    let client = &cookies[hosts_client(&cookies)];
    assert!(
        client.contains("HttpOnly") && client.contains("Secure") && !client.contains("Domain"),
        "{client}"
    );
    assert_eq!(
        cookies["__client_uat"].split(';').next().unwrap(),
        format!("__client_uat={}", world.now().seconds())
    );
    assert!(cookies["__client_uat"].contains("Domain=example.com"));

    let nonce = nonce.split(['=', ';']).nth(1).unwrap();
    let payload = world
        .backend
        .get(&format!("/v1/clients/handshake_payload?nonce={nonce}"))
        .await
        .ok();
    let all = directives(&payload.json["directives"]);
    assert!(value(&all, "__clerk_db_jwt").is_none());
    assert_eq!(
        value(&all, "__clerk_handshake_nonce"),
        Some(""),
        "the spent nonce is cleared away"
    );
    assert!(
        all.iter()
            .all(|(_, _, attributes)| attributes.contains("Secure"))
    );
    let session = browser.session().await;
    let jwt = session["last_active_token"]["jwt"].as_str().unwrap();
    assert_eq!(
        claims(&world, jwt).await["iss"],
        "https://clerk.example.com"
    );
    let out = browser
        .page(reqwest::Method::DELETE, "/v1/client/sessions")
        .await
        .ok();
    assert!(out.set_cookies()["__client_uat"].starts_with("__client_uat=0;"));
}

async fn refresh_body(world: &World, browser: &Browser) -> (String, Value) {
    let visit = browser.visit(&world.backend.task().await).await;
    let all = directives(&exchange(world, &visit).await.ok().json["directives"]);
    let id = browser.session().await["id"].as_str().unwrap().to_owned();
    let refresh = value(&all, &format!("__refresh_{}", suffix(world))).unwrap();
    let body = json!({
        "expired_token": value(&all, "__session").unwrap(),
        "refresh_token": refresh,
        "request_origin": "http://localhost:3000",
        "format": "cookie",
        "request_headers": { "user-agent": ["x"] },
    });
    (
        format!("/v1/sessions/{id}/refresh?suffixed_cookies=true"),
        body,
    )
}

#[tokio::test]
async fn a_server_renews_an_expired_token_once() {
    let world = World::new().await;
    let browser = world.browser();
    let (path, body) = refresh_body(&world, &browser).await;
    world.advance(70);
    let renewed = world.backend.post(&path, body.clone()).await.ok().json;
    assert_eq!(renewed["object"], "cookies");
    let token = value(&directives(&renewed["cookies"]), "__session")
        .unwrap()
        .to_owned();
    assert_eq!(claims(&world, &token).await["iat"], world.now().seconds());
    // Parallel requests of one page carry the same expired token.
    world.backend.post(&path, body.clone()).await.ok();
    world.advance(11);
    assert_eq!(
        world.backend.post(&path, body).await.refusal(),
        "401 session_refresh_expired_session_token_consumed"
    );
}

#[tokio::test]
async fn a_renewal_is_refused_for_each_reason_of_its_own() {
    let world = World::new().await;
    let browser = world.browser();
    let (path, body) = refresh_body(&world, &browser).await;
    let refusal = async |path: &str, name: &str, text: &str| {
        let mut body = body.clone();
        body[name] = text.into();
        world.backend.post(path, body).await.refusal()
    };
    assert_eq!(
        refusal(&path, "expired_token", "a.b.c").await,
        "401 expired_session_token_invalid"
    );
    assert_eq!(
        refusal(&path, "request_origin", "http://localhost:9").await,
        "401 refresh_request_origin_azp_mismatch"
    );
    assert_eq!(
        refusal(&path, "refresh_token", "x").await,
        "401 refresh_token_not_found"
    );
    assert_eq!(
        refusal("/v1/sessions/sess_x/refresh", "format", "token").await,
        "401 refresh_sid_mismatch"
    );
    assert_eq!(
        refusal(&path, "format", "jpeg").await,
        "422 form_param_value_invalid"
    );
    let (_, foreign) = refresh_body(&world, &world.browser()).await;
    assert_eq!(
        refusal(
            &path,
            "refresh_token",
            foreign["refresh_token"].as_str().unwrap()
        )
        .await,
        "401 refresh_token_not_found"
    );
    browser
        .page(reqwest::Method::DELETE, "/v1/client/sessions")
        .await
        .ok();
    assert_eq!(
        world.backend.post(&path, body).await.refusal(),
        "401 session_refresh_inactive_session"
    );
}

#[tokio::test]
async fn a_query_survives_the_handshake_to_the_letter() {
    let world = World::new().await;
    let landing = format!("{DASHBOARD}?next=%2Fa%3Fb%3Dc&flag&x=1+2");
    let task = crate::world::Task::of(
        &world
            .backend
            .create(json!({ "redirect_url": landing }))
            .await
            .ok(),
    );
    let target = world.browser().visit(&task).await.location();
    assert!(
        target
            .as_str()
            .starts_with(&format!("{landing}&__clerk_handshake_nonce=")),
        "{target}"
    );
}
