//! A session that nobody has: what a user's tokens are measured with before claims are set.

use super::{Actor, Session};
use crate::clock::Time;
use crate::id::{AgentId, ClientId, SessionId, TaskId, UserId};

impl Session {
    /// A session as this user's would be that an agent opens now, to see how large its tokens are.
    pub fn specimen(user: &UserId, now: Time) -> Self {
        Self {
            id: SessionId::new(now),
            client_id: ClientId::new(now),
            user_id: user.clone(),
            actor: Some(Actor::Agent {
                id: AgentId::new(now),
                name: "an agent with a name of this size".into(),
                task: TaskId::new(now),
            }),
            chosen: None,
            organization: None,
            created_at: now,
            updated_at: now,
            expire_at: now.plus_seconds(86_400),
            last_active_at: now,
            ip: None,
            user_agent: None,
            ended_at: None,
            end_status: None,
            barred: false,
            waits: false,
            claims_revision: 0,
            verified_at: None,
            restricted: false,
        }
    }
}
