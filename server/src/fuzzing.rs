//! What must hold for any bytes, each a function that panics where it does not. `fuzz/` looks for such bytes;
//! `tests/it/fuzzed.rs` replays those that it kept.

mod path;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::rsa::{KeyPair, KeySize};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use crate::backend_api::{UserRow, idempotency_key};
use crate::clock::Time;
use crate::cookie::{self, Cookies};
use crate::handshake::{self, Form, Payload};
use crate::instance::Instance;
use crate::keys::SigningKey;
use crate::metrics::Counter;
use crate::origin::{Origin, redirect_target};
use crate::secret::{MasterKey, Purpose, Secret};
use crate::stage::Stage;
use crate::wire::Params;

/// Some bytes, and what must hold of them.
pub type Property = fn(&[u8]);

/// Every property, by the folder of its corpus.
pub const ALL: [(&str, Property); 9] = [
    ("redirect", redirect),
    ("cookies", cookies),
    ("token", token),
    ("sealed", sealed),
    ("query", query),
    ("json", json),
    ("row", row),
    ("idempotency", idempotency),
    ("path", path::path),
];

const NOW: Time = Time(1_790_000_000_000);

static INSTANCES: LazyLock<[Instance; 2]> = LazyLock::new(|| {
    [
        (Stage::Development, "http://localhost:4747"),
        (Stage::Production, "https://clerk.example.com"),
    ]
    .map(|(stage, url)| Instance::new("ins_fuzzed".into(), stage, Url::parse(url).expect("a URL")))
});

/// Whether an address lands, for tests that let other parsers read it too.
pub fn lands(text: &str, stage: Stage) -> Option<Url> {
    let exact = |origin: &str| Origin::Exact(origin.to_owned());
    let allowed = match stage {
        Stage::Development => vec![
            Origin::Loopback,
            exact("https://app.example.com"),
            exact("http://app.test:3000"),
        ],
        Stage::Production => vec![
            exact("https://app.example.com"),
            exact("https://app.example.org:8443"),
        ],
    };
    redirect_target(text, stage, &allowed).ok()
}

/// An address that lands says its origin in so many letters, and a handshake leaves it where it leads.
fn redirect(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    for instance in &*INSTANCES {
        let Some(url) = lands(text, instance.stage) else {
            continue;
        };
        assert_eq!(Url::parse(text).as_ref(), Ok(&url));
        let rest = text.find("://").map_or("", |at| &text[at + 3..]);
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let authority = rest[..end].to_ascii_lowercase();
        let (host, port) = authority.rsplit_once(':').unwrap_or((&authority, ""));
        let port = port.trim_start_matches('0');
        let is_listed = match instance.stage {
            Stage::Production => {
                matches!(
                    (host, port),
                    ("app.example.com", "" | "443") | ("app.example.org", "8443")
                )
            }
            Stage::Development => is_listed_in_development(&url),
        };
        assert!(is_listed, "{text} lands on {url}");
        let (carried, _) = handshake::carry(instance, url.clone(), Form::Nonce, "payload");
        assert_eq!(
            (carried.origin(), carried.path()),
            (url.origin(), url.path())
        );
        assert_eq!(carried.fragment(), url.fragment());
        if instance.is_development() {
            let named = carried
                .query_pairs()
                .filter(|(name, _)| name == cookie::NONCE);
            assert!(named.map(|(_, value)| value.into_owned()).eq(["payload"]));
        }
        // What stands in the header is read as it was meant.
        assert_eq!(Url::parse(carried.as_str()), Ok(carried.clone()));
        assert!(HeaderValue::from_str(carried.as_str()).is_ok());
    }
}

fn is_listed_in_development(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let is_loopback = host == "localhost"
        || host.ends_with(".localhost")
        || host == "[::1]"
        || host
            .parse()
            .is_ok_and(|address: std::net::Ipv4Addr| address.is_loopback());
    is_loopback
        || matches!(
            (url.scheme(), host, url.port_or_known_default()),
            ("https", "app.example.com", Some(443)) | ("http", "app.test", Some(3000))
        )
}

