//! Invitations to the application as JSON (spec schema `Invitation`).

use serde_json::{Value, json};

use crate::clock::Time;
use crate::invitations::{Invitation, Status};

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
