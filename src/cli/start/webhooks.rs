//! The settings of webhooks, for both servers alike.

use std::path::PathBuf;

use super::flag::{self, Flag};
use super::parse::{self, Parsed};
use super::read::{Reader, some};
use crate::operator::Settings;
use crate::webhook::Place;

/// The flags of one server.
struct Flags {
    service: &'static Flag,
    certificate: &'static Flag,
    key: &'static Flag,
    authorities: &'static Flag,
    client_authorities: &'static Flag,
    address: &'static Flag,
    port: &'static Flag,
    url: &'static Flag,
}

const VALIDATING: Flags = Flags {
    service: &flag::VALIDATING_SERVICE,
    certificate: &flag::VALIDATING_CERTIFICATE,
    key: &flag::VALIDATING_KEY,
    authorities: &flag::VALIDATING_AUTHORITIES,
    client_authorities: &flag::VALIDATING_CLIENT_AUTHORITIES,
    address: &flag::VALIDATING_ADDRESS,
    port: &flag::VALIDATING_PORT,
    url: &flag::VALIDATING_URL,
};

const CONVERSION: Flags = Flags {
    service: &flag::CONVERSION_SERVICE,
    certificate: &flag::CONVERSION_CERTIFICATE,
    key: &flag::CONVERSION_KEY,
    authorities: &flag::CONVERSION_AUTHORITIES,
    client_authorities: &flag::CONVERSION_CLIENT_AUTHORITIES,
    address: &flag::CONVERSION_ADDRESS,
    port: &flag::CONVERSION_PORT,
    url: &flag::CONVERSION_URL,
};

impl Reader<'_> {
    pub(super) fn read_webhooks(&mut self, settings: &mut Settings) {
        let webhooks = &mut settings.webhooks;
        self.read(
            &flag::VALIDATING_NAME,
            &mut webhooks.configuration_name,
            parse::object_name,
        );
        self.read(
            &flag::VALIDATING_FAILURE_POLICY,
            &mut webhooks.failure_policy,
            parse::failure_policy,
        );
        self.read_place(&VALIDATING, &mut webhooks.admission);
        self.read_place(&CONVERSION, &mut webhooks.conversion);
    }

    fn read_place(&mut self, flags: &Flags, place: &mut Place) {
        self.read(flags.service, &mut place.service, parse::object_name);
        self.read(flags.url, &mut place.url, some(parse::webhook_url));
        let files = &mut place.files;
        self.read(flags.certificate, &mut files.certificate, parse::path);
        self.read(flags.key, &mut files.key, parse::path);
        self.read(flags.authorities, &mut files.authorities, parse::path);
        let clients = &mut files.client_authorities;
        self.read(flags.client_authorities, clients, comma_paths);
        let (mut address, mut port) = (place.listen.ip(), place.listen.port());
        self.read(flags.address, &mut address, parse::address);
        self.read(flags.port, &mut port, parse::port);
        place.listen = (address, port).into();
    }
}

/// Paths joined by commas; empty ones between them are dropped.
#[expect(clippy::unnecessary_wraps, reason = "a parser like the others")]
fn comma_paths(text: &str) -> Parsed<Vec<PathBuf>> {
    let paths = text.split(',').map(str::trim);
    Ok(paths
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .collect())
}