/// Of every line a `Cookie` header: what is read of them is what a reader of single bytes finds, and other instances' cookies are
/// never one's own.
fn cookies(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(COOKIE, value);
        }
    }
    let read = Cookies::of(&headers);
    for instance in &*INSTANCES {
        let own = format!("{}_{}", cookie::CLIENT, instance.cookie_suffix);
        let names = if instance.secure {
            vec![format!("__Host-{own}")]
        } else {
            vec![own.clone(), cookie::CLIENT.to_owned()]
        };
        let mut expected = Vec::new();
        for name in &names {
            for header in headers.get_all(COOKIE) {
                expected.extend(by_bytes(header.as_bytes(), name.as_bytes()));
            }
        }
        let found: Vec<&[u8]> = read
            .all(cookie::CLIENT, instance)
            .map(str::as_bytes)
            .collect();
        assert_eq!(found, expected);
        for stray in read.strays(instance) {
            assert!(
                !stray.ends_with(&format!("_{}", instance.cookie_suffix)),
                "{stray}"
            );
        }
    }
}

/// The values of a cookie, but for empty ones, in a header of nothing but visible ASCII, spaces and tabs.
fn by_bytes<'a>(header: &'a [u8], name: &[u8]) -> Vec<&'a [u8]> {
    if !header.iter().all(|byte| matches!(byte, b'\t' | 32..=126)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut start = 0;
    for at in 0..=header.len() {
        if at < header.len() && header[at] != b';' {
            continue;
        }
        let pair = header[start..at].trim_ascii();
        start = at + 1;
        if pair.len() > name.len() + 1 && pair.starts_with(name) && pair[name.len()] == b'=' {
            found.push(&pair[name.len() + 1..]);
        }
    }
    found
}

/// Of every line a header that names the request: a name is what stands in the only one, of 1 to 255 visible letters.
fn idempotency(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append("idempotency-key", value);
        }
    }
    let given: Vec<&[u8]> = headers.values().map(HeaderValue::as_bytes).collect();
    let expected = match given[..] {
        [one] if one.iter().all(|byte| matches!(byte, b'\t' | 32..=126)) => Some(one.trim_ascii()),
        _ => None,
    };
    let expected = expected.filter(|name| (1..=255).contains(&name.len()));
    let found = idempotency_key(&headers).ok().map(str::as_bytes);
    assert_eq!(found, expected);
}

