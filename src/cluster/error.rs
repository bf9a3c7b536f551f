//! How a call to the API server fails.

use serde::Deserialize;

/// What the API server said when it refused a request (`metav1.Status`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    /// HTTP code.
    #[serde(default)]
    pub code: u16,
    /// `Conflict`, `NotFound`, `Invalid` …
    #[serde(default)]
    pub reason: String,
    /// The server's sentence.
    #[serde(default)]
    pub message: String,
    /// Details: which fields, which managers.
    #[serde(default)]
    details: Details,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Details {
    #[serde(default)]
    causes: Vec<Cause>,
}

/// One cause of a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Cause {
    /// `FieldManagerConflict`, `FieldValueInvalid` …
    #[serde(default)]
    pub reason: String,
    /// The server's sentence.
    #[serde(default)]
    pub message: String,
    /// The field, `.spec.replicas`.
    #[serde(default)]
    pub field: String,
}

impl Refusal {
    /// The causes that the server gave.
    pub fn causes(&self) -> &[Cause] {
        &self.details.causes
    }

    /// Reads an answer; a body that is not a `Status` becomes the message.
    pub fn read(code: u16, body: &[u8]) -> Self {
        let parsed = serde_json::from_slice::<Self>(body).ok();
        let mut refusal = parsed
            .filter(|refusal| !refusal.message.is_empty())
            .unwrap_or_else(|| {
                let text = String::from_utf8_lossy(body);
                let text: String = text.trim().chars().take(500).collect();
                Self {
                    message: text,
                    ..Self::default()
                }
            });
        refusal.code = code;
        if refusal.message.is_empty() {
            refusal.message = format!("the server answered {code}");
        }
        refusal
    }
}

/// A call that did not succeed. `deed` says what was attempted: `applying Deployment shop/web`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No kubeconfig and not in a cluster, or one that cannot be used.
    #[error("finding the cluster: {hint}")]
    FindCluster {
        /// What to do.
        hint: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No connection, or one that broke.
    #[error("{deed}: the API server at {url} cannot be reached")]
    Reach {
        /// What was attempted.
        deed: String,
        /// Where.
        url: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No answer in time.
    #[error("{deed}: no answer from the API server within {seconds} s")]
    Wait {
        /// What was attempted.
        deed: String,
        /// The deadline.
        seconds: u64,
    },
    /// Another replica leads: nothing was sent.
    #[error("{deed}: nothing is written by a replica that does not lead")]
    Fenced {
        /// What was attempted.
        deed: String,
    },
    /// The server answered, and refused.
    #[error("{deed}: {}", refusal.message)]
    Refused {
        /// What was attempted.
        deed: String,
        /// What the server said.
        refusal: Box<Refusal>,
    },
    /// The server answered with a state older than one that it told before.
    #[error("{deed}: the API server lags behind what it told before")]
    Lag {
        /// What was attempted.
        deed: String,
    },
    /// The answer is not what the API promises.
    #[error("{deed}: reading the answer")]
    ReadAnswer {
        /// What was attempted.
        deed: String,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// The server does not serve this kind (now).
    #[error("the cluster has no kind {kind} in {api_version}{hint}")]
    UnknownKind {
        /// Kind as written.
        kind: String,
        /// `group/version` as written.
        api_version: String,
        /// What is there instead; empty or `; …`.
        hint: String,
    },
}

impl Error {
    /// What the server said, when it was the server that refused.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            Self::FindCluster { .. }
            | Self::Reach { .. }
            | Self::Wait { .. }
            | Self::Fenced { .. }
            | Self::Lag { .. }
            | Self::ReadAnswer { .. }
            | Self::UnknownKind { .. } => None,
        }
    }

    /// The HTTP code of a refusal; 0 for any other failure.
    pub fn code(&self) -> u16 {
        self.refusal().map_or(0, |refusal| refusal.code)
    }

    /// Whether the object or path is not there.
    pub fn is_not_found(&self) -> bool {
        self.code() == 404
    }

    /// Whether somebody else owns a field, or wrote in between.
    pub fn is_conflict(&self) -> bool {
        self.code() == 409
    }

    /// Whether the way to the server is broken, for now.
    pub(super) fn is_outage(&self) -> bool {
        self.is_passing() && !matches!(self, Self::Fenced { .. })
    }

    /// Whether waiting alone can make it succeed.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Reach { .. }
            | Self::Wait { .. }
            | Self::Fenced { .. }
            | Self::Lag { .. }
            | Self::ReadAnswer { .. } => true,
            Self::Refused { refusal, .. } => refusal.code == 429 || refusal.code >= 500,
            Self::FindCluster { .. } | Self::UnknownKind { .. } => false,
        }
    }
}
