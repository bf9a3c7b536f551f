//! The mistakes that people make most, as they are told.

use proptest::prelude::*;

use super::Place;
use crate::binding::parse_config;

#[test]
fn all_mistakes_are_told_at_once() {
    let text = r#"configVersion: v1
onStartup: "1"
beforeAll: 10
kuberntes:
- kind: Pod
schedule:
- crontab: "*/5 * * * * * *"
  includeSnapshotFrom: [pods]
- name: nightly
kubernetes:
- name: pods
  apiVersion: v1
  kind: Pod
  executeHookOnEvent: [Add]
  labelSelector:
    matchLabels:
      app: 1
  fieldSelector:
    matchExpressions:
    - {field: metadata.name, operator: Equals, value: web}
  nameSelector:
    matchNames: [web]
- name: secrets
  jqFilter: .data
  includeSnapshotsFrom: [pod]
"#;
    let mistakes = parse_config("hooks/x.sh --config", text, Place::Module).unwrap_err();
    insta::with_settings!({ snapshot_path => "../../../tests/golden/binding", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("mistakes", mistakes);
    });
}

#[test]
fn json_on_one_line_is_told_without_the_line() {
    let text = r#"{"configVersion":"v1","kubernetes":[{"kind":"Pod","nmae":"a"}]}"#;
    let mistakes = parse_config("hooks/x.sh --config", text, Place::Module).unwrap_err();
    let expected =
        r#"hooks/x.sh --config:1:51: kubernetes[0].nmae: unknown key (did you mean "name"?)"#;
    assert_eq!(mistakes.to_string(), expected);
}

#[test]
fn words_before_the_configuration_are_a_mistake() {
    let text = "Loading...\n{\"configVersion\":\"v1\",\"onStartup\":1}\n";
    assert!(parse_config("hook", text, Place::Module).is_err());
}

proptest! {
    #[test]
    fn any_text_is_a_configuration_or_a_mistake(
        keys in prop::collection::vec(prop::sample::select(vec![
            "configVersion: v1", "onStartup: 1", "onStartup: -1", "beforeHelm: x", "settings: {}", "settings: null",
            "schedule: [{crontab: '@daily', group: g}]", "schedule: {}", "kubernetes: [{kind: Pod, group: g}, {}]",
            "kubernetes: [{kind: Pod, includeSnapshotsFrom: [kubernetes]}]", "onKubernetesEvent: [{kind: pod, event: [add]}]",
            "kubernetesValidating: [{name: a.b.c}]", "? [a]",
        ]), 0..4),
        place in prop::sample::select(vec![Place::Global, Place::Module]),
    ) {
        let text = keys.join("\n");
        match parse_config("hook", &text, place) {
            Ok(config) => {
                let bindings = config.lifecycle.len() + config.schedules.len() + config.kubernetes.len() + config.admissions.len() + config.conversions.len();
                prop_assert!(bindings > 0 || !config.warnings.is_empty());
            }
            Err(mistakes) => prop_assert!(!mistakes.0.is_empty()),
        }
    }
}