/// Makes of a text another one: each three bytes say where and what. So bytes mean the same whatever the text is.
fn edited(text: &str, edits: &[u8]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for edit in edits.chunks_exact(4) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % (bytes.len() + 1);
        match edit[2] % 5 {
            0 if at < bytes.len() => bytes[at] = edit[3] & 127,
            1 => bytes.insert(at, edit[3] & 127),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            4 if at < bytes.len() => bytes[at] ^= 1 << (edit[3] % 7),
            _ => {}
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// A token that verifies is one that was signed, as it stands.
fn token(data: &[u8]) {
    static SIGNED: LazyLock<(SigningKey, [String; 2])> = LazyLock::new(|| {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let key = SigningKey::new("ins_fuzzed".into(), pair, Arc::new(Counter::default()));
        let claims = br#"{"sub":"user_x","sid":"sess_x","exp":1790000060,"v":2}"#;
        let tokens = [key.sign_session(claims), key.sign_by_template(claims)];
        (key, tokens.map(|token| token.expect("a signature")))
    });
    let (key, [session, template]) = &*SIGNED;
    let mut shown = vec![edited(session, data), edited(template, data)];
    shown.extend(String::from_utf8(data.to_vec()));
    // Another header, or other claims, over a signature that is good for what it was made for.
    let parts: Vec<&str> = session.split('.').collect();
    shown.push(format!(
        "{}.{}.{}",
        edited(parts[0], data),
        parts[1],
        parts[2]
    ));
    for token in shown {
        assert!(key.verify(&token).is_none() || token == *session, "{token}");
    }
    assert!(key.verify(session).is_some());
}

/// What is opened was sealed, as it stands, and for this purpose.
fn sealed(data: &[u8]) {
    static SEALED: LazyLock<(MasterKey, [String; 2])> = LazyLock::new(|| {
        let master = MasterKey::parse(&Secret::from("A".repeat(43))).expect("a key");
        let target = Url::parse("https://app.example.com/").expect("a URL");
        let nonce = Payload::new(&target, None, None, NOW)
            .seal(&master)
            .expect("a seal");
        let refresh = master
            .seal(Purpose::RefreshToken, b"sess_x")
            .expect("a seal");
        (master, [nonce, refresh])
    });
    let (master, [nonce, refresh]) = &*SEALED;
    let mut shown = vec![edited(nonce, data), edited(refresh, data)];
    shown.extend(String::from_utf8(data.to_vec()));
    for text in shown {
        assert!(Payload::open(master, &text, NOW).is_none() || text == *nonce);
        assert!(handshake::refresh_session(master, &text).is_none() || text == *refresh);
    }
    assert!(Payload::open(master, nonce, NOW).is_some());
}

/// A query is read as browsers write it: every value is under its name, in order, and none is anywhere else.
fn query(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let Ok(params) = Params::query(Some(text)) else {
        return;
    };
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(data) {
        let name = name.strip_suffix("[]").unwrap_or(&name).to_owned();
        expected.entry(name).or_default().push(value.into_owned());
    }
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in params.into_values() {
        let values = match value {
            Value::Array(list) => list,
            value => vec![value],
        };
        let texts = values
            .iter()
            .map(|value| value.as_str().expect("text").to_owned());
        found.insert(name, texts.collect());
    }
    assert_eq!(found, expected);
}

/// A body that is read is what any other reader of JSON makes of it, and says nothing twice.
fn json(data: &[u8]) {
    let Ok(params) = Params::json(data) else {
        return;
    };
    let read = Value::Object(params.into_values());
    let other: Value = serde_json::from_slice(data).expect("JSON");
    assert_eq!(read, other);
    let (mut colons, mut in_text, mut escaped) = (0, false, false);
    for byte in data {
        match byte {
            b'"' if !escaped => in_text = !in_text,
            b':' if !in_text => colons += 1,
            _ => {}
        }
        escaped = in_text && *byte == b'\\' && !escaped;
    }
    assert_eq!(names(&read), colons, "a name is there twice");
}

fn names(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.iter().map(names).sum(),
        Value::Object(map) => map.len() + map.values().map(names).sum::<usize>(),
        _ => 0,
    }
}

/// A row that is a user is the same user when it was written and read again.
fn row(data: &[u8]) {
    let Ok(given) = serde_json::from_slice::<Map<String, Value>>(data) else {
        return;
    };
    // Hashing one is slow, and not what is asked here.
    if given.contains_key("password") {
        return;
    }
    let read = |bytes: &[u8]| UserRow::parse(bytes).and_then(|row| row.read(NOW));
    let Ok(user) = read(data) else { return };
    let written = UserRow::write(&user.profile(), NOW);
    let bytes = serde_json::to_vec(&written).expect("JSON");
    let again =
        read(&bytes).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&bytes)));
    assert_eq!(UserRow::write(&again.profile(), NOW), written);
    for name in ["id", "external_id", "public_metadata"] {
        let given = given.get(name).filter(|value| !is_empty(value));
        assert_eq!(
            given,
            written.get(name).filter(|_| given.is_some()),
            "{name}"
        );
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Object(map) => map.is_empty(),
        value => value.is_null(),
    }
}
