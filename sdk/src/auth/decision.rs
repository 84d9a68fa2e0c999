//! The decision list: who is calling, from what the request shows and what is known.
//!
//! [`decide`] is a plain function. It waits for nothing and reads no clock: what it must know first (a key, what a nonce
//! stands for, what became of an expired token) it asks for by returning a [`Question`], and it is called again with the
//! answer among its [`Facts`]. Whoever carries the questions out decides nothing.
//!
//! The list, from top to bottom; the first line that fits decides:
//!
//! | the request shows | outcome |
//! |---|---|
//! | `Authorization: Bearer` | what the token says; cookies are not looked at, and no handshake is asked for, unless it expired |
//! | more than [`cookies::LONGEST`](super::cookies::LONGEST) of cookies | signed out, since nothing that a redirect sets would be read |
//! | a handshake's nonce or token | what the directives say; in development a redirect to the same address without it |
//! | development, a dev browser in the address | handshake: the browser was sent here by another page of the instance |
//! | development, no dev browser at all | handshake: the first visit of this browser |
//! | neither session nor `__client_uat` | signed out |
//! | one of the two | handshake: they must come together |
//! | a token that is no session's | signed out |
//! | a token from before the client's last change | handshake: somebody signed in or out elsewhere |
//! | an expired token | renewed, if there is a refresh cookie and it is a GET; else handshake |
//! | a token of the future | handshake: one of the clocks is wrong |
//! | any other token that does not verify | signed out |
//! | a valid token, on a page reached from another site | one more handshake, since that site may have signed somebody in |
//! | a valid token | signed in |
//!
//! A handshake needs a page (a GET that a browser navigates with) and ends after [`handshake::LOOP`] in a row; what cannot
//! have one is signed out for the same reason.
//!
//! It decides as Clerk's SDKs do, and where it does not it is stricter; the differential test holds it to both.

use std::sync::Arc;

use http::HeaderMap;

use super::Rules;
use super::claims::Claims;
use super::handshake::{self, Directives};
use super::key_cache::{Found, Key};
use super::keys::Keys;
use super::outcome::{Auth, Outcome};
use super::reason::{NotRenewed, Reason};
use super::request::{Incoming, Payload};
use super::token::{Demands, Failure, Token};

/// What is known beside the request.
pub(crate) struct Facts {
    /// Milliseconds since the epoch.
    pub(crate) now: i64,
    /// The keys at hand.
    pub(crate) at_hand: Arc<Keys>,
    /// Keys that were not at hand and had to be asked for, by name.
    pub(crate) keys: Vec<(String, Found)>,
    /// What the request's nonce stands for; empty if nothing.
    pub(crate) payload: Option<Vec<String>>,
    /// What became of the expired token: new cookies, or why not.
    pub(crate) renewal: Option<Result<Vec<String>, NotRenewed>>,
}

/// What must be known before there is an outcome. None is asked twice for one request.
#[derive(Debug)]
pub(crate) enum Question {
    /// The key of this name.
    Key(String),
    /// What this nonce stands for.
    Payload(String),
    /// New cookies for an expired token of this session.
    Renewal {
        session: String,
        token: String,
        refresh: String,
    },
}

/// A result, or what must be known before there is one.
type Known<T> = Result<T, Question>;

/// Decides who is calling.
pub(crate) fn decide(rules: &Rules, request: &Incoming<'_>, facts: &Facts) -> Known<Outcome> {
    Decision {
        rules,
        request,
        facts,
    }
    .outcome()
}

struct Decision<'a> {
    rules: &'a Rules,
    request: &'a Incoming<'a>,
    facts: &'a Facts,
}

