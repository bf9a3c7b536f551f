//! The manifests that make the API server ask. Everything that it would fill in is said, so that they
//! can be compared with what it holds.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use crate::binding::{AdmissionBinding, AdmissionKind, FailurePolicy};

use super::Route;
use super::wanted::{Wanted, Webhook};

/// The name of the condition that keeps webhooks from what brings the operator back.
const SPARED: &str = "addon-operator.io/spares-the-operator";

/// The definition of what the operator reports with.
const DEFINITION: &str = "modules.addon-operator.io";

/// How the API server reaches a server of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientConfig {
    /// Where it is.
    pub target: Target,
    /// The certificates of those that may have signed the server's, as PEM.
    pub ca_bundle: Vec<u8>,
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Behind a Service.
    Service {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its port.
        port: u16,
    },
    /// At an address, `https://127.0.0.1:9680`, without a slash at its end.
    Url(String),
}

/// What of the operator must be writable also when nobody answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// Its namespace.
    pub namespace: String,
    /// The Secret that holds its certificates; empty for none.
    pub secret: String,
}

impl Wanted {
    /// The configuration of one kind with this name; `None` when there is nothing to ask.
    pub fn configuration(
        &self,
        kind: AdmissionKind,
        name: &str,
        (client, own): (&ClientConfig, &Own),
    ) -> Option<Value> {
        let webhooks = self.webhooks(kind).iter();
        let webhooks: Vec<Value> = webhooks.map(|it| it.manifest(client, own)).collect();
        if webhooks.is_empty() {
            return None;
        }
        Some(json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": match kind {
                AdmissionKind::Validating => "ValidatingWebhookConfiguration",
                AdmissionKind::Mutating => "MutatingWebhookConfiguration",
            },
            "metadata": {"name": name},
            "webhooks": webhooks,
        }))
    }
}

impl Webhook {
    fn manifest(&self, client: &ClientConfig, own: &Own) -> Value {
        let binding = &self.binding;
        let mut webhook = json!({
            "name": self.name,
            "admissionReviewVersions": ["v1"],
            "clientConfig": client.manifest(&self.address.path()),
            "failurePolicy": self.failure_policy.name(),
            "matchPolicy": "Equivalent",
            "namespaceSelector": selector(binding.namespace_labels.as_ref()),
            "objectSelector": selector(binding.labels.as_ref()),
            "rules": rules(binding),
            "sideEffects": binding.side_effects.name(),
            "timeoutSeconds": binding.timeout_seconds,
        });
        let conditions = self.conditions(own);
        if let Some(fields) = webhook.as_object_mut() {
            if !conditions.is_empty() {
                fields.insert("matchConditions".to_owned(), json!(conditions));
            }
            if binding.kind == AdmissionKind::Mutating {
                fields.insert("reinvocationPolicy".to_owned(), json!("Never"));
            }
        }
        webhook
    }

    /// Its own conditions. What is refused when nobody answers must not be what makes somebody answer.
    fn conditions(&self, own: &Own) -> Vec<Value> {
        let spared = (self.failure_policy == FailurePolicy::Fail)
            .then(|| json!({"name": SPARED, "expression": own.condition()}));
        let conditions = self.binding.conditions.iter();
        let conditions = conditions.map(|it| json!({"name": it.name, "expression": it.expression}));
        spared.into_iter().chain(conditions).collect()
    }
}

impl Own {
    /// In CEL: not about our definition, and not in our namespace, or there neither asked by the parts of
    /// Kubernetes that bring Pods up, nor about a Lease, our own objects or our certificates.
    fn condition(&self) -> String {
        let namespace = quoted(&self.namespace);
        let mut spared = vec![
            r#"request.userInfo.username.startsWith("system:serviceaccount:kube-system:")"#
                .to_owned(),
            r#"request.userInfo.username.startsWith("system:kube-")"#.to_owned(),
            r#"request.userInfo.username.startsWith("system:node:")"#.to_owned(),
            r#"request.resource.group in ["addon-operator.io", "coordination.k8s.io"]"#.to_owned(),
        ];
        if !self.secret.is_empty() {
            let name = quoted(&self.secret);
            spared.push(format!(
                r#"request.resource.resource == "secrets" && has(request.name) && request.name == {name}"#
            ));
        }
        let spared = spared.join(" || ");
        let definition = format!(
            r#"request.resource.resource == "customresourcedefinitions" && has(request.name) && request.name == {}"#,
            quoted(DEFINITION)
        );
        let of_namespace =
            format!("has(request.namespace) && request.namespace == {namespace} && ({spared})");
        format!("!(({of_namespace}) || ({definition}))")
    }
}

