//! The certificate authority: its key and certificate, and what it signs.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use standin_server::clock::Clock;

use super::{ENDINGS, write_open};
use crate::data::{Folder, read_private, write_private};
use crate::failure::{Exit, Failure, Result};

/// Browsers accept a server's certificate for 825 days at most, even from an authority of one's own.
const DAYS: i64 = 820;

/// An authority that is kept in a folder.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    /// Reads it, or makes it.
    pub fn read_or_make(folder: &Folder) -> Result<Self> {
        let (file, key_file) = (folder.path().join("ca.pem"), folder.path().join("ca.key"));
        let key = match read_private(&key_file)? {
            Some(key) => key,
            None => make(folder, &file, &key_file)?,
        };
        let certificate = std::fs::read_to_string(&file)
            .map_err(|error| Failure::io(format!("read {}", file.display()), &error))?;
        let key = KeyPair::from_pem(&key).map_err(|error| unusable(&error))?;
        let issuer =
            Issuer::from_ca_cert_pem(&certificate, key).map_err(|error| unusable(&error))?;
        Ok(Self { issuer, file })
    }

    /// The file with its certificate.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// A certificate for these names, and its key, both PEM.
    pub fn certify(&self, names: &[String]) -> Result<(String, String)> {
        let key = KeyPair::generate().map_err(|error| unusable(&error))?;
        let mut params = CertificateParams::new(names).map_err(|error| unusable(&error))?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Standin, for this machine");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) = validity(DAYS);
        let signed = params
            .signed_by(&key, &self.issuer)
            .map_err(|error| unusable(&error))?;
        Ok((signed.pem(), key.serialize_pem()))
    }
}

/// Makes key and certificate; the key last, so that a folder with a key is whole.
fn make(folder: &Folder, file: &Path, key_file: &Path) -> Result<String> {
    folder.make()?;
    let key = KeyPair::generate().map_err(|error| unusable(&error))?;
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Standin");
    params
        .distinguished_name
        .push(DnType::CommonName, "Standin, this machine's own authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: subtrees(),
        excluded_subtrees: Vec::new(),
    });
    (params.not_before, params.not_after) = validity(3650);
    let certificate = params.self_signed(&key).map_err(|error| unusable(&error))?;
    write_open(file, &certificate.pem())?;
    write_private(key_file, &key.serialize_pem())?;
    Ok(key.serialize_pem())
}

fn subtrees() -> Vec<GeneralSubtree> {
    let names = ENDINGS.map(|ending| GeneralSubtree::DnsName(ending.to_owned()));
    let loopback = [("127.0.0.0", 8), ("::1", 128)].map(|(address, prefix)| {
        let address: IpAddr = address.parse().unwrap_or(IpAddr::from([127, 0, 0, 1]));
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, prefix))
    });
    names.into_iter().chain(loopback).collect()
}

/// From yesterday, since clocks differ, and for so many days.
fn validity(days: i64) -> (time::OffsetDateTime, time::OffsetDateTime) {
    let day = |from_today: i64| {
        let at = jiff::Timestamp::from_millisecond(Clock::System.now().0).unwrap_or_default();
        let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        let date = date.saturating_add(jiff::Span::new().days(from_today));
        let part = |number: i8| u8::try_from(number).unwrap_or(1);
        date_time_ymd(date.year().into(), part(date.month()), part(date.day()))
    };
    (day(-1), day(days))
}

fn unusable(error: &rcgen::Error) -> Failure {
    Failure::new(
        Exit::Failed,
        "authority_unusable",
        format!("the authority cannot be used: {error}"),
    )
    .hint("begin anew", "remove ca.key and ca.pem, then standin trust")
}

#[cfg(test)]
mod tests {
    use standin_server::tls::Tls;

    use super::*;

    #[test]
    fn an_authority_is_made_once_and_its_certificates_are_fit_for_a_server() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::at(home.path().join("standin"));
        let made = Authority::read_or_make(&folder).unwrap();
        let text = std::fs::read_to_string(made.file()).unwrap();
        let again = Authority::read_or_make(&folder).unwrap();
        assert_eq!(std::fs::read_to_string(again.file()).unwrap(), text);
        let (chain, key) = again
            .certify(&["clerk.example.test".into(), "127.0.0.1".into()])
            .unwrap();
        assert!(Tls::from_pem(chain.as_bytes(), key.as_bytes()).is_ok());
    }
}