impl Decision<'_> {
    fn outcome(&self) -> Known<Outcome> {
        if let Some(token) = self.request.bearer {
            return self.bearer(token);
        }
        if self.request.too_many_cookies {
            return Ok(signed_out(Reason::CookiesTooLong));
        }
        if let Some(outcome) = self.returned()? {
            return Ok(outcome);
        }
        let development = self.rules.instance.development;
        if development && self.request.dev_browser_in_url {
            return Ok(self.handshake(Reason::DevBrowserSync));
        }
        if development && self.request.dev_browser.is_none() {
            return Ok(self.handshake(Reason::DevBrowserMissing));
        }
        match (self.request.session.as_deref(), self.request.client_uat) {
            (None, 0) => Ok(signed_out(Reason::SessionTokenAndUatMissing)),
            (Some(_), 0) => Ok(self.handshake(Reason::SessionTokenButNoClientUat)),
            (None, _) => Ok(self.handshake(Reason::ClientUatButNoSessionToken)),
            (Some(token), _) => self.cookie(token),
        }
    }

    fn bearer(&self, text: &str) -> Known<Outcome> {
        match Token::read(text) {
            None => Ok(signed_out(Reason::TokenInvalid)),
            Some(token) if !token.is_of_a_session() => Ok(signed_out(Reason::TokenTypeMismatch)),
            Some(token) => match self.verify(token, self.rules.skew)? {
                Ok(claims) => Ok(signed_in(claims, text, HeaderMap::new())),
                Err(failure) => self.failed(failure),
            },
        }
    }

    fn cookie(&self, text: &str) -> Known<Outcome> {
        let Some(token) = Token::read(text) else {
            return Ok(signed_out(Reason::TokenInvalid));
        };
        if !token.is_of_a_session() {
            return Ok(signed_out(Reason::TokenTypeMismatch));
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds since the epoch are far below 2^52"
        )]
        let changed = self.request.client_uat as f64;
        if token.issued_at().is_some_and(|issued| issued < changed) {
            return Ok(self.handshake(Reason::SessionTokenIatBeforeClientUat));
        }
        let claims = match self.verify(token, self.rules.skew)? {
            Ok(claims) => claims,
            Err(failure) => return self.failed(failure),
        };
        // Whoever comes from another site may have been signed in there, by a sibling of this application.
        let foreign = self
            .request
            .foreign_referrer()
            .filter(|_| self.request.redirects == 0);
        if foreign.is_some_and(|page| !handshake::is_own_page(self.rules, self.request, &page)) {
            return Ok(self.handshake(Reason::PrimaryDomainCrossOriginSync));
        }
        Ok(signed_in(claims, text, HeaderMap::new()))
    }

    /// A browser that comes back from a handshake. `None` if what it brings is worth nothing, and the cookies are to be
    /// looked at after all.
    fn returned(&self) -> Known<Option<Outcome>> {
        let directives = match &self.request.payload {
            None => return Ok(None),
            Some(Payload::Nonce(nonce)) => match &self.facts.payload {
                None => return Err(Question::Payload(nonce.clone())),
                Some(directives) => directives.clone(),
            },
            Some(Payload::Token(text)) => match self.handshake_token(text)? {
                Ok(directives) => directives,
                // In development the payload is in the address, so it is not one of another application on a shared
                // domain: the instance's keys do not fit together, and another handshake would not help.
                Err(reason) if self.rules.instance.development => {
                    return Ok(Some(signed_out(reason)));
                }
                Err(_) => return Ok(None),
            },
        };
        let Directives { headers, token } = Directives::read(&directives);
        let verdict = if token.is_empty() {
            Err(Reason::SessionTokenMissing)
        } else {
            match self.handshake_session(&token)? {
                Some(claims) => Ok(claims),
                None => return Ok(None),
            }
        };
        if self.rules.instance.development {
            return Ok(Some(Outcome::redirect(
                handshake::clean(self.request),
                None,
                headers,
            )));
        }
        Ok(Some(match verdict {
            Ok(claims) => signed_in(claims, &token, headers),
            Err(reason) => Outcome::signed_out(reason, headers),
        }))
    }

    fn handshake_token(&self, text: &str) -> Known<Result<Vec<String>, Reason>> {
        let Some(token) = Token::read(text) else {
            return Ok(Err(Reason::TokenInvalid));
        };
        Ok(match self.key(&token)? {
            Ok(key) => token.verify_handshake(&key),
            Err(reason) => Err(reason),
        })
    }

    /// The session token that a handshake brought. In development a clock that is wrong by up to a day is forgiven, or
    /// nobody could sign in.
    fn handshake_session(&self, text: &str) -> Known<Option<Claims>> {
        const DAY: i64 = 86_400_000;
        let skew = if self.rules.instance.development {
            DAY
        } else {
            self.rules.skew
        };
        let Some(token) = Token::read(text) else {
            return Ok(None);
        };
        Ok(self.verify(token, skew)?.ok())
    }

    fn key(&self, token: &Token<'_>) -> Known<Result<Key, Reason>> {
        if let Err(reason) = token.check_header() {
            return Ok(Err(reason));
        }
        if let Some(key) = &self.rules.jwt_key {
            return Ok(Ok(key.clone()));
        }
        let Some(name) = token.key() else {
            return Ok(Err(Reason::KeyUnknown));
        };
        if let Some(key) = self.facts.at_hand.get(name) {
            return Ok(Ok(key.clone()));
        }
        match self.facts.keys.iter().find(|(known, _)| known == name) {
            Some((_, found)) => Ok(found.clone()),
            None => Err(Question::Key(name.to_owned())),
        }
    }

    fn verify(&self, token: Token<'_>, skew: i64) -> Known<Result<Claims, Failure>> {
        let key = match self.key(&token)? {
            Ok(key) => key,
            Err(reason) => return Ok(Err(reason.into())),
        };
        let demands = Demands {
            now: self.facts.now,
            skew,
            parties: &self.rules.parties,
        };
        Ok(token.verify(&key, &demands))
    }

    fn failed(&self, failure: Failure) -> Known<Outcome> {
        Ok(match failure {
            Failure::Refused(reason) => signed_out(reason),
            Failure::NotYet => self.handshake(Reason::SessionTokenNbf),
            Failure::IssuedInFuture => self.handshake(Reason::SessionTokenIatInTheFuture),
            Failure::Expired => match self.renewed()? {
                Ok(outcome) => outcome,
                Err(why) => self.handshake(Reason::SessionTokenExpired(why)),
            },
        })
    }

    /// An expired token renewed, without a redirect.
    fn renewed(&self) -> Known<Result<Outcome, NotRenewed>> {
        if !self.request.is_get() {
            return Ok(Err(NotRenewed::NotGet));
        }
        let Some(refresh) = &self.request.refresh else {
            return Ok(Err(NotRenewed::NoRefreshCookie));
        };
        let expired = self.request.token().unwrap_or_default();
        let directives = match &self.facts.renewal {
            Some(Ok(directives)) if directives.is_empty() => return Ok(Err(NotRenewed::Nothing)),
            Some(Ok(directives)) => directives,
            Some(Err(why)) => return Ok(Err(why.clone())),
            None => {
                let session =
                    Token::read(expired).and_then(|token| token.session().map(ToOwned::to_owned));
                let Some(session) = session else {
                    return Ok(Err(NotRenewed::NoSession));
                };
                return Err(Question::Renewal {
                    session,
                    token: expired.to_owned(),
                    refresh: refresh.clone().into_owned(),
                });
            }
        };
        let Directives {
            headers,
            token: text,
        } = Directives::read(directives);
        let claims = match Token::read(&text) {
            Some(token) => self.verify(token, self.rules.skew)?.ok(),
            None => None,
        };
        Ok(claims
            .map(|claims| signed_in(claims, &text, headers))
            .ok_or(NotRenewed::InvalidToken))
    }

    /// Sends the browser to the Frontend API, if it can be sent anywhere, and not for ever.
    fn handshake(&self, reason: Reason) -> Outcome {
        if !self.request.head.is_page() || self.request.redirects >= handshake::LOOP {
            return signed_out(reason);
        }
        let mut headers = HeaderMap::new();
        handshake::count(self.request, &mut headers);
        let location = handshake::ask(self.rules, self.request, &reason);
        Outcome::redirect(location, Some(reason), headers)
    }
}

fn signed_in(claims: Claims, token: &str, headers: HeaderMap) -> Outcome {
    if claims.is_pending() {
        return Outcome::signed_out(Reason::SessionPending, headers);
    }
    Outcome::signed_in(Auth::new(claims, token), headers)
}

fn signed_out(reason: Reason) -> Outcome {
    Outcome::signed_out(reason, HeaderMap::new())
}
