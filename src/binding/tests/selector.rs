//! Selectors of `kubernetes` bindings, and their text for the API.

use super::{accepts, rejects};
use crate::watch::Namespaces;

fn named(names: &[&str]) -> Namespaces {
    Namespaces::Named(names.iter().map(|name| (*name).to_owned()).collect())
}

fn labelled(text: &str) -> Namespaces {
    Namespaces::Labelled(text.to_owned())
}

accepts! {
    names: kubernetes("nameSelector: {matchNames: [b, a, b]}") => |it| it.selection.names == ["a", "b"];
    names_alone: kubernetes("nameSelector: [b, a]") => |it| it.selection.names == ["a", "b"];
    namespace_names_alone: kubernetes("namespace: {nameSelector: [default]}") => |it| it.selection.namespaces == named(&["default"]);
    no_names_are_all: kubernetes("nameSelector: {matchNames: []}") => |it| it.selection.names.is_empty();
    empty_name_is_all: kubernetes("nameSelector: {matchNames: ['', a]}") => |it| it.selection.names.is_empty();
    one_label: kubernetes("labelSelector: {matchLabels: {app: web}}") => |it| it.selection.labels == "app=web";
    labels_by_key: kubernetes("labelSelector: {matchLabels: {tier: back, app: web}}") => |it| it.selection.labels == "app=web,tier=back";
    label_with_a_domain: kubernetes("labelSelector: {matchLabels: {node-role.kubernetes.io/master: ''}}") => |it| it.selection.labels == "node-role.kubernetes.io/master=";
    no_labels: kubernetes("labelSelector: {matchLabels: {}}") => |it| it.selection.labels.is_empty();
    label_in: kubernetes("labelSelector: {matchExpressions: [{key: app, operator: In, values: [web, api]}]}") => |it| it.selection.labels == "app in (api,web)";
    label_not_in: kubernetes("labelSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}") => |it| it.selection.labels == "app notin (web)";
    label_exists: kubernetes("labelSelector: {matchExpressions: [{key: app, operator: Exists}]}") => |it| it.selection.labels == "app";
    label_does_not_exist: kubernetes("labelSelector: {matchExpressions: [{key: app, operator: DoesNotExist, values: []}]}") => |it| it.selection.labels == "!app";
    labels_and_expressions: kubernetes("labelSelector: {matchLabels: {z: '1', b: '2'}, matchExpressions: [{key: c, operator: Exists}, {key: a, operator: In, values: ['']}]}") => |it| it.selection.labels == "a in (),b=2,c,z=1";
    fields: kubernetes("fieldSelector: {matchExpressions: [{field: status.phase, operator: '!=', value: Running}, {field: spec.nodeName, operator: Equals, value: a}]}") => |it| it.selection.fields == "status.phase!=Running,spec.nodeName=a";
    field_equal: kubernetes("fieldSelector: {matchExpressions: [{field: a, operator: '=', value: b}]}") => |it| it.selection.fields == "a=b";
    field_equal_twice: kubernetes("fieldSelector: {matchExpressions: [{field: a, operator: '==', value: b}]}") => |it| it.selection.fields == "a=b";
    field_not_equal_in_words: kubernetes("fieldSelector: {matchExpressions: [{field: a, operator: NotEquals, value: b}]}") => |it| it.selection.fields == "a!=b";
    field_value_is_escaped: kubernetes(r"fieldSelector: {matchExpressions: [{field: a, operator: '=', value: 'b,c=d\e'}]}") => |it| it.selection.fields == r"a=b\,c\=d\\e";
    no_fields: kubernetes("fieldSelector: {matchExpressions: []}") => |it| it.selection.fields.is_empty();
    field_of_the_name: kubernetes("fieldSelector: {matchExpressions: [{field: metadata.name, operator: '=', value: a}]}") => |it| it.selection.fields == "metadata.name=a";
    field_of_the_name_without_names: kubernetes("nameSelector: {matchNames: []}, fieldSelector: {matchExpressions: [{field: metadata.name, operator: '=', value: a}]}") => |it| it.selection.fields == "metadata.name=a";
    namespace_names: kubernetes("namespace: {nameSelector: {matchNames: [b, a]}}") => |it| it.selection.namespaces == named(&["a", "b"]);
    no_namespace_names_are_all: kubernetes("namespace: {nameSelector: {matchNames: []}}") => |it| it.selection.namespaces == Namespaces::All;
    namespace_labels: kubernetes("namespace: {labelSelector: {matchLabels: {env: prod}}}") => |it| it.selection.namespaces == labelled("env=prod");
    namespace_labels_win: kubernetes("namespace: {nameSelector: {matchNames: [a]}, labelSelector: {matchLabels: {env: prod}}}") => |it| it.selection.namespaces == labelled("env=prod");
    namespace_without_labels: kubernetes("namespace: {labelSelector: {matchLabels: {}}}") => |it| it.selection.namespaces == labelled("");
}

