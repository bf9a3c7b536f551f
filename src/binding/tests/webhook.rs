//! Bindings that the API server calls: checked, and not served yet.

use super::{config, rejects, warnings};

const RULE: &str = "{apiVersions: [v1], apiGroups: [''], resources: [pods], operations: [CREATE]}";

#[test]
fn good_ones_are_accepted_with_a_warning() {
    let full = format!(
        "group: g, includeSnapshotsFrom: [pods], failurePolicy: Ignore, sideEffects: NoneOnDryRun, timeoutSeconds: 30,
         matchConditions: [{{name: a, expression: 'true', note: b}}], labelSelector: {{matchLabels: {{a: b}}}},
         namespace: {{labelSelector: {{matchLabels: {{c: d}}}}}}, rules: [{RULE}, {{apiVersions: ['*'], apiGroups: ['*'], resources: ['*'], operations: ['*'], scope: Cluster}}]"
    );
    let conversion = "name: a, crdName: b.example.com, group: g, includeSnapshotsFrom: [pods], conversions: [{fromVersion: v1, toVersion: v2}]";
    for (key, item) in [
        (
            "kubernetesValidating",
            format!("name: a.example.com, {full}"),
        ),
        ("kubernetesMutating", format!("name: a, {full}")),
        ("kubernetesCustomResourceConversion", conversion.to_owned()),
    ] {
        let text = format!(
            "{{configVersion: v1, kubernetes: [{{name: pods, kind: Pod}}], {key}: [{{{item}}}]}}"
        );
        assert_eq!(config(&text).kubernetes.len(), 1);
        assert_eq!(
            warnings(&text),
            [format!("{key}: {key} is not served by this version")]
        );
    }
}

rejects! {
    validating_empty: whole("{configVersion: v1, kubernetesValidating: []}") => "kubernetesValidating: expected at least 1 item, got none (leave the key out)";
    validating_without_name: whole("{configVersion: v1, kubernetesValidating: [{group: a}]}") => "kubernetesValidating[0].name: this key is required";
    validating_short_name: whole("{configVersion: v1, kubernetesValidating: [{name: a.b}]}") => "kubernetesValidating[0].name: \"a.b\" is not a domain of three parts or more (such as limits.example.com)";
    validating_name_twice: whole("{configVersion: v1, kubernetesValidating: [{name: a.b.c}, {name: a.b.c}]}") => "kubernetesValidating[1].name: the name \"a.b.c\" is taken (give each a `name` of its own)";
    mutating_without_name: whole("{configVersion: v1, kubernetesMutating: [{}]}") => "kubernetesMutating[0].name: this key is required";
    mutating_queue: whole("{configVersion: v1, kubernetesMutating: [{name: a, queue: b}]}") => "kubernetesMutating[0].queue: unknown key (known are name, group, includeSnapshotsFrom, failurePolicy, sideEffects, timeoutSeconds, matchConditions, labelSelector, namespace, rules)";
    conversion_empty: whole("{configVersion: v1, kubernetesCustomResourceConversion: [{}]}") => "kubernetesCustomResourceConversion[0].name: this key is required", "kubernetesCustomResourceConversion[0].crdName: this key is required", "kubernetesCustomResourceConversion[0].conversions: this key is required";
    conversion_rule: whole("{configVersion: v1, kubernetesCustomResourceConversion: [{name: a, crdName: b, conversions: [{fromVersion: v1}]}]}") => "kubernetesCustomResourceConversion[0].conversions[0].toVersion: this key is required";
    conversion_includes: whole("{configVersion: v1, kubernetesCustomResourceConversion: [{name: a, crdName: b, includeSnapshotsFrom: [c], conversions: [{fromVersion: v1, toVersion: v2}]}]}") => "kubernetesCustomResourceConversion[0].includeSnapshotsFrom[0]: no kubernetes binding is named \"c\"";
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
