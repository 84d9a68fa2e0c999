//! Which of two sets of cookies is this instance's: the plain ones, which any instance on the host may have written, or
//! those with its suffix, which an older page may have left behind.

use super::cookies::{CLIENT_UAT, Cookies, SESSION};
use super::instance::Instance;
use super::token::Token;

/// Whether the suffixed cookies are to be taken, at the moment `now` (milliseconds since the epoch).
///
/// What the tokens say is used unverified here, and only to choose: whichever is chosen must verify.
pub(crate) fn applies(cookies: &Cookies<'_>, instance: &Instance, now: i64) -> bool {
    let (plain_session, own_session) = (cookies.plain(SESSION), cookies.suffixed(SESSION));
    let (plain_uat, own_uat) = (cookies.plain(CLIENT_UAT), cookies.suffixed(CLIENT_UAT));
    let plain = plain_session.as_deref().and_then(Token::read);
    if plain_session.is_some() {
        match plain.as_ref().and_then(Token::issuer) {
            // Broken: taken as it is, so that it ends signed out instead of in a handshake.
            None => return false,
            // Another instance's.
            Some(issuer) if !instance.issued(issuer) => return true,
            Some(_) => {}
        }
    }
    if own_uat.is_none() && own_session.is_none() {
        return false;
    }
    // Mostly both are the same, and reading a token is half the work that there is beside verifying it.
    let same = own_session == plain_session;
    let other = own_session
        .as_deref()
        .filter(|_| !same)
        .and_then(Token::read);
    let own = if same { plain.as_ref() } else { other.as_ref() };
    let issued = |token: Option<&Token<'_>>| token.and_then(Token::issued_at).unwrap_or(0.0);
    let (own_out, plain_out) = (
        own_uat.as_deref() == Some("0"),
        plain_uat.as_deref() == Some("0"),
    );
    if !own_out && !plain_out && issued(plain.as_ref()) > issued(own) {
        return false;
    }
    // Both old and new pages write the plain ones, so they are not the older ones.
    if own_out && !plain_out {
        return false;
    }
    // In development pages write these cookies, and an older page does not know the suffixed ones.
    let seconds = now.div_euclid(1000);
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since the epoch are far below 2^52"
    )]
    let expired = own
        .and_then(Token::expires_at)
        .is_some_and(|at| at <= seconds as f64);
    if instance.development && !own_out && plain_out && expired {
        return false;
    }
    // A Frontend API that writes no suffixed cookies.
    own_uat.is_some() || own_session.is_none()
}
