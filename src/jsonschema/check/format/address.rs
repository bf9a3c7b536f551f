//! Addresses of machines, people and pages.

use std::net::Ipv6Addr;

use super::{letter_quoted, number, wrong};
use crate::jsonschema::place::{decode, is_scheme, split};
use crate::jsonschema::words::double_quoted;

pub(super) fn ipv4(text: &str) -> Result<(), String> {
    let groups: Vec<_> = text.split('.').collect();
    if groups.len() != 4 {
        return wrong("expected four decimals");
    }
    for group in groups {
        if group.len() > 1 && group.starts_with('0') {
            return wrong("leading zeros");
        }
        if !(0..=255).contains(&number(group)?) {
            return wrong("decimal must be between 0 and 255");
        }
    }
    Ok(())
}

pub(super) fn ipv6(text: &str) -> Result<(), String> {
    if !text.contains(':') {
        return wrong("missing colon");
    }
    let address = text.split('%').next().unwrap_or_default();
    if address.parse::<Ipv6Addr>().is_err() {
        return Err(format!(
            "ParseAddr({}): unable to parse IP",
            double_quoted(text)
        ));
    }
    if address.len() < text.len() {
        return wrong("zone id is not a part of ipv6 address");
    }
    Ok(())
}

pub(super) fn hostname(text: &str) -> Result<(), String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.len() > 253 {
        return wrong("more than 253 characters long");
    }
    for label in text.split('.') {
        if label.is_empty() || label.len() > 63 {
            return wrong("label must be 1 to 63 characters long");
        }
        if label.starts_with('-') {
            return wrong("label starts with hyphen");
        }
        if label.ends_with('-') {
            return wrong("label ends with hyphen");
        }
        let is_known = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '-';
        if let Some(letter) = label.chars().find(|letter| !is_known(letter)) {
            return Err(format!("invalid character {}", letter_quoted(letter)));
        }
    }
    Ok(())
}

pub(super) fn email(text: &str) -> Result<(), String> {
    if text.len() > 254 {
        return wrong("more than 255 characters long");
    }
    let Some((local, domain)) = text.rsplit_once('@') else {
        return wrong("missing @");
    };
    if local.len() > 64 {
        return wrong("local part more than 64 characters long");
    }
    mailbox(local)?;
    let inside = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match inside {
        Some(address) => match address.strip_prefix("IPv6:") {
            Some(address) => ipv6(address).map_err(|why| format!("invalid ipv6 address: {why}")),
            None => ipv4(address).map_err(|why| format!("invalid ipv4 address: {why}")),
        },
        None => hostname(domain).map_err(|why| format!("invalid domain: {why}")),
    }
}

fn mailbox(local: &str) -> Result<(), String> {
    let quoted = local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    if let Some(quoted) = quoted {
        if quoted.contains(['\\', '"']) {
            return wrong("backslash and quote are not allowed within quoted local part");
        }
        return Ok(());
    }
    if local.starts_with('.') {
        return wrong("starts with dot");
    }
    if local.ends_with('.') {
        return wrong("ends with dot");
    }
    if local.contains("..") {
        return wrong("consecutive dots");
    }
    let is_known =
        |letter: &char| letter.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(*letter);
    match local.chars().find(|letter| !is_known(letter)) {
        Some(letter) => Err(format!("invalid character {}", letter_quoted(letter))),
        None => Ok(()),
    }
}

pub(super) fn uri(text: &str) -> Result<(), String> {
    if url(text)? {
        Ok(())
    } else {
        wrong("relative url")
    }
}

pub(super) fn uri_reference(text: &str) -> Result<(), String> {
    if text.contains('\\') {
        return wrong("contains \\");
    }
    url(text).map(|_| ())
}

pub(super) fn uri_template(text: &str) -> Result<(), String> {
    url(text)?;
    for part in split(text).0.split('/') {
        let part = decode(part).map_err(|why| format!("percent decode failed: {why}"))?;
        let mut is_open = false;
        for letter in part.chars().filter(|letter| matches!(letter, '{' | '}')) {
            if is_open == (letter == '{') {
                return wrong("nested curly braces");
            }
            is_open = !is_open;
        }
        if is_open {
            return wrong("no matching closing brace");
        }
    }
    Ok(())
}

/// Reads an address as Go's `net/url` does: whether it has a scheme.
fn url(text: &str) -> Result<bool, String> {
    let (address, fragment) = split(text);
    let wrong_for = |of: &str, why: &str| Err(format!("parse {}: {why}", double_quoted(of)));
    if address.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return wrong_for(address, "net/url: invalid control character in URL");
    }
    let (scheme, rest) = match address.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
        Some(("", _)) => return wrong_for(address, "missing protocol scheme"),
        Some((first, _)) if !first.contains(['/', '?']) => {
            let starts_as_one = first.starts_with(|letter: char| letter.is_ascii_alphabetic());
            let why = if starts_as_one || !first.contains('/') {
                "first path segment in URL cannot contain colon"
            } else {
                "missing protocol scheme"
            };
            return wrong_for(address, why);
        }
        _ => ("", address),
    };
    let (path, _) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = match path.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", path),
    };
    if let Err(why) = decode(path).and_then(|_| decode(fragment)) {
        return wrong_for(address, &why);
    }
    if let Err(why) = check_host(host) {
        return wrong_for(address, &why);
    }
    let name = host.rsplit('@').next().unwrap_or_default();
    if let Some((inside, _)) = name.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        ipv6(inside).map_err(|why| format!("invalid ipv6 address: {why}"))?;
    }
    Ok(!scheme.is_empty())
}

fn check_host(host: &str) -> Result<(), String> {
    let name = host.rsplit('@').next().unwrap_or_default();
    if let Some(letter) = name.chars().find(|letter| " <>\"\\^`{|}".contains(*letter)) {
        let letter = double_quoted(letter.encode_utf8(&mut [0; 4]));
        return Err(format!("invalid character {letter} in host name"));
    }
    if name.starts_with('[') && !name.contains(']') {
        return wrong("missing ']' in host");
    }
    let after = name.rsplit(']').next().unwrap_or_default();
    if let Some((_, port)) = after.rsplit_once(':')
        && !port.bytes().all(|byte| byte.is_ascii_digit())
    {
        let port = double_quoted(&format!(":{port}"));
        return Err(format!("invalid port {port} after host"));
    }
    Ok(())
}
