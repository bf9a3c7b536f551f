//! What charts of Helm ask the cluster: `lookup`, capabilities, the release; beside the real Helm.

use std::path::Path;

use addon_operator::serve::ModuleState;
use serde_json::{Value, json};

use super::stage::{Stage, definition, until_row};
use crate::support::{self, Operator, rest};

const ABOUT: &str = "apiVersion: v2\nname: web\nversion: 0.1.0\n";

/// A module `web` whose chart is one of others, with one template.
async fn stage(template: &str) -> Option<Stage> {
    let stage = Stage::new("lookup").await?;
    for (path, text) in [
        ("values.yaml", "webEnabled: true\n"),
        ("010-web/Chart.yaml", ABOUT),
        ("010-web/module.yaml", "values: root\n"),
        ("010-web/templates/all.yaml", template),
    ] {
        stage.modules.write(path, text);
    }
    Some(stage)
}

/// A `ConfigMap` called `found`, with these lines as its data.
fn found(lines: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: found}}\ndata:\n{lines}")
}

/// What the real Helm makes of the module's chart with a cluster to look into.
async fn as_helm(stage: &Stage) -> Option<Result<Value, String>> {
    as_helm_by(stage, stage.kubeconfig()).await
}

/// The same, with somebody else's rights.
async fn as_helm_by(stage: &Stage, kubeconfig: &Path) -> Option<Result<Value, String>> {
    let helm = support::helm().await?;
    let output = tokio::process::Command::new(helm)
        .args(["template", "web"])
        .arg(stage.modules.path().join("010-web"))
        .args(["-n", stage.namespace(), "--dry-run=server"])
        .env("KUBECONFIG", kubeconfig)
        .output()
        .await
        .unwrap();
    if !output.status.success() {
        return Some(Err(String::from_utf8(output.stderr).unwrap()));
    }
    let text = String::from_utf8(output.stdout).unwrap();
    Some(Ok(support::objects(&text).remove(0)))
}

#[tokio::test]
async fn lookup_finds_what_helm_finds() {
    let lines = r#"  one: {{ (lookup "v1" "ConfigMap" .Release.Namespace "one").data | toJson | quote }}
  list: {{ range (lookup "v1" "ConfigMap" .Release.Namespace "").items }}{{ .apiVersion }} {{ .kind }} {{ .metadata.name }},{{ end }}
  listed: {{ $l := lookup "v1" "ConfigMap" .Release.Namespace "" }}{{ $l.kind }} {{ $l.apiVersion }} {{ kindOf $l.items }} {{ keys $l | sortAlpha }}
  all: {{ gt (len (lookup "v1" "Namespace" "" "").items) 3 | quote }}
  everywhere: {{ range (lookup "apps/v1" "Deployment" "" "").items }}{{ if eq .metadata.namespace $.Release.Namespace }}{{ .metadata.name }}{{ end }}{{ end }}
  number: {{ $d := lookup "apps/v1" "Deployment" .Release.Namespace "web" }}{{ typeOf $d.spec.replicas }} {{ eq $d.spec.replicas 1234567 }} {{ $d.spec.replicas }} {{ $d.spec.replicas | toJson }}
  yaml: {{ $d.spec.template | toYaml | quote }}
  cluster: {{ (lookup "v1" "Namespace" "" "default").metadata.name }}
  clusterIn: {{ (lookup "v1" "Namespace" .Release.Namespace "default").metadata.name }}
  nowhere: {{ lookup "v1" "ConfigMap" "" "one" | toJson | quote }}
  missing: {{ lookup "v1" "ConfigMap" .Release.Namespace "missing" | toJson | quote }}
  missingKind: {{ lookup "v1" "Nope" .Release.Namespace "x" | toJson | quote }}
  missingNamespace: {{ len (lookup "v1" "ConfigMap" "nope" "").items | quote }}
  data: {{ (lookup "v1" "ConfigMap" .Release.Namespace "missing").data | toJson | quote }}
  host: {{ getHostByName "localhost" | quote }}
"#;
    let Some(stage) = stage(&found(lines)).await else {
        return;
    };
    stage.create_config_map(&json!({"name": "one"}), "x").await;
    let container =
        json!({"name": "a", "image": "example.com/a", "ports": [{"containerPort": 80}]});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 1_234_567, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}}});
    stage.create("apps/v1/deployments", &deployment).await;
    let helms = as_helm(&stage).await;
    stage.run_well().await;
    let ours = stage.get("configmaps/found").await;
    let Some(helms) = helms else {
        return;
    };
    let helms = helms.unwrap();
    for (key, text) in helms["data"].as_object().unwrap() {
        assert_eq!(ours["data"][key], *text, "{key}");
    }
}