impl ClientConfig {
    /// The `spec.conversion` of a definition whose objects hooks convert.
    pub fn conversion(&self, definition: &str) -> Value {
        json!({
            "strategy": "Webhook",
            "webhook": {
                "clientConfig": self.manifest(&Route::conversion(definition)),
                "conversionReviewVersions": ["v1"],
            },
        })
    }

    fn manifest(&self, path: &str) -> Value {
        let mut manifest = Map::new();
        let ca_bundle = BASE64_STANDARD.encode(&self.ca_bundle);
        manifest.insert("caBundle".to_owned(), json!(ca_bundle));
        match &self.target {
            Target::Service {
                namespace,
                name,
                port,
            } => {
                let service = json!({
                    "namespace": namespace, "name": name, "port": port, "path": path,
                });
                manifest.insert("service".to_owned(), service);
            }
            Target::Url(base) => {
                let base = base.trim_end_matches('/');
                manifest.insert("url".to_owned(), json!(format!("{base}{path}")));
            }
        }
        Value::Object(manifest)
    }
}

/// A label selector; the API server writes an empty one for all.
fn selector(labels: Option<&Value>) -> Value {
    labels.cloned().unwrap_or_else(|| json!({}))
}

fn rules(binding: &AdmissionBinding) -> Vec<Value> {
    let rules = binding.rules.iter().map(|rule| {
        json!({
            "apiGroups": rule.groups, "apiVersions": rule.versions, "resources": rule.resources,
            "operations": rule.operations, "scope": rule.scope,
        })
    });
    rules.collect()
}

/// A text of CEL.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binding::{HookConfig, Place, parse_config};
    use crate::name::ModuleName;

    const FULL: &str = "
configVersion: v1
kubernetesValidating:
- name: limits.example.com
  failurePolicy: Ignore
  sideEffects: NoneOnDryRun
  timeoutSeconds: 3
  matchConditions: [{name: a, expression: 'true'}]
  labelSelector: {matchLabels: {a: b}}
  namespace: {labelSelector: {matchLabels: {c: d}}}
  rules: [{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE], scope: Namespaced}]
