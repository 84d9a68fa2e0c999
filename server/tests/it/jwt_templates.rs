//! JWT templates and the tokens they make, as verifiers of others see them.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Browser, World, claims};

const SECRET: &str = "a secret of thirty-two characters";

async fn create(world: &World, with: Value) -> Answer {
    let mut body = json!({ "name": "convex", "claims": { "aud": "convex" } });
    for (name, value) in with.as_object().unwrap() {
        body[name] = value.clone();
    }
    world.backend.post("/v1/jwt_templates", body).await
}

async fn signed_in(world: &World, with: Value) -> (Browser, String) {
    let task = crate::world::Task::of(&world.backend.create(with).await.ok());
    let browser = world.browser();
    browser.visit(&task).await.location();
    let id = browser.session().await["id"].as_str().unwrap().to_owned();
    (browser, id)
}

async fn by_page(browser: &Browser, session: &str, name: &str) -> Answer {
    let path = format!("/v1/client/sessions/{session}/tokens/{name}");
    browser.page(Method::POST, &path).await
}

async fn by_backend(world: &World, session: &str, name: &str, body: Value) -> Answer {
    let path = format!("/v1/sessions/{session}/tokens/{name}");
    world.backend.post(&path, body).await
}

fn jwt(answer: Answer) -> String {
    answer.ok().json["jwt"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_template_is_made_read_changed_and_deleted() {
    let world = World::new().await;
    let made = create(&world, json!({})).await.ok().json;
    let id = made["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("jtmp_"), "{id}");
    let now = world.now().0;
    assert_eq!(
        made,
        json!({
            "object": "jwt_template", "id": id, "name": "convex", "claims": { "aud": "convex" }, "lifetime": 60,
            "allowed_clock_skew": 5, "custom_signing_key": false, "signing_algorithm": "RS256",
            "created_at": now, "updated_at": now,
        })
    );
    let path = format!("/v1/jwt_templates/{id}");
    assert_eq!(world.backend.get(&path).await.ok().json, made);
    world.advance(5);
    let changed = json!({ "name": "hasura", "claims": { "a": 1 }, "lifetime": 3600, "allowed_clock_skew": 0,
        "custom_signing_key": true, "signing_algorithm": "HS256", "signing_key": SECRET });
    let changed = world.backend.patch(&path, changed).await.ok();
    assert!(!changed.text.contains(SECRET));
    let changed = changed.json;
    assert_eq!(changed["custom_signing_key"], true);
    assert_eq!(changed["signing_algorithm"], "HS256");
    assert_eq!(changed["updated_at"], now + 5000);
    // What a change does not name stays.
    let renamed = json!({ "name": "again", "claims": {} });
    let renamed = world.backend.patch(&path, renamed).await.ok().json;
    assert_eq!(
        (
            &renamed["lifetime"],
            &renamed["signing_algorithm"],
            &renamed["custom_signing_key"]
        ),
        (&json!(3600), &json!("HS256"), &json!(true))
    );
    let usual = json!({ "name": "again", "claims": {}, "lifetime": null, "allowed_clock_skew": null, "custom_signing_key": false });
    let usual = world.backend.patch(&path, usual).await.ok().json;
    assert_eq!(
        (
            &usual["lifetime"],
            &usual["allowed_clock_skew"],
            &usual["signing_algorithm"]
        ),
        (&json!(60), &json!(5), &json!("RS256"))
    );
    let second = create(&world, json!({})).await.ok().json;
    let names = |list: &Value| {
        let names = list.as_array().unwrap().iter();
        names.map(|one| one["name"].clone()).collect::<Vec<_>>()
    };
    let list = world.backend.get("/v1/jwt_templates").await.ok().json;
    assert_eq!(names(&list), ["convex", "again"]);
    let page = "/v1/jwt_templates?paginated=true&limit=1&offset=1";
    let page = world.backend.get(page).await.ok().json;
    assert_eq!(names(&page["data"]), ["again"]);
    assert_eq!(page["total_count"], 2);
    let gone = world.backend.delete(&path).await.ok().json;
    assert_eq!(
        gone,
        json!({ "object": "jwt_template", "id": id, "deleted": true })
    );
    for refused in [
        world.backend.delete(&path).await,
        world.backend.get(&path).await,
        world
            .backend
            .patch(&path, json!({ "name": "x", "claims": {} }))
            .await,
    ] {
        assert_eq!(refused.refusal(), "404 resource_not_found");
    }
    let trail = world
        .backend
        .get("/v1/audit_logs?limit=100")
        .await
        .ok()
        .json;
    let actions = trail["data"].as_array().unwrap().iter().filter(|record| {
        let action = record["action"].as_str().unwrap();
        action.starts_with("jwt_template.") && record["result"] == "ok"
    });
    assert_eq!(actions.count(), 6);
    assert!(!trail.to_string().contains(SECRET));
    assert_eq!(second["name"], "convex");
}

#[tokio::test]
async fn a_template_that_cannot_be_is_refused_and_nothing_changes() {
    let world = World::new().await;
    create(&world, json!({})).await.ok();
    let other = create(&world, json!({ "name": "other" })).await.ok().json;
    let (_, small) = rsa_pem();
    let own = |algorithm: &str, key: &str| json!({ "custom_signing_key": true, "signing_algorithm": algorithm, "signing_key": key });
    for (with, refusal) in [
        (json!({ "name": null }), "422 form_param_missing name"),
        (json!({ "name": " " }), "422 form_param_missing name"),
        (json!({ "name": 1 }), "422 form_param_type_invalid name"),
        (
            json!({ "name": "x".repeat(256) }),
            "422 form_param_max_length_exceeded name",
        ),
        (
            json!({ "name": "a\u{0}b" }),
            "422 form_param_value_invalid name",
        ),
        (json!({ "name": "convex" }), "422 form_already_exists name"),
        (json!({ "claims": null }), "422 form_param_missing claims"),
        (
            json!({ "claims": [] }),
            "422 form_param_type_invalid claims",
        ),
        (
            json!({ "claims": { "sub": 1 } }),
            "400 jwt_template_reserved_claim claims",
        ),
        (
            json!({ "claims": { "sid": "{{session.id}}" } }),
            "400 jwt_template_reserved_claim claims",
        ),
        (
            json!({ "claims": { "handshake": [] } }),
            "400 jwt_template_reserved_claim claims",
        ),
        (
            json!({ "claims": { "a": "{{" } }),
            "422 form_param_value_invalid claims",
        ),
        (
            json!({ "claims": { "a": "x".repeat(17_000) } }),
            "422 form_param_exceeds_allowed_size claims",
        ),
        (
            json!({ "lifetime": 29 }),
            "422 form_param_value_invalid lifetime",
        ),
        (
            json!({ "lifetime": 315_360_001 }),
            "422 form_param_value_invalid lifetime",
        ),
        (
            json!({ "lifetime": "60" }),
            "422 form_param_type_invalid lifetime",
        ),
        (
            json!({ "allowed_clock_skew": -1 }),
            "422 form_param_value_invalid allowed_clock_skew",
        ),
        (
            json!({ "allowed_clock_skew": 301 }),
            "422 form_param_value_invalid allowed_clock_skew",
        ),
        (
            json!({ "custom_signing_key": true }),
            "422 form_param_missing signing_algorithm",
        ),
        (
            json!({ "custom_signing_key": true, "signing_algorithm": "HS256" }),
            "422 form_param_missing signing_key",
        ),
        (
            json!({ "custom_signing_key": "yes" }),
            "422 form_param_type_invalid custom_signing_key",
        ),
        (
            json!({ "signing_key": SECRET }),
            "422 form_param_value_invalid custom_signing_key",
        ),
        (
            json!({ "signing_algorithm": "HS256" }),
            "422 form_param_value_invalid signing_algorithm",
        ),
        (
            own("none", SECRET),
            "422 form_param_value_invalid signing_algorithm",
        ),
        (
            own("ES256", SECRET),
            "422 form_param_value_invalid signing_algorithm",
        ),
        (
            own(
                "HS256",
                "thirty-one characters are too few".get(..31).unwrap(),
            ),
            "422 form_param_value_invalid signing_key",
        ),
        (
            own("HS512", SECRET),
            "422 form_param_value_invalid signing_key",
        ),
        (
            own("RS256", SECRET),
            "422 form_param_value_invalid signing_key",
        ),
        (
            own("RS256", &small.replace("PRIVATE", "PUBLIC")),
            "422 form_param_value_invalid signing_key",
        ),
        (
            own("RS256", &small.replacen("\nM", "\nN", 1)),
            "422 form_param_value_invalid signing_key",
        ),
        (
            own("HS256", &"x".repeat(8193)),
            "422 form_param_max_length_exceeded signing_key",
        ),
        (json!({ "lifetme": 60 }), "422 form_param_unknown lifetme"),
    ] {
        let shown = with.to_string();
        let mut named = json!({ "name": "third" });
        named
            .as_object_mut()
            .unwrap()
            .extend(with.as_object().unwrap().clone());
        let made = create(&world, named.clone()).await;
        assert_eq!(
            format!("{} {}", made.refusal(), made.param()),
            refusal,
            "{shown}"
        );
        let path = format!("/v1/jwt_templates/{}", other["id"].as_str().unwrap());
        let mut body = json!({ "name": "other", "claims": {} });
        body.as_object_mut()
            .unwrap()
            .extend(with.as_object().unwrap().clone());
        let changed = world.backend.patch(&path, body).await;
        assert_eq!(
            format!("{} {}", changed.refusal(), changed.param()),
            refusal,
            "{shown}"
        );
        assert_eq!(world.backend.get(&path).await.ok().json, other, "{shown}");
    }
    for (algorithm, bytes) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
        let mut short = own(algorithm, &"x".repeat(bytes - 1));
        short["name"] = "third".into();
        let refused = create(&world, short).await.text;
        let wanted = format!("a secret of at least {bytes} bytes for {algorithm}");
        assert!(refused.contains(&wanted), "{refused}");
    }
    assert_eq!(world.count("jwt_templates").await, 2);
}

#[tokio::test]
async fn a_token_says_who_is_signed_in_and_what_the_template_says() {
    let world = World::new().await;
    let with = json!({
        "lifetime": 600, "allowed_clock_skew": 7,
        "claims": { "aud": "convex", "email": "{{user.primary_email_address}}", "act": "{{session.actor}}", "session": "{{session.id}}" },
    });
    create(&world, with).await.ok();
    let (browser, session) = signed_in(&world, json!({})).await;
    let page = jwt(by_page(&browser, &session, "convex").await);
    let said = claims(&world, &page).await;
    let now = world.now().seconds();
    let user = browser.session().await["user"]["id"].clone();
    let mut names: Vec<_> = said.as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "act", "aud", "azp", "email", "exp", "iat", "iss", "jti", "nbf", "session", "sub"
        ]
    );
    assert_eq!(said["sub"], user);
    assert_eq!(said["email"], "ada@example.com");
    assert_eq!(said["act"]["type"], "agent");
    assert_eq!(said["session"], session);
    assert_eq!(said["azp"], "http://localhost:3000");
    assert_eq!(
        (&said["iat"], &said["nbf"], &said["exp"]),
        (&json!(now), &json!(now - 7), &json!(now + 600))
    );
    let backend = jwt(by_backend(&world, &session, "convex", json!({})).await);
    let said = claims(&world, &backend).await;
    assert!(said.get("azp").is_none());
    let body = json!({ "expires_in_seconds": 30 });
    let short = jwt(by_backend(&world, &session, "convex", body).await);
    assert_eq!(claims(&world, &short).await["exp"], now + 30);
    let body = json!({ "expires_in_seconds": 29 });
    let refused = by_backend(&world, &session, "convex", body).await;
    assert_eq!(refused.refusal(), "422 form_param_value_invalid");
}

