//! What a handshake payload becomes when it arrives: the state of the session at that moment, as cookies. Both doors need
//! it: the Backend API for nonces, the Frontend API for payloads that travel as signed tokens.

use crate::app::App;
use crate::clients;
use crate::cookie::Cookie;
use crate::error::Result;
use crate::handshake::{self, Payload};
use crate::sessions;
use crate::tokens;

/// The directives for the application the payload is for: signed in as long as its session is active.
pub(crate) async fn directives(app: &App, payload: &Payload) -> Result<Vec<Cookie>> {
    let now = app.now();
    let (client, session) = (payload.client(), payload.session());
    let found = app
        .db
        .read(move |tx| {
            let (Some(client), Some(session)) = (&client, &session) else {
                return Ok(None);
            };
            let session = sessions::find(tx, session)?.filter(|session| session.is_active(now));
            session
                .map(|session| Ok((clients::get(tx, client)?, session)))
                .transpose()
        })
        .await?;
    let Some((client, session)) = found else {
        return Ok(payload.directives(&app.instance, None, now, ""));
    };
    let azp = (Some(payload.origin.as_str()), tokens::LIFE);
    let token = tokens::mint(&app.signing_key, &app.instance, &session, azp, now)?;
    let refresh = handshake::refresh_token(&app.master_key, &session.id)?;
    Ok(payload.directives(&app.instance, Some(&token), client.updated_at, &refresh))
}
