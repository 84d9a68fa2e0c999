//! The decision list at its edges, with a clock that stands still. What it decides between them is held against Clerk's
//! own SDK in `tests/differential`.

#[path = "../../tests/differential/mint.rs"]
#[expect(dead_code, reason = "the forgeries are for the tests from outside")]
mod mint;

use std::sync::{Arc, LazyLock};

use http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};

use self::mint::Mint;
use super::decision::{Facts, Question, decide};
use super::instance::Instance;
use super::request::Incoming;
use super::*;

/// In seconds.
const NOW: i64 = 1_800_000_000;

static MINT: LazyLock<Mint> = LazyLock::new(|| {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    Mint::new("kid_1".into(), der.as_ref())
});

fn rules(development: bool) -> Rules {
    let word = if development { "test" } else { "live" };
    Rules {
        instance: Instance::parse(&format!("pk_{word}_Y2xlcmsuZXhhbXBsZS5jb20k")).unwrap(),
        proxy_url: None,
        sign_in_url: None,
        origin: None,
        jwt_key: Some(Arc::new(keys::from_pem(&MINT.pem()).unwrap())),
        parties: Vec::new(),
        skew: 5000,
    }
}

fn token(change: impl Fn(&mut Value)) -> String {
    let mut claims = json!({
        "iss": "https://clerk.example.com", "sub": "user_1", "sid": "sess_1",
        "iat": NOW - 30, "nbf": NOW - 40, "exp": NOW + 30,
    });
    change(&mut claims);
    MINT.sign(&MINT.header(), &claims)
}

fn facts(now_ms: i64) -> Facts {
    Facts {
        now: now_ms,
        at_hand: Arc::default(),
        keys: Vec::new(),
        payload: None,
        renewal: None,
    }
}

fn said(outcome: &Outcome) -> String {
    match &outcome.verdict {
        Verdict::SignedIn(auth) => auth.user_id().to_string(),
        Verdict::SignedOut(out) => out.reason().to_string(),
        Verdict::Redirect(to) => to
            .reason()
            .map_or("back".into(), |reason| format!("to {reason}")),
    }
}

fn page(cookies: &str) -> Request<()> {
    let request = Request::get("/page")
        .header("host", "app.example.com")
        .header("sec-fetch-dest", "document");
    request.header("cookie", cookies).body(()).unwrap()
}

/// What a page view with these cookies is answered at a moment, where nothing need be asked.
fn at(now_ms: i64, rules: &Rules, cookies: &str, facts: &Facts) -> String {
    let request = page(cookies);
    let request = Incoming::read(Head::from(&request), &rules.instance, None, now_ms);
    said(&decide(rules, &request, facts).unwrap())
}

#[test]
fn clocks_may_differ_by_five_seconds_and_not_by_a_millisecond_more() {
    let expired = "to session-token-expired-refresh-non-eligible-no-refresh-cookie";
    for (claim, offset, at_ms, answer) in [
        ("exp", 0, NOW * 1000 + 4999, "user_1"),
        ("exp", 0, NOW * 1000 + 5000, expired),
        ("nbf", 5, NOW * 1000, "user_1"),
        ("nbf", 5, NOW * 1000 - 1, "to session-token-nbf"),
        ("iat", 5, NOW * 1000, "user_1"),
        (
            "iat",
            5,
            NOW * 1000 - 1,
            "to session-token-iat-in-the-future",
        ),
    ] {
        let cookies = format!(
            "__session={}; __client_uat=1",
            token(|claims| claims[claim] = json!(NOW + offset))
        );
        assert_eq!(
            at(at_ms, &rules(false), &cookies, &facts(at_ms)),
            answer,
            "{claim} at {at_ms}"
        );
    }
}

#[test]
fn a_token_older_than_the_client_s_last_change_is_asked_about() {
    for (uat, answer) in [
        (NOW - 30, "user_1"),
        (NOW - 29, "to session-token-iat-before-client-uat"),
    ] {
        let cookies = format!("__session={}; __client_uat={uat}", token(|_| ()));
        assert_eq!(
            at(NOW * 1000, &rules(false), &cookies, &facts(NOW * 1000)),
            answer
        );
    }
}

#[test]
fn the_fourth_handshake_in_a_row_is_not_made() {
    for (count, answer) in [
        ("2", "to client-uat-but-no-session-token"),
        ("3", "client-uat-but-no-session-token"),
    ] {
        let cookies = format!("__client_uat=1; __clerk_redirect_count={count}");
        assert_eq!(
            at(NOW * 1000, &rules(false), &cookies, &facts(NOW * 1000)),
            answer
        );
    }
}

#[test]
fn a_development_machine_s_clock_may_be_wrong_by_a_day_when_somebody_signs_in() {
    let payload = |hours: i64| {
        let shift = hours * 3600;
        let jwt = token(|claims| {
            for name in ["iat", "nbf", "exp"] {
                claims[name] = json!(claims[name].as_i64().unwrap() + shift);
            }
        });
        Facts {
            payload: Some(vec![format!("__session={jwt}; Path=/")]),
            ..facts(NOW * 1000)
        }
    };
    let cookies = "__clerk_handshake_nonce=n; __clerk_db_jwt=d";
    for (development, hours, answer) in [
        (true, 23, "back"),
        (true, -23, "back"),
        (true, 25, "session-token-and-uat-missing"),
        (false, 0, "user_1"),
        (false, 1, "session-token-and-uat-missing"),
    ] {
        let answered = at(NOW * 1000, &rules(development), cookies, &payload(hours));
        assert_eq!(answered, answer, "{hours} hours");
    }
}