kubernetesMutating:
- name: limits.example.com
  rules: [{apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*']}]
kubernetesCustomResourceConversion:
- {name: up, crdName: tabs.example.com, conversions: [{fromVersion: v1, toVersion: v2}]}
";

    fn config(text: &str) -> HookConfig {
        parse_config("hook", text, Place::Global).unwrap()
    }

    fn client() -> ClientConfig {
        ClientConfig {
            target: Target::Url("https://127.0.0.1:9680/".to_owned()),
            ca_bundle: b"CA".to_vec(),
        }
    }

    fn own(secret: &str) -> Own {
        Own {
            namespace: "op".to_owned(),
            secret: secret.to_owned(),
        }
    }

    fn webhooks(wanted: &Wanted, kind: AdmissionKind) -> Value {
        let of = (&client(), &own(""));
        let configuration = wanted.configuration(kind, "operator-hooks", of).unwrap();
        assert_eq!(configuration["metadata"], json!({"name": "operator-hooks"}));
        configuration["webhooks"].clone()
    }

    #[test]
    fn everything_of_a_binding_is_in_its_webhook() {
        let config = config(FULL);
        let wanted = Wanted::new([(None, "hooks/a.sh", &config)], FailurePolicy::Fail);
        let expected = json!([{
            "name": "limits.example.com",
            "admissionReviewVersions": ["v1"],
            "clientConfig": {
                "url": "https://127.0.0.1:9680/validate/global/hooks-a-sh-PATH/limits.example.com",
                "caBundle": "Q0E=",
            },
            "failurePolicy": "Ignore",
            "matchPolicy": "Equivalent",
            "matchConditions": [{"name": "a", "expression": "true"}],
            "namespaceSelector": {"matchLabels": {"c": "d"}},
            "objectSelector": {"matchLabels": {"a": "b"}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"], "scope": "Namespaced"}],
            "sideEffects": "NoneOnDryRun",
            "timeoutSeconds": 3,
        }]);
        let mut found = webhooks(&wanted, AdmissionKind::Validating);
        let path = wanted.validating[0].address.path();
        assert_eq!(
            found[0]["clientConfig"]["url"],
            format!("https://127.0.0.1:9680{path}")
        );
        found[0]["clientConfig"]["url"] = expected[0]["clientConfig"]["url"].clone();
        assert_eq!(found, expected);

        let mutating = webhooks(&wanted, AdmissionKind::Mutating);
        assert_eq!(mutating[0]["reinvocationPolicy"], "Never");
        assert_eq!(mutating[0]["failurePolicy"], "Fail");
        assert_eq!(mutating[0]["timeoutSeconds"], 10);
        assert_eq!(mutating[0]["objectSelector"], json!({}));
        assert_eq!(mutating[0]["rules"][0]["scope"], "*");
        assert_eq!(
            wanted.conversions,
            [(
                "tabs.example.com".to_owned(),
                ["global/hooks/a.sh".to_owned()].into()
            )]
            .into()
        );
    }

    #[test]
    fn default_of_the_operator_holds_where_a_binding_says_nothing() {
        let config = config(FULL);
        let wanted = Wanted::new([(None, "a", &config)], FailurePolicy::Ignore);
        assert_eq!(wanted.validating[0].failure_policy, FailurePolicy::Ignore);
        assert_eq!(wanted.mutating[0].failure_policy, FailurePolicy::Ignore);
        let found = webhooks(&wanted, AdmissionKind::Mutating);
        assert_eq!(found[0].get("matchConditions"), None);
    }

    #[test]
    fn one_name_in_several_hooks_is_told_apart() {
        let config = config(FULL);
        let module = ModuleName::parse("web").unwrap();
        let hooks = [
            (None, "hooks/a.sh", &config),
            (None, "hooks/b.sh", &config),
            (Some(&module), "hooks/a_b.sh", &config),
            (Some(&module), "hooks/a-b.sh", &config),
        ];
        let wanted = Wanted::new(hooks, FailurePolicy::Fail);
        let names: Vec<&str> = wanted
            .validating
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "limits.example.com",
                "global-hooks-b-sh.limits.example.com",
                "web-hooks-a-b-sh.limits.example.com",
                "web-hooks-a-b-sh-2.limits.example.com",
            ]
        );
    }

    #[test]
    fn nothing_wanted_is_no_configuration() {
        let wanted = Wanted::default();
        assert!(wanted.is_empty());
        for kind in AdmissionKind::ALL {
            let of = (&client(), &own(""));
            assert_eq!(wanted.configuration(kind, "a", of), None);
        }
    }

    #[test]
    fn services_are_named_with_port_and_path() {
        let client = ClientConfig {
            target: Target::Service {
                namespace: "op".to_owned(),
                name: "svc".to_owned(),
                port: 443,
            },
            ..client()
        };
        let expected = json!({
            "strategy": "Webhook",
            "webhook": {
                "conversionReviewVersions": ["v1"],
                "clientConfig": {
                    "caBundle": "Q0E=",
                    "service": {"namespace": "op", "name": "svc", "port": 443, "path": "/convert/tabs.example.com"},
                },
            },
        });
        assert_eq!(client.conversion("tabs.example.com"), expected);
    }

    #[test]
    fn own_secret_is_named_only_when_there_is_one() {
        assert!(!own("").condition().contains("secrets"));
        assert!(
            own("certs")
                .condition()
                .contains(r#"request.name == "certs""#)
        );
    }
}
