//! The axum layer beside a real server.

use axum::body::Body;
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use http::{Request, Response, StatusCode};
use serde_json::json;
use standin::Client;
use standin::auth::{Authenticator, Builder, Verdict};
use standin::auth::{Permission, Plan, Role};
use standin::axum::{AuthLayer, DenyAgents, Organization, Require, Session};
use standin::axum::{require_permission, require_role};
use tower::ServiceExt;

use crate::world::{Visitor, World};

fn builder(world: &World) -> Builder {
    let client = Client::builder()
        .secret_key(&world.secret_key)
        .api_url(&world.api_url)
        .build()
        .unwrap();
    Authenticator::builder()
        .publishable_key(&world.publishable_key)
        .client(client)
}

fn app(authenticator: Authenticator) -> Router {
    let who = async |session: Session| session.user_id().to_string();
    let maybe = async |session: Option<Session>| {
        session.map_or("nobody".into(), |session| session.session_id().to_string())
    };
    let agent = async |session: Session| {
        session
            .agent()
            .map_or("no agent".into(), ToString::to_string)
    };
    let verdict = async |Extension(verdict): Extension<Verdict>| {
        matches!(verdict, Verdict::SignedIn(_)).to_string()
    };
    let people = Router::new().route("/people", post(who)).layer(DenyAgents);
    Router::new()
        .route("/who", get(who).post(who))
        .route("/maybe", get(maybe))
        .route("/agent", get(agent))
        .route("/verdict", get(verdict))
        .merge(people)
        .layer(AuthLayer::new(authenticator))
}

async fn send(app: &Router, request: http::request::Builder) -> Response<Body> {
    app.clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
}

async fn text(response: Response<Body>) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap();
    String::from_utf8(bytes.into()).unwrap()
}

/// What a signed-in browser's requests carry: a token, and whether an agent has the session.
fn token(world: &World, visitor: &Visitor, agent: bool) -> String {
    token_at(world, visitor, agent, jiff::Timestamp::now().as_second())
}

