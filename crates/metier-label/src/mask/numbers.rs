//! Finds numbers with a meaning: payment cards, IBANs, phone numbers and addresses on the internet. Each must
//! pass the check that such numbers have, or stand where only they stand, for most numbers in a transcript
//! mean nothing.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Kind, Span};

/// Words, in lower case, after which a number is a phone number.
pub(super) const PHONE_WORDS: &[&str] =
    &["phone", "mobile", "tel:", "tel.", "telefon", "whatsapp", "fax", "handy", "call me", "sms to", "cell:"];

/// Adds what the digits of a text mean, but for phone numbers that only a word gives away.
pub(super) fn find(text: &[u8], spans: &mut Vec<Span>) {
    let mut at = 0;
    while at < text.len() {
        if !text[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        at += text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let run = at - start;
        let before = start.checked_sub(1).map(|at| text[at]);
        match before {
            Some(b'+') if start < 2 || !is_word(text[start - 2]) && text[start - 2] != b'+' => {
                at = at.max(abroad(text, start, spans));
            }
            Some(b'(') if run == 3 => at = at.max(american(text, start, spans)),
            Some(byte) if byte.is_ascii_uppercase() => at = at.max(iban(text, start, spans)),
            Some(byte) if is_word(byte) => {}
            _ => {
                let found = match text.get(at) {
                    Some(b'.') if run <= 3 => ipv4(text, start, spans),
                    Some(b':' | b'a'..=b'f' | b'A'..=b'F') if run <= 4 && b"23".contains(&text[start]) => {
                        ipv6(text, start, spans)
                    }
                    _ if run >= 4 => card(text, start, spans),
                    _ => at,
                };
                at = at.max(found);
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Payment cards: 13 to 19 digits, alone or in groups, that begin as those of a scheme and pass Luhn's check.
fn card(text: &[u8], start: usize, spans: &mut Vec<Span>) -> usize {
    if start > 0
        && b".-/:=,#".contains(&text[start - 1])
        && text[start - 1] != b':'
        && text[start - 1] != b'='
    {
        return start;
    }
    let mut digits = Vec::with_capacity(19);
    let mut groups = vec![0usize];
    let mut separator = None;
    let mut end = start;
    for (at, &byte) in text.iter().enumerate().skip(start).take(30) {
        if byte.is_ascii_digit() {
            digits.push(byte - b'0');
            *groups.last_mut().expect("one group from the beginning") += 1;
            end = at + 1;
        } else if b" -".contains(&byte)
            && *separator.get_or_insert(byte) == byte
            && text.get(at + 1).is_some_and(u8::is_ascii_digit)
        {
            groups.push(0);
        } else {
            break;
        }
    }
    let follows = text.get(end).copied();
    let grouped =
        matches!(groups.as_slice(), [13..=16] | [4, 4, 4, 4] | [4, 6, 5] | [4, 6, 4] | [4, 4, 4, 4, 1..=3]);
    let goes_on = follows.is_some_and(|byte| b".-".contains(&byte))
        && text.get(end + 1).is_some_and(|&byte| is_word(byte));
    let apart = !goes_on && !follows.is_some_and(is_word);
    if grouped && apart && is_scheme(&digits) && luhn(&digits) {
        spans.push(Span::new(start, end, Kind::Card));
    }
    end
}

/// Whether digits begin as the numbers of a card scheme do, and have as many. (ISO/IEC 7812; ranges as
/// published by the schemes.)
fn is_scheme(digits: &[u8]) -> bool {
    if digits.len() < 13 {
        return false;
    }
    let first = |n: usize| digits[..n].iter().fold(0u32, |number, &digit| number * 10 + u32::from(digit));
    match digits.len() {
        13 => first(1) == 4,
        14 => matches!(first(3), 300..=305) || matches!(first(2), 36 | 38),
        15 => matches!(first(2), 34 | 37),
        16 => {
            first(1) == 4
                || matches!(first(2), 51..=55 | 62 | 65)
                || matches!(first(4), 2221..=2720 | 3528..=3589 | 6011)
        }
        _ => first(1) == 4 && digits.len() == 19 || first(2) == 62,
    }
}

/// Luhn's check (US patent 2,950,048): from the right, every second digit doubled, the sum of all digits ends
/// in 0.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, &digit)| {
            let digit = u32::from(digit);
            if at % 2 == 0 { digit } else { (digit * 2) / 10 + (digit * 2) % 10 }
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|&digit| digit != 0)
}

/// International bank account numbers: two letters, and as many characters as their country has; the check of
/// ISO 7064, MOD 97-10.
fn iban(text: &[u8], digits: usize, spans: &mut Vec<Span>) -> usize {
    let Some(start) = digits.checked_sub(2).filter(|&start| text[start].is_ascii_uppercase()) else {
        return digits;
    };
    if start > 0 && is_word(text[start - 1]) {
        return digits;
    }
    let Some(length) = iban_length(&text[start..start + 2]) else { return digits };
    let mut number = Vec::with_capacity(length);
    let mut end = start;
    for (at, &byte) in text.iter().enumerate().skip(start).take(length + 9) {
        if byte.is_ascii_digit() || byte.is_ascii_uppercase() {
            number.push(byte);
            end = at + 1;
        } else if byte != b' ' || number.len() % 4 != 0 {
            break;
        }
        if number.len() == length {
            break;
        }
    }
    if number.len() != length || text.get(end).is_some_and(|&byte| is_word(byte)) {
        return digits;
    }
    number.rotate_left(4);
    let rest = number.iter().fold(0u32, |rest, &byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    if rest != 1 {
        return digits;
    }
    spans.push(Span::new(start, end, Kind::Iban));
    end
}

/// How many characters the IBANs of a country have (SWIFT, IBAN registry, release 99).
fn iban_length(country: &[u8]) -> Option<usize> {
    Some(match country {
        b"NO" => 15,
        b"BE" => 16,
        b"DK" | b"FI" | b"FO" | b"GL" | b"NL" => 18,
        b"MK" | b"SI" => 19,
        b"AT" | b"BA" | b"EE" | b"KZ" | b"LT" | b"LU" | b"XK" => 20,
        b"CH" | b"HR" | b"LI" | b"LV" => 21,
        b"BG" | b"BH" | b"CR" | b"DE" | b"GB" | b"GE" | b"IE" | b"ME" | b"RS" | b"VA" => 22,
        b"AE" | b"GI" | b"IL" | b"IQ" | b"OM" | b"TL" => 23,
        b"AD" | b"CZ" | b"ES" | b"MD" | b"PK" | b"RO" | b"SA" | b"SE" | b"SK" | b"TN" | b"VG" => 24,
        b"LY" | b"PT" | b"ST" => 25,
        b"IS" | b"TR" => 26,
        b"FR" | b"GR" | b"IT" | b"MC" | b"MR" | b"SM" => 27,
        b"AL" | b"AZ" | b"BY" | b"CY" | b"DO" | b"GT" | b"HU" | b"LB" | b"NI" | b"PL" | b"SV" => 28,
        b"BR" | b"EG" | b"PS" | b"QA" | b"UA" => 29,
        b"JO" | b"KW" | b"MU" => 30,
        b"MT" | b"SC" => 31,
        b"LC" => 32,
        b"RU" => 33,
        _ => return None,
    })
}

/// Phone numbers with the code of a country: `+49 30 123456`. (ITU-T E.164: at most 15 digits.)
fn abroad(text: &[u8], start: usize, spans: &mut Vec<Span>) -> usize {
    if text[start] == b'0' {
        return start;
    }
    let (end, groups) = groups(text, start);
    let digits: usize = groups.iter().sum();
    // `+1700000000` at the beginning of a line may be a line that was added.
    let line = start < 2 || text[start - 2] == b'\n';
    // `@@ -1,2 +1700000000 @@`, `12 +1700000000`
    let sum = text[..start - 1].trim_ascii_end().last().is_some_and(u8::is_ascii_digit);
    let plausible = match groups.as_slice() {
        [one] => *one >= 10 && !line && !sum,
        [country, area, rest @ ..] => {
            *country <= 4 && *area <= 8 && rest.iter().all(|group| (2..=8).contains(group))
        }
        [] => false,
    };
    if plausible && (8..=15).contains(&digits) {
        spans.push(Span::new(start - 1, end, Kind::Phone));
    }
    end
}

/// `(415) 555-2671`
fn american(text: &[u8], start: usize, spans: &mut Vec<Span>) -> usize {
    let rest = &text[start + 3..text.len().min(start + 14)];
    let Some(rest) = rest.strip_prefix(b")") else { return start };
    let blank = usize::from(rest.first() == Some(&b' '));
    let rest = &rest[blank..];
    let shaped = rest.len() >= 8
        && rest[..3].iter().all(u8::is_ascii_digit)
        && b"-. ".contains(&rest[3])
        && rest[4..8].iter().all(u8::is_ascii_digit)
        && !rest.get(8).is_some_and(|&byte| is_word(byte));
    let end = start + 4 + blank + 8;
    if shaped && text[start] >= b'2' {
        spans.push(Span::new(start - 1, end, Kind::Phone));
        return end;
    }
    start
}

/// Adds the number after a word that announces a phone number.
pub(super) fn phone_after(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    if start > 0 && text[start - 1].is_ascii_alphabetic() && !text[start].is_ascii_uppercase() {
        return;
    }
    // `phone number: "…"`, `phone=`, `Tel.:`
    let gap =
        text[end..].iter().take(24).take_while(|byte| !byte.is_ascii_digit() && **byte != b'\n').count();
    let Some(&first) = text.get(end + gap).filter(|byte| byte.is_ascii_digit()) else { return };
    let between = &text[end..end + gap];
    let words = between.split(|byte| !byte.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    let known =
        |word: &[u8]| [&b"number"[..], b"no", b"nr", b"is", b"me", b"at", b"s", b"to", b"on"].contains(&word);
    if !words.into_iter().all(|word| known(word.to_ascii_lowercase().as_slice())) || between.contains(&b'{') {
        return;
    }
    let (last, groups) = groups(text, end + gap);
    let digits: usize = groups.iter().sum();
    let grouped = groups.len() > 1 || between.last() == Some(&b'+') || first == b'0' || digits == 10;
    if grouped && (7..=15).contains(&digits) && !text.get(last).is_some_and(|&byte| is_word(byte)) {
        let plus = usize::from(between.last().is_some_and(|byte| b"+(".contains(byte)));
        spans.push(Span::new(end + gap - plus, last, Kind::Phone));
    }
}

/// The groups of digits from here, and where they end. Between two groups stands one blank, dot, dash or
/// slash, and perhaps brackets around the second.
fn groups(text: &[u8], start: usize) -> (usize, Vec<usize>) {
    let mut groups = Vec::new();
    let mut at = start;
    let mut end = start;
    let mut dots = false;
    while groups.len() < 7 {
        let run = text[at..].iter().take(16).take_while(|byte| byte.is_ascii_digit()).count();
        if run == 0 {
            break;
        }
        groups.push(run);
        end = at + run;
        at = end;
        let gap: &[u8] = &text[at..text.len().min(at + 3)];
        let width = match gap {
            [b' ', b'(', b'0'..=b'9'] | [b')', b' ' | b'-' | b'/', b'0'..=b'9'] => 2,
            [b'(' | b')' | b' ' | b'-' | b'/', b'0'..=b'9', ..] => 1,
            [b'.', b'0'..=b'9', ..] => {
                dots = true;
                1
            }
            _ => break,
        };
        at += width;
    }
    // One dot is that of a fraction, or of an address on the internet.
    if dots && groups.len() < 4 {
        groups.clear();
    }
    (end, groups)
}

/// Public IPv4 addresses, but for those of the well-known name servers, and the one that stands for any.
fn ipv4(text: &[u8], start: usize, spans: &mut Vec<Span>) -> usize {
    let length =
        text[start..].iter().take(16).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let mut end = start + length;
    while text[end - 1] == b'.' {
        end -= 1;
    }
    let follows = &text[end..text.len().min(end + 2)];
    let goes_on = match follows {
        [b'.' | b'-' | b'+', next] => is_word(*next),
        [byte, ..] => is_word(*byte),
        [] => false,
    };
    let address = std::str::from_utf8(&text[start..end]).ok().and_then(|text| text.parse::<Ipv4Addr>().ok());
    let Some(address) = address.filter(|_| !goes_on && !is_version(text, start, end)) else { return end };
    let [a, b, c, _] = address.octets();
    let public = !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        // Object identifiers of ISO.
        || (a == 1 && b == 3)
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b)));
    const KNOWN: &[[u8; 4]] = &[
        [1, 2, 3, 4],
        [8, 8, 8, 8],
        [8, 8, 4, 4],
        [1, 1, 1, 1],
        [1, 0, 0, 1],
        [9, 9, 9, 9],
        [208, 67, 222, 222],
        [208, 67, 220, 220],
    ];
    if public && !KNOWN.contains(&address.octets()) {
        spans.push(Span::new(start, end, Kind::Ip));
    }
    end
}

/// Whether four numbers are a version or a section rather than an address: after `v`, a name or `==`, or all
/// of them small.
fn is_version(text: &[u8], start: usize, end: usize) -> bool {
    let before = &text[start.saturating_sub(24)..start];
    let tight = match before {
        [.., b'/', b'/'] => false,
        [.., b'='] => before.ends_with(b"=="),
        [.., byte] => b"/-.<>^~".contains(byte),
        [] => false,
    };
    let lower = before.to_ascii_lowercase();
    let named = ["version", "ver", "release", "section", "build", "§", "v"].iter().any(|word| {
        let bare = lower.trim_ascii_end();
        let bare = bare.strip_suffix(b":").or_else(|| bare.strip_suffix(b"=")).unwrap_or(bare);
        let bare = bare.strip_suffix(b"\"").unwrap_or(bare);
        bare.strip_suffix(word.as_bytes())
            .is_some_and(|rest| !rest.last().is_some_and(u8::is_ascii_alphabetic))
    });
    let numbers = text[start..end].split(|&byte| byte == b'.');
    let small = numbers.clone().all(|number| number.len() <= 2);
    let addressed =
        before.ends_with(b"//") || before.ends_with(b"@") || matches!(text[end..], [b':', b'0'..=b'9', ..]);
    tight || (!addressed && (named || small))
}

/// Public IPv6 addresses (2000::/3, RFC 4291), but for documentation (RFC 3849) and well-known name servers.
fn ipv6(text: &[u8], start: usize, spans: &mut Vec<Span>) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':';
    let mut end = start + text[start..].iter().take(40).take_while(|byte| is_part(byte)).count();
    if text.get(end).is_some_and(|&byte| is_word(byte)) {
        return start;
    }
    while end > start && text[end - 1] == b':' && !text[..end].ends_with(b"::") {
        end -= 1;
    }
    let address = std::str::from_utf8(&text[start..end]).ok().and_then(|text| text.parse::<Ipv6Addr>().ok());
    let Some(address) = address else { return start };
    let groups = address.segments();
    let colons = text[start..end].iter().filter(|&&byte| byte == b':').count();
    let documentation =
        groups[0] == 0x2001 && groups[1] == 0x0db8 || groups[0] == 0x3fff && groups[1] < 0x1000;
    let name_server = matches!(groups[..2], [0x2606, 0x4700] | [0x2001, 0x4860] | [0x2620, 0x00fe]);
    if (0x2000..0x4000).contains(&groups[0])
        && colons >= 2
        && !text[..end].ends_with(b"::")
        && !documentation
        && !name_server
    {
        spans.push(Span::new(start, end, Kind::Ip));
        return end;
    }
    start
}
