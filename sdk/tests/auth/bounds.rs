//! What a stranger sends costs no more than its length.

use std::time::{Duration, Instant};

use http::Request;
use http::request::Builder;
use standin::auth::Authenticator;

use crate::{LIVE_KEY, claims, new_mint};

/// As much as servers take: hyper's buffer for a request's head, where nothing else is set.
const HEAD: usize = 400 * 1024;
/// As much as one address may hold in the `http` crate, and just below the most cookies that are read.
const PART: usize = 60_000;

fn offline(pem: &str) -> Authenticator {
    Authenticator::builder()
        .publishable_key(LIVE_KEY)
        .jwt_key(pem)
        .build()
        .unwrap()
}

/// How long two requests take, each the best of the rounds until `enough` says so, taken in turn. Other programs take their
/// share and spoil a round, so there may be many; what is slow by itself is slow in each.
fn times(
    authenticator: &Authenticator,
    requests: &[Request<()>; 2],
    enough: impl Fn([Duration; 2]) -> bool,
) -> [Duration; 2] {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut best = [Duration::MAX; 2];
    for round in 0..200 {
        for (request, best) in requests.iter().zip(&mut best) {
            let start = Instant::now();
            let _ = runtime.block_on(authenticator.authenticate(request));
            *best = start.elapsed().min(*best);
        }
        if round >= 5 && enough(best) {
            break;
        }
    }
    best
}

/// `__0=;__1=;…`: every cookie has a name of its own, and each looks like one of ours.
fn names(length: usize) -> String {
    let mut text = String::new();
    for number in 0.. {
        let cookie = format!("__{number:x}=;");
        if text.len() + cookie.len() > length {
            break;
        }
        text += &cookie;
    }
    text
}

/// Makes a request of about so many bytes.
type Make = Box<dyn Fn(usize) -> Builder>;

/// Requests that differ in length alone, by what is long in them.
fn long(token: &str) -> Vec<(&'static str, Make)> {
    let page = || {
        Request::get("/page")
            .header("host", "app.example.com")
            .header("sec-fetch-dest", "document")
    };
    let session = format!("__session={token}; __client_uat=1; ");
    let signed_in = move || page().header("cookie", session.as_str());
    let header = |name: &'static str, text: &'static str| {
        move |length: usize| page().header(name, text.repeat(length / text.len()))
    };
    let referer = move |length: usize| {
        let labels = "xn--zz99zz99zz99zz99.".repeat(length / 21);
        signed_in().header("referer", format!("https://{labels}example/"))
    };
    vec![
        (
            "cookies' names",
            Box::new(move |length| page().header("cookie", names(length))),
        ),
        (
            "a cookie's value",
            Box::new(move |length| {
                let value = "%41".repeat(length / 3);
                page().header("cookie", format!("__session={value}"))
            }),
        ),
        (
            "the same cookie",
            Box::new(header("cookie", "__session=a;")),
        ),
        (
            "the query",
            Box::new(move |length| {
                Request::get(format!("/?{}", "a=%41&".repeat(length / 6)))
                    .header("cookie", "__session=a")
                    .header("sec-fetch-dest", "document")
            }),
        ),
        (
            "the path",
            Box::new(|length| Request::get("/..".repeat(length / 3))),
        ),
        (
            "a bearer token",
            Box::new(header("authorization", "Bearer.")),
        ),
        (
            "a bearer token's claims",
            Box::new(header("authorization", "e30.")),
        ),
        (
            "a host of many labels",
            Box::new(header("x-forwarded-host", "xn--zz99zz99zz99zz99.")),
        ),
        (
            "a host of one label",
            Box::new(move |length| {
                page().header("host", format!("xn--{}", "zz99".repeat(length / 4)))
            }),
        ),
        ("a referrer's host", Box::new(referer)),
    ]
}

#[test]
fn ten_times_as_much_costs_about_ten_times_as_much() {
    let mint = new_mint();
    let authenticator = offline(&mint.pem());
    for (what, request) in long(&mint.sign(&mint.header(), &claims())) {
        let made = |length| request(length).body(()).unwrap();
        let linear = |[short, long]: [Duration; 2]| long <= 20 * short;
        let best = times(&authenticator, &[made(PART / 10), made(PART)], linear);
        assert!(linear(best), "{what}: {best:?}");
    }
}

#[test]
fn the_longest_head_costs_no_more_than_one_that_is_read() {
    let authenticator = offline(&new_mint().pem());
    let page = |length| {
        let request = Request::get("/page").header("cookie", names(length));
        request.body(()).unwrap()
    };
    let cheaper = |[read, longest]: [Duration; 2]| longest <= read;
    let best = times(&authenticator, &[page(PART), page(HEAD)], cheaper);
    assert!(cheaper(best), "{best:?}");
}
