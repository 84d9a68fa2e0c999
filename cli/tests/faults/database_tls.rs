//! TLS to PostgreSQL, as the URL asks for it: whom the binary believes, what it shows, and what it says when it does not
//! connect.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::cluster::{self, Node};

/// An authority, and what it signed.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let own = params.self_signed(&key).unwrap();
        fs::write(folder.path().join("ca.pem"), own.pem()).unwrap();
        let issuer = Issuer::new(params, key);
        Self { folder, issuer }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate with its key, in two files.
    fn sign(&self, folder: &Path, name: &str, common_name: &str) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        let subject = &mut params.distinguished_name;
        subject.push(rcgen::DnType::CommonName, common_name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let file = |end: &str| folder.join(format!("{common_name}.{end}"));
        fs::write(file("pem"), certificate.pem()).unwrap();
        fs::write(file("key"), key.serialize_pem()).unwrap();
        fs::set_permissions(file("key"), fs::Permissions::from_mode(0o600)).unwrap();
        (file("pem"), file("key"))
    }
}

/// Who may come in, and how.
const RULES: &str = "\
hostssl   all certified 127.0.0.1/32 cert
hostssl   all proven    127.0.0.1/32 scram-sha-256
hostnossl all plain     127.0.0.1/32 trust
hostssl   all secret    127.0.0.1/32 trust
local     all standin                trust
host      all standin   127.0.0.1/32 trust
";

/// A server with a certificate for `localhost`.
fn server(folder: &Path, authority: &Authority) -> Node {
    let (certificate, key) = authority.sign(folder, "localhost", "server");
    let root = folder.join("root.pem");
    fs::copy(authority.file(), &root).unwrap();
    for file in [&certificate, &key, &root] {
        cluster::give(file);
    }
    let settings = format!(
        "ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\nssl_ca_file = '{}'\nhba_file = '{}'\n",
        certificate.display(),
        key.display(),
        root.display(),
        folder.join("rules").display(),
    );
    fs::write(folder.join("rules"), RULES).unwrap();
    cluster::give(&folder.join("rules"));
    let node = Node::new(folder, "server", &settings);
    node.sql("create role certified superuser login");
    node.sql("create role proven superuser login password 'word'");
    node.sql("create role plain superuser login; create role secret superuser login");
    node
}

/// What `standin key list` says to this database: nothing where it can use it.
fn told(url: &str) -> String {
    let folder = TempDir::new().unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_standin"))
        .args(["key", "list", "--database-url", url])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(
        done.status.success(),
        !said.contains("cannot be used"),
        "{said}"
    );
    if done.status.success() {
        String::new()
    } else {
        said
    }
}

fn assert_told(url: &str, wanted: &str) {
    let told = told(url);
    let fits = if wanted.is_empty() {
        told.is_empty()
    } else {
        told.contains(wanted)
    };
    assert!(fits, "{url} should have said {wanted:?} and said {told:?}");
}

/// Who asks, at which host, how, and what is said: nothing where it works. CA signed the server's certificate, STRANGER did
/// not, SHOWN names a client certificate.
const TABLE: &str = "\
secret       localhost sslmode=verify-full&sslrootcert=CA           =>
secret       127.0.0.1 sslmode=verify-full&sslrootcert=CA           => certificate of 127.0.0.1 is refused
secret       127.0.0.1 sslmode=verify-ca&sslrootcert=CA             =>
secret       localhost sslmode=verify-full&sslrootcert=STRANGER     => no authority in sslrootcert has signed it
secret       localhost sslmode=verify-ca&sslrootcert=STRANGER       => no authority in sslrootcert has signed it
secret       localhost sslmode=require&sslrootcert=STRANGER         => no authority in sslrootcert has signed it
secret       127.0.0.1 sslmode=require                              =>
secret       127.0.0.1 sslmode=prefer                               =>
secret       127.0.0.1 connect_timeout=5                            =>
secret       127.0.0.1 sslmode=allow                                =>
secret       127.0.0.1 sslmode=disable                              => no encryption
plain        127.0.0.1 sslmode=allow                                =>
plain        127.0.0.1 sslmode=prefer                               =>
plain        127.0.0.1 sslmode=require                              => SSL encryption
certified    localhost sslmode=require                              => valid client certificate
certified    localhost sslmode=verify-full&sslrootcert=CA&SHOWN     =>
proven:word  localhost sslmode=require&channel_binding=require      =>
proven:false localhost sslmode=require&channel_binding=require      => password authentication failed
";

#[test]
fn the_database_is_believed_and_shown_what_its_url_says() {
    if !cluster::is_possible() {
        return;
    }
    let (folder, authority, stranger) = (cluster::folder(), Authority::new(), Authority::new());
    let node = server(folder.path(), &authority);
    let own = TempDir::new().unwrap();
    let (certificate, key) = authority.sign(own.path(), "client", "certified");
    let shown = format!("sslcert={}&sslkey={}", certificate.display(), key.display());
    let url = |who: &str, host: &str, query: &str| {
        let query = query
            .replace("CA", authority.file().to_str().unwrap())
            .replace("STRANGER", stranger.file().to_str().unwrap())
            .replace("SHOWN", &shown);
        format!("postgres://{who}@{host}:{}/postgres?{query}", node.port)
    };
    for row in TABLE.lines() {
        let (asked, wanted) = row.split_once("=>").unwrap();
        let asked: Vec<&str> = asked.split_whitespace().collect();
        assert_told(&url(asked[0], asked[1], asked[2]), wanted.trim());
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let open = url("certified", "localhost", "sslmode=require&SHOWN");
    assert_told(&open, "others can read it; run: chmod 600");
    let plain = Node::new(folder.path(), "plain", "");
    for (mode, wanted) in [
        ("require", "does not support TLS"),
        ("prefer", ""),
        ("disable", ""),
    ] {
        let port = plain.port;
        let url = format!("postgres://standin@127.0.0.1:{port}/postgres?sslmode={mode}");
        assert_told(&url, wanted);
    }
}