#[tokio::test]
async fn kinds_of_groups_that_are_missing_are_errors_as_in_helm() {
    let template =
        found("  a: {{ lookup \"nope.example.com/v1\" \"Nope\" \"a\" \"x\" | toJson }}\n");
    let Some(stage) = stage(&template).await else {
        return;
    };
    let (_operator, row) = stage.run_badly().await;
    let words = "error calling lookup: unable to get apiresource from unstructured: nope.example.com/v1, Kind=Nope: ";
    assert!(row.message.contains(words), "{}", row.message);
    assert!(
        row.message.contains("010-web/templates/all.yaml:5"),
        "{}",
        row.message
    );
    if let Some(helms) = as_helm(&stage).await {
        assert!(helms.unwrap_err().contains(words));
    }
}

#[tokio::test]
async fn release_and_capabilities_are_those_of_the_cluster() {
    let lines = r#"  text: {{ .Values.text | default "a" }}
  release: {{ .Release.Name }} {{ .Release.Namespace }} {{ .Release.Revision }} {{ .Release.IsInstall }} {{ .Release.IsUpgrade }} {{ .Release.Service }}
  version: {{ .Capabilities.KubeVersion }} {{ .Capabilities.KubeVersion.Major }} {{ .Capabilities.KubeVersion.Minor }}
  kinds: {{ .Capabilities.APIVersions.Has "apps/v1" }} {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" }} {{ .Capabilities.APIVersions.Has "apps/v1/Nope" }} {{ .Capabilities.APIVersions.Has "v1/Secret" }}
  widgets: {{ .Capabilities.APIVersions.Has "LETTERS.example.com/v1/Widget" | quote }}
"#;
    let Some(stage) = stage("").await else {
        return;
    };
    let template = found(&lines.replace("LETTERS", stage.letters()));
    stage.modules.write("010-web/templates/all.yaml", &template);
    let crd = definition(stage.letters());
    stage.modules.write("010-web/crds/widgets.yaml", &crd);
    let mut operator = stage.run_well().await;
    let data = stage.get("configmaps/found").await["data"].clone();
    let namespace = stage.namespace();
    assert_eq!(
        data["release"],
        format!("web {namespace} 1 true false Helm")
    );
    assert_eq!(data["kinds"], "true true false true");
    assert_eq!(
        data["widgets"], "true",
        "its own definitions were there before it was rendered"
    );
    let version = rest::get(&stage.client, "/version").await.unwrap();
    let text = |key: &str| version[key].as_str().unwrap().to_owned();
    let told = format!("{} {} {}", text("gitVersion"), text("major"), text("minor"));
    assert_eq!(data["version"], told);

    stage.create_config(&json!({"web": "text: b"})).await;
    let upgraded = format!("web {namespace} 2 false true Helm");
    let is_upgraded = |found: &Value| found["data"]["release"] == upgraded;
    stage
        .until("configmaps/found", "it is upgraded", is_upgraded)
        .await;
    until_row(&mut operator, "it is applied", |row| {
        row.state == ModuleState::Applied
    })
    .await;
    operator.stop().await;
    stage.run_well().await;
    let data = stage.get("configmaps/found").await["data"].clone();
    assert_eq!(data["release"], upgraded);
}

#[tokio::test]
async fn definitions_of_charts_in_the_chart_are_brought_when_values_switch_these_on() {
    let Some(stage) = stage("").await else {
        return;
    };
    let letters = stage.letters();
    let widget = format!(
        "apiVersion: {letters}.example.com/v1\nkind: Widget\nmetadata: {{name: w}}\nspec: {{size: 1}}\n"
    );
    let about = "apiVersion: v2\nname: web\nversion: 0.1.0\n\
        dependencies: [{name: crds, version: 0.1.0, condition: crds.enabled}]\n";
    let ignored = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
    for (path, text) in [
        ("Chart.yaml", about),
        ("values.yaml", "crds: {enabled: false}\n"),
        (".helmignore", "crds/kustomization.yaml\n"),
        ("crds/kustomization.yaml", ignored),
        (
            "templates/all.yaml",
            &*format!("{{{{ if .Values.crds.enabled }}}}\n{widget}{{{{ end }}}}\n"),
        ),
        (
            "charts/crds/Chart.yaml",
            "apiVersion: v2\nname: crds\nversion: 0.1.0\n",
        ),
        ("charts/crds/crds/widgets.yaml", &*definition(letters)),
    ] {
        stage.modules.write(&format!("010-web/{path}"), text);
    }
    let mut operator = stage.run_well().await;
    let path = format!(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.{letters}.example.com"
    );
    assert_eq!(rest::get(&stage.client, &path).await, None);
    stage
        .create_config(&json!({"web": "crds: {enabled: true}"}))
        .await;
    let widget = format!("{letters}.example.com/v1/widgets/w");
    stage.until(&widget, "it is there", |_| true).await;
    until_row(&mut operator, "it is applied", |row| {
        row.state == ModuleState::Applied
    })
    .await;
    operator.stop().await;
    let crd = rest::get(&stage.client, &path).await.unwrap();
    stage.run_well().await;
    let after = rest::get(&stage.client, &path).await.unwrap();
    assert_eq!(after["metadata"], crd["metadata"], "nothing was written");
}

#[tokio::test]
async fn warnings_of_helm_are_told_without_values() {
    let Some(stage) = stage(&found("  a: {{ .Values.t.login | quote }}\n")).await else {
        return;
    };
    let defaults = "t: {login: {password: hunter2}}\n";
    stage.modules.write("010-web/values.yaml", defaults);
    stage
        .modules
        .write("010-web/templates/NOTES.txt", "Have fun!\n");
    stage.modules.write(
        "values.yaml",
        "webEnabled: true\nweb: {t: {login: plain}}\n",
    );
    let _operator = stage.run_well().await;
    assert_eq!(stage.get("configmaps/found").await["data"]["a"], "plain");
    let told = stage.event("ManifestWarning").await;
    assert!(
        told.contains("cannot overwrite table with non table for web.t.login"),
        "{told}"
    );
    assert!(!told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn schema_of_a_chart_stops_its_module_alone() {
    let Some(stage) = stage(&found("  a: b\n")).await else {
        return;
    };
    let schema = json!({"type": "object", "properties": {"size": {"type": "integer"}}});
    let path = "010-web/values.schema.json";
    stage.modules.write(path, &schema.to_string());
    let shop = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\n";
    stage.modules.write("020-shop/templates/all.yaml.j2", shop);
    let values = "webEnabled: true\nshopEnabled: true\nweb: {size: many}\n";
    stage.modules.write("values.yaml", values);
    let mut operator = stage.start();
    let row = operator.module_is("web", ModuleState::Failed).await;
    let words = "at '/size': got string, want integer";
    assert!(row.message.contains(words), "{}", row.message);
    operator.module_is("shop", ModuleState::Applied).await;
}

/// Makes a role and gives it to the service account `narrow` of the stage's namespace.
async fn grant(stage: &Stage, namespace: Option<&str>, rules: Value) {
    let rights = "/apis/rbac.authorization.k8s.io/v1";
    let (folder, word) = match namespace {
        Some(namespace) => (format!("{rights}/namespaces/{namespace}/"), ""),
        None => (format!("{rights}/cluster"), "Cluster"),
    };
    let name = format!("narrow-{}", stage.letters());
    let role = json!({"metadata": {"name": name}, "rules": rules});
    rest::create(&stage.client, &format!("{folder}roles"), &role).await;
    let group = "rbac.authorization.k8s.io";
    let account =
        json!({"kind": "ServiceAccount", "namespace": stage.namespace(), "name": "narrow"});
    let binding = json!({
        "metadata": {"name": name},
        "subjects": [account],
        "roleRef": {"kind": format!("{word}Role"), "apiGroup": group, "name": name},
    });
    rest::create(&stage.client, &format!("{folder}rolebindings"), &binding).await;
}

/// All that an operator of the stage needs, but for the Secrets of other namespaces.
async fn grant_all_but_secrets(stage: &Stage) {
    let all = |groups: &[&str], resources: &[&str]| json!({"apiGroups": groups, "resources": resources, "verbs": ["*"]});
    let groups = [
        "apps",
        "addon-operator.io",
        "apiextensions.k8s.io",
        "coordination.k8s.io",
        "events.k8s.io",
    ];
    let rules = [
        all(&groups, &["*"]),
        all(&[""], &["configmaps", "namespaces", "events"]),
    ];
    grant(stage, None, json!(rules)).await;
    grant(stage, Some(stage.namespace()), json!([all(&["*"], &["*"])])).await;
}

#[tokio::test]
async fn what_may_not_be_looked_up_fails_the_module_and_names_the_right() {
    let Some(stage) = stage("").await else {
        return;
    };
    let Some(ours) = support::api_server().and_then(support::ApiServer::control_plane) else {
        return;
    };
    let other = stage.other_namespace("vault").await;
    let lines = "  a: {{ (lookup \"v1\" \"Secret\" \"OTHER\" \"key\").data | toJson | quote }}
  b: {{ len (lookup \"v1\" \"Secret\" \"OTHER\" \"\").items | quote }}\n";
    let template = found(&lines.replace("OTHER", other.name()));
    stage.modules.write("010-web/templates/all.yaml", &template);
    stage.modules.write(
        "020-shop/templates/all.yaml.j2",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\n",
    );
    stage
        .modules
        .write("values.yaml", "webEnabled: true\nshopEnabled: true\n");
    let user = format!("system:serviceaccount:{}:narrow", stage.namespace());
    let kubeconfig = ours.kubeconfig_for(&user, &["system:serviceaccounts"]);
    let kubeconfig = kubeconfig.expect("a kubeconfig");
    grant_all_but_secrets(&stage).await;

    let folders = stage.modules.path();
    let mut operator = Operator::start_with(&kubeconfig, stage.namespace(), folders, |_| {});
    let row = operator.module_is("web", ModuleState::Failed).await;
    operator.module_is("shop", ModuleState::Applied).await;
    let refusal = |verb: &str| {
        let vault = other.name();
        format!(
            "User \"{user}\" cannot {verb} resource \"secrets\" in API group \"\" in the namespace \"{vault}\""
        )
    };
    let words = format!(
        "error calling lookup: secrets \"key\" is forbidden: {}",
        refusal("get")
    );
    assert!(row.message.contains(&words), "{}", row.message);
    let place = "010-web/templates/all.yaml:5";
    assert!(row.message.contains(place), "{}", row.message);
    if let Some(helms) = as_helm_by(&stage, &kubeconfig).await {
        let why = helms.unwrap_err();
        assert!(why.contains(&words), "{why}");
    }

    let rule = json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]});
    grant(&stage, Some(other.name()), json!([rule])).await;
    let words = format!(
        "error calling lookup: secrets is forbidden: {}",
        refusal("list")
    );
    until_row(&mut operator, "the next right is missed", |row| {
        row.name == "web" && row.message.contains(&words)
    })
    .await;
}
