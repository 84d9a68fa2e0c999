//! The certificate a server shows: two options that `dev` and `serve` share.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use standin_server::tls::Tls;

use crate::data::read_private;
use crate::failure::{Failure, Result};

#[derive(Args)]
pub struct Certificate {
    /// Speak https with this certificate chain, a PEM file
    #[arg(
        long,
        value_name = "FILE",
        env = "STANDIN_TLS_CERT",
        requires = "tls_key"
    )]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, a PEM file that only its owner can read
    #[arg(
        long,
        value_name = "FILE",
        env = "STANDIN_TLS_KEY",
        requires = "tls_cert"
    )]
    tls_key: Option<PathBuf>,
}

impl Certificate {
    /// The two files of the options, or these.
    pub fn or(self, other: Self) -> Self {
        if self.tls_cert.is_some() { self } else { other }
    }

    /// Files that something else than the command line names.
    pub fn of(tls_cert: Option<PathBuf>, tls_key: Option<PathBuf>) -> Self {
        Self { tls_cert, tls_key }
    }

    /// Whether there is one to show.
    pub fn is_given(&self) -> bool {
        self.tls_cert.is_some()
    }

    /// Reads the files, if there are any.
    ///
    /// # Errors
    /// A failure that names the file: it is not there, others can read the key, or the two do not fit.
    pub fn read(&self) -> Result<Option<Tls>> {
        let (chain, key) = match (&self.tls_cert, &self.tls_key) {
            (Some(chain), Some(key)) => (chain, key),
            (None, None) => return Ok(None),
            _ => {
                return Err(Failure::usage("a certificate and its key come together")
                    .hint("name both", "--tls-cert FILE --tls-key FILE"));
            }
        };
        let missing = |file: &Path| {
            let sentence = format!("there is no {}", file.display());
            Failure::usage(sentence).hint("on this machine", "standin trust NAME makes the two")
        };
        let chain = std::fs::read(chain).map_err(|error| match error.kind() {
            ErrorKind::NotFound => missing(chain),
            _ => Failure::io(format!("read {}", chain.display()), &error),
        })?;
        let key = read_private(key)?.ok_or_else(|| missing(key))?;
        Ok(Some(Tls::from_pem(&chain, key.as_bytes())?))
    }
}
