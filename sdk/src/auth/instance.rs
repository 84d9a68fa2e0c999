//! What a publishable key says: which instance, of which kind, and where browsers reach it.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use crate::{Error, Result};

/// Keys are written with and without padding, and by encoders that are careless about the last bits.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The instance that a publishable key names.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    /// The key itself.
    pub(crate) key: String,
    /// `pk_test_…`: handshakes travel in addresses, and a dev browser stands for the client.
    pub(crate) development: bool,
    /// Host and port of the Frontend API, as tokens name it in `iss`.
    pub(crate) host: String,
    /// What this instance's cookies end in.
    pub(crate) suffix: String,
}

impl Instance {
    /// Reads a publishable key: `pk_test_` or `pk_live_`, then the base64 of the host and a dollar sign.
    pub(crate) fn parse(key: &str) -> Result<Self> {
        let wrong = || {
            Error::setting(
                format!("{key:?} is not a publishable key (pk_test_… or pk_live_…)"),
                None,
            )
        };
        let (development, encoded) =
            match (key.strip_prefix("pk_test_"), key.strip_prefix("pk_live_")) {
                (Some(rest), _) => (true, rest),
                (_, Some(rest)) => (false, rest),
                _ => return Err(wrong()),
            };
        let decoded = LENIENT.decode(encoded).map_err(|_| wrong())?;
        let decoded = String::from_utf8(decoded).map_err(|_| wrong())?;
        let host = decoded.strip_suffix('$').ok_or_else(wrong)?;
        if !host.contains('.')
            || host.contains('$')
            || url::Url::parse(&format!("https://{host}/")).is_err()
        {
            return Err(wrong());
        }
        Ok(Self {
            key: key.to_owned(),
            development,
            host: host.to_owned(),
            suffix: suffix(key),
        })
    }

    /// Whether an issuer (`iss`, a scheme and a host) is this instance.
    pub(crate) fn issued(&self, issuer: &str) -> bool {
        let bare = issuer.split_once("://").map_or(issuer, |(_, host)| host);
        bare == self.host
    }
}

/// The first eight characters of base64url(SHA-1(key)). SHA-1 names cookies here, as every SDK does; it guards nothing.
fn suffix(key: &str) -> String {
    let sum = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let text = STANDARD
        .encode(sum.as_ref())
        .replace('+', "-")
        .replace('/', "_");
    text[..8].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publishable_key_names_its_instance() {
        let instance = Instance::parse("pk_test_MTI3LjAuMC4xOjQwMDAk").unwrap();
        assert!(instance.development);
        assert_eq!(
            (instance.host.as_str(), instance.suffix.as_str()),
            ("127.0.0.1:4000", "X-99I1TU")
        );
        assert!(
            instance.issued("http://127.0.0.1:4000") && !instance.issued("http://127.0.0.1:4001")
        );
        let live = Instance::parse("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k").unwrap();
        assert!(!live.development);
        assert_eq!(live.host, "clerk.example.com");
        // With padding, and with the last bits set.
        assert_eq!(
            Instance::parse("pk_test_Y2xlcmsuYS5leGFtcGxlLmNvbSQ=")
                .unwrap()
                .host,
            "clerk.a.example.com"
        );
        assert_eq!(
            Instance::parse("pk_test_Y2xlcmsuYS5leGFtcGxlLmNvbSR")
                .unwrap()
                .host,
            "clerk.a.example.com"
        );
    }

    #[test]
    fn what_is_no_publishable_key_is_refused() {
        let localhost = STANDARD.encode("localhost:4000$");
        let twice = STANDARD.encode("a.b$$");
        for key in [
            "",
            "pk_test_",
            "pk_test",
            "sk_test_MTI3LjAuMC4xOjQwMDAk",
            "pk_live_!!!",
            "pk_live_Y2xlcms_",
        ] {
            assert!(Instance::parse(key).is_err(), "{key}");
        }
        assert!(Instance::parse(&format!("pk_test_{localhost}")).is_err());
        assert!(Instance::parse(&format!("pk_test_{twice}")).is_err());
    }
}
