//! `standin trust`: certificates for names that mean this machine, signed by a certificate authority of its own.
//!
//! The authority is made once for each user. It is constrained to names that nobody on the internet can own and to
//! loopback addresses, so that even a stolen key of it deceives nobody elsewhere (RFC 5280 §4.2.1.10).

mod authority;
mod store;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::data::{FOLDER, Folder, temporary, write_private};
use crate::failure::{Exit, Failure, Result};
use crate::terminal::{self, BOLD, DIM};
use authority::Authority;

#[derive(Args)]
pub struct Trust {
    /// The names to make a certificate for, as in clerk.example.test; without any, only the authority is made
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Where tls.pem and tls.key go [default: ./.standin]
    #[arg(long, value_name = "DIR", env = "STANDIN_DATA", default_value = FOLDER, hide_default_value = true)]
    data: PathBuf,
    /// Where the authority is kept [default: ~/.local/share/standin]
    #[arg(long, value_name = "DIR", env = "STANDIN_CA")]
    ca: Option<PathBuf>,
    /// Add the authority to this machine's trust stores, as far as they are to be found
    #[arg(long, conflicts_with = "remove")]
    install: bool,
    /// Take it out of them again
    #[arg(long, conflicts_with = "names")]
    remove: bool,
}

/// Endings that are reserved for uses like this one: RFC 6761 §6, RFC 9476, ICANN's resolution on `.internal`.
const ENDINGS: [&str; 4] = ["localhost", "test", "internal", "alt"];

pub fn run(trust: &Trust, json: bool) -> Result<()> {
    let home = match &trust.ca {
        Some(folder) => folder.clone(),
        None => home()?,
    };
    trust.names.iter().try_for_each(|name| check_local(name))?;
    let authority = Authority::read_or_make(&Folder::at(&home))?;
    let mut told = json!({ "ca": authority.file() });
    if !trust.names.is_empty() {
        let folder = Folder::at(&trust.data);
        folder.make()?;
        let (chain, key) = authority.certify(&trust.names)?;
        let (chain_file, key_file) = (trust.data.join("tls.pem"), trust.data.join("tls.key"));
        write_private(&key_file, &key)?;
        write_open(&chain_file, &chain)?;
        told["tls_cert"] = json!(chain_file);
        told["tls_key"] = json!(key_file);
    }
    if trust.install || trust.remove {
        let changed = store::change(authority.file(), trust.install)?;
        told[if trust.install {
            "installed"
        } else {
            "removed"
        }] = json!(changed);
    }
    if json {
        terminal::print(told);
    } else {
        say(trust, &authority);
    }
    Ok(())
}

fn say(trust: &Trust, authority: &Authority) {
    if let Some(first) = trust.names.first() {
        let data = trust.data.display();
        terminal::say(format!(
            "a certificate for {}\n\n  {BOLD}standin dev --public-url https://{first}:4747 --tls-cert {data}/tls.pem --tls-key {data}/tls.key{BOLD:#}\n",
            trust.names.join(", "),
        ));
    }
    let file = authority.file().display();
    if !trust.remove {
        terminal::say(format!(
            "{DIM}Node trusts it with{DIM:#}      NODE_EXTRA_CA_CERTS={file}"
        ));
        if !trust.install {
            terminal::say(format!(
                "{DIM}this machine does after{DIM:#}  standin trust --install"
            ));
        }
    }
    terminal::print(file);
}

/// Refuses a name that somebody may own.
pub fn check_local(name: &str) -> Result<()> {
    let own = match name.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => ENDINGS.iter().any(|ending| {
            name.strip_suffix(ending)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        }),
    };
    if own && !name.contains('*') {
        return Ok(());
    }
    let sentence = format!(
        "{name} may belong to somebody; these certificates are for this machine's own names"
    );
    Err(Failure::new(Exit::Usage, "name_not_local", sentence)
        .hint(
            "names end in",
            ENDINGS.map(|ending| format!(".{ending}")).join(", "),
        )
        .hint(
            "a public name",
            "get a certificate for it and use --tls-cert and --tls-key",
        ))
}

/// Where programs keep a user's data (XDG base directories).
fn home() -> Result<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map(|folder| folder.join("standin"))
        .ok_or_else(|| {
            Failure::usage("there is no home folder to keep the authority in")
                .hint("name one", "--ca DIR")
        })
}

/// Replaces a file that everybody may read.
pub(super) fn write_open(file: &Path, text: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let written = temporary(file, text)?;
    let open = std::fs::Permissions::from_mode(0o644);
    let done = written.as_file().set_permissions(open);
    done.and_then(|()| written.persist(file).map_err(|error| error.error))
        .map(|_| ())
        .map_err(|error| Failure::io(format!("write {}", file.display()), &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_mean_this_machine_are_certified() {
        for name in [
            "localhost",
            "app.localhost",
            "clerk.example.test",
            "x.internal",
            "127.0.0.1",
            "::1",
        ] {
            assert!(check_local(name).is_ok(), "{name}");
        }
        for name in [
            "example.com",
            "contest",
            "test.example.com",
            "*.test",
            "192.168.0.1",
            "8.8.8.8",
            "",
        ] {
            assert!(check_local(name).is_err(), "{name}");
        }
    }
}
