//! What was asked of an API server, by its own count.

use std::collections::BTreeMap;
use std::fmt;

use http::Request;
use kube::Client;

/// Numbers of requests by verb and resource (`PATCH`, `apps/deployments/status`), as
/// `apiserver_request_total` counts them: from all clients, and the server's own. For a count that
/// nobody else changes take a private server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Requests(pub(crate) BTreeMap<(String, String), u64>);

impl Requests {
    /// What was asked after `before`.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let counts = self.0.iter().filter_map(|(key, count)| {
            let more = count - before.0.get(key).copied().unwrap_or(0);
            (more > 0).then(|| (key.clone(), more))
        });
        Self(counts.collect())
    }

    /// Those that ask for a change. Dry runs are not among them, nor reviews, which are asked with
    /// `POST` and change nothing.
    pub(crate) fn writes(&self) -> Self {
        const WRITES: [&str; 6] = [
            "POST",
            "PUT",
            "PATCH",
            "APPLY",
            "DELETE",
            "DELETECOLLECTION",
        ];
        let counts = self.0.iter().filter(|((verb, resource), _)| {
            WRITES.contains(&verb.as_str()) && !resource.ends_with("reviews")
        });
        Self(counts.map(|(key, count)| (key.clone(), *count)).collect())
    }

    /// All of them together.
    pub(crate) fn total(&self) -> u64 {
        self.0.values().sum()
    }

    fn parse(text: &str) -> Self {
        let mut requests = Self::default();
        for line in text.lines() {
            let Some(rest) = line.strip_prefix("apiserver_request_total{") else {
                continue;
            };
            let (labels, count) = rest.rsplit_once("} ").expect("labels and a number");
            let labels = parse_labels(labels);
            if labels["dry_run"].is_empty() {
                let key = (labels["verb"].to_owned(), resource(&labels));
                let count: f64 = count.parse().expect("a number");
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a counter is a whole number"
                )]
                let count = count as u64;
                *requests.0.entry(key).or_default() += count;
            }
        }
        requests
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((verb, resource), count) in &self.0 {
            writeln!(out, "{count:>6} {verb} {resource}")?;
        }
        Ok(())
    }
}

/// Asks a server for its count.
pub(crate) async fn server_metrics(client: &Client) -> Requests {
    let request = Request::get("/metrics")
        .body(Vec::new())
        .expect("a request");
    Requests::parse(&client.request_text(request).await.expect("metrics"))
}

/// None of the values here has a quote or a comma in it.
fn parse_labels(text: &str) -> BTreeMap<&str, &str> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name, value.trim_matches('"')))
        .collect()
}

fn resource(labels: &BTreeMap<&str, &str>) -> String {
    let parts = ["group", "resource", "subresource"].map(|name| labels[name]);
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn requests_are_counted_by_verb_and_resource() {
    let text = r#"# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",dry_run="",group="apps",resource="deployments",scope="resource",subresource="status",verb="APPLY",version="v1"} 2
apiserver_request_total{code="409",component="apiserver",dry_run="",group="apps",resource="deployments",scope="resource",subresource="status",verb="APPLY",version="v1"} 1
apiserver_request_total{code="200",component="apiserver",dry_run="All",group="",resource="pods",scope="resource",subresource="",verb="APPLY",version="v1"} 5
apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="pods",scope="cluster",subresource="",verb="LIST",version="v1"} 1.2e+02
"#;
    let requests = Requests::parse(text);
    assert_eq!(
        requests.to_string(),
        "     3 APPLY apps/deployments/status\n   120 LIST pods\n"
    );
    assert_eq!(requests.writes().total(), 3);
    assert_eq!(requests.since(&requests), Requests::default());
}