#[tokio::test]
async fn a_token_ends_with_its_session_and_a_session_that_is_over_makes_none() {
    let world = World::new().await;
    create(&world, json!({ "lifetime": 315_360_000 }))
        .await
        .ok();
    let with = json!({ "session_max_duration_in_seconds": 90 });
    let (browser, session) = signed_in(&world, with).await;
    let said = claims(&world, &jwt(by_page(&browser, &session, "convex").await)).await;
    assert_eq!(said["exp"], world.now().seconds() + 90);
    for unknown in [
        by_page(&browser, &session, "nothing").await,
        by_backend(&world, &session, "nothing", json!({})).await,
    ] {
        assert_eq!(unknown.refusal(), "404 resource_not_found");
    }
    let path = format!("/v1/sessions/{session}/revoke");
    world.backend.post(&path, json!({})).await.ok();
    let page = by_page(&browser, &session, "convex").await;
    assert_eq!(page.refusal(), "401 signed_out");
    let page = by_page(&browser, &session, "nothing").await;
    assert_eq!(
        page.refusal(),
        "401 signed_out",
        "who is nobody learns no names"
    );
    let backend = by_backend(&world, &session, "convex", json!({})).await;
    assert_eq!(backend.refusal(), "401 signed_out");
    let nobody = by_backend(&world, "sess_nobody", "convex", json!({})).await;
    assert_eq!(nobody.refusal(), "404 resource_not_found");
}