fn token_at(world: &World, visitor: &Visitor, agent: bool, now: i64) -> String {
    let mut claims = json!({
        "iss": world.issuer, "sub": world.user, "sid": visitor.session, "azp": world.origin,
        "iat": now - 5, "nbf": now - 15, "exp": now + 55,
    });
    if agent {
        claims["act"] = json!({ "type": "agent", "sub": "agt_1" });
    }
    world.mint.sign(&world.mint.header(), &claims)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_takes_a_session_runs_for_the_signed_in_only() {
    let world = World::start(false).await;
    let visitor = world.visitor().await;
    let app = app(builder(&world).build().unwrap());
    let signed_in = |path: &str| {
        Request::get(path).header(
            "authorization",
            format!("Bearer {}", token(&world, &visitor, false)),
        )
    };
    assert_eq!(text(send(&app, signed_in("/who")).await).await, world.user);
    assert_eq!(
        text(send(&app, signed_in("/maybe")).await).await,
        visitor.session
    );
    assert_eq!(
        text(send(&app, signed_in("/agent")).await).await,
        "no agent"
    );
    assert_eq!(text(send(&app, signed_in("/verdict")).await).await, "true");

    let refused = send(
        &app,
        Request::get("/who").header("accept", "application/json"),
    )
    .await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        refused.headers()["x-clerk-auth-reason"],
        "dev-browser-missing"
    );
    assert_eq!(
        text(refused).await,
        r#"{"error":"signed_out","reason":"dev-browser-missing"}"#
    );
    assert_eq!(
        text(send(&app, Request::get("/maybe")).await).await,
        "nobody"
    );
    assert_eq!(
        text(send(&app, Request::get("/verdict")).await).await,
        "false"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_kept_from_what_is_for_people() {
    let world = World::start(true).await;
    let visitor = world.visitor().await;
    let app = app(builder(&world).build().unwrap());
    let call = |path: &str, agent| {
        let bearer = format!("Bearer {}", token(&world, &visitor, agent));
        Request::post(path).header("authorization", bearer)
    };
    assert_eq!(
        text(send(&app, call("/people", false)).await).await,
        world.user
    );
    assert_eq!(text(send(&app, call("/who", true)).await).await, world.user);
    let denied = send(&app, call("/people", true)).await;
    assert_eq!(denied.status(), StatusCode::FORBIDDEN);
    assert_eq!(text(denied).await, r#"{"error":"agents_denied"}"#);
    // Whether strangers may is for the handler to say.
    assert_eq!(
        send(&app, Request::post("/people")).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_sent_through_the_handshake_and_comes_back_signed_in() {
    let world = World::start(false).await;
    let visitor = world.visitor().await;
    let app = app(builder(&world).proxy_url(&world.api_url).build().unwrap());
    let page = |path: &str| {
        Request::get(path)
            .header("host", "localhost:3000")
            .header("accept", "text/html")
    };
    let sent = send(&app, page("/who")).await;
    assert_eq!(sent.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(sent.headers()[CACHE_CONTROL], "no-store");
    let location = sent.headers()[LOCATION].to_str().unwrap();
    assert!(
        location.starts_with(&format!(
            "{}/v1/client/handshake?redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fwho&",
            world.api_url
        )),
        "{location}"
    );

    let nonce = world.handshake(&visitor, true).await;
    let back = send(
        &app,
        page(&format!("/who?x=1&__clerk_handshake_nonce={nonce}")),
    )
    .await;
    assert_eq!(back.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(back.headers()[LOCATION], "http://localhost:3000/who?x=1");
    let cookies: Vec<&str> = back
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap())
        .collect();
    let there = send(&app, page("/who?x=1").header("cookie", cookies.join("; "))).await;
    assert_eq!(text(there).await, world.user);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookies_of_a_handshake_are_set_on_the_page_s_own_response() {
    let world = World::start(true).await;
    let visitor = world.visitor().await;
    let app = app(builder(&world).build().unwrap());
    let nonce = world.handshake(&visitor, true).await;
    let request = Request::get("/who")
        .header("host", "app.example.com")
        .header("cookie", format!("__clerk_handshake_nonce={nonce}"));
    let response = send(&app, request).await;
    assert_eq!(response.status(), StatusCode::OK);
    let cookies = response
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|cookie| cookie.to_str().ok());
    assert_eq!(
        cookies
            .filter(|cookie| cookie.starts_with("__session"))
            .count(),
        2
    );
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(text(response).await, world.user);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_renewed_on_the_way_and_no_older_one_after_it() {
    let world = World::start(true).await;
    let visitor = world.visitor().await;
    let app = app(builder(&world).build().unwrap());
    let expired = |ago: i64| {
        let expired = token_at(
            &world,
            &visitor,
            false,
            jiff::Timestamp::now().as_second() - ago,
        );
        format!(
            "__session={expired}; __client_uat=1; __refresh_{}={}",
            world.suffix, visitor.refresh
        )
    };
    let request = |cookies: &str| {
        let request = Request::get("/who")
            .header("host", "app.example.com")
            .header("x-forwarded-proto", "https");
        request
            .header("sec-fetch-dest", "empty")
            .header("cookie", cookies)
    };
    let renewed = send(&app, request(&expired(600))).await;
    assert_eq!(renewed.status(), StatusCode::OK);
    assert!(
        renewed
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .any(|cookie| cookie.as_bytes().starts_with(b"__session=ey"))
    );
    assert_eq!(text(renewed).await, world.user);
    let again = send(&app, request(&expired(700))).await;
    assert_eq!(again.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        again.headers()["x-clerk-auth-reason"],
        "session-token-expired-refresh-session_refresh_expired_session_token_consumed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_sent_to_the_sign_in_page_and_calls_are_refused() {
    let world = World::start(true).await;
    let app = app(builder(&world)
        .sign_in_url("/sign-in?from=app")
        .build()
        .unwrap());
    let request = Request::get("/who?a=b")
        .header("host", "app.example.com")
        .header("x-forwarded-proto", "https");
    let page = send(&app, request.header("sec-fetch-dest", "document")).await;
    assert_eq!(page.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(
        page.headers()[LOCATION],
        "/sign-in?from=app&redirect_url=https%3A%2F%2Fapp.example.com%2Fwho%3Fa%3Db"
    );
    let call = send(&app, Request::get("/who").header("sec-fetch-dest", "empty")).await;
    assert_eq!(call.status(), StatusCode::UNAUTHORIZED);
    let form = send(
        &app,
        Request::post("/who").header("sec-fetch-dest", "document"),
    )
    .await;
    assert_eq!(form.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_forgotten_layer_opens_nothing() {
    let handler = async |_: Option<Session>| "open";
    let app = Router::new()
        .route("/session", get(handler))
        .route("/people", get("open").layer(DenyAgents));
    for path in ["/session", "/people"] {
        assert_eq!(
            send(&app, Request::get(path)).await.status(),
            StatusCode::INTERNAL_SERVER_ERROR
        );
    }
}

/// A token of somebody who is a member of Acme: an admin who may read invoices and write reports.
fn member(world: &World, visitor: &Visitor) -> String {
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({
        "iss": world.issuer, "sub": world.user, "sid": visitor.session, "azp": world.origin, "v": 2,
        "iat": now - 5, "nbf": now - 15, "exp": now + 55,
        "o": { "id": "org_1", "slg": "acme", "rol": "admin", "per": "read,write", "fpm": "1,2" },
        "fea": "o:invoices,u:ai,o:reports", "pla": "u:free,o:pro", "tier": 3, "tags": ["a"],
    });
    world.mint.sign(&world.mint.header(), &claims)
}

fn with_organizations(authenticator: Authenticator) -> Router {
    let organization = async |organization: Organization| {
        let slug = organization.slug().unwrap_or_default();
        format!("{} {slug} {}", organization.id(), organization.role())
    };
    let maybe = async |organization: Option<Organization>| {
        organization.map_or("none".into(), |one| one.permissions().join(" "))
    };
    let ok = async || "ok";
    let need = |path: &str| Router::new().route(path, get(ok));
    Router::new()
        .route("/organization", get(organization))
        .route("/maybe", get(maybe))
        .merge(need("/read").layer(require_permission("org:invoices:read")))
        .merge(need("/write").layer(require_permission("invoices:write")))
        .merge(need("/admin").layer(require_role("admin")))
        .merge(need("/owner").layer(require_role(["org", "owner"].join(":"))))
        .merge(need("/both").layer(Require((Role("admin"), Plan("org:pro")))))
        .merge(need("/neither").layer(Require((Role("admin"), Plan("user:pro")))))
        .layer(AuthLayer::new(authenticator))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_takes_who_has_what_it_requires_and_tells_the_others_why_not() {
    let world = World::start(false).await;
    let visitor = world.visitor().await;
    let app = with_organizations(builder(&world).build().unwrap());
    let member = member(&world, &visitor);
    let nobody_s = token(&world, &visitor, false);
    let ask = async |path: &str, token: &str| {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        let response = send(&app, request).await;
        (response.status().as_u16(), text(response).await)
    };
    let ok = |text: &str| (200, text.to_owned());
    let forbidden = |reason: &str| {
        let body = format!(r#"{{"error":"forbidden","reason":"{reason}"}}"#);
        (403, body)
    };
    for (path, theirs, nobody) in [
        ("/read", ok("ok"), forbidden("permission org:invoices:read")),
        (
            "/write",
            forbidden("permission invoices:write"),
            forbidden("permission invoices:write"),
        ),
        ("/admin", ok("ok"), forbidden("role admin")),
        (
            "/owner",
            forbidden("role org:owner"),
            forbidden("role org:owner"),
        ),
        ("/both", ok("ok"), forbidden("role admin, plan org:pro")),
        (
            "/neither",
            forbidden("role admin, plan user:pro"),
            forbidden("role admin, plan user:pro"),
        ),
        (
            "/organization",
            ok("org_1 acme org:admin"),
            (403, r#"{"error":"organization_required"}"#.to_owned()),
        ),
        (
            "/maybe",
            ok("org:invoices:read org:reports:write"),
            ok("none"),
        ),
    ] {
        assert_eq!(ask(path, &member).await, theirs, "{path}");
        assert_eq!(ask(path, &nobody_s).await, nobody, "{path}");
    }
    for path in ["/read", "/admin", "/organization"] {
        let refused = send(
            &app,
            Request::get(path).header("accept", "application/json"),
        )
        .await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(text(refused).await.contains("signed_out"), "{path}");
    }
    let maybe = Request::get("/maybe").header("accept", "application/json");
    assert_eq!(text(send(&app, maybe).await).await, "none");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_signed_in_is_sent_to_sign_in_and_not_told_of_permissions() {
    let world = World::start(true).await;
    let authenticator = builder(&world).sign_in_url("https://app.example.com/sign-in");
    let app = with_organizations(authenticator.build().unwrap());
    for path in ["/read", "/owner", "/organization"] {
        let page = Request::get(path)
            .header("host", "app.example.com")
            .header("x-forwarded-proto", "https")
            .header("accept", "text/html");
        let sent = send(&app, page).await;
        assert_eq!(sent.status(), StatusCode::TEMPORARY_REDIRECT, "{path}");
        let location = sent.headers()[LOCATION].to_str().unwrap();
        assert!(
            location.starts_with("https://app.example.com/sign-in?redirect_url="),
            "{location}"
        );
    }
    // Without the layer nobody looked, and nobody gets in.
    let ok = async || "ok";
    let open = Router::new()
        .route("/read", get(ok))
        .layer(require_permission("org:invoices:read"));
    let answer = send(&open, Request::get("/read")).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_of_the_application_s_own_are_read_as_its_type() {
    #[derive(serde::Deserialize)]
    struct Custom {
        tier: u8,
        tags: Vec<String>,
        missing: Option<String>,
    }
    #[derive(serde::Deserialize)]
    struct Other {
        #[expect(dead_code, reason = "it is never read: a token's tier is a number")]
        tier: String,
    }
    let world = World::start(false).await;
    let visitor = world.visitor().await;
    let typed = async |session: Session| -> standin::Result<String> {
        let custom: Custom = session.custom_claims()?;
        let (tags, missing) = (custom.tags.join(","), custom.missing.is_none());
        let may = session.has(Permission("invoices:read"));
        Ok(format!("{} {tags} {missing} {may}", custom.tier))
    };
    let other = async |session: Session| session.custom_claims::<Other>().map(|_| "read");
    let app = Router::new()
        .route("/typed", get(typed))
        .route("/other", get(other))
        .layer(AuthLayer::new(builder(&world).build().unwrap()));
    let token = member(&world, &visitor);
    let signed_in =
        |path: &str| Request::get(path).header("authorization", format!("Bearer {token}"));
    let typed = send(&app, signed_in("/typed")).await;
    assert_eq!(text(typed).await, "3 a true true");
    let other = send(&app, signed_in("/other")).await;
    assert_eq!(other.status(), StatusCode::INTERNAL_SERVER_ERROR);
}
