//! A client of the Backend API: the Rust SDK's, with what the command line knows about the server, and refusals told as
//! every [`Failure`] is.

mod page;
mod people;
mod target;

use serde_json::Value;
use standin::{Call, Error, Refusal};

use crate::failure::{Exit, Failure, Result};
use crate::terminal;
pub use page::PageOptions;
pub use people::{as_id, identifiers, names, user_id, with_suggestions};
pub use target::{ServerOptions, Target};

/// A server and a key to it.
pub struct Client {
    /// The SDK's client: every call begins here.
    pub api: standin::Client,
    pub target: Target,
}

impl Client {
    /// A client for what the command line names.
    pub fn of(options: &ServerOptions) -> Result<Self> {
        let target = options.resolve()?;
        if let Some(unused) = options.unused_key(&target) {
            terminal::note(unused);
        }
        Self::new(target)
    }

    /// The same for what only a development server does.
    ///
    /// # Errors
    /// `development_only` where the key is one of production.
    pub fn of_development(options: &ServerOptions) -> Result<Self> {
        let client = Self::of(options)?;
        if client.target.secret_key.starts_with("sk_live_") {
            let sentence = format!("{} is a server in production", client.target.api_url);
            return Err(Failure::new(Exit::Denied, "development_only", sentence)
                .hint("this is done to a server of", "standin dev"));
        }
        Ok(client)
    }

    /// A client for a known server.
    ///
    /// # Errors
    /// A usage failure where address or key are none.
    pub fn new(target: Target) -> Result<Self> {
        let builder = standin::Client::builder();
        let builder = builder.secret_key(&target.secret_key);
        let api = builder.api_url(&target.api_url).build();
        Ok(Self {
            api: api.map_err(Failure::usage)?,
            target,
        })
    }

    pub async fn ask<T>(&self, call: impl IntoFuture<Output = standin::Result<T>>) -> Result<T> {
        call.await.map_err(|error| self.failure(&error))
    }

    /// Sends a call and prints its answer as the server wrote it: what `--json` asks for.
    pub async fn print(&self, call: Call<Value>) -> Result<()> {
        terminal::print(self.ask(call).await?);
        Ok(())
    }

    /// Where browsers reach the server. One that is not told elsewhere is asked; it does not know where the Backend API
    /// has an address of its own.
    pub async fn public_url(&self) -> Option<String> {
        if let Some(url) = &self.target.public_url {
            return Some(url.clone());
        }
        let environment = self.api.environment().await.ok()?;
        Some(environment.public_url().to_owned())
    }

    /// What to tell of a call that failed.
    pub fn failure(&self, error: &Error) -> Failure {
        let url = &self.target.api_url;
        match (error.status(), error.refusals().first()) {
            (Some(status), Some(refusal)) => {
                let trace_id = error.trace_id().filter(|_| status.is_server_error());
                let failure = refused(status.as_u16(), refusal, trace_id);
                match failure.code.as_str() {
                    "clerk_key_invalid" => failure
                        .hint("the key is from", self.target.key_from)
                        .hint("name another", "--secret-key KEY"),
                    _ => failure,
                }
            }
            (Some(status), None) => Failure::new(
                Exit::Failed,
                "answer_strange",
                format!(
                    "{url} answered {status}, and not as Standin does; is this the Backend API's address?"
                ),
            ),
            (None, _) => {
                let start = match &self.target.folder {
                    Some(folder) => format!("standin dev --data {}", folder.display()),
                    None => "standin dev".to_owned(),
                };
                let sentence = format!("no server answers at {url}");
                Failure::new(Exit::Unreachable, "server_unreachable", sentence)
                    .hint("start it", start)
            }
        }
    }
}

fn refused(status: u16, refusal: &Refusal, trace_id: Option<&str>) -> Failure {
    let code = refusal.code.as_str();
    let sentence = refusal.long_message.as_deref().unwrap_or(&refusal.message);
    let sentence = if sentence.is_empty() { code } else { sentence };
    let exit = exit(code, status);
    let failure = Failure::new(exit, code, sentence);
    match trace_id {
        Some(id) => failure.hint("trace id", id),
        None => failure,
    }
}

fn exit(code: &str, status: u16) -> Exit {
    match (status, code) {
        (401 | 403 | 404, _) | (422, "redirect_url_domain_mismatch" | "form_identifier_exists") => {
            Exit::Denied
        }
        (400, code) if code.starts_with("agent_task_") => Exit::Denied,
        (422, _) => Exit::Usage,
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_shell_learns_what_kind_of_refusal_it_was() {
        let refused = |status, code: &str| {
            let refusal = json!({ "code": code, "message": "short", "long_message": "Longer." });
            refused(status, &serde_json::from_value(refusal).unwrap(), None)
        };
        for (status, code, exit) in [
            (404, "agent_task_not_found", Exit::Denied),
            (400, "agent_task_cannot_be_revoked", Exit::Denied),
            (403, "user_banned", Exit::Denied),
            (422, "form_param_format_invalid", Exit::Usage),
            (422, "redirect_url_domain_mismatch", Exit::Denied),
            (422, "form_identifier_exists", Exit::Denied),
            (503, "service_unavailable", Exit::Failed),
        ] {
            let failure = refused(status, code);
            assert_eq!(
                (failure.exit, failure.sentence.as_str()),
                (exit, "Longer."),
                "{code}"
            );
        }
    }

    #[test]
    fn a_refusal_without_a_sentence_is_told_by_its_code() {
        let refusal = serde_json::from_value(json!({ "code": "quota_exceeded" })).unwrap();
        let failure = refused(500, &refusal, Some("trace_1"));
        assert_eq!(failure.sentence, "quota_exceeded");
        assert_eq!(
            failure.hints,
            [("trace id".to_owned(), "trace_1".to_owned())]
        );
    }
}
