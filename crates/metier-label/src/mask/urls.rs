//! Finds what a URL says of who may enter: passwords, tokens and names before its host. Tokens in its query
//! are in `rules.toml`.

use memchr::memmem;

use super::chance::{of_words, random, stands_in};
use super::persons::is_shared_name;
use super::{Kind, Span, among};

/// Passwords that come with a database or a tutorial; where they stand, nothing is secret.
const KNOWN: &str = "\
    password passwd pass pwd secret postgres root admin guest mysql user test test123 token changeme example \
    rabbitmq redis mongo minioadmin";

pub(super) fn find(text: &[u8], spans: &mut Vec<Span>) {
    for at in memmem::find_iter(text, b"://") {
        let start = at + 3;
        if at == 0 || !text[at - 1].is_ascii_alphanumeric() {
            continue;
        }
        let length = text[start..].iter().take(512).take_while(|byte| !ends_authority(**byte)).count();
        let authority = &text[start..start + length];
        let Some(host) = memchr::memrchr(b'@', authority) else { continue };
        let entrance = &authority[..host];
        let (name, password) = match memchr::memchr(b':', entrance) {
            Some(colon) => (&entrance[..colon], Some(&entrance[colon + 1..])),
            None => (entrance, None),
        };
        match password {
            Some(password) if is_password(name, password) => {
                spans.push(Span::new(start + name.len() + 1, start + host, Kind::Secret));
            }
            _ => {}
        }
        if random(name, 16) && !stands_in(name) {
            spans.push(Span::new(start, start + name.len(), Kind::Secret));
        } else if password.is_none() && is_name(name) {
            spans.push(Span::new(start, start + name.len(), Kind::Person));
        }
    }
}

fn ends_authority(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte.is_ascii_control() || b"/?#\"'`<>\\|".contains(&byte)
}

fn is_password(name: &[u8], password: &[u8]) -> bool {
    password.len() >= 3
        && !password.eq_ignore_ascii_case(name)
        && !among(KNOWN, &password.to_ascii_lowercase())
        && !stands_in(password)
}

/// Whether what stands before a host names a person rather than a service.
fn is_name(name: &[u8]) -> bool {
    std::str::from_utf8(name).is_ok_and(|name| {
        name.len() >= 3
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            && of_words(name.as_bytes())
            && !is_shared_name(name)
            && !stands_in(name.as_bytes())
    })
}
