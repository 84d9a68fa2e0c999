//! `dev.json`: what a development server leaves for the commands beside it. The secret key is made once; the rest is
//! written anew at each start.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use standin_server::secret::Secret;
use url::Url;

use super::{Folder, read_private, write_private};
use crate::failure::{Exit, Failure, Result};

/// See the module's text.
#[derive(Clone, Serialize, Deserialize)]
pub struct Notes {
    /// `sk_test_…`
    pub secret_key: String,
    /// `pk_test_…`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publishable_key: Option<String>,
    /// The Backend API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_url: Option<String>,
    /// The Frontend API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// The process that serves, or served last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
}

impl Notes {
    /// Where they are kept.
    pub fn file(folder: &Folder) -> PathBuf {
        folder.path().join("dev.json")
    }

    /// Reads them, if there are any.
    pub fn read(folder: &Folder) -> Result<Option<Self>> {
        let file = Self::file(folder);
        let Some(text) = read_private(&file)? else {
            return Ok(None);
        };
        serde_json::from_str(&text).map(Some).map_err(|error| {
            let sentence = format!("{} cannot be understood: {error}", file.display());
            Failure::new(Exit::Failed, "notes_invalid", sentence)
                .hint("remove it, then", "standin dev")
        })
    }

    /// Reads them, or makes them with a new secret key.
    pub fn read_or_make(folder: &Folder) -> Result<Self> {
        if let Some(notes) = Self::read(folder)? {
            return Ok(notes);
        }
        let notes = Self {
            secret_key: Secret::with_prefix("sk_test_").expose().to_owned(),
            publishable_key: None,
            api_url: None,
            public_url: None,
            pid: None,
        };
        notes.write(folder)?;
        Ok(notes)
    }

    /// Keeps them.
    pub fn write(&self, folder: &Folder) -> Result<()> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Failure::new(Exit::Failed, "notes_invalid", error))?;
        write_private(&Self::file(folder), &format!("{text}\n"))
    }

    /// Whether the process that wrote them still serves.
    pub fn is_served(&self) -> bool {
        self.pid.is_some_and(is_alive) && self.api_url.as_deref().is_some_and(is_listening)
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