rejects! {
    names_missing: kubernetes("nameSelector: {}") => "kubernetes[0].nameSelector.matchNames: this key is required";
    names_key: kubernetes("nameSelector: {matchNames: [a], any: true}") => "kubernetes[0].nameSelector.any: unknown key (known are matchNames)";
    names_text: kubernetes("nameSelector: {matchNames: a}") => "kubernetes[0].nameSelector.matchNames: expected a list, got \"a\"";
    name_number: kubernetes("nameSelector: {matchNames: [1]}") => "kubernetes[0].nameSelector.matchNames[0]: expected a string, got a number (1) (quote it: \"1\")";
    names_alone_number: kubernetes("nameSelector: [1]") => "kubernetes[0].nameSelector[0]: expected a string, got a number (1) (quote it: \"1\")";
    names_null: kubernetes("nameSelector: null") => "kubernetes[0].nameSelector: expected a map, got null (leave the key out)";
    name_alone_in_both: kubernetes("nameSelector: [a], fieldSelector: {matchExpressions: [{field: metadata.name, operator: '=', value: a}]}") => "kubernetes[0].fieldSelector.matchExpressions[0].field: selects by name, and nameSelector.matchNames does too (keep one of the two)";
    label_operand: kubernetes("labelSelector: {matchExpressions: [{key: a, operand: In}]}") => "kubernetes[0].labelSelector.matchExpressions[0].operator: this key is required", "kubernetes[0].labelSelector.matchExpressions[0].operand: unknown key (known are key, operator, values)";
    label_values_text: kubernetes("labelSelector: {matchExpressions: [{key: a, operator: In, values: b}]}") => "kubernetes[0].labelSelector.matchExpressions[0].operator: In needs at least one of `values`", "kubernetes[0].labelSelector.matchExpressions[0].values: expected a list, got \"b\"";
    field_key: kubernetes("fieldSelector: {matchExpressions: [{field: a, operator: '=', value: b, more: c}]}") => "kubernetes[0].fieldSelector.matchExpressions[0].more: unknown key (known are field, operator, value)";
    fields_labels: kubernetes("fieldSelector: {matchLabels: {a: b}}") => "kubernetes[0].fieldSelector.matchExpressions: this key is required", "kubernetes[0].fieldSelector.matchLabels: unknown key (known are matchExpressions)";
    namespace_text: kubernetes("namespace: default") => "kubernetes[0].namespace: expected a map, got \"default\"";
    namespace_fields: kubernetes("namespace: {fieldSelector: {matchExpressions: []}}") => "kubernetes[0].namespace.fieldSelector: unknown key (did you mean \"labelSelector\"?)";
    labels_empty: kubernetes("labelSelector: {}") => "kubernetes[0].labelSelector: expected at least one key, got none (leave it out)";
    labels_key: kubernetes("labelSelector: {matchLabel: {a: b}}") => "kubernetes[0].labelSelector.matchLabel: unknown key (did you mean \"matchLabels\"?)";
    label_number: kubernetes("labelSelector: {matchLabels: {a: 1}}") => "kubernetes[0].labelSelector.matchLabels.a: expected a string, got a number (1) (quote it: \"1\")";
    label_value: kubernetes("labelSelector: {matchLabels: {a: 'b c'}}") => "kubernetes[0].labelSelector.matchLabels.a: \"b c\" is not a label value (letters, digits, `-`, `_` and `.`, at most 63, first and last a letter or digit)";
    label_key: kubernetes("labelSelector: {matchLabels: {'-a': b}}") => "kubernetes[0].labelSelector.matchLabels.-a: \"-a\" is not a label key (letters, digits, `-`, `_` and `.`, at most 63, after a domain and `/` if need be)";
    label_domain: kubernetes("labelSelector: {matchLabels: {A_B/c: d}}") => "kubernetes[0].labelSelector.matchLabels.A_B/c: \"A_B/c\" is not a label key (letters, digits, `-`, `_` and `.`, at most 63, after a domain and `/` if need be)";
    label_operator: kubernetes("labelSelector: {matchExpressions: [{key: a, operator: in, values: [b]}]}") => "kubernetes[0].labelSelector.matchExpressions[0].operator: expected one of In, NotIn, Exists, DoesNotExist, got \"in\" (did you mean \"In\"?)";
    label_operator_missing: kubernetes("labelSelector: {matchExpressions: [{key: a}]}") => "kubernetes[0].labelSelector.matchExpressions[0].operator: this key is required";
    label_key_missing: kubernetes("labelSelector: {matchExpressions: [{operator: Exists}]}") => "kubernetes[0].labelSelector.matchExpressions[0].key: this key is required";
    in_without_values: kubernetes("labelSelector: {matchExpressions: [{key: a, operator: In}]}") => "kubernetes[0].labelSelector.matchExpressions[0].operator: In needs at least one of `values`";
    exists_with_values: kubernetes("labelSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}") => "kubernetes[0].labelSelector.matchExpressions[0].operator: Exists takes no `values` (remove them)";
    fields_missing: kubernetes("fieldSelector: {}") => "kubernetes[0].fieldSelector.matchExpressions: this key is required";
    fields_map: kubernetes("fieldSelector: {matchExpressions: {field: a}}") => "kubernetes[0].fieldSelector.matchExpressions: expected a list, got a map";
    field_operator: kubernetes("fieldSelector: {matchExpressions: [{field: a, operator: In, value: b}]}") => "kubernetes[0].fieldSelector.matchExpressions[0].operator: expected one of =, ==, Equals, !=, NotEquals, got \"In\"";
    field_value_missing: kubernetes("fieldSelector: {matchExpressions: [{field: a, operator: '='}]}") => "kubernetes[0].fieldSelector.matchExpressions[0].value: this key is required";
    field_value_number: kubernetes("fieldSelector: {matchExpressions: [{field: a, operator: '=', value: 1}]}") => "kubernetes[0].fieldSelector.matchExpressions[0].value: expected a string, got a number (1) (quote it: \"1\")";
    name_in_both: kubernetes("nameSelector: {matchNames: [a]}, fieldSelector: {matchExpressions: [{field: metadata.name, operator: '=', value: a}]}") => "kubernetes[0].fieldSelector.matchExpressions[0].field: selects by name, and nameSelector.matchNames does too (keep one of the two)";
    namespace_empty: kubernetes("namespace: {}") => "kubernetes[0].namespace: expected at least one key, got none (leave it out)";
    namespace_key: kubernetes("namespace: {matchNames: [a]}") => "kubernetes[0].namespace.matchNames: unknown key (known are nameSelector, labelSelector)";
    namespace_names_missing: kubernetes("namespace: {nameSelector: {}}") => "kubernetes[0].namespace.nameSelector.matchNames: this key is required";
    namespace_labels_empty: kubernetes("namespace: {labelSelector: {}}") => "kubernetes[0].namespace.labelSelector: expected at least one key, got none (leave it out)";
}
