//! What charts of Helm draw: passwords, keys, certificates, times. Kept, until something asks for others.

use std::collections::BTreeMap;

use addon_operator::operator::View;
use addon_operator::serve::{self, ModuleState};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::stage::{Stage, until_row};
use crate::support::{self, Modules, Operator, rest};

const ABOUT: &str = "apiVersion: v2\nname: web\nversion: 0.1.0\n";
const VALUES: &str = "size: 16\nhost: web.example.com\ntext: a\nmap: {b: 1, a: 2, d: 3, c: 4}\n";

/// Everything that draws, each under a key of its own.
const DRAWN: &str = r#"{{- $ca := genCA "web-ca" 365 -}}
{{- $certificate := genSignedCert .Values.host nil (list .Values.host) 365 $ca -}}
apiVersion: v1
kind: Secret
metadata:
  name: drawn
  annotations: {at: {{ now | date "2006-01-02T15:04:05.000000000" | quote }}}
stringData:
  password: {{ randAlphaNum 24 | quote }}
  sized: {{ randAlphaNum (int .Values.size) | quote }}
  login: {{ htpasswd "admin" "hunter2" | quote }}
  id: {{ uuidv4 | quote }}
  ca: {{ $ca.Cert | quote }}
  certificate: {{ $certificate.Cert | quote }}
  key: {{ $certificate.Key | quote }}
  keys: {{ keys .Values.map | join "," | quote }}
"#;
const TEXT: &str = r"apiVersion: v1
kind: ConfigMap
metadata: {name: text}
data: {text: {{ .Values.text | quote }}}
";

/// Writes the files of an enabled module whose chart is one of others.
fn write(modules: &Modules, module: &str, files: &[(&str, &str)]) {
    let files = [("Chart.yaml", ABOUT), ("module.yaml", "values: root\n")]
        .iter()
        .chain(files);
    for (path, text) in files {
        modules.write(&format!("010-{module}/{path}"), text);
    }
}

fn enable(modules: &Modules, names: &[&str]) {
    let flags = names.iter().map(|name| format!("{name}Enabled: true\n"));
    modules.write("values.yaml", &flags.collect::<String>());
}

/// A stage with one module `web` of these files.
async fn stage(files: &[(&str, &str)]) -> Option<Stage> {
    let stage = Stage::new("drawn").await?;
    write(&stage.modules, "web", files);
    enable(&stage.modules, &["web"]);
    Some(stage)
}

/// What a Secret holds, by key, with its annotation.
async fn secret(stage: &Stage, name: &str) -> BTreeMap<String, String> {
    held(&stage.get(&format!("secrets/{name}")).await)
}

fn held(secret: &Value) -> BTreeMap<String, String> {
    let data = secret["data"].as_object().into_iter().flatten();
    let plain = |text: &Value| {
        let bytes = STANDARD.decode(text.as_str().unwrap()).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let mut held: BTreeMap<_, _> = data.map(|(key, text)| (key.clone(), plain(text))).collect();
    if let Some(at) = secret["metadata"]["annotations"]["at"].as_str() {
        held.insert("at".to_owned(), at.to_owned());
    }
    held
}

/// The keys under which something else is held.
fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    assert!(before.keys().eq(after.keys()), "{before:?} {after:?}");
    let keys = before.keys().filter(|key| before[*key] != after[*key]);
    keys.cloned().collect()
}

async fn config(stage: &Stage, text: &str) {
    let data = json!({ "data": { "web": text } });
    stage
        .alter("configmaps/addon-operator", "somebody", &data)
        .await;
}

/// All that is drawn.
const ALL: [&str; 8] = [
    "at",
    "ca",
    "certificate",
    "id",
    "key",
    "login",
    "password",
    "sized",
];

