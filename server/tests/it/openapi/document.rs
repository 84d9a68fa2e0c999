//! The document, made of calls and what was seen of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use standin_server::Noted;

use super::calls::Call;
use super::requests::Seen;
use super::shapes::Shape;

const ABOUT: &str = "What a secret key opens, and what is open to all. Operations that Clerk has too behave as Clerk describes them; \
docs/coverage.md names what is not served. Those with `x-standin-own` are Standin's. Parameters are those that the server was seen to \
read; another one in a body is refused. Answers are shown as they were seen, and every answer in the server's tests is held against this document; \
of a field that was never seen but null no type is known. The Frontend API, which browsers call with cookies, shares addresses with this one and is not described here.";

/// What objects may be beside what they were seen to be: it takes another configuration, or time.
const ALSO: [(&str, &str); 3] = [
    ("domain", r#"{"proxy_url": null}"#),
    ("organization", r#"{"slug": null}"#),
    (
        "webhook_delivery",
        r#"{"next_attempt_at": null, "tried": [{"at": 1, "took_ms": 1, "status": 200, "error": null}]}"#,
    ),
];

/// What objects may lack: sessions of clients that came from nowhere that is known.
const LACKING: [(&str, &str); 1] = [("session_activity", "ip_address")];

/// Calls whose answers are described elsewhere: this document, and the body of `PUT /v1/seed`.
const UNDESCRIBED: [&str; 2] = ["GET /openapi.json", "GET /v1/seed"];

pub fn of(calls: &[(Call, Seen)]) -> Value {
    let mut paths = Map::new();
    let mut known = BTreeMap::new();
    for (call, seen) in calls {
        let item = paths.entry(call.path).or_insert_with(|| json!({}));
        item[call.method.to_lowercase()] = operation(call, seen, &mut known);
    }
    for (name, fields) in ALSO {
        let fields = serde_json::from_str(fields).unwrap();
        let also = Shape::partly(&fields, &mut known);
        known.get_mut(name).unwrap().merge(also);
    }
    for (name, field) in LACKING {
        known.get_mut(name).unwrap().may_lack(field);
    }
    let mut schemas = Map::from_iter([("errors".to_owned(), errors())]);
    for (name, shape) in known {
        let mut schema = shape.schema();
        if name != "deleted_object" {
            schema["properties"]["object"] = json!({ "const": name });
        }
        schemas.insert(name, schema);
    }
    let mut sections: Vec<Value> = Vec::new();
    for (call, _) in calls {
        let tag = json!({ "name": call.section });
        if !sections.contains(&tag) {
            sections.push(tag);
        }
    }
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Standin",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "externalDocs": { "description": "Clerk's description of its Backend API", "url": "https://clerk.com/docs/reference/backend-api" },
        "servers": [{ "url": "/" }],
        "tags": sections,
        "paths": paths,
        "components": {
            "parameters": { "IdempotencyKey": {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "Names the request: sent again within a day, it is done once and answered the same.",
                "schema": { "type": "string", "maxLength": 255 },
            } },
            "responses": refusals(calls),
            "schemas": schemas,
            "securitySchemes": { "secretKey": {
                "type": "http",
                "scheme": "bearer",
                "description": "A secret key, sk_test_… or sk_live_…. One of scope `read` opens what needs `read`, one of scope `tasks` also what needs `tasks`, one of scope `full` everything.",
            } },
        },
    })
}

fn together(codes: &BTreeSet<String>) -> String {
    codes.iter().cloned().collect::<Vec<_>>().join(".")
}

/// A refusal with one of some codes, for every combination that was met.
fn refusals(calls: &[(Call, Seen)]) -> Value {
    let response = |said: &str, schema| json!({ "description": said, "content": { "application/json": { "schema": schema } } });
    let errors = json!({ "$ref": "#/components/schemas/errors" });
    let probed = json!({
        "type": "object",
        "required": ["status", "message"],
        "properties": { "status": { "type": "string" }, "message": { "type": "string" } },
    });
    let mut all = Map::new();
    all.insert("not_now".into(), response("No.", probed));
    let other = "Refused for another reason, or failed.";
    all.insert("refused".into(), response(other, errors.clone()));
    for codes in calls.iter().flat_map(|(_, seen)| seen.refusals.values()) {
        let said: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
        let said = response(&said.join(" or "), errors.clone());
        all.insert(together(codes), said);
    }
    all.into()
}

fn errors() -> Value {
    json!({
        "type": "object",
        "required": ["errors", "clerk_trace_id"],
        "properties": {
            "errors": { "type": "array", "minItems": 1, "items": {
                "type": "object",
                "required": ["code", "message", "long_message"],
                "properties": {
                    "code": { "type": "string", "description": "docs/errors.md explains each." },
                    "message": { "type": "string" },
                    "long_message": { "type": "string" },
                    "meta": { "type": "object", "properties": { "param_name": { "type": "string" } } },
                },
            } },
            "clerk_trace_id": { "type": "string" },
        },
    })
}

