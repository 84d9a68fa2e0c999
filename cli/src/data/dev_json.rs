//! `dev.json`: what a development server leaves for the commands beside it. The secret key is made once; the rest is
//! written anew at each start.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use standin_server::secret::Secret;
use standin_server::stage::Stage;
use url::Url;

use super::{Folder, read_private, write_private};
use crate::failure::{Exit, Failure, Result};

#[derive(Clone, Serialize, Deserialize)]
pub struct DevJson {
    /// `sk_test_…`
    pub secret_key: String,
    /// `pk_test_…`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publishable_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// The process that serves, or served last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The folder it serves: a copy of the folder is not served by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// The seed it began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<PathBuf>,
}

impl DevJson {
    /// Where a folder has it.
    pub fn file(folder: &Folder) -> PathBuf {
        folder.path().join("dev.json")
    }

    /// Reads it, if it is there.
    ///
    /// # Errors
    /// `dev_json_invalid` for what no server wrote: nothing in it is taken on trust, since people edit it.
    pub fn read(folder: &Folder) -> Result<Option<Self>> {
        let file = Self::file(folder);
        let Some(text) = read_private(&file)? else {
            return Ok(None);
        };
        let read = serde_json::from_str(&text).map_err(|error| error.to_string());
        let read = read.and_then(|read: Self| read.check().map(|()| read));
        read.map(Some).map_err(|why| {
            let sentence = format!("{} cannot be understood: {why}", file.display());
            Failure::new(Exit::Failed, "dev_json_invalid", sentence)
                .hint("remove it, then", "standin dev makes a new one")
        })
    }

    fn check(&self) -> std::result::Result<(), String> {
        let of_a_key = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !self.secret_key.starts_with("sk_test_") || !self.secret_key.bytes().all(of_a_key) {
            return Err("secret_key is none of a development server (sk_test_…)".into());
        }
        for (name, url) in [("api_url", &self.api_url), ("public_url", &self.public_url)] {
            let Some(url) = url else { continue };
            let parsed = Url::parse(url).ok();
            if !parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https")) {
                return Err(format!("{name} is no address"));
            }
        }
        Ok(())
    }

    /// Reads it, or makes it with a new secret key.
    pub fn read_or_make(folder: &Folder) -> Result<Self> {
        if let Some(read) = Self::read(folder)? {
            return Ok(read);
        }
        let made = Self {
            secret_key: Secret::secret_key(Stage::Development).expose().to_owned(),
            publishable_key: None,
            api_url: None,
            public_url: None,
            pid: None,
            folder: None,
            seed: None,
        };
        made.write(folder)?;
        Ok(made)
    }

    pub fn write(&self, folder: &Folder) -> Result<()> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Failure::new(Exit::Failed, "dev_json_invalid", error))?;
        write_private(&Self::file(folder), &format!("{text}\n"))
    }

    /// Whether the process that wrote it still serves this folder.
    pub fn is_served(&self, folder: &Folder) -> bool {
        let copied = self.folder.is_some() && self.folder != folder.resolved();
        !copied
            && self.pid.is_some_and(is_alive)
            && self.api_url.as_deref().is_some_and(is_listening)
    }
}

fn is_alive(pid: u32) -> bool {
    i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

/// Whether something takes connections at the address of `url`.
fn is_listening(url: &str) -> bool {
    let address = Url::parse(url).ok().and_then(|url| {
        let address = (url.host_str()?.to_owned(), url.port_or_known_default()?);
        address.to_socket_addrs().ok()?.next()
    });
    address.is_some_and(|address: SocketAddr| {
        TcpStream::connect_timeout(&address, Duration::from_millis(300)).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_make_of_the_file_is_refused_and_never_a_panic() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::at(data.path());
        for text in [
            "",
            "{",
            "[]",
            "null",
            "{}",
            r#"{ "secret_key": 7 }"#,
            r#"{ "secret_key": "" }"#,
            r#"{ "secret_key": "é" }"#,
            r#"{ "secret_key": "sk_test_éé" }"#,
            r#"{ "secret_key": "sk_live_abcdefgh" }"#,
            r#"{ "secret_key": "sk_test_a", "pid": -1 }"#,
            r#"{ "secret_key": "sk_test_a", "api_url": "localhost:4747" }"#,
            r#"{ "secret_key": "sk_test_a", "public_url": "é" }"#,
        ] {
            write_private(&DevJson::file(&folder), text).unwrap();
            let refused = DevJson::read(&folder)
                .err()
                .unwrap_or_else(|| panic!("{text}"));
            assert_eq!(refused.code, "dev_json_invalid", "{text}");
            assert!(refused.sentence.contains("dev.json"), "{refused:?}");
        }
        for text in [
            r#"{ "secret_key": "sk_test_a", "pid": 0, "api_url": "http://localhost" }"#,
            r#"{ "secret_key": "sk_test_a", "pid": 4294967295, "api_url": "http://[::1]:1" }"#,
        ] {
            write_private(&DevJson::file(&folder), text).unwrap();
            let read = DevJson::read(&folder).unwrap().unwrap();
            assert!(!read.is_served(&folder), "{text}");
        }
    }

    #[test]
    fn a_copied_folder_is_not_served_by_the_server_of_the_original() {
        let (original, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (original, copy) = (Folder::at(original.path()), Folder::at(copy.path()));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut left = DevJson::read_or_make(&original).unwrap();
        left.pid = Some(std::process::id());
        left.api_url = Some(format!("http://{}", listener.local_addr().unwrap()));
        assert!(left.is_served(&original) && left.is_served(&copy));
        left.folder = original.resolved();
        assert!(left.is_served(&original) && !left.is_served(&copy));
    }
}
