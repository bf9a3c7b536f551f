//! Asks the API server whether it is ready.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Empty;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// All must answer 200. The API server makes the namespace and then the Service a moment after it
/// calls itself ready; once they are there it writes nothing more by itself.
const PATHS: [&str; 2] = ["/readyz", "/api/v1/namespaces/default/services/kubernetes"];

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A question that can be asked again and again.
pub(super) struct Question {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    url: String,
    token: String,
}

impl Question {
    /// Prepares to ask the server at `url` that shows a certificate of `authority`, a PEM text.
    pub(super) fn new(url: &str, authority: &str, token: &str) -> Result<Self, Cause> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes())?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_only()
            .enable_http1()
            .build();
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(https),
            url: url.to_owned(),
            token: token.to_owned(),
        })
    }

    /// `Ok` when the server is ready, or else what it says instead.
    pub(super) async fn ask(&self) -> Result<(), String> {
        for path in PATHS {
            let status = self.status(path).await.map_err(|error| {
                let error: &(dyn std::error::Error + 'static) = error.as_ref();
                crate::report::chain(error)
            })?;
            if status != StatusCode::OK {
                return Err(format!("{path} answers {status}"));
            }
        }
        Ok(())
    }

    async fn status(&self, path: &str) -> Result<StatusCode, Cause> {
        let request = Request::get(format!("{}{path}", self.url))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Empty::new())?;
        Ok(self.client.request(request).await?.status())
    }
}
