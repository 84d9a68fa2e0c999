//! Whether anybody signed in while a command ran. A suite whose pages were signed out all along can pass, and shows nothing.

use standin::audit_logs::AuditLog;

use crate::client::Client;
use crate::failure::{Exit, Failure, Result};

/// The latest record of the audit trail before the command.
pub struct Before(i64);

impl Before {
    pub async fn now(client: &Client) -> Result<Self> {
        newest(client).await.map(Self)
    }

    /// # Errors
    /// `nobody_signed_in`, with what there was instead.
    pub async fn check(self, client: &Client) -> Result<()> {
        // Where the command reset the instance, the trail began anew.
        let before = if newest(client).await? < self.0 {
            0
        } else {
            self.0
        };
        let (mut made, mut refused) = (0, None);
        let mut records = client.api.audit_logs().limit(500).stream();
        while let Some(record) = client.ask(records.try_next()).await? {
            if record.seq <= before {
                break;
            }
            match (record.action.as_str(), record.result.as_str()) {
                ("session.create", "ok") => return Ok(()),
                ("task.create", "ok") => made += 1,
                ("task.refuse" | "task.replay", _) => refused = refused.or(Some(record)),
                _ => {}
            }
        }
        Err(nobody(made, refused.as_ref()))
    }
}

async fn newest(client: &Client) -> Result<i64> {
    let page = client.ask(client.api.audit_logs().limit(1)).await?;
    Ok(page.data.first().map_or(0, |record| record.seq))
}

fn nobody(made: u64, refused: Option<&AuditLog>) -> Failure {
    let what = match (made, refused) {
        (_, Some(record)) => format!(
            "the last link that was opened was refused: {}",
            record.result
        ),
        (0, None) => "no task was made either".to_owned(),
        (1, None) => "one task was made, and its link was not opened".to_owned(),
        (_, None) => format!("{made} tasks were made, and none of their links was opened"),
    };
    let sentence = format!(
        "the command succeeded, and nobody signed in while it ran (--expect-sign-in); {what}"
    );
    let failure = Failure::new(Exit::Failed, "nobody_signed_in", sentence);
    let failure = match made {
        0 => failure.hint(
            "do the tests ask this server?",
            "CLERK_API_URL and CLERK_SECRET_KEY are in the command's environment; a .env file must not replace them",
        ),
        _ => failure.hint(
            "do they open what they made?",
            "await page.goto(task.url), before the page that wants somebody signed in",
        ),
    };
    failure
        .hint(
            "what happened",
            "standin dev without --quiet prints a line for each request",
        )
        .hint(
            "what to check next",
            "docs/testing.md, \"A signed-out page\"",
        )
}
