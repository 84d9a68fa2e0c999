//! Which server a command talks to, and with which key: as the command line says, as the environment says, or the one
//! that `standin dev` started on the data folder.

use std::path::PathBuf;

use crate::data::{DevJson, FOLDER, Folder};
use crate::failure::{Exit, Failure, Result};

/// The options every command of this kind takes.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Which server")]
pub struct ServerOptions {
    #[arg(
        long,
        value_name = "URL",
        help = "Its Backend API [env: CLERK_API_URL]"
    )]
    pub api_url: Option<String>,
    #[arg(
        long,
        value_name = "KEY",
        help = "Its secret key [env: CLERK_SECRET_KEY, where CLERK_API_URL is set too]"
    )]
    pub secret_key: Option<String>,
    #[arg(
        long,
        value_name = "DIR",
        help = "The data folder of a development server, instead of the two [env: STANDIN_DATA; default: ./.standin]"
    )]
    pub data: Option<PathBuf>,
}

/// A server, and what is known about it.
pub struct Target {
    /// The Backend API, without a trailing slash.
    pub api_url: String,
    /// The key to it.
    pub secret_key: String,
    /// Where the key was found, in words.
    pub key_from: &'static str,
    /// Known where it is the development server of a data folder, or of this process's parent.
    pub publishable_key: Option<String>,
    /// Likewise: the Frontend API, without a trailing slash.
    pub public_url: Option<String>,
    /// Likewise: the folder, where it is not the usual one.
    pub folder: Option<PathBuf>,
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl ServerOptions {
    /// The data folder meant.
    pub fn folder(&self) -> Folder {
        let named = self
            .data
            .clone()
            .or_else(|| env("STANDIN_DATA").map(PathBuf::from));
        Folder::at(named.unwrap_or_else(|| FOLDER.into()))
    }

    /// Says that a key in the environment is not used, where somebody may think that it is.
    pub fn unused_key(&self, target: &Target) -> Option<&'static str> {
        let key = env("CLERK_SECRET_KEY").filter(|key| *key != target.secret_key)?;
        let chosen = self.secret_key.is_some() || env("CLERK_API_URL").is_some();
        (!chosen && !key.is_empty()).then_some(
            "CLERK_SECRET_KEY is set and not used: alone it names no server. Set CLERK_API_URL beside it, or pass --secret-key",
        )
    }

    /// Decides. Options win over the environment, the environment over the usual data folder. A key alone in the
    /// environment names no server (it may well be one of Clerk's), so it is not used without an address beside it.
    pub fn resolve(&self) -> Result<Target> {
        let given = |option: &Option<String>| option.clone().filter(|text| !text.is_empty());
        let (mut url, mut key) = (given(&self.api_url), given(&self.secret_key));
        let mut key_from = "--secret-key";
        if self.data.is_none() && url.is_none() {
            url = env("CLERK_API_URL");
        }
        if url.is_some() && key.is_none() {
            key = env("CLERK_SECRET_KEY");
            key_from = "CLERK_SECRET_KEY in the environment";
        }
        let folder = self.folder();
        let trim = |url: &str| url.trim_end_matches('/').to_owned();
        let left = DevJson::read(&folder)?;
        let own = left.filter(|left| match (&url, &left.api_url) {
            (None, Some(_)) => true,
            (Some(url), Some(own)) => trim(url) == trim(own),
            (_, None) => false,
        });
        match (url, key, own) {
            (url, key, Some(left)) => Ok(Target {
                api_url: trim(&url.or(left.api_url).unwrap_or_default()),
                key_from: if key.is_some() {
                    key_from
                } else {
                    "dev.json in the data folder"
                },
                secret_key: key.unwrap_or(left.secret_key),
                publishable_key: left.publishable_key,
                public_url: left.public_url,
                folder: Some(folder.path().to_owned())
                    .filter(|path| path != &PathBuf::from(FOLDER)),
            }),
            (Some(url), Some(key), None) => Ok(Target {
                api_url: trim(&url),
                secret_key: key,
                key_from,
                publishable_key: env("CLERK_PUBLISHABLE_KEY"),
                public_url: env("CLERK_PROXY_URL")
                    .filter(|url| url.starts_with("http"))
                    .map(|url| trim(&url)),
                folder: None,
            }),
            (Some(url), None, None) => {
                Err(Failure::usage(format!("there is no secret key for {url}"))
                    .hint("name it", "--secret-key or CLERK_SECRET_KEY"))
            }
            (None, _, None) => Err(Failure::new(
                Exit::Unreachable,
                "server_unknown",
                format!(
                    "no server is known here: there is no {}",
                    DevJson::file(&folder).display()
                ),
            )
            .hint("start one", "standin dev")
            .hint("or name one", "--api-url URL --secret-key KEY")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(api_url: Option<&str>) -> (tempfile::TempDir, ServerOptions) {
        let folder = tempfile::tempdir().unwrap();
        let mut left = DevJson::read_or_make(&Folder::at(folder.path())).unwrap();
        left.api_url = api_url.map(Into::into);
        left.secret_key = "sk_test_own".into();
        left.write(&Folder::at(folder.path())).unwrap();
        let data = Some(folder.path().to_owned());
        (
            folder,
            ServerOptions {
                data,
                ..ServerOptions::default()
            },
        )
    }

    #[test]
    fn the_data_folder_names_its_server() {
        let (_folder, options) = left(Some("http://127.0.0.1:4747"));
        let target = options.resolve().unwrap();
        assert_eq!(target.api_url, "http://127.0.0.1:4747");
        assert_eq!(target.secret_key, "sk_test_own");
    }

    #[test]
    fn a_folders_key_goes_to_its_own_server_only() {
        let (_folder, mut options) = left(Some("http://127.0.0.1:4747"));
        options.api_url = Some("http://127.0.0.1:4747/".into());
        assert_eq!(options.resolve().unwrap().secret_key, "sk_test_own");
        options.secret_key = Some("sk_test_other".into());
        options.api_url = Some("https://elsewhere.example".into());
        let target = options.resolve().unwrap();
        assert_eq!(target.secret_key, "sk_test_other");
        assert_eq!(target.public_url, None);
    }

    #[test]
    fn a_folder_that_was_never_served_names_none() {
        let (_folder, options) = left(None);
        let failure = options.resolve().err().unwrap();
        assert_eq!(failure.exit, Exit::Unreachable);
        assert_eq!(failure.hints[0].1, "standin dev");
    }
}