fn operation(call: &Call, seen: &Seen, known: &mut BTreeMap<String, Shape>) -> Value {
    let in_path = call.in_path().into_iter();
    let in_path = in_path.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let mut parameters: Vec<Value> = in_path.collect();
    if call.reads() {
        parameters.extend(seen.asked.values().map(|one| {
            let mut parameter = json!({ "name": one.name, "in": "query", "schema": kind(one) });
            if is_required(one, seen) {
                parameter["required"] = true.into();
            }
            parameter
        }));
    } else if call.method == "POST" {
        parameters.push(json!({ "$ref": "#/components/parameters/IdempotencyKey" }));
    }
    let mut operation = json!({
        "operationId": operation_id(call),
        "tags": [call.section],
        "summary": call.summary,
        "parameters": parameters,
        "responses": responses(call, seen, known),
        "security": [],
        "x-standin-own": call.is_own,
    });
    if let Some(scope) = &call.scope {
        operation["security"] = json!([{ "secretKey": [] }]);
        operation["x-standin-scope"] = json!(scope);
    }
    if call.is_for_development() {
        operation["x-standin-development-only"] = true.into();
        operation["description"] =
            "In development only: elsewhere nothing lives at this address.".into();
    }
    if !call.reads() && !seen.asked.is_empty() {
        operation["requestBody"] = body(call, seen);
    }
    operation
}

fn responses(call: &Call, seen: &Seen, known: &mut BTreeMap<String, Shape>) -> Value {
    let mut all = Map::new();
    for (status, answers) in &seen.answers {
        let mut shape = Shape::default();
        for answer in answers {
            shape.merge(Shape::of(answer, known));
        }
        let schema = if UNDESCRIBED.contains(&&*call.name()) {
            json!({ "type": "object" })
        } else {
            shape.schema()
        };
        let mut response = json!({ "description": "Done." });
        if *status != 204 {
            response["content"] = json!({ "application/json": { "schema": schema } });
        }
        all.insert(status.to_string(), response);
    }
    for (status, codes) in &seen.refusals {
        let refused = format!("#/components/responses/{}", together(codes));
        all.insert(status.to_string(), json!({ "$ref": refused }));
    }
    if call.scope.is_some() {
        let refused = json!({ "$ref": "#/components/responses/refused" });
        all.insert("default".into(), refused);
    } else if call.path != "/openapi.json" {
        let refused = json!({ "$ref": "#/components/responses/not_now" });
        all.insert("503".into(), refused);
    }
    all.into()
}

pub fn is_required(one: &Noted, seen: &Seen) -> bool {
    let required = seen.required.as_ref();
    one.within.is_none_or(|within| within == "[]")
        && required.is_some_and(|names| names.contains(one.name))
}

fn kind(one: &Noted) -> Value {
    let mut schema = match (one.kind, one.name) {
        ("order", _) => json!({
            "type": "string",
            "pattern": format!("^[+-]?({})$", one.words.join("|")),
            "description": "The greatest first with `-` before it.",
        }),
        ("any", _) => json!({}),
        (_, "limit") => json!({ "type": "integer", "minimum": 1, "maximum": 500, "default": 10 }),
        (_, "offset") => json!({ "type": "integer", "minimum": 0, "default": 0 }),
        (kind, _) => match kind.strip_suffix("[]") {
            Some(item) => json!({ "type": "array", "items": { "type": item } }),
            None => json!({ "type": kind }),
        },
    };
    match one.kind {
        "string" if !one.words.is_empty() => schema["enum"] = json!(one.words),
        "string[]" if !one.words.is_empty() => schema["items"]["enum"] = json!(one.words),
        _ => {}
    }
    schema
}

/// What is not named is refused.
fn object(seen: &Seen, within: Option<&str>) -> Value {
    let mut properties = Map::new();
    let mut required = BTreeSet::new();
    for one in seen.asked.values().filter(|one| one.within == within) {
        let has_parts = seen.asked.keys().any(|(of, _)| *of == Some(one.name));
        let schema = if has_parts {
            object(seen, Some(one.name))
        } else {
            kind(one)
        };
        properties.insert(one.name.to_owned(), schema);
        if is_required(one, seen) {
            required.insert(one.name);
        }
    }
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}

fn body(call: &Call, seen: &Seen) -> Value {
    let is_list = seen.asked.keys().any(|(within, _)| *within == Some("[]"));
    let schema = if is_list {
        json!({ "type": "array", "minItems": 1, "items": object(seen, Some("[]")) })
    } else {
        object(seen, None)
    };
    let is_wanted = seen.required.as_ref().is_some_and(|all| !all.is_empty());
    let first = call.examples.first().copied().unwrap_or_default();
    let (content, example) = match first.strip_prefix("form ") {
        Some(fields) => ("application/x-www-form-urlencoded", fields),
        None => ("application/json", first),
    };
    let mut media = json!({ "schema": schema });
    if let Ok(example) = serde_json::from_str::<Value>(&readable(example)) {
        media["example"] = example;
    }
    json!({ "required": is_wanted || is_list, "content": { content: media } })
}

/// An example without what is filled in, or with something like it.
fn readable(example: &str) -> String {
    example
        .replace("\"$soon\"", "1893456000000")
        .replace("$user", "user_2abcdefghijklmnopqrstuvwxyz")
        .replace("$phone", "+12015550100")
        .replace("$port", "3000")
        .replace(" $n", "")
        .replace("$n", "")
        .replace('$', "the ")
}

/// As generators of clients want it: one word, its own.
fn operation_id(call: &Call) -> String {
    let mut id = call.method.to_lowercase();
    let parts = call.path.split('/');
    for part in parts.filter(|part| !part.is_empty() && *part != "v1") {
        let word = part.trim_matches(['{', '}']).replace(['.', '-'], "_");
        id.push_str(if part.starts_with('{') { "_by_" } else { "_" });
        id.push_str(&word);
    }
    id
}
