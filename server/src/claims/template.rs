//! A template: static values and shortcodes, compiled.

use serde_json::{Map, Value as Json};

use super::Custom;
use super::expression::{Expression, Read};
use super::facts::{Facts, Part};
use crate::error::{ClaimsError, Error, Result};

/// What tokens a template is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Session tokens.
    Session,
    /// Tokens for other services, by a JWT template of their own.
    Jwt,
}

/// Claims that the server writes itself, or that only a session token has.
const RESERVED: [&str; 15] = [
    "azp",
    "exp",
    "fea",
    "fva",
    "iat",
    "iss",
    "jti",
    "nbf",
    "o",
    "pla",
    "sid",
    "sts",
    "sub",
    "v",
    // SDKs set the cookies that a token of this instance lists here, for whoever shows it: such a token is a handshake's.
    "handshake",
];

impl Kind {
    fn reserves(self, claim: &str) -> bool {
        // A JWT template may say who acts, as `{{session.actor}}`; a session token says it by itself.
        RESERVED.contains(&claim) || (self == Self::Session && claim == "act")
    }
}

/// How large a template may be as JSON, in bytes.
const SOURCE_MAX: usize = 16 * 1024;
/// How large claims may be, filled in, in bytes. What goes into a cookie has a bound of its own, which is lower.
const FILLED_MAX: usize = 64 * 1024;

