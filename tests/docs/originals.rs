//! What the documentation of shell-operator and addon-operator shows is understood here. The texts are
//! ours: each has the form of one example there, its odd spellings too, and other words.

use std::collections::BTreeMap;

use addon_operator::binding::{HookConfig, Place, parse_config};
use addon_operator::patch::{parse_metric_operations, parse_object_operations};

/// A configuration that both operators' documentation allows; it must be taken without a mistake.
fn config(place: Place, text: &str) -> HookConfig {
    parse_config("hook", text, place).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// The examples of shell-operator's page on hooks, from its top to its bottom.
const OF_SHELL_OPERATOR: &[&str] = &[
    // The hook of a start.
    "configVersion: v1\nonStartup: 7",
    // JSON, spread over lines and indented with tabs.
    "{\n\t\"configVersion\": \"v1\",\n\t\"onStartup\": 7,\n\t\"schedule\": [\n\t\t{\"crontab\": \"*/2 * * * *\"}\n\t]\n}",
    // Schedules of five and six fields, with what each of them may have. One name stands for a list.
    r#"
configVersion: v1
schedule:
- crontab: "*/7 * * * *"
  allowFailure: true
- name: "Each half an hour"
  crontab: "*/30 * * * *"
  allowFailure: false
- name: "often"
  crontab: "*/15 * * * * *"
  queue: "often"
  includeSnapshotsFrom: "web-pods"
- name: "in a group"
  crontab: "0 * * * *"
  group: "web"
kubernetes:
- {name: web-pods, kind: po}
"#,
    // Every field of a kubernetes binding.
    r#"
configVersion: v1
kubernetes:
- name: "Web pods of the front"
  apiVersion: v1
  kind: Pod  # must be there
  executeHookOnEvent: [ "Added", "Modified", "Deleted" ]
  executeHookOnSynchronization: true
  waitForSynchronization: true
  keepFullObjectsInMemory: true
  resynchronizationPeriod: "2h"
  nameSelector:
    matchNames:
    - web-0
    - web-1
  labelSelector:
    matchLabels:
      app: web
      part: front
    matchExpressions:
    - key: "part"
      operator: "In"
      values: ["front"]
  fieldSelector:
    matchExpressions:
    - field: "status.phase"
      operator: "Equals"
      value: "Running"
  namespace:
    nameSelector:
      matchNames: ["shop", "shop-next"]
    labelSelector:
      matchLabels:
        team: "shop"
      matchExpressions:
      - key: "stage"
        operator: "In"
        values: ["live"]
  jqFilter: ".metadata.annotations"
  includeSnapshotsFrom:
  - "Web pods of the front"
  - "all pods"
  allowFailure: false
  queue: "web-pods"
  group: "web"
- name: "all pods"
  kind: "pod"
"#,
    // The names that one kind has.
    r#"{"configVersion":"v1","kubernetes":[{"name":"a","kind":"DaemonSet"},{"name":"b","kind":"Daemonset"},{"name":"c","kind":"daemonsets"},{"name":"d","kind":"DaemonSets"},{"name":"e","kind":"ds"}]}"#,
    // Names of namespaces without `matchNames`.
    r#"
configVersion: v1
kubernetes:
- name: "changed-labels"
  kind: pod
  executeHookOnEvent: ["Modified"]
  labelSelector:
    matchLabels:
      app: "web"
  namespace:
    nameSelector: ["shop"]
  jqFilter: .metadata.labels
  allowFailure: true
  includeSnapshotsFrom: ["changed-labels"]
"#,
    // Filters that give a map and a list.
    r#"{configVersion: v1, kubernetes: [{name: a, kind: Pod, jqFilter: "{node: .spec.nodeName, labels: .metadata.labels}"}, {name: b, kind: Pod, jqFilter: "[.spec.nodeName, .metadata.labels]"}]}"#,
    "{configVersion: v1, kubernetes: [{kind: Secret, fieldSelector: {matchExpressions: [{field: type, operator: '!=', value: Opaque}]}}]}",
    "configVersion: v1\nschedule:\n- name: full\n  crontab: \"0 4 */2 * * *\"\n  allowFailure: true",
    "configVersion: v1\nkubernetes:\n- kind: Pod",
    "configVersion: v1\nkubernetes:\n- name: pods\n  kind: Pod\n  keepFullObjectsInMemory: false",
    // Bindings that are looked at and never run the hook.
    r#"
configVersion: v1
schedule:
- name: look-again
  crontab: "0 */2 * * *"
  includeSnapshotsFrom: ["web-pods", "settings"]
kubernetes:
- name: settings
  kind: ConfigMap
  nameSelector:
    matchNames: ["settings-of-the-web"]
  executeHookOnSynchronization: false
  executeHookOnEvent: []
- name: web-pods
  kind: Pod
  jqFilter: '.metadata.labels'
  includeSnapshotsFrom: ["settings"]
"#,
    // A group.
    r#"
configVersion: v1
schedule:
- name: look-again
  crontab: "0 */2 * * *"
  group: "web"
kubernetes:
- name: web-pods
  apiVersion: v1
  kind: Pod
  jqFilter: '.metadata.labels'
  group: "web"
- name: settings
  apiVersion: v1
  kind: ConfigMap
  nameSelector:
    matchNames: ["settings-of-the-web"]
  jqFilter: '.data'
  group: "web"
"#,
    // Not too often.
    r#"
configVersion: v1
kubernetes:
- name: "pods-of-the-shop"
  kind: pod
  executeHookOnEvent: ["Modified"]
  namespace:
    nameSelector: ["shop"]
  queue: slow-pods
settings:
  executionMinInterval: 5s
  executionBurst: 2
"#,
    // The API server asks.
    r#"
configVersion: v1
onStartup: 3
kubernetes:
- name: limits
  kind: ConfigMap
  group: "limits of shops"
kubernetesValidating:
- name: shops.limits.example.com
  includeSnapshotsFrom: ["limits"]
  group: "limits of shops"
  labelSelector:
    matchLabels:
      part: front
  namespace:
    labelSelector:
      matchLabels:
        team: shop
      matchExpressions:
      - key: stage
        operator: In
        values: ["live","next"]
  rules:
  - apiVersions:
    - v1
    apiGroups:
    - shops.example.com
    resources:
    - Shop
    operations:
    - "*"
  - operations: ["CREATE", "UPDATE"]
    apiGroups: ["apps"]
    apiVersions: ["v1", "v1beta1"]
    resources: ["statefulsets", "deployments"]
    scope: "Namespaced"
  failurePolicy: Ignore
  sideEffects: NoneOnDryRun
  timeoutSeconds: 5
  matchConditions:
  - name: "not-the-scheduler"
    expression: '("system:kube-scheduler" != request.userInfo.username)'
kubernetesMutating:
- name: shops.defaults.example.com
  rules:
  - apiGroups:   ["shops.example.com"]
    apiVersions: ["v1"]
    operations:  ["CREATE"]
    resources:   ["shops"]
    scope:       "Namespaced"
kubernetesCustomResourceConversion:
- name: up
  includeSnapshotsFrom: ["limits"]
  group: "limits of shops"
  crdName: shops.shops.example.com
  conversions:
  - fromVersion: old.example.com/v1beta1
    toVersion: shops.example.com/v1beta1
  - fromVersion: v1beta1
    toVersion: v1
"#,
    // The first form.
    r#"{"onStartup": 2, "schedule": [{"name": "often", "crontab": "0 */2 * * * *", "allowFailure": true}], "onKubernetesEvent": [{"name": "pods", "kind": "pod", "event": ["add", "update", "delete"], "selector": {"matchLabels": {"app": "web"}}, "objectName": "web-0", "namespaceSelector": {"matchNames": ["shop"], "any": false}, "jqFilter": ".metadata.labels", "allowFailure": true}]}"#,
];

/// Of addon-operator's page: bindings that wait or do not, and the other name of an interval.
const WATCHES: &str = r#"
kubernetes:
- name: pods
  apiVersion: v1
  kind: Pod
  jqFilter: ".metadata.annotations"
- name: nodes
  apiVersion: v1
  kind: Node
  jqFilter: ".metadata.annotations"
  queue: of-nodes
  executeHookOnSynchronization: false
- name: settings
  apiVersion: v1
  kind: ConfigMap
  jqFilter: ".metadata.annotations"
  queue: of-settings
  waitForSynchronization: false
- name: passwords
  apiVersion: v1
  kind: Secret
  jqFilter: ".metadata.annotations"
  queue: of-passwords
  executeHookOnSynchronization: false
  waitForSynchronization: false
settings:
  executionMinPeriod: 2s
  executionBurst: 1
"#;

#[test]
fn configurations_of_the_originals_pages_are_understood() {
    for text in OF_SHELL_OPERATOR {
        for place in [Place::Global, Place::Module] {
            config(place, text);
        }
    }
    for (place, points) in [
        (Place::Global, &["onStartup", "beforeAll", "afterAll"][..]),
        (
            Place::Module,
            &[
                "onStartup",
                "beforeHelm",
                "afterHelm",
                "beforeDeleteHelm",
                "afterDeleteHelm",
            ],
        ),
    ] {
        for point in points {
            let bare = config(place, &format!("configVersion: v1\n{point}: 20"));
            assert_eq!(
                (bare.lifecycle.len(), bare.warnings),
                (1, Vec::new()),
                "{point}"
            );
            let watches = config(place, &format!("configVersion: v1\n{point}: 20{WATCHES}"));
            let waits: Vec<bool> = watches
                .kubernetes
                .iter()
                .map(|binding| binding.wait_for_synchronization)
                .collect();
            assert_eq!(waits, [true, true, false, false]);
            assert!(watches.rate.is_some());
        }
    }
}

/// Operations on objects as the page on them shows them; the last is no JSON, as it breaks a text over
/// lines, and is read as YAML.
const OBJECTS: &[(&str, &str)] = &[
    (
        r#"{"operation": "CreateOrUpdate", "object": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": 2}}}"#,
        "CreateOrUpdate apps/v1 Deployment shop/web",
    ),
    (
        "operation: Create\nobject:\n  apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    namespace: shop\n    name: found\n  data: ...\n",
        "Create v1 ConfigMap shop/found",
    ),
    (
        "operation: Create\nobject: |\n  {\"apiVersion\":\"v1\", \"kind\":\"ConfigMap\",\n   \"metadata\":{\"namespace\":\"shop\",\"name\":\"found\"},\n   \"data\":{\"a\": \"b\"}}\n",
        "Create v1 ConfigMap shop/found",
    ),
    (
        "{\n  \"operation\": \"Delete\",\n  \"kind\": \"Pod\",\n  \"namespace\": \"shop\",\n  \"name\": \"web-0\"\n}",
        "Delete Pod shop/web-0",
    ),
    (
        r#"{"operation": "JQPatch", "kind": "Deployment", "namespace": "shop", "name": "web", "jqFilter": ".spec.replicas = 3"}"#,
        "JQPatch Deployment shop/web",
    ),
    (
        r#"{"operation": "MergePatch", "kind": "Deployment", "namespace": "shop", "name": "web", "mergePatch": {"spec": {"replicas": 3}}}"#,
        "MergePatch Deployment shop/web",
    ),
    (
        "operation: MergePatch\nkind: Deployment\nnamespace: shop\nname: web\nignoreMissingObject: true\nmergePatch: |\n  spec:\n    replicas: 3\n",
        "MergePatch Deployment shop/web",
    ),
    (
        r#"{"operation": "JSONPatch", "kind": "Deployment", "namespace": "shop", "name": "web", "jsonPatch": [{"op": "replace", "path":  "/spec/replicas", "value":  3}]}"#,
        "JSONPatch Deployment shop/web",
    ),
    (
        "{\n  \"operation\": \"JSONPatch\",\n  \"kind\": \"Deployment\",\n  \"namespace\": \"shop\",\n  \"name\": \"web\",\n  \"jsonPatch\": \"[\n    {\\\"op\\\": \\\"replace\\\", \\\"path\\\":  \\\"/spec/replicas\\\", \\\"value\\\":  3}\n  ]\"\n}",
        "JSONPatch Deployment shop/web",
    ),
];

#[test]
fn object_patches_of_the_originals_pages_are_understood() {
    for (text, expected) in OBJECTS {
        let operations =
            parse_object_operations(text).unwrap_or_else(|why| panic!("{text}\n{why:?}"));
        let told: Vec<String> = operations.iter().map(ToString::to_string).collect();
        assert_eq!(told, [*expected]);
    }
    let yaml: Vec<&str> = OBJECTS.iter().map(|(text, _)| *text).collect();
    let all = parse_object_operations(&yaml.join("\n---\n")).unwrap();
    assert_eq!(
        all.len(),
        OBJECTS.len(),
        "documents of both forms in one file"
    );
}

#[test]
fn metrics_of_the_originals_pages_are_understood() {
    let text = r#"
{"name":"shops","action":"add","value":1,"labels":{"stage":"live"}}
{"name":"carts","action":"set","value":12,"labels":{"stage":"live"}}
{"name":"seconds","action":"observe","value":3, "buckets": [1,2,5], "labels":{"stage":"live"}}
{"name":"shops","add":1,"labels":{"stage":"live"}}
{"group":"of shops", "name":"shops_found",  "action":"add", "value":1, "labels":{"stage":"next"}}
{"group":"of shops", "action":"expire"}
"#;
    let read = parse_metric_operations(text, &BTreeMap::new(), None).unwrap();
    assert_eq!((read.operations.len(), read.warnings), (6, Vec::new()));
}