/// What a verifier that knows nothing of Clerk makes of a token.
fn verified(jwt: &str, key: &DecodingKey, algorithm: Algorithm, audience: &str) -> Option<Value> {
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[audience]);
    validation.validate_nbf = true;
    decode::<Value>(jwt, key, &validation)
        .ok()
        .map(|token| token.claims)
}

/// An RSA key: its public half for verifiers, and PEM.
fn rsa_pem() -> (DecodingKey, String) {
    use base64::Engine as _;
    use rcgen::{KeyPair, PKCS_RSA_SHA256};
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let public = base64::engine::general_purpose::STANDARD.encode(pair.public_key_der_spki());
    let public = format!("-----BEGIN PUBLIC KEY-----\n{public}\n-----END PUBLIC KEY-----\n");
    (
        DecodingKey::from_rsa_pem(public.as_bytes()).unwrap(),
        pair.serialize_pem(),
    )
}

trait Spki {
    fn public_key_der_spki(&self) -> Vec<u8>;
}

impl Spki for rcgen::KeyPair {
    fn public_key_der_spki(&self) -> Vec<u8> {
        use rcgen::PublicKeyData as _;
        self.subject_public_key_info()
    }
}

#[tokio::test]
async fn a_key_of_its_own_signs_and_no_other_verifies() {
    let world = World::new().await;
    let (public, pem) = rsa_pem();
    let secret = DecodingKey::from_secret(SECRET.as_bytes());
    let long = "x".repeat(64);
    let long_key = DecodingKey::from_secret(long.as_bytes());
    let (_, session) = signed_in(&world, json!({})).await;
    for (algorithm, given, key) in [
        (Algorithm::RS256, pem.as_str(), &public),
        (Algorithm::RS384, &pem, &public),
        (Algorithm::RS512, &pem, &public),
        (Algorithm::HS256, SECRET, &secret),
        (Algorithm::HS384, &long, &long_key),
        (Algorithm::HS512, &long, &long_key),
    ] {
        let name = format!("{algorithm:?}");
        let own = json!({ "name": name, "custom_signing_key": true, "signing_algorithm": name, "signing_key": given });
        create(&world, own).await.ok();
        let jwt = jwt(by_backend(&world, &session, &name, json!({})).await);
        let header = decode_header(&jwt).unwrap();
        assert_eq!((header.alg, header.kid), (algorithm, None));
        assert!(verified(&jwt, key, algorithm, "convex").is_some(), "{name}");
        assert!(verified(&jwt, key, algorithm, "other").is_none(), "{name}");
        let (stranger, _) = if name.starts_with('R') {
            rsa_pem()
        } else {
            (
                DecodingKey::from_secret(b"another secret of thirty-two by."),
                String::new(),
            )
        };
        assert!(
            verified(&jwt, &stranger, algorithm, "convex").is_none(),
            "{name}"
        );
    }
    // Keys lie sealed in the database.
    let db = world.db().await;
    let rows: Vec<String> = db
        .read(|tx| tx.all("select signing_key from jwt_templates", &[]))
        .await
        .unwrap();
    assert_eq!(rows.len(), 6);
    for row in rows {
        assert!(!row.contains(SECRET) && !row.contains("PRIVATE") && !row.contains("xxxx"));
    }
}