#[tokio::test]
async fn what_a_chart_drew_stays_until_its_input_changes_or_a_person_asks() {
    let files = [
        ("values.yaml", VALUES),
        ("templates/drawn.yaml", DRAWN),
        ("templates/text.yaml", TEXT),
    ];
    let Some(stage) = stage(&files).await else {
        return;
    };
    let operator = stage.run_well().await;
    let first = stage.get("secrets/drawn").await;
    let drawn = held(&first);
    assert_eq!(drawn["keys"], "a,b,c,d");
    assert_eq!((drawn["password"].len(), drawn["sized"].len()), (24, 16));

    // Another start, and a value that has nothing to do with it.
    operator.stop().await;
    let mut operator = stage.run_well().await;
    stage.create_config(&json!({"web": "text: b"})).await;
    let is_told = |text: &Value| text["data"]["text"] == "b";
    stage.until("configmaps/text", "it is told", is_told).await;
    let second = stage.get("secrets/drawn").await;
    assert_eq!(first["metadata"], second["metadata"], "nothing was written");

    // An input of one.
    config(&stage, "text: b\nsize: 20").await;
    let is_sized = |secret: &Value| held(secret)["sized"].len() == 20;
    let third = stage
        .until("secrets/drawn", "one is longer", is_sized)
        .await;
    assert_eq!(changed(&drawn, &held(&third)), ["sized"]);
    config(&stage, "text: b\nsize: 20\nhost: shop.example.com").await;
    let is_other = |secret: &Value| held(secret)["key"] != drawn["key"];
    let fourth = stage.until("secrets/drawn", "another host", is_other).await;
    assert_eq!(
        changed(&held(&third), &held(&fourth)),
        ["certificate", "key"]
    );

    // A person.
    let client = serve::Client::new(operator.socket());
    client.post("/module/web/redraw", &[]).await.unwrap();
    let is_new = |secret: &Value| held(secret)["password"] != drawn["password"];
    let fifth = stage.until("secrets/drawn", "all is new", is_new).await;
    assert_eq!(changed(&held(&fourth), &held(&fifth)), ALL);
    until_row(&mut operator, "it is applied", |row| {
        row.state == ModuleState::Applied
    })
    .await;
    operator.stop().await;
    stage.run_well().await.stop().await;
    assert_eq!(
        secret(&stage, "drawn").await,
        held(&fifth),
        "the new ones are kept"
    );

    // Who throws away what is kept asks for others at the next start.
    stage.delete("secrets/addon-operator.release.web").await;
    stage.run_well().await.stop().await;
    assert_eq!(changed(&held(&fifth), &secret(&stage, "drawn").await), ALL);
}

const HOOK: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: hook\n  annotations:\n    \
                helm.sh/hook: pre-install,pre-upgrade\n    helm.sh/hook-delete-policy: hook-succeeded\n";

/// As the chart of grafana: a password out of the Secret, where there is one, and its checksum.
const LOOKED: &str = r#"{{- define "password" -}}
{{- $found := lookup "v1" "Secret" .Release.Namespace "own" -}}
{{- if $found }}{{ index $found.data "password" }}{{ else }}{{ randAlphaNum 40 | b64enc | quote }}{{ end -}}
{{- end -}}
apiVersion: v1
kind: Secret
metadata: {name: own}
data:
  password: {{ include "password" . }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: sum}
data: {sum: {{ include "password" . | sha256sum }}}
"#;

#[tokio::test]
async fn restart_of_a_chart_that_drew_writes_nothing() {
    let Some(server) = support::private_server().await else {
        return;
    };
    let client = support::client(server.kubeconfig()).await;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ops"}});
    rest::create(&client, "/api/v1/namespaces", &namespace).await;
    let modules = Modules::new();
    let files = [
        ("values.yaml", VALUES),
        ("templates/drawn.yaml", DRAWN),
        ("templates/looked.yaml", LOOKED),
        ("templates/hook.yaml", HOOK),
    ];
    write(&modules, "web", &files);
    enable(&modules, &["web"]);
    let mut counts = Vec::new();
    for _ in 0..2 {
        let before = support::server_metrics(&client).await;
        let mut operator = Operator::start(server.kubeconfig(), "ops", modules.path());
        operator.converged().await;
        operator.module_is("web", ModuleState::Applied).await;
        operator.stop().await;
        let after = support::server_metrics(&client).await;
        let mut writes = after.since(&before).writes();
        writes.0.retain(|(_, resource), _| {
            let others = ["definitions", "apiservices", "leases", "addresses"];
            others.iter().all(|others| !resource.contains(others))
        });
        counts.push(writes);
    }
    assert_ne!(counts[0].total(), 0);
    assert_eq!(counts[1].total(), 0, "{}", counts[1]);
    server.stop().await.expect("an end");
}

