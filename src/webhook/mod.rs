//! What the API server meets when it asks hooks: certificates, HTTPS servers, and the configurations that
//! send it here.
//!
//! *In:* which configurations hooks want ([`Orders`]), settings · *Out:* requests ([`Asked`]), objects in
//! the cluster · *Never:* reads a review, knows a hook.
//!
//! ```text
//! Secret or files ─▶ what is shown ─▶ servers ─▶ Asked ─▶ whoever answers
//!                         └─ whom to trust ─▶ configurations ◀─ Orders, once the servers listen
//! ```

mod certificate;
mod clock;
mod listen;
mod metric;
mod run;
mod settings;
mod write;

use std::fmt;
use std::sync::Arc;

pub use certificate::Files;
pub use clock::Clock;
pub use listen::Asked;
pub use metric::Metrics;
pub use run::{Signals, Up, Webhooks};
pub use settings::{Door, Place, Settings};
pub use write::Orders;

/// The field manager of all that is written here.
const MANAGER: &str = "addon-operator/webhooks";

/// What a person should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The certificate in the Secret was made, renewed or put right.
    Kept(String),
    /// It cannot be.
    KeepFailed(String),
    /// Files of a certificate cannot be used.
    FilesRefused(String),
    /// An address cannot be listened on.
    ListenFailed(String),
    /// A configuration that others had changed was put right.
    PutRight(String),
    /// A configuration cannot be written.
    WriteFailed(String),
}

impl News {
    /// One word.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Kept(_) => "WebhookCertificateRenewed",
            Self::KeepFailed(_) => "WebhookCertificateFailed",
            Self::FilesRefused(_) => "WebhookFilesRefused",
            Self::ListenFailed(_) => "WebhookListenFailed",
            Self::PutRight(_) => "WebhookConfigurationPutRight",
            Self::WriteFailed(_) => "WebhookConfigurationFailed",
        }
    }

    /// Whether all is well.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Kept(_))
    }
}

/// A sentence.
impl fmt::Display for News {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept(text)
            | Self::KeepFailed(text)
            | Self::FilesRefused(text)
            | Self::ListenFailed(text)
            | Self::PutRight(text)
            | Self::WriteFailed(text) => out.write_str(text),
        }
    }
}

/// Where news go.
pub type Tell = Arc<dyn Fn(News) + Send + Sync>;
