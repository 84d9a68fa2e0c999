//! TLS towards PostgreSQL: whom its certificate is believed, what is shown of ourselves, and the bytes in between.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use super::certificate::end_point;
use crate::error::{Error, Result};

/// What shows the database who we are, PEM files both.
#[derive(Default)]
pub(super) struct Files {
    pub(super) certificate: Option<String>,
    pub(super) key: Option<String>,
}

fn unreadable(file: &str, why: impl std::fmt::Display) -> Error {
    Error::Config(format!(
        "{file}, for TLS to the database, cannot be used: {why}"
    ))
}

fn certificates(file: &str) -> Result<Vec<CertificateDer<'static>>> {
    let all: std::result::Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    match all {
        Ok(found) if found.is_empty() => Err(unreadable(file, "it holds no PEM certificate")),
        Ok(found) => Ok(found),
        Err(error) => Err(unreadable(file, error)),
    }
}

/// The private key of a file that is its owner's alone, or root's and a group's, as libpq has it.
fn private_key(file: &str) -> Result<PrivateKeyDer<'static>> {
    use std::os::unix::fs::MetadataExt as _;
    let found = std::fs::metadata(file).map_err(|error| unreadable(file, error))?;
    let others = if found.uid() == 0 { 0o037 } else { 0o077 };
    if found.mode() & others != 0 {
        return Err(unreadable(
            file,
            format!("others can read it; run: chmod 600 {file}"),
        ));
    }
    PrivateKeyDer::from_pem_file(file).map_err(|error| unreadable(file, error))
}

/// Whom a certificate is believed.
#[derive(Debug)]
pub(super) struct Trust {
    /// Nobody in particular, or these authorities.
    authorities: Option<RootCertStore>,
    /// Whether it must also be for the host that was connected to.
    names: bool,
    provider: Arc<CryptoProvider>,
}

impl Trust {
    fn new(authorities: Option<RootCertStore>, names: bool) -> Self {
        let provider = Arc::new(aws_lc_rs::default_provider());
        Self {
            authorities,
            names,
            provider,
        }
    }

    /// Encrypted, to whomever.
    pub(super) fn anyone() -> Self {
        Self::new(None, false)
    }

    /// The authorities of a file, whatever name they certify.
    pub(super) fn of_authority(file: &str) -> Result<Self> {
        Ok(Self::new(Some(authorities(file)?), false))
    }

    /// The authorities of a file, for the host that was asked for.
    pub(super) fn of_name(file: &str) -> Result<Self> {
        Ok(Self::new(Some(authorities(file)?), true))
    }

    /// The authorities that the machine trusts, for the host that was asked for.
    pub(super) fn system() -> Result<Self> {
        let mut found = RootCertStore::empty();
        found.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if found.is_empty() {
            let none = "sslrootcert=system: this machine has no list of authorities";
            return Err(Error::Config(none.into()));
        }
        Ok(Self::new(Some(found), true))
    }
}

fn authorities(file: &str) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(file)? {
        let added = store.add(certificate);
        added.map_err(|error| unreadable(file, error))?;
    }
    Ok(store)
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        if let Some(authorities) = &self.authorities {
            let algorithms = self.provider.signature_verification_algorithms.all;
            let parsed = ParsedCertificate::try_from(end_entity)?;
            verify_server_cert_signed_by_trust_anchor(
                &parsed,
                authorities,
                intermediates,
                now,
                algorithms,
            )?;
            if self.names {
                verify_server_name(&parsed, name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

/// Makes a connection a TLS one.
#[derive(Clone)]
pub(super) struct Connector(Arc<ClientConfig>);

impl Connector {
    pub(super) fn new(trust: Trust, files: &Files) -> Result<Self> {
        let unusable = |error: rustls::Error| {
            Error::Config(format!("TLS to the database cannot be set up: {error}"))
        };
        let builder = ClientConfig::builder_with_provider(trust.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(trust));
        let mut config = match (&files.certificate, &files.key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => builder
                .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
                .map_err(unusable)?,
            _ => {
                return Err(Error::Config(
                    "the database URL names one of sslcert and sslkey; they belong together".into(),
                ));
            }
        };
        // Asked for where TLS begins without the usual question (sslnegotiation=direct).
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(Self(Arc::new(config)))
    }
}

impl MakeTlsConnect<Socket> for Connector {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = io::Error;

    /// Called before it is known whether there will be TLS, and with an empty name where there cannot be.
    fn make_tls_connect(&mut self, host: &str) -> io::Result<Handshake> {
        Ok(Handshake {
            connector: self.0.clone(),
            host: host.to_owned(),
        })
    }
}

/// TLS about to begin with a host.
pub(super) struct Handshake {
    connector: Arc<ClientConfig>,
    host: String,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
            let connector = TlsConnector::from(self.connector);
            let stream = connector.connect(name, socket).await;
            let explained = |error| explained(error, &self.host);
            Ok(Encrypted(Box::new(stream.map_err(explained)?)))
        })
    }
}

/// Why no connection came about, in words that name the next step.
fn explained(error: io::Error, host: &str) -> io::Error {
    use rustls::Error::InvalidCertificate;
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref());
    let why = match cause {
        Some(InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        )) => "no authority in sslrootcert has signed it".to_owned(),
        Some(InvalidCertificate(why)) => why.to_string(),
        _ => return error,
    };
    io::Error::other(format!("the certificate of {host} is refused: {why}"))
}

/// An encrypted connection.
pub(super) struct Encrypted(Box<tokio_rustls::client::TlsStream<Socket>>);

impl TlsStream for Encrypted {
    /// Ties the password's proof to this very connection (RFC 5929), so that nobody in the middle can pass it on.
    fn channel_binding(&self) -> ChannelBinding {
        let (_, session) = self.0.get_ref();
        let own = session.peer_certificates().and_then(|chain| chain.first());
        match own.and_then(|certificate| end_point(certificate)) {
            Some(digest) => ChannelBinding::tls_server_end_point(digest),
            None => ChannelBinding::none(),
        }
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