/// Draws in all kinds of places.
const PLACES: &str = r#"{{- define "web.password" }}{{ randAlphaNum 12 | quote }}{{ end -}}
apiVersion: v1
kind: Secret
metadata: {name: drawn}
stringData:
  {{- range $user := .Values.users }}
  user-{{ $user }}: {{ randAlphaNum 12 | quote }}
  {{- end }}
  {{- range .Values.items }}
  item-{{ .name }}: {{ include "web.password" . }}
  {{- end }}
  {{- range $key, $value := .Values.map }}
  map-{{ $key }}: {{ include "web.password" $ }}
  {{- end }}
  {{- if .Values.more }}
  more: {{ include "web.password" . }}
  other: {{ tpl "{{ randAlphaNum 12 }}" . | quote }}
  {{- end }}
  one: {{ include "web.password" . }}
  two: {{ include "web.password" . }}
  {{- $three := randAlphaNum 12 }}
  {{- $four := randAlphaNum 12 }}
  three: {{ $three | quote }}
  four: {{ $four | quote }}
"#;

#[tokio::test]
async fn every_place_has_its_own_draw_whatever_the_others_do() {
    let values =
        "users: [ann, bob]\nitems: [{name: x, size: 1}, {name: z, size: 2}]\nmap: {m: 1, k: 2}\n";
    let files = [("values.yaml", values), ("templates/drawn.yaml", PLACES)];
    let Some(stage) = stage(&files).await else {
        return;
    };
    write(
        &stage.modules,
        "shop",
        &[
            ("values.yaml", values),
            (
                "templates/drawn.yaml",
                &PLACES.replace("name: drawn", "name: shop"),
            ),
        ],
    );
    enable(&stage.modules, &["web", "shop"]);
    let mut operator = stage.run_well().await;
    operator.module_is("shop", ModuleState::Applied).await;
    let (before, shop) = (secret(&stage, "drawn").await, secret(&stage, "shop").await);
    let mut all: Vec<_> = before.values().chain(shop.values()).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 20, "no two are the same");

    // Others come in front, what was there moves, what belongs to an item changes.
    let web = "more: true\nusers: [eve, bob, ann]\nmap: {a: 0, m: 5, k: 2}\n\
               items: [{name: w, size: 0}, {name: z, size: 7}, {name: x, size: 1}]\n";
    stage.create_config(&json!({ "web": web })).await;
    let has_more = |secret: &Value| held(secret).contains_key("more");
    let after = held(
        &stage
            .until("secrets/drawn", "there are more", has_more)
            .await,
    );
    for (key, drawn) in &before {
        assert_eq!(after[key], *drawn, "{key}");
    }
    let mut all: Vec<_> = after.values().collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 15, "new ones are no old ones: {after:?}");
    assert_eq!(secret(&stage, "shop").await, shop, "another module");
    operator.stop().await;
    stage.run_well().await;
    assert_eq!(secret(&stage, "drawn").await, after);
}

