//! URLs, taken apart and put together as Go's `net/url` does.

use std::net::Ipv6Addr;

use memchr::{memchr, memrchr};

use super::escape::{Part, escape, shown, unescape};

/// The parts of a URL, without percent signs but for the query and the opaque part.
#[derive(Debug, Default)]
pub(super) struct Url {
    pub(super) scheme: Vec<u8>,
    pub(super) opaque: Vec<u8>,
    /// Name and password, with percent signs.
    pub(super) user: Option<Vec<u8>>,
    pub(super) host: Vec<u8>,
    pub(super) path: Vec<u8>,
    pub(super) query: Vec<u8>,
    pub(super) fragment: Vec<u8>,
}

/// What stands before and behind the first such byte.
fn cut(text: &[u8], byte: u8) -> (&[u8], Option<&[u8]>) {
    match memchr(byte, text) {
        Some(place) => {
            let (before, behind) = text.split_at(place);
            (before, behind.get(1..))
        }
        None => (text, None),
    }
}

impl Url {
    /// Reads a URL, or tells why it is none.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let (before, fragment) = cut(text, b'#');
        let told = |text: &[u8], why: String| format!("parse {}: {why}", shown(text));
        let mut url = Self::parse_before_fragment(before).map_err(|why| told(before, why))?;
        if let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty()) {
            url.fragment = unescape(fragment, Part::Fragment).map_err(|why| told(text, why))?;
        }
        Ok(url)
    }

    fn parse_before_fragment(text: &[u8]) -> Result<Self, String> {
        if text.iter().any(u8::is_ascii_control) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        let mut url = Self::default();
        if text == b"*" {
            url.path = b"*".to_vec();
            return Ok(url);
        }
        let (scheme, rest) = cut_scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        let (mut rest, query) = cut(rest, b'?');
        url.query = query.unwrap_or_default().to_vec();
        if !rest.starts_with(b"/") {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_vec();
                return Ok(url);
            }
            if cut(rest, b'/').0.contains(&b':') {
                return Err("first path segment in URL cannot contain colon".to_owned());
            }
        }
        let has_authority = !url.scheme.is_empty() || !rest.starts_with(b"///");
        if let Some(authority) = rest.strip_prefix(b"//").filter(|_| has_authority) {
            let size = memchr(b'/', authority).unwrap_or(authority.len());
            let (authority, path) = authority.split_at(size);
            url.read_authority(authority)?;
            rest = path;
        }
        url.path = unescape(rest, Part::Path)?;
        Ok(url)
    }

    fn read_authority(&mut self, text: &[u8]) -> Result<(), String> {
        let Some(place) = memrchr(b'@', text) else {
            self.host = read_host(&self.scheme, text)?;
            return Ok(());
        };
        let (user, host) = text.split_at(place);
        self.host = read_host(&self.scheme, host.get(1..).unwrap_or_default())?;
        let is_valid =
            |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
        if !user.iter().all(is_valid) {
            return Err("net/url: invalid userinfo".to_owned());
        }
        let (name, password) = cut(user, b':');
        let again = |text| unescape(text, Part::User).map(|text| escape(&text, Part::User));
        let mut user = again(name)?;
        if let Some(password) = password {
            user.push(b':');
            user.extend(again(password)?);
        }
        self.user = Some(user);
        Ok(())
    }

    /// The host without its port and brackets.
    pub(super) fn hostname(&self) -> &[u8] {
        let host = match memrchr(b':', &self.host) {
            Some(colon) if is_port(self.host.split_at(colon).1) => self.host.split_at(colon).0,
            _ => &self.host,
        };
        let inner = host.strip_prefix(b"[");
        inner
            .and_then(|inner| inner.strip_suffix(b"]"))
            .unwrap_or(host)
    }

    /// The whole URL.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut made = Vec::new();
        if !self.scheme.is_empty() {
            made.extend_from_slice(&self.scheme);
            made.push(b':');
        }
        if self.opaque.is_empty() {
            self.write_place(&mut made);
        } else {
            made.extend_from_slice(&self.opaque);
        }
        if !self.query.is_empty() {
            made.push(b'?');
            made.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            made.push(b'#');
            made.extend(escape(&self.fragment, Part::Fragment));
        }
        made
    }

    fn write_place(&self, made: &mut Vec<u8>) {
        if !self.host.is_empty()
            || self.user.is_some()
            || !self.scheme.is_empty() && !self.path.is_empty()
        {
            made.extend_from_slice(b"//");
        }
        if let Some(user) = &self.user {
            made.extend_from_slice(user);
            made.push(b'@');
        }
        made.extend(escape(&self.host, Part::Host));
        let path = if self.path == b"*" {
            self.path.clone()
        } else {
            escape(&self.path, Part::Path)
        };
        if !path.is_empty() && !path.starts_with(b"/") && !self.host.is_empty() {
            made.push(b'/');
        }
        // Else it would be taken for a scheme.
        if made.is_empty() && cut(&path, b'/').0.contains(&b':') {
            made.extend_from_slice(b"./");
        }
        made.extend(path);
    }
}

fn cut_scheme(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => {
                let (scheme, rest) = text.split_at(index);
                return Ok((scheme, rest.get(1..).unwrap_or_default()));
            }
            _ => break,
        }
    }
    Ok((b"", text))
}

/// Nothing, or a colon and digits.
fn is_port(text: &[u8]) -> bool {
    match text.split_first() {
        None => true,
        Some((b':', digits)) => digits.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    }
}

fn read_host(scheme: &[u8], host: &[u8]) -> Result<Vec<u8>, String> {
    let check_port = |port: &[u8]| {
        if is_port(port) {
            Ok(())
        } else {
            Err(format!("invalid port {} after host", shown(port)))
        }
    };
    match memrchr(b'[', host) {
        Some(0) => {}
        Some(_) => return Err("invalid IP-literal".to_owned()),
        None => {
            // Several hosts may stand in the URL of a database.
            let colon = if matches!(scheme, b"http" | b"https") {
                memchr(b':', host)
            } else {
                memrchr(b':', host)
            };
            if let Some(colon) = colon {
                check_port(host.split_at(colon).1)?;
            }
            return unescape(host, Part::Host);
        }
    }
    let Some(end) = memrchr(b']', host) else {
        return Err("missing ']' in host".to_owned());
    };
    let (address, port) = host.split_at(end);
    let (address, port) = (
        address.get(1..).unwrap_or_default(),
        port.get(1..).unwrap_or_default(),
    );
    check_port(port)?;
    let zone = memchr::memmem::find(address, b"%25").unwrap_or(address.len());
    let (address, zone) = address.split_at(zone);
    let mut plain = unescape(address, Part::Host)?;
    let numbers = String::from_utf8_lossy(&plain).into_owned();
    plain.extend(unescape(zone, Part::Zone)?);
    if numbers.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err("invalid IP-literal".to_owned());
    }
    if numbers.parse::<Ipv6Addr>().is_err() {
        let shown = shown(&plain);
        return Err(format!(
            "invalid host: ParseAddr({shown}): unable to parse IP"
        ));
    }
    Ok([b"[", plain.as_slice(), b"]", port].concat())
}
