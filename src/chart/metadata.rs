//! What `Chart.yaml` says about a chart.

use std::collections::BTreeMap;

/// The fields of `Chart.yaml` that templates can see. A field that is not there is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// `v1` or `v2`; empty for a chart without `Chart.yaml`.
    pub api_version: String,
    /// The chart's name; the module's, when there is no `Chart.yaml`.
    pub name: String,
    /// The chart's version, `1.2.3`.
    pub version: String,
    /// The version of what the chart installs.
    pub app_version: String,
    /// One sentence.
    pub description: String,
    /// `application`; `library` charts are refused.
    pub kind: String,
    /// The Kubernetes versions it is made for, as a constraint.
    pub kube_version: String,
    /// A web page.
    pub home: String,
    /// An image's address.
    pub icon: String,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// Where its sources are.
    pub sources: Vec<String>,
    /// Who looks after it.
    pub maintainers: Vec<Maintainer>,
    /// Free text by key.
    pub annotations: BTreeMap<String, String>,
    /// Whether its author has given it up.
    pub deprecated: bool,
}

/// Someone who looks after a chart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Maintainer {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their page.
    pub url: String,
}
