//! Invitations to the application, and who waits for one, as JSON (spec schemas `Invitation`, `WaitlistEntry`).

use serde_json::{Value, json};

use crate::clock::Time;
use crate::invitations::{Invitation, Status};
use crate::waitlist::Entry;

/// An invitation to the application. Its URL is shown to its creator only, once, who puts it here.
pub(crate) fn app_invitation(invitation: &Invitation, now: Time) -> Value {
    let status = invitation.term.status(now);
    json!({
        "object": "invitation",
        "id": invitation.id,
        "email_address": invitation.email_address,
        "public_metadata": invitation.public_metadata,
        "revoked": status == Status::Revoked,
        "status": status,
        "expires_at": invitation.term.expires_at,
        "created_at": invitation.created_at,
        "updated_at": invitation.updated_at,
    })
}

/// An address on the waitlist.
pub(crate) fn waitlist_entry(entry: &Entry, now: Time) -> Value {
    let invitation = entry.invitation.as_ref();
    json!({
        "object": "waitlist_entry",
        "id": entry.id,
        "email_address": entry.email_address,
        "status": entry.status(now),
        "is_locked": false,
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
        "invitation": invitation.map(|made| app_invitation(made, now)),
    })
}
