//! Who may look: in development whoever sits at this machine, in production whoever has shown a secret key that reaches
//! everything. Whatever changes something must come from a page of the dashboard itself.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{CONTENT_SECURITY_POLICY, FORWARDED, HOST, VIA};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{entry, page};
use crate::app::App;
use crate::caller::Caller;
use crate::clock::Time;
use crate::cookie::{Cookies, Setting};
use crate::error::{Error, Result};
use crate::id::SecretKeyId;
use crate::secret::{MasterKey, Purpose};
use crate::secret_keys::{self, Scope, SecretKey};
use crate::stage::Stage;
use crate::wire::{self, Edge, Page};

/// Who looks, as far as pages show it.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// Of which instance.
    pub(super) stage: Stage,
    /// Whether the rooms are open.
    pub(super) is_known: bool,
    /// Whether there is something to sign out of.
    pub(super) may_leave: bool,
}

/// Whose changes are recorded: those of the key that was shown, else the dashboard's.
pub(super) struct By(pub(super) Caller);

impl FromRequestParts<App> for By {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let mut by = Caller::from_request_parts(parts, app).await?;
        if parts.extensions.get::<SecretKey>().is_none() {
            by.actor = "dashboard".into();
        }
        Ok(Self(by))
    }
}

/// Lets in who may look, and takes changes from pages of the dashboard only. Refusals become pages.
pub(super) async fn admit(State(app): State<App>, mut request: Request, next: Next) -> Response {
    wire::route::name(&request);
    let mut visitor = Visitor {
        stage: app.instance.stage,
        is_known: false,
        may_leave: false,
    };
    let mut response = match recognise(&app, &mut request, &mut visitor).await {
        Ok(()) if visitor.is_known || entry::is_open(request.uri().path()) => {
            request.extensions_mut().insert(visitor.clone());
            next.run(request).await
        }
        Ok(()) if request.method() == Method::GET => Redirect::to(entry::SIGN_IN).into_response(),
        Ok(()) => Error::KeyInvalid.into_response(),
        Err(error) => error.into_response(),
    };
    if let Some(error) = response.extensions().get::<Arc<Error>>() {
        let html = page::refusal(error, &visitor);
        let policy = POLICY;
        response.extensions_mut().insert(Page { html, policy });
    } else {
        let policy = HeaderValue::from_str(&policy(&app));
        response.headers_mut().insert(
            CONTENT_SECURITY_POLICY,
            policy.unwrap_or(HeaderValue::from_static(POLICY)),
        );
    }
    response
}

/// Finds out who asks, and refuses whoever must not.
async fn recognise(app: &App, request: &mut Request, visitor: &mut Visitor) -> Result<()> {
    own(request)?;
    if app.instance.is_development() {
        local(request)?;
        visitor.is_known = true;
    } else if let Some(key) = key(app, request.headers()).await? {
        visitor.is_known = true;
        visitor.may_leave = true;
        request.extensions_mut().insert(key);
    }
    Ok(())
}

/// What pages of the dashboard may do: nothing comes from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The same, and a form may end in an application: browsers hold the whole way of a form against it.
fn policy(app: &App) -> String {
    let machine = ["localhost", "*.localhost", "127.0.0.1"];
    let machine = machine.map(|host| format!("http://{host}:* https://{host}:*"));
    let here = app.instance.is_development().then_some(machine);
    let applications = app.policy.applications().iter();
    let applications = applications.map(|application| application.origin().ascii_serialization());
    let ways: Vec<String> = here.into_iter().flatten().chain(applications).collect();
    let ways = format!("form-action 'self' {}", ways.join(" "));
    POLICY.replace("form-action 'self'", &ways)
}

/// Refuses what changes something and was not sent by a page of the dashboard. Under which name and behind which proxy it stands
/// only its visitor knows, so its origin is the host that was asked.
fn own(request: &Request) -> Result<()> {
    let headers = request.headers();
    let is_here = |origin: &str| {
        let origin = Url::parse(origin).ok();
        origin.is_some_and(|origin| Some(origin.authority()) == wire::header(headers, HOST))
    };
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if is_read || wire::is_own_form(headers, is_here) {
        Ok(())
    } else {
        Err(Error::DashboardForm)
    }
}

/// Refuses everybody but a program on this machine that came by a name of this machine, and by no proxy.
fn local(request: &Request) -> Result<()> {
    let headers = request.headers();
    let is_passed_on = [FORWARDED, VIA]
        .iter()
        .any(|name| headers.contains_key(name))
        || headers.contains_key("x-forwarded-for")
        || headers.contains_key("x-forwarded-host");
    let is_here = Edge::of(request.extensions())?.ip.is_loopback();
    if is_here && !is_passed_on && wire::names_this_machine(headers) {
        Ok(())
    } else {
        Err(Error::DashboardLocal)
    }
}

/// The key that this browser has shown, if it still opens everything.
async fn key(app: &App, headers: &HeaderMap) -> Result<Option<SecretKey>> {
    let now = app.now();
    let cookies = Cookies::of(headers);
    let Some(pass) = cookies
        .named(NAME)
        .chain(cookies.named(HOST_NAME))
        .find_map(|text| Pass::open(&app.master_key, text, now))
    else {
        return Ok(None);
    };
    let found = app
        .db
        .read(move |tx| secret_keys::live(tx, &pass.key))
        .await?;
    Ok(found.filter(|key| key.scope == Scope::Full))
}

const NAME: &str = "standin_dashboard";
/// Browsers take it from this host alone, over https alone.
const HOST_NAME: &str = "__Host-standin_dashboard";

/// A working day, in seconds.
const SECONDS: i64 = 8 * 3_600;

/// What a browser keeps that has shown a key.
#[derive(Serialize, Deserialize)]
pub(super) struct Pass {
    key: SecretKeyId,
    until: Time,
}

impl Pass {
    pub(super) fn new(key: SecretKeyId, now: Time) -> Self {
        let until = now.plus_seconds(SECONDS);
        Self { key, until }
    }

    fn open(master: &MasterKey, text: &str, now: Time) -> Option<Self> {
        let pass: Self = master.open_value(Purpose::Dashboard, text)?;
        (now < pass.until).then_some(pass)
    }

    /// As a cookie. Where the host is a name of this machine there may be no https; everywhere else browsers drop it without.
    pub(super) fn cookie(&self, app: &App, headers: &HeaderMap) -> Result<HeaderValue> {
        let sealed = app.master_key.seal_value(Purpose::Dashboard, self)?;
        cookie(app, headers, &sealed, SECONDS)
    }
}

/// The cookie that ends it.
pub(super) fn no_cookie(app: &App, headers: &HeaderMap) -> Result<HeaderValue> {
    cookie(app, headers, "", 0)
}

fn cookie(app: &App, headers: &HeaderMap, value: &str, seconds: i64) -> Result<HeaderValue> {
    let is_plain = app.config.tls.is_none() && wire::names_this_machine(headers);
    let setting = Setting {
        max_age: seconds,
        secure: !is_plain,
        http_only: true,
        domain: None,
    };
    let name = if is_plain { NAME } else { HOST_NAME };
    setting.one(name, value).strict().header()
}