/// A JSON object whose texts may hold shortcodes, compiled.
#[derive(Debug)]
pub struct Template {
    members: Vec<(String, Node)>,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Node {
    /// The same in every token.
    Static(Json),
    /// A text that is one shortcode, and has whatever type that has.
    Value(Expression),
    /// A text with shortcodes in it.
    Text(Vec<Piece>),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

#[derive(Debug)]
enum Piece {
    Plain(String),
    Value(Expression),
}

impl Template {
    /// Compiles a template.
    ///
    /// # Errors
    /// [`ClaimsError::Reserved`]; [`ClaimsError::TooLarge`]; [`Error::ParamValue`] for a shortcode that cannot be read, or an
    /// audience that is none.
    pub fn new(kind: Kind, claims: &Map<String, Json>) -> Result<Self> {
        if let Some(name) = claims.keys().find(|name| kind.reserves(name)) {
            return Err(ClaimsError::Reserved(name.clone()).into());
        }
        let bytes = serde_json::to_string(claims).map_or(usize::MAX, |text| text.len());
        if bytes > SOURCE_MAX {
            return Err(too_large(bytes, SOURCE_MAX));
        }
        let members = members(claims)
            .map_err(|why| Error::ParamValue("claims", format!("sound: a shortcode {why}")))?;
        let audience = members.iter().find(|(name, _)| name == "aud");
        if audience.is_some_and(|(_, node)| !node.is_audience()) {
            let wanted = "an object whose aud is a string or a list of strings";
            return Err(Error::ParamValue("claims", wanted.into()));
        }
        Ok(Self {
            parts: [Part::User, Part::Organization]
                .into_iter()
                .filter(|part| members.iter().any(|(_, node)| node.asks_for(*part)))
                .collect(),
            members,
        })
    }

    /// Whether filling it in takes a look at this part.
    pub fn asks_for(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// Puts facts in the place of shortcodes.
    ///
    /// # Errors
    /// [`ClaimsError::TooLarge`].
    pub fn fill(&self, facts: &Facts<'_>) -> Result<Custom> {
        let mut out = String::new();
        write_members(&self.members, facts, &mut out)?;
        Ok(Custom { members: out })
    }
}

fn too_large(bytes: usize, max: usize) -> Error {
    ClaimsError::TooLarge { bytes, max }.into()
}

fn members(object: &Map<String, Json>) -> Result<Vec<(String, Node)>, String> {
    let compiled = |(name, value): (&String, &Json)| Ok((name.clone(), Node::new(value)?));
    object.iter().map(compiled).collect()
}

impl Node {
    fn new(value: &Json) -> Result<Self, String> {
        Ok(match value {
            Json::String(text) => Self::of_text(text)?,
            Json::Array(list) => Self::List(list.iter().map(Self::new).collect::<Result<_, _>>()?),
            Json::Object(object) => Self::Object(members(object)?),
            other => Self::Static(other.clone()),
        })
    }

    fn of_text(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            if !before.is_empty() {
                parts.push(Piece::Plain(before.to_owned()));
            }
            let read = Expression::read(after).map_err(|why| format!("in '{text}' {why}"))?;
            let Read {
                expression,
                rest: more,
            } = read;
            parts.push(Piece::Value(expression));
            rest = more;
        }
        if parts.is_empty() {
            return Ok(Self::Static(text.into()));
        }
        if !rest.is_empty() {
            parts.push(Piece::Plain(rest.to_owned()));
        }
        Ok(if let [Piece::Value(_)] = parts[..] {
            match parts.pop() {
                Some(Piece::Value(expression)) => Self::Value(expression),
                _ => Self::Static(Json::Null),
            }
        } else {
            Self::Text(parts)
        })
    }

    /// Whether it can be an audience (RFC 7519 §4.1.3). What a shortcode brings is not known yet.
    fn is_audience(&self) -> bool {
        match self {
            Self::Static(Json::String(_)) | Self::Text(_) | Self::Value(_) => true,
            Self::List(list) => list
                .iter()
                .all(|one| !matches!(one, Self::List(_)) && one.is_audience()),
            Self::Static(_) | Self::Object(_) => false,
        }
    }

    fn asks_for(&self, part: Part) -> bool {
        let asks = |expression: &Expression| expression.paths().any(|path| path.asks_for(part));
        match self {
            Self::Static(_) => false,
            Self::Value(expression) => asks(expression),
            Self::Text(parts) => parts
                .iter()
                .any(|part| matches!(part, Piece::Value(expression) if asks(expression))),
            Self::List(list) => list.iter().any(|node| node.asks_for(part)),
            Self::Object(members) => members.iter().any(|(_, node)| node.asks_for(part)),
        }
    }

    fn write(&self, facts: &Facts<'_>, out: &mut String) -> Result<()> {
        match self {
            Self::Static(value) => write_json(value, out),
            Self::Value(expression) => write_json(&expression.value(facts), out),
            Self::Text(parts) => write_json(&Json::String(interpolated(parts, facts)), out),
            Self::List(list) => {
                out.push('[');
                for (index, node) in list.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    node.write(facts, out)?;
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                write_members(members, facts, out)?;
                out.push('}');
            }
        }
        // Checked on the way, so that many shortcodes for one large object take no more memory than one.
        if out.len() > FILLED_MAX {
            return Err(too_large(out.len(), FILLED_MAX));
        }
        Ok(())
    }
}

fn write_members(members: &[(String, Node)], facts: &Facts<'_>, out: &mut String) -> Result<()> {
    for (index, (name, node)) in members.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_json(&Json::String(name.clone()), out);
        out.push(':');
        node.write(facts, out)?;
    }
    Ok(())
}

fn write_json(value: &Json, out: &mut String) {
    out.push_str(&value.to_string());
}

/// A text with the values in it: null is written out, as Clerk documents, and what is no text as JSON.
fn interpolated(pieces: &[Piece], facts: &Facts<'_>) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Plain(plain) => text.push_str(plain),
            Piece::Value(expression) => match expression.value(facts) {
                Json::String(value) => text.push_str(&value),
                other => write_json(&other, &mut text),
            },
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_looks_at_what_it_names_and_at_nothing_else() {
        let parts = |claims: &Json| {
            let template = Template::new(Kind::Session, claims.as_object().unwrap()).unwrap();
            [Part::User, Part::Organization].map(|part| template.asks_for(part))
        };
        for (claims, asked) in [
            (json!({}), [false, false]),
            (
                json!({ "a": "user.first_name", "b": "{{user.id}} {{session.id}}" }),
                [false, false],
            ),
            (json!({ "a": "{{user.i_dont_exist}}" }), [false, false]),
            (
                json!({ "a": { "b": ["{{1 || user.first_name}}"] } }),
                [true, false],
            ),
            (json!({ "a": "x {{org.id}}" }), [false, true]),
            (
                json!({ "a": "{{org_membership.role || user.username}}" }),
                [true, true],
            ),
        ] {
            assert_eq!(parts(&claims), asked, "{claims}");
        }
    }
}
