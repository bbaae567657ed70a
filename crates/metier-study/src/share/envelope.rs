//! What is around a bundle: its kind, a checksum, and perhaps a signature. Knows nothing of what is in it.
//!
//! The first line of the file is `metier bundle 1 KIND blake3:HEX`, and behind a signature ` ed25519:KEY:SIGNATURE` in hexadecimal
//! digits; the rest is the body. What is signed is that line up to the checksum.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::bundle::Problem;

/// The version of the line.
const VERSION: &str = "1";
/// A first line is shorter.
const LONGEST_LINE: usize = 1_000;

/// What is in a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sums that passed the gate.
    Aggregates,
    /// Pseudonymous rows for a collector.
    Rows,
    /// Counts with noise.
    Noisy,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Aggregates => "aggregates",
            Kind::Rows => "rows",
            Kind::Noisy => "noisy",
        }
    }
}

/// A bundle as it came: what is in it is as it was made, but not yet checked otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope<'b> {
    /// What is in it.
    pub kind: Kind,
    /// The body.
    pub body: &'b [u8],
    /// The checksum of the body, in hexadecimal digits.
    pub checksum: String,
    /// The public key of whoever signed it, in hexadecimal digits; none if nobody did.
    pub signed_by: Option<String>,
}

/// Whoever signs bundles.
pub struct Signer(Ed25519KeyPair);

impl Signer {
    /// A new key, in the form that [`Signer::new`] reads (PKCS #8).
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn make() -> Result<Vec<u8>, Problem> {
        let random = ring::rand::SystemRandom::new();
        let key = Ed25519KeyPair::generate_pkcs8(&random);
        key.map(|key| key.as_ref().to_vec()).map_err(|_| Problem::Signing)
    }

    /// The key in these bytes.
    ///
    /// # Errors
    /// If they are none.
    pub fn new(key: &[u8]) -> Result<Signer, Problem> {
        Ed25519KeyPair::from_pkcs8(key).map(Signer).map_err(|_| Problem::Signing)
    }

    /// The public key, in hexadecimal digits: what recipients have to know.
    pub fn public(&self) -> String {
        to_hex(self.0.public_key().as_ref())
    }
}

/// The bytes of a bundle.
pub fn seal(kind: Kind, body: &[u8], signer: Option<&Signer>) -> Vec<u8> {
    let mut line = format!("metier bundle {VERSION} {} blake3:{}", kind.name(), blake3::hash(body).to_hex());
    if let Some(signer) = signer {
        let signature = signer.0.sign(line.as_bytes());
        line.push_str(&format!(" ed25519:{}:{}", signer.public(), to_hex(signature.as_ref())));
    }
    line.push('\n');
    [line.as_bytes(), body].concat()
}

/// The bundle in these bytes, if its checksum and signature are right.
///
/// # Errors
/// If it is no bundle, of a version that is not known, was changed, or its signature is not that of its key.
pub fn open(bytes: &[u8]) -> Result<Envelope<'_>, Problem> {
    let end = bytes.iter().take(LONGEST_LINE).position(|byte| *byte == b'\n').ok_or(Problem::NoBundle)?;
    let line = std::str::from_utf8(&bytes[..end]).map_err(|_| Problem::NoBundle)?;
    let body = &bytes[end + 1..];
    let words: Vec<&str> = line.split(' ').collect();
    let (version, kind, checksum, signature) = match words.as_slice() {
        ["metier", "bundle", version, kind, checksum] => (version, kind, checksum, None),
        ["metier", "bundle", version, kind, checksum, signature] => {
            (version, kind, checksum, Some(signature))
        }
        _ => return Err(Problem::NoBundle),
    };
    if *version != VERSION {
        return Err(Problem::Version { what: "envelope", found: short(version), known: VERSION.to_owned() });
    }
    let kind = [Kind::Aggregates, Kind::Rows, Kind::Noisy]
        .into_iter()
        .find(|one| one.name() == *kind)
        .ok_or_else(|| Problem::Version {
            what: "kind",
            found: short(kind),
            known: "aggregates, rows, noisy".to_owned(),
        })?;
    let found = blake3::hash(body).to_hex().to_string();
    if checksum.strip_prefix("blake3:") != Some(&found) {
        return Err(Problem::Checksum);
    }
    let signed_by = match signature {
        None => None,
        Some(signature) => {
            let parts = signature.strip_prefix("ed25519:").and_then(|rest| rest.split_once(':'));
            let (key, signature) = parts.ok_or(Problem::Signature)?;
            let bytes = |hex| from_hex(hex).ok_or(Problem::Signature);
            let signed = line.rsplit_once(' ').map_or(line, |(signed, _)| signed);
            UnparsedPublicKey::new(&ED25519, bytes(key)?)
                .verify(signed.as_bytes(), &bytes(signature)?)
                .map_err(|_| Problem::Signature)?;
            Some(key.to_ascii_lowercase())
        }
    };
    Ok(Envelope { kind, body, checksum: found, signed_by })
}

/// The beginning of what a file says, for a message: printable and short.
fn short(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic()).take(20).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.len().is_multiple_of(2).then(|| digits.chunks_exact(2).map(byte).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens() {
        let sealed = seal(Kind::Aggregates, b"{}\n\n", None);
        let opened = open(&sealed).expect("it is as it was");
        assert_eq!((opened.kind, opened.body, opened.signed_by), (Kind::Aggregates, &b"{}\n\n"[..], None));
    }

    #[test]
    fn every_changed_byte_shows() {
        let signer = Signer::make().and_then(|key| Signer::new(&key)).expect("the system has random bytes");
        let sealed = seal(Kind::Rows, b"some body", Some(&signer));
        assert_eq!(open(&sealed).ok().and_then(|opened| opened.signed_by), Some(signer.public()));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&changed).is_err(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(open(&sealed[..length]).is_err(), "the first {length} bytes");
        }
        assert!(open(&[b'x'; 5000]).is_err() && open(b"").is_err());
    }

    #[test]
    fn somebody_elses_signature_is_none() {
        let signer =
            |_| Signer::make().and_then(|key| Signer::new(&key)).expect("the system has random bytes");
        let [one, other] = [1, 2].map(signer);
        let sealed = String::from_utf8(seal(Kind::Rows, b"body", Some(&one))).expect("it is text here");
        let swapped = sealed.replace(&one.public(), &other.public());
        assert_eq!(open(swapped.as_bytes()), Err(Problem::Signature));
    }
}