#[test]
fn what_a_handshake_brings_is_passed_on_as_it_is() {
    let directives = vec![
        "__client_uat=1; Path=/; Domain=example.com".to_owned(),
        format!(
            "__session={}; Path=/; Max-Age=31536000; SameSite=Lax",
            token(|_| ())
        ),
        "broken\r\nset-cookie: x=y".to_owned(),
    ];
    let request = page("__clerk_handshake_nonce=n");
    let rules = rules(false);
    let request = Incoming::read(Head::from(&request), &rules.instance, None, NOW * 1000);
    let known = Facts {
        payload: Some(directives.clone()),
        ..facts(NOW * 1000)
    };
    let outcome = decide(&rules, &request, &known).unwrap();
    let set: Vec<&str> = outcome
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    assert_eq!(set, &directives[..2]);
    assert_eq!(said(&outcome), "user_1");
}

#[test]
fn no_credential_shows_in_debug() {
    let jwt = token(|_| ());
    let signature = jwt.rsplit('.').next().unwrap();
    let seen = |development: bool, cookies: &str, facts: &Facts| {
        let request = page(cookies);
        let rules = rules(development);
        let request = Incoming::read(Head::from(&request), &rules.instance, None, NOW * 1000);
        format!("{:?}", decide(&rules, &request, facts).unwrap())
    };
    let brought = Facts {
        payload: Some(vec![format!("__session={jwt}; Path=/")]),
        ..facts(NOW * 1000)
    };
    for shown in [
        seen(
            false,
            &format!("__session={jwt}; __client_uat=1"),
            &facts(NOW * 1000),
        ),
        seen(false, &format!("__session={jwt}"), &facts(NOW * 1000)),
        seen(false, "__clerk_handshake_nonce=n", &brought),
        seen(true, "__clerk_handshake_nonce=n", &brought),
    ] {
        assert!(!shown.contains(signature), "{shown}");
    }
}

#[test]
fn the_server_is_told_of_short_headers_that_are_no_credentials() {
    let mut request = page("__session=secret");
    let headers = request.headers_mut();
    headers.insert("authorization", "Bearer secret".parse().unwrap());
    headers.insert("x-long", "x".repeat(2000).parse().unwrap());
    assert_eq!(
        told(headers)
            .keys()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["host", "sec-fetch-dest"]
    );
    for _ in 0..1000 {
        headers.append("x-many", "x".parse().unwrap());
    }
    assert_eq!(told(headers).len(), 40);
}

/// Answers a question with what a dice says.
fn answer(question: Question, facts: &mut Facts, dice: i64) {
    match question {
        Question::Key(name) => {
            assert!(
                facts.keys.iter().all(|(known, _)| *known != name),
                "asked twice"
            );
            let key = Arc::new(keys::from_pem(&MINT.pem()).unwrap());
            facts.keys.push((
                name,
                if dice % 2 == 0 {
                    Ok(key)
                } else {
                    Err(Reason::KeyUnknown)
                },
            ));
        }
        Question::Payload(_) => {
            assert!(facts.payload.is_none(), "asked twice");
            let directive = format!(
                "__session={}; Path=/",
                token(|claims| claims["exp"] = json!(NOW + 100 * (dice % 3 - 1)))
            );
            facts.payload = Some(if dice % 4 == 0 {
                Vec::new()
            } else {
                vec![directive]
            });
        }
        Question::Renewal { session, .. } => {
            assert!(facts.renewal.is_none(), "asked twice");
            assert_eq!(session, "sess_1");
            facts.renewal = Some(match dice % 4 {
                0 => Err(NotRenewed::Unreachable),
                1 => Ok(Vec::new()),
                2 => Ok(vec!["__session=garbage".into()]),
                _ => Ok(vec![format!("__session={}; Path=/", token(|_| ()))]),
            });
        }
    }
}

proptest! {
    #[test]
    fn questions_come_to_an_end(
        ages in proptest::collection::vec(0_i64..3, 2),
        parts in proptest::collection::vec(any::<bool>(), 7),
        dice in 0_i64..24,
    ) {
        let mut rules = rules(parts[0]);
        rules.jwt_key = None;
        let jwt = |age: i64| token(|claims| claims["exp"] = json!(NOW + 100 * (age - 1)));
        let mut cookies = vec!["__clerk_db_jwt=d".to_owned()];
        let suffix = rules.instance.suffix.clone();
        for (wanted, cookie) in [
            (parts[1], format!("__session={}", jwt(ages[0]))),
            (parts[2], format!("__refresh_{suffix}=r")),
            (parts[3], "__client_uat=1".to_owned()),
            (parts[4], "__clerk_handshake_nonce=n".to_owned()),
        ] {
            if wanted {
                cookies.push(cookie);
            }
        }
        let mut request = page(&cookies.join("; "));
        if parts[5] {
            let bearer = format!("Bearer {}", jwt(ages[1]));
            request.headers_mut().insert("authorization", bearer.parse().unwrap());
        }
        let request = Incoming::read(Head::from(&request), &rules.instance, None, NOW * 1000);
        let mut facts = facts(NOW * 1000);
        let mut asked = 0;
        while let Err(question) = decide(&rules, &request, &facts) {
            asked += 1;
            prop_assert!(asked <= 3, "{question:?}");
            answer(question, &mut facts, dice);
        }
    }
}
