//! What stands between `{{` and `}}`: operands, of which the first that is neither null nor false counts, and else the last.

use serde_json::{Number, Value as Json};

use super::facts::{Facts, Path};

/// A shortcode, compiled.
#[derive(Debug)]
pub(super) struct Expression(Vec<Operand>);

#[derive(Debug)]
enum Operand {
    Literal(Json),
    Path(Path),
}

/// A text taken apart, as far as the end of its first shortcode.
pub(super) struct Read<'a> {
    pub(super) expression: Expression,
    pub(super) rest: &'a str,
}

impl Expression {
    /// Reads what follows `{{`, up to `}}`.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow "a shortcode".
    pub(super) fn read(text: &str) -> Result<Read<'_>, String> {
        let mut operands = Vec::new();
        let (mut from, mut at) = (0, 0);
        let mut quoted = false;
        while let Some(next) = text[at..].chars().next() {
            let here = &text[at..];
            if next == '\'' {
                quoted = !quoted;
            } else if !quoted && here.starts_with("}}") {
                operands.push(Operand::read(&text[from..at])?);
                return Ok(Read {
                    expression: Self(operands),
                    rest: &here[2..],
                });
            } else if !quoted && here.starts_with("||") {
                operands.push(Operand::read(&text[from..at])?);
                at += 2;
                from = at;
                continue;
            }
            at += next.len_utf8();
        }
        Err("has no }}".into())
    }

    pub(super) fn value(&self, facts: &Facts<'_>) -> Json {
        let mut value = Json::Null;
        for operand in &self.0 {
            value = operand.value(facts);
            if !matches!(value, Json::Null | Json::Bool(false)) {
                break;
            }
        }
        value
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().filter_map(|operand| match operand {
            Operand::Path(path) => Some(path),
            Operand::Literal(_) => None,
        })
    }
}

impl Operand {
    fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let literal = match text.as_bytes() {
            [] => return Err("has nothing in it, or beside its ||".into()),
            [b'\'', inner @ .., b'\''] if !inner.contains(&b'\'') => {
                Json::String(text[1..text.len() - 1].to_owned())
            }
            [b'\'' | b'"', ..] => {
                return Err(format!(
                    "has {text} in it: a text stands in single quotes, with none inside"
                ));
            }
            [b'0'..=b'9' | b'-', ..] => match text.parse::<Number>() {
                Ok(number) => Json::Number(number),
                Err(_) => return Err(format!("has {text} in it, which is no number")),
            },
            b"true" => Json::Bool(true),
            b"false" => Json::Bool(false),
            _ => return Ok(Self::Path(Path::read(text))),
        };
        Ok(Self::Literal(literal))
    }

    fn value(&self, facts: &Facts<'_>) -> Json {
        match self {
            Self::Literal(literal) => literal.clone(),
            Self::Path(path) => path.value(facts),
        }
    }
}