#[tokio::test]
async fn passwords_that_a_chart_finds_again_are_not_mixed_up() {
    let template = r#"{{- define "web.password" -}}
{{- $found := lookup "v1" "Secret" .root.Release.Namespace .name -}}
{{- if $found }}{{ $found.data.password }}{{ else }}{{ randAlphaNum 12 | b64enc }}{{ end -}}
{{- end -}}
{{- range .Values.secrets }}
---
apiVersion: v1
kind: Secret
metadata: {name: {{ . }}}
data: {password: {{ include "web.password" (dict "root" $ "name" .) }}}
{{- end }}
"#;
    let files = [
        ("values.yaml", "secrets: [a, b]\n"),
        ("templates/all.yaml", template),
    ];
    let Some(stage) = stage(&files).await else {
        return;
    };
    let operator = stage.run_well().await;
    let (a, b) = (secret(&stage, "a").await, secret(&stage, "b").await);
    assert_ne!(a, b);
    operator.stop().await;
    let mut operator = stage.run_well().await;
    stage
        .create_config(&json!({"web": "secrets: [c, b, a]"}))
        .await;
    let c = held(&stage.until("secrets/c", "it is there", |_| true).await);
    assert!(c != a && c != b, "one of the others' passwords");
    assert_eq!(
        (secret(&stage, "a").await, secret(&stage, "b").await),
        (a.clone(), b)
    );
    until_row(&mut operator, "it is applied", |row| {
        row.state == ModuleState::Applied
    })
    .await;

    // Who deletes a Secret gets it back as it was, also after a start.
    operator.stop().await;
    stage.delete("secrets/a").await;
    stage.run_well().await;
    assert_eq!(secret(&stage, "a").await, a);
}

#[tokio::test]
async fn what_was_kept_and_not_applied_is_applied_by_the_next_operator() {
    let object = |name: &str| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n\
             data: {{text: {{{{ .Values.drawn }}}}}}\n"
        )
    };
    let set = "{{- $_ := set .Values \"drawn\" (randAlphaNum 12) }}\n";
    let template = [set, &object("first"), &object("second")].concat();
    let Some(stage) = stage(&[("templates/all.yaml", &template)]).await else {
        return;
    };
    // Somebody else's field is in the way of the second.
    stage
        .create_config_map(&json!({"name": "second"}), "mine")
        .await;
    let (operator, row) = stage.run_badly().await;
    assert!(row.message.contains("somebody"), "{}", row.message);
    let first = stage.get("configmaps/first").await;
    drop(operator);
    stage.delete("configmaps/second").await;
    stage.delete("configmaps/first").await;
    stage.run_well().await;
    let text = first["data"]["text"].clone();
    for name in ["configmaps/first", "configmaps/second"] {
        assert_eq!(stage.get(name).await["data"]["text"], text, "{name}");
    }
}

#[tokio::test]
async fn what_was_drawn_is_told_nowhere() {
    let files = [("values.yaml", VALUES), ("templates/drawn.yaml", DRAWN)];
    let Some(stage) = stage(&files).await else {
        return;
    };
    let mut operator = stage.run_well().await;
    let drawn = secret(&stage, "drawn").await;
    // Something goes wrong with it as well.
    let broken = DRAWN
        .replace("password: {{", "password: [{{")
        .replace("web-ca", "other-ca");
    stage.modules.write("010-web/templates/drawn.yaml", &broken);
    let view: View = {
        let is_wrong =
            |view: &View| support::row(view, "web").is_some_and(|row| !row.message.is_empty());
        operator.until("it is broken", is_wrong).await
    };
    let kept = stage.get("secrets/addon-operator.release.web").await;
    let kept = kept["data"]["history"].as_str().unwrap();
    let mut told = format!("{view:?}");
    let events = stage.find("events").await.unwrap();
    told.push_str(&events["items"].to_string());
    told.push_str(&stage.module().await.to_string());
    let pages = [
        "/module/list.json",
        "/module/web/values.yaml",
        "/queue/list.json",
        "/module/web/render.yaml",
    ];
    for page in pages {
        let page = serve::Client::new(operator.socket()).fetch(page, &[]).await;
        let page = format!("{page:?}");
        told += &page;
    }
    for key in ["password", "sized", "login", "key"] {
        let line = drawn[key].lines().nth(usize::from(key == "key")).unwrap();
        assert!(!told.contains(line), "{key} is told: {told}");
        assert!(
            !told.contains(&STANDARD.encode(&drawn[key])),
            "{key} is told"
        );
    }
    assert!(!told.contains(kept));
}