#[tokio::test]
async fn a_changed_template_makes_other_tokens_at_once() {
    let world = World::new().await;
    let own =
        json!({ "custom_signing_key": true, "signing_algorithm": "HS256", "signing_key": SECRET });
    let made = create(&world, own).await.ok().json;
    let (_, session) = signed_in(&world, json!({})).await;
    let token = async || jwt(by_backend(&world, &session, "convex", json!({})).await);
    let first = token().await;
    let secret = DecodingKey::from_secret(SECRET.as_bytes());
    assert!(verified(&first, &secret, Algorithm::HS256, "convex").is_some());
    let path = format!("/v1/jwt_templates/{}", made["id"].as_str().unwrap());
    let body = json!({ "name": "convex", "claims": { "aud": "elsewhere" } });
    world.backend.patch(&path, body).await.ok();
    assert!(verified(&token().await, &secret, Algorithm::HS256, "elsewhere").is_some());
    let body =
        json!({ "name": "convex", "claims": { "aud": "convex" }, "custom_signing_key": false });
    world.backend.patch(&path, body).await.ok();
    assert_eq!(claims(&world, &token().await).await["aud"], "convex");
}

#[tokio::test]
async fn a_template_s_token_is_no_session_token() {
    let world = World::new().await;
    create(&world, json!({})).await.ok();
    let (browser, session) = signed_in(&world, json!({})).await;
    let jwt = jwt(by_page(&browser, &session, "convex").await);
    let header = decode_header(&jwt).unwrap();
    assert!(header.kid.is_some(), "it is signed with the published key");
    let verify = json!({ "token": jwt });
    let refused = world.backend.post("/v1/clients/verify", verify).await;
    assert_eq!(refused.refusal(), "401 signed_out");
    let refresh = json!({ "expired_token": jwt, "refresh_token": "x", "request_origin": "http://localhost:3000" });
    let path = format!("/v1/sessions/{session}/refresh");
    let refused = world.backend.post(&path, refresh).await;
    assert_eq!(refused.refusal(), "401 expired_session_token_invalid");
    // SDKs tell them apart by the class in the header.
    let class = jwt.split('.').next().unwrap();
    let class = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, class);
    let class: Value = serde_json::from_slice(&class.unwrap()).unwrap();
    assert_eq!(class["cat"], "cl_B7d4PD222AAA");
}
