//! Tickets of invitations, to the application and into organizations: their holders sign in by them, and strangers up.

use url::Url;

use super::arrival::{self, Arrival, Landing};
use crate::app::App;
use crate::caller::Caller;
use crate::db::Write;
use crate::error::Result;
use crate::id::MembershipId;
use crate::invitations::{self, Invited};
use crate::secret::Secret;
use crate::sessions::Session;
use crate::wire::Reply;

/// Opens a link as a page. Whoever holds the address is signed in; a stranger goes to the application to sign up there, with the
/// ticket in the address, under the name at which clerk-js looks for it.
pub(super) async fn open(
    app: &App,
    ticket: &Secret,
    arrival: &Arrival,
    home: Url,
    by: Caller,
) -> Reply {
    let now = by.at;
    // An address that is no longer allowed must not keep the invited out.
    let target = |wanted: Option<&str>| {
        let wanted = wanted.and_then(|url| app.policy.lands(url).ok());
        wanted.unwrap_or_else(|| home.clone())
    };
    let digest = ticket.digest();
    let stranger = app
        .db
        .read(move |tx| invitations::for_stranger(tx, &digest, now));
    if let Some(invited) = stranger.await? {
        let mut target = target(invited.redirect_url());
        target
            .query_pairs_mut()
            .append_pair("__clerk_ticket", ticket.expose())
            .append_pair("__clerk_status", "sign_up");
        return arrival::to(&target);
    }
    let (session, wanted) = spend(app, ticket, arrival, by, |_, session| Ok(session)).await?;
    let landing = Landing::First(Box::new(session));
    let target = target(wanted.as_deref());
    arrival.redirect(app, &landing, target, now).await
}

/// Spends a ticket for an arriving browser whose user holds the address. Returns what `also` reads in the same write, and where
/// the link leads, where that was said.
pub(super) async fn spend<T: Send + 'static>(
    app: &App,
    ticket: &Secret,
    arrival: &Arrival,
    by: Caller,
    also: fn(&mut Write<'_>, Session) -> Result<T>,
) -> Result<(T, Option<String>)> {
    let digest = arrival::known(app, ticket, invitations::knows).await?;
    let (of, now) = (app.clone(), by.at);
    let (sign_in, membership) = (arrival.sign_in(), MembershipId::new(now));
    let opened = app.db.write(by, move |tx| {
        match invitations::sign_in(tx, &digest, &membership, &sign_in)? {
            Ok((session, wanted)) => {
                of.check_token(tx, &session, now)?;
                Ok(Ok((also(tx, session)?, wanted)))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    });
    opened.await?
}

/// Takes a ticket from somebody who wants to sign up by it.
pub(super) async fn present(app: &App, ticket: &Secret, by: Caller) -> Result<Invited> {
    let digest = arrival::known(app, ticket, invitations::knows).await?;
    let presented = app
        .db
        .write(by, move |tx| invitations::present(tx, &digest));
    presented.await?
}
