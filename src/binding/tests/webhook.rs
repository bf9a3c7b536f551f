//! Bindings that the API server calls.

use serde_json::json;

use super::{config, rejects, warnings};
use crate::binding::{AdmissionKind, ConversionRule, FailurePolicy, MatchCondition, SideEffects};

const RULE: &str = "{apiVersions: [v1], apiGroups: [''], resources: [pods], operations: [CREATE]}";

#[test]
fn all_keys_of_admission_bindings_are_read() {
    let full = format!(
        "group: g, includeSnapshotsFrom: [pods], failurePolicy: Ignore, sideEffects: NoneOnDryRun, timeoutSeconds: 30,
         matchConditions: [{{name: a, expression: 'true', note: b}}], labelSelector: {{matchLabels: {{a: b}}}},
         namespace: {{labelSelector: {{matchExpressions: [{{key: c, operator: Exists}}]}}}}, rules: [{RULE}, {{apiVersions: ['*'], apiGroups: ['*'], resources: ['*'], operations: ['*'], scope: Cluster}}]"
    );
    for kind in AdmissionKind::ALL {
        let text = format!(
            "{{configVersion: v1, kubernetes: [{{name: pods, kind: Pod}}, {{name: grouped, kind: Pod, group: g}}], {}: [{{name: a.example.com, {full}}}]}}",
            kind.key()
        );
        assert_eq!(warnings(&text), [""; 0]);
        let found = config(&text);
        let [binding] = found.admissions.as_slice() else {
            panic!("{:?}", found.admissions)
        };
        assert_eq!(
            (binding.kind, binding.name.as_str()),
            (kind, "a.example.com")
        );
        assert_eq!(binding.include_snapshots, ["pods", "grouped"]);
        assert_eq!(binding.failure_policy, Some(FailurePolicy::Ignore));
        assert_eq!(binding.side_effects, SideEffects::NoneOnDryRun);
        assert_eq!(binding.timeout_seconds, 30);
        let condition = MatchCondition {
            name: "a".to_owned(),
            expression: "true".to_owned(),
        };
        assert_eq!(binding.conditions, [condition]);
        assert_eq!(binding.labels, Some(json!({"matchLabels": {"a": "b"}})));
        assert_eq!(
            binding.namespace_labels,
            Some(json!({"matchExpressions": [{"key": "c", "operator": "Exists"}]}))
        );
        let [first, second] = binding.rules.as_slice() else {
            panic!("{:?}", binding.rules)
        };
        assert_eq!(
            (first.groups.join(","), first.scope.as_str()),
            (String::new(), "*")
        );
        assert_eq!(
            (second.operations.join(","), second.scope.as_str()),
            ("*".to_owned(), "Cluster")
        );
    }
}

#[test]
fn what_admission_bindings_do_not_say_is_as_in_the_original() {
    let found = config(
        "{configVersion: v1, kubernetesValidating: [{name: a.b.c}], kubernetesMutating: [{name: a.b.c}]}",
    );
    let kinds: Vec<AdmissionKind> = found.admissions.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, AdmissionKind::ALL);
    for binding in found.admissions {
        assert_eq!(binding.failure_policy, None);
        assert_eq!(binding.side_effects, SideEffects::None);
        assert_eq!(binding.timeout_seconds, 10);
        assert_eq!((binding.labels, binding.namespace_labels), (None, None));
        assert!(binding.rules.is_empty() && binding.conditions.is_empty());
    }
}

#[test]
fn conversions_are_read() {
    let text = "{configVersion: v1, kubernetes: [{name: pods, kind: Pod, group: g}],
        kubernetesCustomResourceConversion: [{name: a, crdName: tabs.example.com, group: g, conversions: [{fromVersion: v1, toVersion: example.com/v2}]}]}";
    assert_eq!(warnings(text), [""; 0]);
    let found = config(text);
    let [binding] = found.conversions.as_slice() else {
        panic!("{:?}", found.conversions)
    };
    assert_eq!(
        (binding.name.as_str(), binding.definition.as_str()),
        ("a", "tabs.example.com")
    );
    assert_eq!(binding.include_snapshots, ["pods"]);
    let rule = ConversionRule {
        from: "v1".to_owned(),
        to: "example.com/v2".to_owned(),
    };
    assert_eq!(binding.conversions, [rule]);
}

#[test]
fn conversion_of_another_group_is_told() {
    let text = "{configVersion: v1, kubernetesCustomResourceConversion: [{name: a, crdName: tabs.example.com, conversions: [{fromVersion: v1, toVersion: other.com/v2}]}]}";
    assert_eq!(
        warnings(text),
        [
            "kubernetesCustomResourceConversion[0].conversions[0].toVersion: is never converted: the group is example.com"
        ]
    );
}

