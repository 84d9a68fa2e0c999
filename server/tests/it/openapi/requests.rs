//! Calls made, and what was seen of them.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::RequestBuilder;
use serde_json::{Map, Value};
use standin_server::{Noted, asked_for};

use super::calls::Call;
use super::things::Things;
use crate::world::{Answer, Backend};

/// What is seen of a call.
#[derive(Default)]
pub struct Seen {
    /// What its handler asked for, by the object that it is part of and by name.
    pub asked: BTreeMap<(Option<&'static str>, &'static str), Noted>,
    /// What it is refused for the lack of, in whatever way it succeeds.
    pub required: Option<BTreeSet<String>>,
    /// What it answered, by status.
    pub answers: BTreeMap<u16, Vec<Value>>,
    /// Statuses of refusals, with their codes.
    pub refusals: BTreeMap<u16, BTreeSet<String>>,
}

/// A request as `calls.txt` has it, filled.
pub fn request(backend: &Backend, call: &Call, path: &str, example: &str) -> RequestBuilder {
    if let Some(query) = example.strip_prefix('?') {
        return backend.request(call.method.parse().unwrap(), &format!("{path}?{query}"));
    }
    let request = backend.request(call.method.parse().unwrap(), path);
    if let Some(fields) = example.strip_prefix("form ") {
        return request.form(&serde_json::from_str::<Map<String, Value>>(fields).unwrap());
    }
    if example.is_empty() {
        return request;
    }
    let body: Value =
        serde_json::from_str(example).unwrap_or_else(|error| panic!("{error}: {example}"));
    request.json(&body)
}

/// The names in a request, and the request without each.
fn lacking(example: &str) -> Vec<(String, String)> {
    if let Some(query) = example.strip_prefix('?') {
        let pairs: Vec<&str> = query.split('&').collect();
        let without = |one: &&str| {
            let name = one.split('=').next().unwrap().to_owned();
            let rest = pairs.iter().filter(|pair| *pair != one).copied();
            (name, format!("?{}", rest.collect::<Vec<_>>().join("&")))
        };
        return pairs.iter().map(without).collect();
    }
    let (form, json) = match example.strip_prefix("form ") {
        Some(json) => ("form ", json),
        None => ("", example),
    };
    let body: Value = serde_json::from_str(json).unwrap_or_default();
    let Some(fields) = body.get(0).unwrap_or(&body).as_object() else {
        return Vec::new();
    };
    let without = |name: &String| {
        let mut fields = fields.clone();
        fields.remove(name);
        let rest = Value::from(fields);
        let rest = if body.is_array() {
            Value::from(vec![rest])
        } else {
            rest
        };
        (name.clone(), format!("{form}{rest}"))
    };
    fields.keys().map(without).collect()
}

impl Seen {
    pub async fn of(things: &Things<'_>, call: &Call, weak: &Backend) -> Self {
        let mut seen = Self::default();
        let backend = &things.world.backend;
        if call.scope.is_some() {
            seen.turned_away(things, call, weak).await;
        }
        let examples = match &call.examples[..] {
            [] => &[""],
            examples => examples,
        };
        for example in examples {
            let required = seen.wanted(things, call, example).await;
            seen.required = Some(match seen.required.take() {
                Some(others) => &others & &required,
                None => required,
            });
            let (path, filled) = things.filled(call, example).await;
            let answer = seen
                .ask(request(backend, call, &path, &filled), backend)
                .await;
            assert!(answer.status.is_success(), "{}: {answer:?}", call.name());
        }
        seen
    }

    /// What it is refused for the lack of.
    async fn wanted(
        &mut self,
        things: &Things<'_>,
        call: &Call,
        example: &str,
    ) -> BTreeSet<String> {
        let backend = &things.world.backend;
        let mut wanted = BTreeSet::new();
        for (name, rest) in lacking(example) {
            let (path, rest) = things.filled(call, &rest).await;
            let lacking = request(backend, call, &path, &rest);
            let answer = self.ask(lacking, backend).await;
            let about = answer.json["errors"][0]["meta"]["param_name"].as_str();
            if about == Some(&name) && answer.code().contains("missing") {
                wanted.insert(name);
            }
        }
        wanted
    }

    /// How it refuses a stranger, a key that may not, an id of nothing, and a parameter that nobody knows.
    async fn turned_away(&mut self, things: &Things<'_>, call: &Call, weak: &Backend) {
        let backend = &things.world.backend;
        let parts = call.path.split('/');
        let parts = parts.map(|part| if part.starts_with('{') { "x" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        let nobody = backend.with_key("sk_test_nobody");
        let unknown = if call.reads() {
            "?nobody_knows=1"
        } else {
            "{\"nobody_knows\": 1}"
        };
        let first = call.examples.first().copied().unwrap_or_default();
        let whole = things.words(first).await;
        let needs_more = call.scope.as_deref() != Some("read");
        // What anybody may look at does not mind what somebody's mailing has added to its address.
        let strict = call.reads() && call.scope.is_some();
        let attempts = [
            (true, &nobody, "", Some(401)),
            (needs_more, weak, "", Some(403)),
            (path.contains("/x"), backend, &*whole, None),
            (true, backend, unknown, None),
        ];
        for (_, with, example, wanted) in attempts.into_iter().filter(|attempt| attempt.0) {
            let answer = self.ask(request(with, call, &path, example), with).await;
            let status = answer.status.as_u16();
            assert_eq!(status, wanted.unwrap_or(status), "{}", call.name());
            let ignored = strict && example == unknown && answer.status.is_success();
            assert!(!ignored, "{} knows nobody_knows", call.name());
        }
    }

    async fn ask(&mut self, request: RequestBuilder, backend: &Backend) -> Answer {
        asked_for();
        let answer = backend.send(request).await;
        for one in asked_for() {
            if one.within != Some("elsewhere") {
                self.asked.entry((one.within, one.name)).or_insert(one);
            }
        }
        let status = answer.status.as_u16();
        if answer.status.is_success() {
            let answers = self.answers.entry(status).or_default();
            answers.push(answer.json.clone());
        } else {
            let codes = self.refusals.entry(status).or_default();
            codes.insert(answer.code().to_owned());
        }
        answer
    }
}
