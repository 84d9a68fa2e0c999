//! Every answer that any test gets with a key, held against the document.

use std::sync::LazyLock;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use standin_server::OPENAPI;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(OPENAPI).unwrap());

/// Panics where an answer to a call that succeeded is not as the document has it, unless that is being written anew.
pub fn hold(method: &Method, path: &str, status: StatusCode, answer: &Value) {
    if std::env::var_os("STANDIN_WRITE_PAGES").is_some() {
        return;
    }
    let Some(operation) = operation(method, path) else {
        return;
    };
    let response = &operation["responses"][status.as_str()];
    let differs = match response.pointer("/content/application~1json/schema") {
        Some(schema) => differences(schema, answer, "$"),
        None if response.is_object() && answer.is_null() => Vec::new(),
        None => vec![format!("{status}")],
    };
    assert!(
        differs.is_empty(),
        "{method} {path} answers what /openapi.json does not say; where that is meant, a request in openapi/calls.txt must be \
         answered so before scripts/pages writes it: {differs:#?}"
    );
}

fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let parts: Vec<&str> = path.split('/').collect();
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let fits = |pattern: &str| {
        let pattern: Vec<&str> = pattern.split('/').collect();
        let mut pairs = pattern.iter().zip(&parts);
        pattern.len() == parts.len() && pairs.all(|(of, part)| of.starts_with('{') || of == part)
    };
    let fitting = paths.iter().filter(|(pattern, _)| fits(pattern));
    let (_, item) = fitting.min_by_key(|(pattern, _)| pattern.matches('{').count())?;
    item.get(method.as_str().to_lowercase())
}

/// In what a value is not as this schema has it. The document says of objects all that they may have.
fn differences(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.trim_start_matches('#');
        return differences(DOCUMENT.pointer(pointer).unwrap(), value, at);
    }
    if let Some(ways) = schema["anyOf"].as_array() {
        let each = ways.iter().map(|way| differences(way, value, at));
        return each.min_by_key(Vec::len).unwrap();
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is_of_kind = match &schema["type"] {
        Value::String(one) => one == kind,
        Value::Array(several) => several.contains(&kind.into()),
        _ => true,
    };
    if !is_of_kind || schema.get("const").is_some_and(|only| only != value) {
        return vec![format!("{at} is {value}")];
    }
    let mut all = Vec::new();
    for item in value.as_array().into_iter().flatten() {
        all.extend(differences(&schema["items"], item, &format!("{at}[]")));
    }
    if let (Some(fields), Some(known)) = (value.as_object(), schema["properties"].as_object()) {
        let wanted = schema["required"].as_array().into_iter().flatten();
        let absent = wanted.filter(|name| !fields.contains_key(name.as_str().unwrap()));
        all.extend(absent.map(|name| format!("{at} lacks {name}")));
        for (name, value) in fields {
            let at = format!("{at}.{name}");
            match known.get(name) {
                Some(schema) => all.extend(differences(schema, value, &at)),
                None => all.push(format!("{at} is new")),
            }
        }
    }
    all
}
