//! The way of cookies, tokens and addresses: the first line is the address, each further one a header. Nothing that is found
//! may panic, and without the key nothing may sign in.
use std::sync::LazyLock;

use http::{HeaderName, HeaderValue, Request, Uri};
use standin::auth::{Authenticator, Verdict};
use tokio::runtime::Runtime;

/// A public key whose private half was thrown away.
const KEY: &str = include_str!("key.pem");

/// For a development and for a production instance.
static AUTHENTICATORS: LazyLock<[Authenticator; 2]> = LazyLock::new(|| {
    [
        "pk_test_Y2xlcmsuZXhhbXBsZS5jb20k",
        "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k",
    ]
    .map(|key| {
        let builder = Authenticator::builder().publishable_key(key).jwt_key(KEY);
        builder.proxy_url("/__clerk").build().expect("settings")
    })
});

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().expect("a runtime")
});

/// See above.
pub fn nobody_signs_in(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    let Some(uri) = lines.next().and_then(|line| Uri::try_from(line).ok()) else {
        return;
    };
    let mut request = Request::new(());
    *request.uri_mut() = uri;
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = (
            HeaderName::from_bytes(&line[..colon]),
            HeaderValue::from_bytes(&line[colon + 1..]),
        );
        if let (Ok(name), Ok(value)) = (name, value) {
            request.headers_mut().append(name, value);
        }
    }
    for authenticator in &*AUTHENTICATORS {
        let outcome = RUNTIME.block_on(authenticator.authenticate(&request));
        assert!(!matches!(outcome.verdict, Verdict::SignedIn(_)));
    }
}
