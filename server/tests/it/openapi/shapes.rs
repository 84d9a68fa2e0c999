//! What answers look like: of each value its types, merged over all answers in which an object of the same name is met.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// What was seen in one place.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    types: BTreeSet<&'static str>,
    /// The named objects.
    named: BTreeSet<String>,
    fields: BTreeMap<String, Shape>,
    /// Those that no object lacked.
    always: Option<BTreeSet<String>>,
    items: Option<Box<Shape>>,
}

/// What applications put their own keys into.
const FREE: [&str; 6] = [
    "public_metadata",
    "private_metadata",
    "unsafe_metadata",
    "claims",
    "payload",
    "actor",
];

impl Shape {
    /// Of a value; of objects that say what they are it is kept in `known`.
    pub fn of(value: &Value, known: &mut BTreeMap<String, Self>) -> Self {
        let mut shape = Self::default();
        match value {
            Value::Null => drop(shape.types.insert("null")),
            Value::Bool(_) => drop(shape.types.insert("boolean")),
            Value::Number(number) if number.is_f64() => drop(shape.types.insert("number")),
            Value::Number(_) => drop(shape.types.insert("integer")),
            Value::String(_) => drop(shape.types.insert("string")),
            Value::Array(list) => {
                shape.types.insert("array");
                let mut items = Self::default();
                for item in list {
                    items.merge(Self::of(item, known));
                }
                shape.items = Some(Box::new(items));
            }
            Value::Object(fields) => {
                let inner = Self::of_fields(fields, known);
                match fields.get("object").and_then(Value::as_str) {
                    Some(name) => {
                        let is_gone = fields.get("deleted") == Some(&true.into());
                        let name = if is_gone { "deleted_object" } else { name };
                        shape.named.insert(name.to_owned());
                        known.entry(name.to_owned()).or_default().merge(inner);
                    }
                    None => shape = inner,
                }
            }
        }
        shape
    }

    /// Of some fields of an object that has more.
    pub fn partly(fields: &Map<String, Value>, known: &mut BTreeMap<String, Self>) -> Self {
        let always = None;
        Self {
            always,
            ..Self::of_fields(fields, known)
        }
    }

    fn of_fields(fields: &Map<String, Value>, known: &mut BTreeMap<String, Self>) -> Self {
        let mut shape = Self::default();
        shape.types.insert("object");
        for (name, value) in fields {
            let value = match value {
                Value::Object(_) if FREE.contains(&&**name) => &json!({}),
                value => value,
            };
            shape.fields.insert(name.clone(), Self::of(value, known));
        }
        shape.always = Some(fields.keys().cloned().collect());
        shape
    }

    pub fn may_lack(&mut self, field: &str) {
        self.always.as_mut().unwrap().remove(field);
    }

    pub fn merge(&mut self, other: Self) {
        self.types.extend(other.types);
        self.named.extend(other.named);
        for (name, shape) in other.fields {
            self.fields.entry(name).or_default().merge(shape);
        }
        self.always = match (self.always.take(), other.always) {
            (Some(own), Some(more)) => Some(&own & &more),
            (own, more) => own.or(more),
        };
        if let Some(items) = other.items {
            self.items.get_or_insert_default().merge(*items);
        }
    }

    /// As JSON Schema. Of what was only ever null nothing is known.
    pub fn schema(&self) -> Value {
        let named = self.named.iter();
        let mut ways: Vec<Value> = named
            .map(|name| json!({ "$ref": format!("#/components/schemas/{name}") }))
            .collect();
        let mut plain = Map::new();
        let types: Vec<&str> = self.types.iter().copied().collect();
        match types[..] {
            [] | ["null"] if ways.is_empty() => return json!({}),
            [] => {}
            [one] => drop(plain.insert("type".into(), one.into())),
            _ => drop(plain.insert("type".into(), types.into())),
        }
        if let Some(items) = &self.items {
            plain.insert("items".into(), items.schema());
        }
        if !self.fields.is_empty() {
            let fields = self.fields.iter();
            let fields: Map<String, Value> = fields
                .map(|(name, shape)| (name.clone(), shape.schema()))
                .collect();
            plain.insert("properties".into(), fields.into());
            plain.insert("required".into(), json!(self.always));
        }
        if !plain.is_empty() {
            ways.push(plain.into());
        }
        match ways.len() {
            1 => ways.remove(0),
            _ => json!({ "anyOf": ways }),
        }
    }
}
