//! The digest of a certificate that channel binding goes by (RFC 5929, `tls-server-end-point`).

use aws_lc_rs::digest::{self, Algorithm, SHA256, SHA384, SHA512};

/// The certificate's digest, by the hash of its own signature. None where that has no hash of its own (Ed25519) or one that
/// nobody here computes.
pub(super) fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let algorithm = hash(signature_algorithm(certificate)?)?;
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

fn hash(object_identifier: &[u8]) -> Option<&'static Algorithm> {
    Some(match object_identifier {
        // SHA-256 stands in for MD5 and SHA-1, in RSA and in ECDSA.
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"
        | b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"
        | b"\x2a\x86\x48\xce\x3d\x04\x01"
        | b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"
        | b"\x2a\x86\x48\xce\x3d\x04\x03\x02" => &SHA256,
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c" | b"\x2a\x86\x48\xce\x3d\x04\x03\x03" => &SHA384,
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d" | b"\x2a\x86\x48\xce\x3d\x04\x03\x04" => &SHA512,
        _ => return None,
    })
}

/// The object identifier of a certificate's signature: `SEQUENCE { what is signed, SEQUENCE { identifier, … }, … }`.
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (outer, _) = element(certificate)?;
    let (_, after) = element(outer)?;
    let (algorithm, _) = element(after)?;
    Some(element(algorithm)?.0)
}

/// The content of the first DER element, and what follows it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.get(1..)?.split_first()?;
    if first < 0x80 {
        return rest.split_at_checked(first.into());
    }
    let (size, rest) = rest.split_at_checked((first & 0x7f).into())?;
    if size.len() > 4 {
        return None;
    }
    let length = size
        .iter()
        .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_digested_by_the_hash_of_its_signature() {
        for (algorithm, length) in [
            (&rcgen::PKCS_ECDSA_P256_SHA256, Some(32)),
            (&rcgen::PKCS_ECDSA_P384_SHA384, Some(48)),
            (&rcgen::PKCS_RSA_SHA256, Some(32)),
            (&rcgen::PKCS_RSA_SHA512, Some(64)),
            (&rcgen::PKCS_ED25519, None),
        ] {
            let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
            let named = rcgen::CertificateParams::new(["db".to_owned()]).unwrap();
            let certificate = named.self_signed(&key).unwrap();
            let digest = end_point(certificate.der());
            assert_eq!(digest.map(|digest| digest.len()), length, "{algorithm:?}");
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_digest() {
        for bytes in [
            &b""[..],
            b"\x30",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\x89",
            b"\x30\x03\x30\x01\x00",
        ] {
            assert_eq!(end_point(bytes), None);
        }
    }
}
