//! Custom claims of session tokens.

use reqwest::Method;
use serde_json::{Map, Value, json};
use standin_server::Server;

use crate::world::{Answer, Browser, World, claims};

const SETTING: &str = "/v1/instance/session_token";

async fn set(world: &World, claims: Value) -> Answer {
    world
        .backend
        .patch(SETTING, json!({ "claims": claims }))
        .await
}

/// A browser that is signed in as Ada, and its session.
async fn signed_in(world: &World) -> (Browser, String) {
    let browser = world.browser();
    browser.visit(&world.backend.task().await).await.location();
    let id = browser.session().await["id"].as_str().unwrap().to_owned();
    (browser, id)
}

async fn token(world: &World, browser: &Browser, session: &str) -> Value {
    let answer = browser.token(session).await.ok();
    claims(world, answer.json["jwt"].as_str().unwrap()).await
}

async fn ada(world: &World) -> String {
    let found = world
        .backend
        .get("/v1/users?email_address=ada@example.com")
        .await
        .ok();
    found.json[0]["id"].as_str().unwrap().to_owned()
}

async fn change(world: &World, user: &str, with: Value) {
    let path = format!("/v1/users/{user}");
    world.backend.patch(&path, with).await.ok();
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[tokio::test]
async fn shortcodes_stand_for_what_is_known_and_keep_its_type() {
    let world = World::new().await;
    let user = ada(&world).await;
    let with = json!({
        "last_name": "Lovelace", "username": "ada_l", "external_id": "ext-7",
        "public_metadata": { "plan": "gold", "age": 36, "tags": ["a", "b"], "address": { "city": "London" }, "app:role": "x" },
        "unsafe_metadata": { "theme": "dark" },
        "private_metadata": { "secret": "never" },
    });
    change(&world, &user, with).await;
    let custom = json!({
        "aud": "convex",
        "fixed": { "list": [1, 2.5, null, true], "text": "a }} and || b" },
        "metadata": "{{user.public_metadata}}",
        "plan": "{{user.public_metadata.plan}}",
        "age": "{{ user.public_metadata.age }}",
        "city": "{{user.public_metadata.address.city}}",
        "role": "{{user.public_metadata.app:role}}",
        "nested": { "tags": ["{{user.public_metadata.tags}}"], "theme": "{{user.unsafe_metadata.theme}}" },
        "id": "{{user.id}}", "external": "{{user.external_id}}", "first": "{{user.first_name}}",
        "full": "{{user.full_name}}", "username": "{{user.username}}",
        "email": "{{user.primary_email_address}}", "verified": "{{user.email_verified}}",
        "phone": "{{user.primary_phone_number}}", "phone_verified": "{{user.phone_number_verified}}",
        "image": "{{user.image_url}}", "has_image": "{{user.has_image}}", "two": "{{user.two_factor_enabled}}",
        "made": "{{user.created_at}}",
        "org": "{{org.id}}", "org_plan": "{{org.public_metadata.plan}}", "org_role": "{{org.role || 'none'}}",
        "session": "{{session.id}}", "since": "{{session.created_at}}", "agent": "{{session.actor.agent_name}}",
        "unknown": "{{user.i_dont_exist}}", "beyond": "{{user.first_name.x}}", "absent": "{{user.public_metadata.no.where}}",
        "private": "{{user.private_metadata}}", "hidden": "{{user.private_metadata.secret}}",
        "greeting": "Hello {{user.first_name}}, {{user.public_metadata.age}} {{user.i_dont_exist}}!",
        "inside": "{{user.public_metadata.tags}}, {{user.email_verified}}",
    });
    set(&world, custom).await.ok();
    let (browser, session) = signed_in(&world).await;
    let said = token(&world, &browser, &session).await;
    let shown = world
        .backend
        .get(&format!("/v1/users/{user}"))
        .await
        .ok()
        .json;
    let metadata = json!({ "plan": "gold", "age": 36, "tags": ["a", "b"], "address": { "city": "London" }, "app:role": "x" });
    for (claim, value) in [
        ("aud", json!("convex")),
        (
            "fixed",
            json!({ "list": [1, 2.5, null, true], "text": "a }} and || b" }),
        ),
        ("metadata", metadata),
        ("plan", json!("gold")),
        ("age", json!(36)),
        ("city", json!("London")),
        ("role", json!("x")),
        ("nested", json!({ "tags": [["a", "b"]], "theme": "dark" })),
        ("id", json!(user)),
        ("external", json!("ext-7")),
        ("first", json!("Ada")),
        ("full", json!("Ada Lovelace")),
        ("username", json!("ada_l")),
        ("email", json!("ada@example.com")),
        ("verified", json!(true)),
        ("phone", Value::Null),
        ("phone_verified", json!(false)),
        ("image", shown["image_url"].clone()),
        ("has_image", shown["has_image"].clone()),
        ("two", shown["two_factor_enabled"].clone()),
        ("made", json!(shown["created_at"].as_i64().unwrap() / 1000)),
        ("org", Value::Null),
        ("org_plan", Value::Null),
        ("org_role", json!("none")),
        ("session", json!(session)),
        ("since", json!(world.now().seconds())),
        ("agent", json!("my-agent")),
        ("unknown", Value::Null),
        ("beyond", Value::Null),
        ("absent", Value::Null),
        ("private", Value::Null),
        ("hidden", Value::Null),
        ("greeting", json!("Hello Ada, 36 null!")),
        ("inside", json!("[\"a\",\"b\"], true")),
    ] {
        assert_eq!(said[claim], value, "{claim}");
        assert!(
            said.get(claim).is_some(),
            "{claim} is there, if only as null"
        );
    }
    assert_eq!(said["sub"], user);
    assert_eq!(said["sid"], session);
    assert_eq!(said["act"]["type"], "agent");
}

#[tokio::test]
async fn the_first_operand_that_is_neither_null_nor_false_counts_and_else_the_last() {
    let world = World::new().await;
    let user = ada(&world).await;
    let metadata =
        json!({ "public_metadata": { "no": false, "zero": 0, "empty": "", "yes": true } });
    change(&world, &user, metadata).await;
    let custom = json!({
        "name": "{{user.last_name || 'Awesome || }} User'}}",
        "age": "{{user.public_metadata.age || user.unsafe_metadata.age || 30 }}",
        "below": "{{user.public_metadata.no || -1.5}}",
        "zero": "{{user.public_metadata.zero || 7}}",
        "empty": "{{user.public_metadata.empty || 'x'}}",
        "last": "{{user.last_name||user.public_metadata.no}}",
        "either": "{{user.phone_number_verified || user.email_verified}}",
        "never": "{{false || true}}",
        "text": "<{{user.last_name || 'none'}}>",
    });
    set(&world, custom).await.ok();
    let (browser, session) = signed_in(&world).await;
    let said = token(&world, &browser, &session).await;
    for (claim, value) in [
        ("name", json!("Awesome || }} User")),
        ("age", json!(30)),
        ("below", json!(-1.5)),
        ("zero", json!(0)),
        ("empty", json!("")),
        ("last", json!(false)),
        ("either", json!(true)),
        ("never", json!(true)),
        ("text", json!("<none>")),
    ] {
        assert_eq!(said[claim], value, "{claim}");
    }
}

#[tokio::test]
async fn every_way_to_a_token_brings_the_custom_claims() {
    let world = World::new().await;
    set(&world, json!({ "email": "{{user.primary_email_address}}" }))
        .await
        .ok();
    let task = world.backend.task().await;
    let browser = world.browser();
    let json_asked = browser.request(Method::GET, &task.path);
    let opened = browser
        .send(json_asked.header("accept", "application/json"))
        .await
        .ok();
    let (browser, session) = signed_in(&world).await;
    let last = browser.session().await["last_active_token"]["jwt"].clone();
    let page = browser.token(&session).await.ok().json["jwt"].clone();
    let path = format!("/v1/sessions/{session}/tokens");
    let backend = world.backend.post(&path, json!({})).await.ok().json["jwt"].clone();
    let handshake = "/v1/client/handshake?format=nonce&redirect_url=http://localhost:3000/";
    let nonce = browser.get(handshake).await.location();
    let nonce = nonce
        .query_pairs()
        .find(|(name, _)| name == "__clerk_handshake_nonce");
    let path = format!("/v1/clients/handshake_payload?nonce={}", nonce.unwrap().1);
    let payload = world.backend.get(&path).await.ok().json;
    let value = |name: &str| {
        let mut directives = payload["directives"].as_array().unwrap().iter();
        let found = directives.find_map(|one| one.as_str().unwrap().strip_prefix(name));
        let value = found.unwrap().split_once('=').unwrap().1;
        value.split(';').next().unwrap().to_owned()
    };
    world.advance(61);
    let refresh = json!({
        "expired_token": value("__session"), "refresh_token": value("__refresh"), "request_origin": "http://localhost:3000",
    });
    let path = format!("/v1/sessions/{session}/refresh");
    let renewed = world.backend.post(&path, refresh).await.ok().json["jwt"].clone();
    for (way, jwt) in [
        ("a visit for JSON", opened.json["jwt"].clone()),
        ("GET client", last),
        ("tokens of the page", page),
        ("tokens of the backend", backend),
        ("the handshake", json!(value("__session"))),
        ("the refresh", renewed),
    ] {
        let said = claims(&world, jwt.as_str().unwrap()).await;
        assert_eq!(said["email"], "ada@example.com", "{way}");
    }
}

#[tokio::test]
async fn the_next_token_carries_what_has_changed_meanwhile() {
    let world = World::new().await;
    let user = ada(&world).await;
    let (browser, session) = signed_in(&world).await;
    let last = async || {
        let jwt = browser.session().await["last_active_token"]["jwt"].clone();
        (claims(&world, jwt.as_str().unwrap()).await, jwt)
    };
    let (before, first) = last().await;
    assert!(before.get("plan").is_none());
    assert_eq!(
        last().await.1,
        first,
        "a page that asks again gets the same token"
    );

    set(&world, json!({ "plan": "{{user.public_metadata.plan}}" }))
        .await
        .ok();
    let (set_now, second) = last().await;
    assert_eq!(set_now.get("plan"), Some(&Value::Null));
    assert_eq!(last().await.1, second);
    for plan in ["silver", "gold"] {
        let metadata = json!({ "public_metadata": { "plan": plan } });
        change(&world, &user, metadata).await;
        assert_eq!(last().await.0["plan"], plan);
        assert_eq!(token(&world, &browser, &session).await["plan"], plan);
    }
    // What no claim names makes no new token.
    let (_, gold) = last().await;
    change(&world, &user, json!({ "first_name": "Augusta" })).await;
    assert_eq!(last().await.1, gold);

    set(&world, Value::Null).await.ok();
    assert!(last().await.0.get("plan").is_none());
    let shown = world.backend.get(SETTING).await.ok().json;
    assert_eq!(shown["claims"], json!({}));
}

#[tokio::test]
async fn all_nodes_agree_with_the_very_next_token() {
    let world = World::new().await;
    let (browser, session) = signed_in(&world).await;
    let mut config = world.config.clone();
    config.public_url = Some(world.url.parse().unwrap());
    let other = Server::start(config).await.unwrap();
    let mut there = world.browser_with(&browser);
    there.base = format!("http://localhost:{}", other.local_addr().port());
    for plan in ["one", "two"] {
        set(&world, json!({ "plan": plan })).await.ok();
        for node in [&browser, &there] {
            assert_eq!(token(&world, node, &session).await["plan"], plan);
        }
    }
    other.stop().await;
}

#[tokio::test]
async fn claims_of_the_server_s_own_are_refused_and_nothing_is_set() {
    let world = World::new().await;
    set(&world, json!({ "kept": 1 })).await.ok();
    for claim in [
        "sub",
        "sid",
        "iat",
        "exp",
        "nbf",
        "iss",
        "azp",
        "jti",
        "act",
        "o",
        "fea",
        "pla",
        "v",
        "fva",
        "sts",
        "handshake",
    ] {
        let refused = set(&world, json!({ "other": 1, claim: "mine" })).await;
        assert_eq!(refused.refusal(), "400 jwt_template_reserved_claim");
        assert_eq!(refused.param(), "claims");
        let sentence = refused.json["errors"][0]["long_message"].as_str().unwrap();
        assert!(sentence.contains(&format!("claim {claim} ")), "{sentence}");
    }
    // Within another claim a name is free, and names differ by letter case.
    set(&world, json!({ "kept": { "sub": 1 }, "SUB": 2 }))
        .await
        .ok();
    let (browser, session) = signed_in(&world).await;
    let said = token(&world, &browser, &session).await;
    assert_eq!(
        (&said["kept"], &said["SUB"]),
        (&json!({ "sub": 1 }), &json!(2))
    );
    assert_eq!(said["sub"], ada(&world).await);
}

#[tokio::test]
async fn claims_that_cannot_be_read_are_refused_with_the_place() {
    let world = World::new().await;
    for (claim, said) in [
        ("{{user.id", "in '{{user.id' has no }}"),
        ("a {{ user.id || 'x }}", "has no }}"),
        ("{{}}", "has nothing in it"),
        ("{{user.id ||}}", "has nothing in it"),
        ("{{|| 1}}", "has nothing in it"),
        ("{{user.id || \"x\"}}", "single quotes"),
        ("{{'it''s'}}", "single quotes"),
        ("{{1x}}", "no number"),
        ("{{-}}", "no number"),
    ] {
        let refused = set(&world, json!({ "deep": [{ "claim": claim }] })).await;
        assert_eq!(refused.refusal(), "422 form_param_value_invalid", "{claim}");
        let sentence = refused.json["errors"][0]["long_message"].as_str().unwrap();
        assert!(sentence.contains(said), "{sentence}");
    }
    for audience in [
        json!(1),
        json!(null),
        json!({}),
        json!([["x"]]),
        json!(["x", 1]),
    ] {
        let refused = set(&world, json!({ "aud": audience })).await;
        assert_eq!(
            refused.refusal(),
            "422 form_param_value_invalid",
            "{audience}"
        );
    }
    set(
        &world,
        json!({ "aud": ["a", "{{user.public_metadata.aud || 'b'}}"] }),
    )
    .await
    .ok();
    for (body, refusal) in [
        (json!({}), "422 form_param_missing"),
        (json!({ "claims": "x" }), "422 form_param_type_invalid"),
        (json!({ "claims": [] }), "422 form_param_type_invalid"),
        (
            json!({ "claims": {}, "claim": {} }),
            "422 form_param_unknown",
        ),
        (
            json!({ "claims": {}, "user_id": "user_nobody" }),
            "404 resource_not_found",
        ),
        (
            json!({ "claims": { "a": "x".repeat(17_000) } }),
            "422 form_param_exceeds_allowed_size",
        ),
    ] {
        assert_eq!(world.backend.patch(SETTING, body).await.refusal(), refusal);
    }
    let kept = world.backend.get(SETTING).await.ok().json;
    assert_eq!(
        kept["claims"]["aud"][0], "a",
        "what was refused changed nothing"
    );
}

#[tokio::test]
async fn claims_are_set_only_where_everybody_s_token_fits_into_a_cookie() {
    let world = World::new().await;
    let sizes = |answer: &Answer| answer.json["token_bytes"].clone();
    let none = sizes(&set(&world, json!({})).await.ok());
    let max = none["max"].as_u64().unwrap();
    assert!(none["largest"].as_u64().unwrap() < 1200, "{none}");
    let whole = json!({ "metadata": "{{user.public_metadata}}" });
    let little = sizes(&set(&world, whole.clone()).await.ok());
    assert!(little["largest"].as_u64() > none["largest"].as_u64());

    let user = world.backend.user("grace@example.com").await;
    let full = json!({ "public_metadata": { "bio": "x".repeat(2400), "plan": "gold" } });
    change(&world, &user, full).await;
    for number in 0..3 {
        world.backend.user(&format!("u{number}@example.com")).await;
    }
    let refused = set(&world, whole.clone()).await;
    assert_eq!(refused.refusal(), "422 form_param_exceeds_allowed_size");
    let sentence = refused.json["errors"][0]["long_message"].as_str().unwrap();
    assert!(
        sentence.contains(&user) && sentence.contains(&max.to_string()),
        "{sentence}"
    );
    let part = json!({ "plan": "{{user.public_metadata.plan}}" });
    let body = json!({ "claims": part, "user_id": user });
    let fits = sizes(&world.backend.patch(SETTING, body).await.ok());
    assert_eq!(fits["largest_user_id"], user);
    assert_eq!(fits["given"], fits["largest"]);
    assert!(fits["typical"].as_u64().unwrap() < fits["given"].as_u64().unwrap() + 1);

    let fixed = set(&world, json!({ "static": "x".repeat(4000) })).await;
    assert_eq!(fixed.refusal(), "422 form_param_exceeds_allowed_size");
}

#[tokio::test]
async fn a_token_that_no_cookie_carries_is_a_refusal_and_never_half_a_token() {
    let world = World::new().await;
    let user = ada(&world).await;
    set(&world, json!({ "metadata": "{{user.public_metadata}}" }))
        .await
        .ok();
    let (browser, session) = signed_in(&world).await;
    let full = |length: usize| json!({ "public_metadata": { "bio": "x".repeat(length) } });
    change(&world, &user, full(6000)).await;
    let too_large = "422 form_param_exceeds_allowed_size";
    let refused = browser.token(&session).await;
    assert_eq!(refused.refusal(), too_large);
    let sentence = refused.json["errors"][0]["long_message"].as_str().unwrap();
    assert!(sentence.contains(&user), "{sentence}");
    // The page still learns that it is signed in, and is told why when it asks for a token.
    let page = browser.session().await;
    assert_eq!(page["id"], session);
    assert!(page["last_active_token"].is_null());
    let path = format!("/v1/sessions/{session}/tokens");
    let backend = world.backend.post(&path, json!({})).await;
    assert_eq!(backend.refusal(), too_large);
    // A link is refused and not spent: it opens once the token fits.
    let task = world.backend.task().await;
    for _ in 0..2 {
        let visit = world.browser().visit(&task).await;
        assert_eq!(visit.refusal(), too_large);
    }
    let ticket = json!({ "user_id": user });
    let ticket = world.backend.post("/v1/sign_in_tokens", ticket).await.ok();
    let ticket = ticket.json["token"].as_str().unwrap().to_owned();
    let ticket = format!("/v1/tickets/accept?ticket={ticket}");
    assert_eq!(world.browser().get(&ticket).await.refusal(), too_large);
    change(&world, &user, full(100)).await;
    world.browser().visit(&task).await.location();
    world.browser().get(&ticket).await.location();
    // The largest token that fits is one that fits: 128 bytes are left for the cookie's name and attributes.
    let mut longest = 0;
    for length in (1500..2600).step_by(10) {
        change(&world, &user, full(length)).await;
        let answer = browser.token(&session).await;
        if let Some(jwt) = answer.json["jwt"].as_str() {
            longest = jwt.len();
            assert!(longest <= 4096 - 128);
        } else {
            assert_eq!(answer.refusal(), too_large);
            break;
        }
    }
    assert!((3900..=3968).contains(&longest), "{longest}");
}

#[tokio::test]
async fn a_payload_in_the_long_form_that_no_cookie_carries_is_refused() {
    let world = World::production_with(|config| {
        let big = json!({ "more": "x".repeat(1200) });
        config.session_claims = Some(object(&big));
    })
    .await;
    let user = ada(&world).await;
    let browser = world.public_browser();
    let task =
        json!({ "on_behalf_of": { "user_id": user }, "redirect_url": "https://app.example.com/" });
    let task = crate::world::Task::of(&world.backend.create(task).await.ok());
    browser.visit(&task).await.location();
    let handshake = "/v1/client/handshake?redirect_url=https://app.example.com/";
    assert_eq!(
        browser.get(handshake).await.refusal(),
        "400 invalid_handshake"
    );
    browser
        .get(&format!("{handshake}&format=nonce"))
        .await
        .location();
}

#[tokio::test]
async fn a_payload_in_the_long_form_always_fits_into_its_cookie() {
    let world = World::production().await;
    let custom = json!({ "more": "x".repeat(200) });
    set(&world, custom).await.ok();
    let browser = world.public_browser();
    let task = json!({ "redirect_url": "https://app.example.com/" });
    let task = crate::world::Task::of(&world.backend.create(task).await.ok());
    browser.visit(&task).await.location();
    for (suffixed, name) in [("true", "__session_"), ("false", "__session=")] {
        let path = format!(
            "/v1/client/handshake?redirect_url=https://app.example.com/&suffixed_cookies={suffixed}"
        );
        let cookies = browser.get(&path).await.set_cookies();
        let cookie = cookies["__clerk_handshake"].split(';').next().unwrap();
        assert!(cookie.len() <= 4096, "{}", cookie.len());
        let payload = cookie.split_once('=').unwrap().1;
        let said = claims(&world, payload).await;
        let directives = said["handshake"].as_array().unwrap();
        let sessions = directives
            .iter()
            .map(|one| one.as_str().unwrap())
            .filter(|one| one.starts_with("__session"));
        let sessions: Vec<_> = sessions.collect();
        let [gone, kept] = sessions[..] else {
            panic!("{sessions:?}")
        };
        assert!(gone.contains("=; ") && gone.contains("Max-Age=0"), "{gone}");
        assert!(kept.starts_with(name), "{kept}");
        let token = kept.split(';').next().unwrap().split_once('=').unwrap().1;
        assert_eq!(claims(&world, token).await["more"], "x".repeat(200));
    }
}

#[tokio::test]
async fn a_start_takes_over_the_claims_it_is_given_and_otherwise_leaves_them() {
    let mut world = World::with(|config| {
        config.session_claims = Some(object(&json!({ "from": "the start" })));
    })
    .await;
    let shown = async |world: &World| world.backend.get(SETTING).await.ok().json["claims"].clone();
    assert_eq!(shown(&world).await, json!({ "from": "the start" }));
    set(&world, json!({ "from": "a call" })).await.ok();
    world.config.session_claims = None;
    world.restart().await;
    assert_eq!(shown(&world).await, json!({ "from": "a call" }));
    world.config.session_claims = Some(object(&json!({ "from": "another start" })));
    world.restart().await;
    assert_eq!(shown(&world).await, json!({ "from": "another start" }));
    // The same again changes nothing, and leaves no record.
    let records = world.count("audit").await;
    world.restart().await;
    assert_eq!(world.count("audit").await, records);

    world.server.take().unwrap().stop().await;
    for (claims, said) in [
        (json!({ "sub": "x" }), "claim sub"),
        (json!({ "x": "{{" }), "has no }}"),
        (json!({ "x": "y".repeat(4000) }), "cookie carries"),
    ] {
        world.config.session_claims = Some(object(&claims));
        let refused = Server::start(world.config.clone()).await.err().unwrap();
        assert!(refused.to_string().contains(said), "{refused}");
    }
}

#[tokio::test]
async fn who_set_the_claims_is_on_record() {
    let world = World::new().await;
    set(&world, json!({ "a": 1 })).await.ok();
    let records = world.backend.get("/v1/audit_logs?limit=1").await.ok().json;
    let record = &records["data"][0];
    assert_eq!(record["action"], "session_claims.update");
    assert!(record["actor"].as_str().unwrap().starts_with("key_"));
}
