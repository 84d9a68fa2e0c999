//! A template: static values and shortcodes, compiled.

use serde_json::{Map, Value as Json};

use super::Custom;
use super::expression::{Expression, Read};
use super::facts::Facts;
use crate::error::{Error, Result};

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
    asks_for_user: bool,
}

#[derive(Debug)]
enum Node {
    /// The same in every token.
    Static(Json),
    /// A text that is one shortcode, and has whatever type that has.
    Value(Expression),
    /// A text with shortcodes in it.
    Text(Vec<Part>),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

#[derive(Debug)]
enum Part {
    Plain(String),
    Value(Expression),
}

impl Template {
    /// Compiles a template.
    ///
    /// # Errors
    /// [`Error::ClaimReserved`]; [`Error::ClaimsTooLarge`]; [`Error::ParamValue`] for a shortcode that cannot be read, or an
    /// audience that is none.
    pub fn new(kind: Kind, claims: &Map<String, Json>) -> Result<Self> {
        if let Some(name) = claims.keys().find(|name| kind.reserves(name)) {
            return Err(Error::ClaimReserved(name.clone()));
        }
        let bytes = serde_json::to_string(claims).map_or(usize::MAX, |text| text.len());
        if bytes > SOURCE_MAX {
            return Err(Error::ClaimsTooLarge {
                bytes,
                max: SOURCE_MAX,
            });
        }
        let members = members(claims)
            .map_err(|why| Error::ParamValue("claims", format!("sound: a shortcode {why}")))?;
        let audience = members.iter().find(|(name, _)| name == "aud");
        if audience.is_some_and(|(_, node)| !node.is_audience()) {
            let wanted = "an object whose aud is a string or a list of strings";
            return Err(Error::ParamValue("claims", wanted.into()));
        }
        Ok(Self {
            asks_for_user: members.iter().any(|(_, node)| node.asks_for_user()),
            members,
        })
    }

    /// Whether filling it in takes a look at the user.
    pub fn asks_for_user(&self) -> bool {
        self.asks_for_user
    }

    /// Puts facts in the place of shortcodes.
    ///
    /// # Errors
    /// [`Error::ClaimsTooLarge`].
    pub fn fill(&self, facts: &Facts<'_>) -> Result<Custom> {
        let mut out = String::new();
        write_members(&self.members, facts, &mut out)?;
        Ok(Custom { members: out })
    }
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
                parts.push(Part::Plain(before.to_owned()));
            }
            let read = Expression::read(after).map_err(|why| format!("in '{text}' {why}"))?;
            let Read {
                expression,
                rest: more,
            } = read;
            parts.push(Part::Value(expression));
            rest = more;
        }
        if parts.is_empty() {
            return Ok(Self::Static(text.into()));
        }
        if !rest.is_empty() {
            parts.push(Part::Plain(rest.to_owned()));
        }
        Ok(if let [Part::Value(_)] = parts[..] {
            match parts.pop() {
                Some(Part::Value(expression)) => Self::Value(expression),
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

    fn asks_for_user(&self) -> bool {
        let asks =
            |expression: &Expression| expression.paths().any(super::facts::Path::asks_for_user);
        match self {
            Self::Static(_) => false,
            Self::Value(expression) => asks(expression),
            Self::Text(parts) => parts
                .iter()
                .any(|part| matches!(part, Part::Value(expression) if asks(expression))),
            Self::List(list) => list.iter().any(Self::asks_for_user),
            Self::Object(members) => members.iter().any(|(_, node)| node.asks_for_user()),
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
            return Err(Error::ClaimsTooLarge {
                bytes: out.len(),
                max: FILLED_MAX,
            });
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
fn interpolated(parts: &[Part], facts: &Facts<'_>) -> String {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Plain(plain) => text.push_str(plain),
            Part::Value(expression) => match expression.value(facts) {
                Json::String(value) => text.push_str(&value),
                other => write_json(&other, &mut text),
            },
        }
    }
    text
}
