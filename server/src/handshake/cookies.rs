//! The table of cookies: which there are, who keeps them, and with which attributes.
//!
//! | cookie | kept by | value |
//! |---|---|---|
//! | `__client` | the Frontend API's origin, or the application's where it stands for it | the client's secret; `HttpOnly` |
//! | `__standin_sign_in`, `__standin_sign_up` | the Frontend API's origin | an attempt under way, sealed; `HttpOnly` |
//! | `__client_uat` | the application's origin; in production the domain it shares with the Frontend API | when the set of sessions changed; `0` is signed out |
//! | `__session` | the application's origin | the session token; its scripts rewrite it |
//! | `__refresh` | the application's origin, `HttpOnly` | renews the token without a redirect |
//! | `__clerk_db_jwt` | the application's origin, development only | the client's second name, or one that opens nothing |
//! | `__clerk_handshake_nonce`, `__clerk_handshake` | the shared domain, production only, for a minute | a payload on its way |
//!
//! Each but the last two is written under two names, plain and with the instance's suffix (`__refresh` under the second only).
//! `__client` and attempts, which no SDK reads, are over https under `__Host-` and the second only.

use super::{Form, NONCE_SECONDS, Payload};
use crate::clock::Time;
use crate::cookie::{self, Cookie, Setting, YEAR};
use crate::instance::Instance;
use crate::secret::Secret;

/// What a signed-in application gets.
pub(super) struct Tokens {
    pub(super) session: String,
    pub(super) refresh: String,
    pub(super) changed_at: Time,
}

/// At the Frontend API: the browser's client. The last of them is the one that is read first.
pub fn client(instance: &Instance, secret: &Secret) -> Vec<Cookie> {
    of_client(at_frontend_api(instance, YEAR), secret.expose(), instance)
}

/// At the Frontend API: no client any more.
pub fn no_client(instance: &Instance) -> Vec<Cookie> {
    of_client(at_frontend_api(instance, 0), "", instance)
}

fn of_client(setting: Setting<'_>, secret: &str, instance: &Instance) -> Vec<Cookie> {
    let own = setting.hosts(cookie::CLIENT, secret, instance);
    if instance.secure {
        vec![own]
    } else {
        vec![setting.one(cookie::CLIENT, secret), own]
    }
}

/// At the Frontend API: an attempt to sign in or up for as long as it may take, or none any more.
pub fn attempt(instance: &Instance, name: &str, sealed: Option<&str>, seconds: i64) -> Cookie {
    let max_age = if sealed.is_some() { seconds } else { 0 };
    at_frontend_api(instance, max_age).hosts(name, sealed.unwrap_or_default(), instance)
}

/// At the Frontend API, in development: a name that opens nothing, for pages of this host that no server has given one.
pub fn dev_browser(instance: &Instance) -> [Cookie; 2] {
    let readable = Setting {
        http_only: false,
        ..at_frontend_api(instance, YEAR)
    };
    let name = Secret::with_prefix("dvb_");
    readable.both(cookie::DEV_BROWSER, name.expose(), instance)
}

fn at_frontend_api(instance: &Instance, max_age: i64) -> Setting<'_> {
    Setting {
        max_age,
        secure: instance.secure,
        http_only: true,
        domain: None,
    }
}

/// On this host: a cookie that an instance left which is gone.
pub fn gone(name: &str) -> Cookie {
    Setting {
        max_age: 0,
        secure: false,
        http_only: false,
        domain: None,
    }
    .one(name, "")
}

/// At the Frontend API, for the domain it shares with the applications: the set of sessions changed at this moment, or to
/// none at all. In development there is no such domain, and the pages write this cookie themselves.
pub fn changed(instance: &Instance, at: Option<Time>) -> Vec<Cookie> {
    if instance.is_development() {
        return Vec::new();
    }
    let shared = Setting {
        max_age: YEAR,
        secure: instance.secure,
        http_only: false,
        domain: instance.cookie_domain.as_deref(),
    };
    shared.both(cookie::CLIENT_UAT, &uat(at), instance).to_vec()
}

fn uat(at: Option<Time>) -> String {
    at.map_or("0".to_owned(), |at| at.seconds().to_string())
}

/// At the Frontend API, in production: a payload on its way to the application.
pub(super) fn carrying(instance: &Instance, form: Form, payload: &str) -> Cookie {
    let setting = Setting {
        max_age: NONCE_SECONDS,
        secure: instance.secure,
        http_only: true,
        domain: instance.cookie_domain.as_deref(),
    };
    setting.one(form.cookie(), payload)
}

/// At the application: signed in with these tokens, or signed out.
pub(super) fn directives(
    payload: &Payload,
    instance: &Instance,
    tokens: Option<&Tokens>,
) -> Vec<Cookie> {
    let own = Setting {
        max_age: if tokens.is_some() { YEAR } else { 0 },
        secure: payload.origin.starts_with("https:"),
        http_only: false,
        domain: None,
    };
    let hidden = Setting {
        http_only: true,
        ..own
    };
    // The shared domain makes the application's cookie and the one the Frontend API sets the same cookie.
    let shared = Setting {
        max_age: YEAR,
        domain: instance.cookie_domain.as_deref(),
        ..own
    };
    let mut all = Vec::with_capacity(10);
    let changed_at = uat(tokens.map(|tokens| tokens.changed_at));
    all.extend(shared.both(cookie::CLIENT_UAT, &changed_at, instance));
    let refresh = tokens.map_or("", |tokens| &tokens.refresh);
    all.push(hidden.own(cookie::REFRESH, refresh, instance));
    if let Some(dev_browser) = &payload.dev_browser {
        let kept = Setting {
            max_age: YEAR,
            ..own
        };
        all.extend(kept.both(cookie::DEV_BROWSER, dev_browser, instance));
    }
    if let (Some(secret), Some(_)) = (&payload.client_secret, tokens) {
        all.extend(of_client(hidden, secret, instance));
    }
    if !instance.is_development() {
        let spent = Setting {
            max_age: 0,
            ..shared
        };
        all.push(spent.one(cookie::NONCE, ""));
        all.push(spent.one(cookie::HANDSHAKE, ""));
    }
    // Last: SDKs take the token from the last directive whose name begins with `__session`.
    let session = tokens.map_or("", |tokens| &tokens.session);
    all.extend(own.both(cookie::SESSION, session, instance));
    all
}
