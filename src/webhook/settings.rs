//! Where webhooks listen, and how the API server finds them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::certificate::Files;
use crate::binding::FailurePolicy;

/// One of the two servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Door {
    /// Of validating and mutating webhooks.
    Admission,
    /// Of conversions.
    Conversion,
}

impl Door {
    /// Its name in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admission => "admission",
            Self::Conversion => "conversion",
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// How webhooks are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the names of our configurations, and that of the Secret, begin with.
    pub configuration_name: String,
    /// What follows when a webhook does not answer, and its hook does not say.
    pub failure_policy: FailurePolicy,
    /// The server of validating and mutating webhooks.
    pub admission: Place,
    /// The server of conversions.
    pub conversion: Place,
}

/// Where one server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its address.
    pub listen: SocketAddr,
    /// The Service by which the API server finds it.
    pub service: String,
    /// The URL by which it finds it instead: `https://10.0.0.1:9680`.
    pub url: Option<String>,
    /// Its certificate, when people give one.
    pub files: Files,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            configuration_name: "addon-operator-hooks".to_owned(),
            failure_policy: FailurePolicy::default(),
            admission: Place::new(9680, "addon-operator-validating-svc", "/validating-certs"),
            conversion: Place::new(9681, "addon-operator-conversion-svc", "/conversion-certs"),
        }
    }
}

impl Place {
    /// On all addresses.
    pub fn new(port: u16, service: &str, certificates: &str) -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port),
            service: service.to_owned(),
            url: None,
            files: Files::within(certificates),
        }
    }

    /// The names by which the API server calls it.
    pub(super) fn names(&self, namespace: &str) -> Vec<String> {
        let service = &self.service;
        let of_service = format!("{service}.{namespace}.svc");
        let in_cluster = format!("{of_service}.cluster.local");
        let host = self.url.as_deref().and_then(|url| {
            let url: http::Uri = url.parse().ok()?;
            let host = url.host()?;
            Some(host.trim_matches(['[', ']']).to_owned())
        });
        [of_service, in_cluster].into_iter().chain(host).collect()
    }
}

impl Settings {
    /// The place of a server.
    pub fn place(&self, door: Door) -> &Place {
        match door {
            Door::Admission => &self.admission,
            Door::Conversion => &self.conversion,
        }
    }

    /// The name of our webhook configurations, as the original has it.
    pub(super) fn configuration(&self) -> String {
        format!("{}-hooks", self.configuration_name)
    }

    /// The name of the Secret with the certificate.
    pub fn secret(&self) -> String {
        format!("{}-tls", self.configuration_name)
    }

    /// All names that the one certificate is for.
    pub(super) fn names(&self, namespace: &str) -> Vec<String> {
        let mut names = self.admission.names(namespace);
        names.extend(self.conversion.names(namespace));
        names.sort();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificate_is_for_the_services_and_the_urls() {
        let mut settings = Settings::default();
        settings.conversion.url = Some("https://[fd00::1]:9681/base".to_owned());
        assert_eq!(
            settings.names("ns"),
            [
                "addon-operator-conversion-svc.ns.svc",
                "addon-operator-conversion-svc.ns.svc.cluster.local",
                "addon-operator-validating-svc.ns.svc",
                "addon-operator-validating-svc.ns.svc.cluster.local",
                "fd00::1",
            ]
        );
    }
}
