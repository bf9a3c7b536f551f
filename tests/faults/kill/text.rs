//! What stories are made of: templates and hooks.

pub(super) const HASH: &str = "/metadata/annotations/addon-operator.io~1applied-hash";
pub(super) const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.LETTERS.example.com}
spec:
  group: LETTERS.example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
";
pub(super) const WIDGET: &str = "apiVersion: LETTERS.example.com/v1
kind: Widget
metadata: {name: web}
spec: {size: 1}
";
pub(super) const WEB: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {text: '{{ Values.web.text }}'}
---
apiVersion: v1
kind: Secret
metadata: {name: web}
stringData: {text: '{{ Values.web.text }}'}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.com/web}]}
";
pub(super) const ROLE: &str = "---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: widgets-LETTERS}
rules: []
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: kinds}
";
pub(super) const SHOP: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data: {text: '{{ (Values.shop | default({})).size | default(0) }}'}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: shop}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {ports: [{port: 80}]}
";
pub(super) const NEW: &str = "---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: new}
rules: []
---
apiVersion: v1
kind: ConfigMap
metadata: {name: new}
data: {text: a}
";
pub(super) const SEES_GLOBAL: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: 'global-{{ Chart.Name }}'}
data: {team: '{{ Values.global.team | default('none') }}'}
---
apiVersion: v1
kind: Secret
metadata: {name: 'global-{{ Chart.Name }}'}
stringData: {team: '{{ Values.global.team | default('none') }}'}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: 'global-{{ Chart.Name }}', labels: {team: '{{ Values.global.team | default('none') }}'}}
";
pub(super) const FACTS: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: facts}
data: {text: '{{ Values.global.facts }}'}
";
pub(super) const DRAWING: &str = "apiVersion: v1
kind: Secret
metadata: {name: drawn}
data: {password: {{ randAlphaNum 16 | b64enc }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: drawn}
data: {password: {{ randAlphaNum 12 }}}
";
pub(super) const RELEASE: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, labels: {heritage: addon-operator}}
data: {text: a, dropped: x}
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {heritage: addon-operator}}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: gone, labels: {heritage: addon-operator}}
---
apiVersion: v1
kind: Secret
metadata: {name: gone, labels: {heritage: addon-operator}}
";
pub(super) const HELM_HOOKS: &str = "---
apiVersion: v1
kind: ConfigMap
metadata:
  name: before
  annotations: {helm.sh/hook: 'pre-install,pre-upgrade', helm.sh/hook-weight: '1'}
data: {text: '{{ Values.web.text }}'}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: before
  annotations: {helm.sh/hook: pre-install, helm.sh/hook-delete-policy: hook-succeeded}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: after
  annotations: {helm.sh/hook: 'post-install,post-upgrade'}
data: {text: '{{ Values.web.text }}'}
";
pub(super) const GLOBAL_HOOK: &str = r#"#!/bin/bash
if [ "$1" = --config ]; then
  echo '{configVersion: v1, onStartup: 1, beforeAll: 1}'
  exit
fi
echo '{"op": "add", "path": "/global/facts", "value": "known"}' > "$VALUES_JSON_PATCH_PATH"
"#;
pub(super) const START_HOOK: &str = r#"#!/bin/bash
if [ "$1" = --config ]; then
  echo '{configVersion: v1, onStartup: 1}'
  exit
fi
cat > "$KUBERNETES_PATCH_PATH" <<END
{operation: CreateOrUpdate, object: {apiVersion: v1, kind: ConfigMap, metadata: {name: made, namespace: NAMESPACE}, data: {by: start}}}
---
{operation: CreateIfNotExists, object: {apiVersion: v1, kind: Secret, metadata: {name: made, namespace: NAMESPACE}}}
END
"#;
pub(super) const BEFORE_HOOK: &str = r#"#!/bin/bash
if [ "$1" = --config ]; then
  echo '{configVersion: v1, beforeHelm: 1}'
  exit
fi
echo '{"op": "add", "path": "/web/text", "value": "by hook"}' > "$VALUES_JSON_PATCH_PATH"
"#;
pub(super) const AFTER_HOOK: &str = r#"#!/bin/bash
if [ "$1" = --config ]; then
  echo '{configVersion: v1, afterHelm: 1}'
  exit
fi
cat > "$KUBERNETES_PATCH_PATH" <<END
{operation: MergePatch, apiVersion: v1, kind: ConfigMap, name: made, namespace: NAMESPACE, mergePatch: {data: {after: applied}}}
---
{operation: CreateIfNotExists, object: {apiVersion: v1, kind: ServiceAccount, metadata: {name: made, namespace: NAMESPACE}}}
---
{operation: JSONPatch, apiVersion: v1, kind: ConfigMap, name: made, namespace: NAMESPACE, jsonPatch: [{op: add, path: /metadata/labels, value: {after: "yes"}}]}
END
"#;
pub(super) const FOLLOW_HOOK: &str = r#"#!/bin/bash
if [ "$1" = --config ]; then
  echo '{configVersion: v1, kubernetes: [{name: made, group: all, kind: ConfigMap, jqFilter: .data.after, nameSelector: {matchNames: [made]}, namespace: {nameSelector: {matchNames: [NAMESPACE]}}}]}'
  exit
fi
after=$(grep -o '"filterResult": *"[^"]*"' "$BINDING_CONTEXT_PATH" | cut -d'"' -f4 | sort -u)
cat > "$KUBERNETES_PATCH_PATH" <<END
{operation: CreateOrUpdate, object: {apiVersion: v1, kind: ConfigMap, metadata: {name: followed, namespace: NAMESPACE}, data: {after: "$after"}}}
END
"#;
pub(super) const DELETE_HOOK: &str = r#"#!/bin/bash
if [ "$1" = --config ]; then
  echo '{configVersion: v1, afterDeleteHelm: 1}'
  exit
fi
cat > "$KUBERNETES_PATCH_PATH" <<END
{operation: DeleteInBackground, apiVersion: v1, kind: ConfigMap, name: made, namespace: NAMESPACE}
---
{operation: DeleteInBackground, apiVersion: v1, kind: Secret, name: made, namespace: NAMESPACE}
END
"#;
pub(super) const CONFIG_HOOK: &str = r#"#!/bin/bash
if [ "$1" = --config ]; then
  echo '{configVersion: v1, beforeHelm: 1}'
  exit
fi
echo '{"op": "add", "path": "/web/text", "value": "by hook"}' > "$CONFIG_VALUES_JSON_PATCH_PATH"
"#;
