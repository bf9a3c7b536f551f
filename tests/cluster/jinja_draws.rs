//! What `*.j2` templates draw and look up.

use serde_json::{Value, json};

use super::scene::Scene;
use crate::support::{Modules, Operator, rest};

/// Two draws by function, one by filter, and what the cluster holds.
const OBJECT: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  text: {{ Values.web.text | quote }}
  drawn: {{ [randAlphaNum(12), 12 | randAlphaNum, uuidv4()] | join(' ') | quote }}
  time: {{ now() | date('15:04:05.000000') | quote }}
  named: {{ include('web.name') | quote }}
  found: {{ lookup('v1', 'ConfigMap', Release.Namespace, 'given').data | toJson | quote }}
";

fn folder() -> Modules {
    Modules::of(&[
        (
            "010-web/values.yaml",
            "webEnabled: true\nweb: {text: one}\n",
        ),
        ("010-web/templates/web.yaml.j2", OBJECT),
        (
            "010-web/templates/_helpers.tpl",
            "{{ define \"web.name\" }}{{ .Chart.Name }} in {{ .Release.Namespace }}{{ end }}",
        ),
    ])
}

async fn data(scene: &Scene, text: &str) -> Value {
    scene.says("web", text).await;
    scene.object("web").await.expect("a ConfigMap")["data"].clone()
}

#[tokio::test]
async fn what_a_jinja_template_drew_stays_over_edits_and_a_restart() {
    let Some(mut scene) = Scene::begin("jinja-draws", folder()).await else {
        return;
    };
    let given = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "given"}, "data": {"a": "b"}});
    let path = format!("/api/v1/namespaces/{}/configmaps", scene.namespace);
    rest::create(&scene.client, &path, &given).await;
    scene.operator.converged().await;
    let first = data(&scene, "one").await;
    assert_eq!(first["named"], format!("web in {}", scene.namespace));
    let drawn = first["drawn"].as_str().unwrap_or_default();
    let words: Vec<&str> = drawn.split(' ').collect();
    assert_eq!(words.len(), 3);
    assert_ne!(words[0], words[1]);

    scene.config(json!({"web": "text: two\n"})).await;
    let second = data(&scene, "two").await;

    for key in ["drawn", "time"] {
        assert_eq!(second[key], first[key], "{key}");
    }
    assert_eq!(second["found"], r#"{"a":"b"}"#);

    scene.operator.stop().await;
    let kubeconfig = scene.server.kubeconfig();
    scene.operator = Operator::start(kubeconfig, &scene.namespace, scene.modules.path());
    scene.operator.converged().await;
    scene.config(json!({"web": "text: three\n"})).await;
    let third = data(&scene, "three").await;
    for key in ["drawn", "time"] {
        assert_eq!(third[key], first[key], "{key}");
    }
    scene.operator.stop().await;
}