rejects! {
    validating_empty: whole("{configVersion: v1, kubernetesValidating: []}") => "kubernetesValidating: expected at least 1 item, got none (leave the key out)";
    validating_without_name: whole("{configVersion: v1, kubernetesValidating: [{group: a}]}") => "kubernetesValidating[0].name: this key is required";
    validating_short_name: whole("{configVersion: v1, kubernetesValidating: [{name: a.b}]}") => "kubernetesValidating[0].name: \"a.b\" is not a domain of three parts or more (such as limits.example.com)";
    validating_name_twice: whole("{configVersion: v1, kubernetesValidating: [{name: a.b.c}, {name: a.b.c}]}") => "kubernetesValidating[1].name: the name \"a.b.c\" is taken (give each a `name` of its own)";
    mutating_without_name: whole("{configVersion: v1, kubernetesMutating: [{}]}") => "kubernetesMutating[0].name: this key is required";
    mutating_short_name: whole("{configVersion: v1, kubernetesMutating: [{name: a}]}") => "kubernetesMutating[0].name: \"a\" is not a domain of three parts or more (such as limits.example.com)";
    mutating_name_twice: whole("{configVersion: v1, kubernetesMutating: [{name: a.b.c}, {name: a.b.c}]}") => "kubernetesMutating[1].name: the name \"a.b.c\" is taken (give each a `name` of its own)";
    mutating_timeout_beyond: whole("{configVersion: v1, kubernetesMutating: [{name: a.b.c, timeoutSeconds: 0}]}") => "kubernetesMutating[0].timeoutSeconds: expected 1 to 30 seconds, got a number (0)";
    mutating_queue: whole("{configVersion: v1, kubernetesMutating: [{name: a.b.c, queue: b}]}") => "kubernetesMutating[0].queue: unknown key (known are name, group, includeSnapshotsFrom, failurePolicy, sideEffects, timeoutSeconds, matchConditions, labelSelector, namespace, rules)";
    conversion_empty: whole("{configVersion: v1, kubernetesCustomResourceConversion: [{}]}") => "kubernetesCustomResourceConversion[0].name: this key is required", "kubernetesCustomResourceConversion[0].crdName: this key is required", "kubernetesCustomResourceConversion[0].conversions: this key is required";
    conversion_rule: whole("{configVersion: v1, kubernetesCustomResourceConversion: [{name: a, crdName: b.c, conversions: [{fromVersion: v1}]}]}") => "kubernetesCustomResourceConversion[0].conversions[0].toVersion: this key is required";
    conversion_includes: whole("{configVersion: v1, kubernetesCustomResourceConversion: [{name: a, crdName: b.c, includeSnapshotsFrom: [c], conversions: [{fromVersion: v1, toVersion: v2}]}]}") => "kubernetesCustomResourceConversion[0].includeSnapshotsFrom[0]: no kubernetes binding is named \"c\"";
    conversion_definition: whole("{configVersion: v1, kubernetesCustomResourceConversion: [{name: a, crdName: CronTab, conversions: [{fromVersion: v1, toVersion: v2}]}]}") => "kubernetesCustomResourceConversion[0].crdName: \"CronTab\" is no name of a definition (plural and group, such as crontabs.stable.example.com)";
    condition_name: validating("matchConditions: [{name: 'a b', expression: 'true'}]") => "kubernetesValidating[0].matchConditions[0].name: \"a b\" is no name of a condition (letters, digits, `-`, `_` and `.`, at most 63)";
    condition_twice: validating("matchConditions: [{name: a, expression: 'true'}, {name: a, expression: 'true'}]") => "kubernetesValidating[0].matchConditions[1].name: the name \"a\" is taken";
    failure_policy: validating("failurePolicy: ignore") => "kubernetesValidating[0].failurePolicy: expected one of Ignore, Fail, got \"ignore\" (did you mean \"Ignore\"?)";
    side_effects: validating("sideEffects: Some") => "kubernetesValidating[0].sideEffects: expected one of None, NoneOnDryRun, got \"Some\"";
    timeout_beyond: validating("timeoutSeconds: 31") => "kubernetesValidating[0].timeoutSeconds: expected 1 to 30 seconds, got a number (31)";
    timeout_text: validating("timeoutSeconds: '10'") => "kubernetesValidating[0].timeoutSeconds: expected an integer, got \"10\" (remove the quotes)";
    condition_without_expression: validating("matchConditions: [{name: a}]") => "kubernetesValidating[0].matchConditions[0].expression: this key is required";
    labels_empty: validating("labelSelector: {}") => "kubernetesValidating[0].labelSelector: expected at least one key, got none (leave it out)";
    namespace_without_labels: validating("namespace: {}") => "kubernetesValidating[0].namespace.labelSelector: this key is required";
    namespace_names: validating("namespace: {nameSelector: {matchNames: [a]}, labelSelector: {matchLabels: {a: b}}}") => "kubernetesValidating[0].namespace.nameSelector: unknown key (did you mean \"labelSelector\"?)";
    rules_empty: validating("rules: []") => "kubernetesValidating[0].rules: expected at least 1 item, got none (leave the key out)";
    operations_empty: validating("rules: [{apiVersions: [v1], apiGroups: [''], resources: [pods], operations: []}]") => "kubernetesValidating[0].rules[0].operations: expected at least 1 item, got none (leave the key out)";
    operation_in_small: validating("rules: [{apiVersions: [v1], apiGroups: [''], resources: [pods], operations: [create]}]") => "kubernetesValidating[0].rules[0].operations[0]: expected one of CREATE, UPDATE, DELETE, CONNECT, *, got \"create\" (did you mean \"CREATE\"?)";
    resources_missing: validating("rules: [{apiVersions: [v1], apiGroups: [''], operations: ['*']}]") => "kubernetesValidating[0].rules[0].resources: this key is required";
    version_empty: validating("rules: [{apiVersions: [''], apiGroups: [''], resources: [pods], operations: ['*']}]") => "kubernetesValidating[0].rules[0].apiVersions[0]: expected a text that is not empty";
    version_beside_star: validating("rules: [{apiVersions: ['*', v1], apiGroups: [''], resources: [pods], operations: ['*']}]") => "kubernetesValidating[0].rules[0].apiVersions: `*` is everything (leave the others out)";
    scope_unknown: validating("rules: [{apiVersions: [v1], apiGroups: [''], resources: [pods], operations: ['*'], scope: All}]") => "kubernetesValidating[0].rules[0].scope: expected one of Cluster, Namespaced, *, got \"All\"";
}
