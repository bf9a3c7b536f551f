//! Module folders of a size: seven kinds of objects, an `enabled` script, no hooks of their own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

/// How many modules, and how many objects they have together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) modules: usize,
    pub(crate) objects: usize,
}

/// Whether modules start together or one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weights {
    Equal,
    Distinct,
}

const ENABLED: &str = "#!/bin/sh\necho true > \"$MODULE_ENABLED_RESULT\"\n";

const META: &str = "metadata:\n  name: {{ Values.KEY.name }}\n  labels:\n    app: {{ Values.KEY.name }}\n    version: {{ Values.KEY.tag | quote }}\n";

/// The kinds of a module, in turn; what a module has beyond them are more of the last two.
const TEMPLATES: [(&str, &str); 9] = [
    (
        "service-account",
        "apiVersion: v1\nkind: ServiceAccount\nMETA",
    ),
    (
        "config-map",
        "apiVersion: v1\nkind: ConfigMap\nMETAdata:\n  text: {{ Values.KEY.text | quote }}\n  config.yaml: |\n    replicas: {{ Values.KEY.replicas }}\n    image: {{ Values.KEY.image }}:{{ Values.KEY.tag }}\n",
    ),
    (
        "service",
        "apiVersion: v1\nkind: Service\nMETAspec:\n  selector:\n    app: {{ Values.KEY.name }}\n  ports:\n{% for port in Values.KEY.ports %}\n    - name: {{ port.name }}\n      port: {{ port.number }}\n{% endfor %}\n",
    ),
    (
        "deployment",
        "apiVersion: apps/v1\nkind: Deployment\nMETAspec:\n  replicas: {{ Values.KEY.replicas }}\n  selector:\n    matchLabels:\n      app: {{ Values.KEY.name }}\n  template:\n    metadata:\n      labels:\n        app: {{ Values.KEY.name }}\n    spec:\n      serviceAccountName: {{ Values.KEY.name }}\n      containers:\n        - name: main\n          image: {{ Values.KEY.image }}:{{ Values.KEY.tag }}\n          resources:\n            {{ Values.KEY.resources | toYaml | nindent(12) }}\n          ports:\n{% for port in Values.KEY.ports %}\n            - name: {{ port.name }}\n              containerPort: {{ port.number }}\n{% endfor %}\n          envFrom:\n            - configMapRef:\n                name: {{ Values.KEY.name }}\n",
    ),
    (
        "role",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nMETArules:\n  - apiGroups: ['']\n    resources: [configmaps, secrets]\n    verbs: [get, list, watch]\n",
    ),
    (
        "role-binding",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nMETAroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: {{ Values.KEY.name }}\nsubjects:\n  - kind: ServiceAccount\n    name: {{ Values.KEY.name }}\n    namespace: {{ Release.Namespace }}\n",
    ),
    (
        "secret",
        "apiVersion: v1\nkind: Secret\nMETAstringData:\n  password: {{ Values.KEY.text | quote }}\n",
    ),
    (
        "more-config",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ Values.KEY.name }}-INDEX\ndata:\n  tag: {{ Values.KEY.tag | quote }}\n",
    ),
    (
        "more-secret",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ Values.KEY.name }}-INDEX\nstringData:\n  tag: {{ Values.KEY.tag | quote }}\n",
    ),
];
const KINDS: usize = TEMPLATES.len() - 2;

/// The collections in which the objects are.
pub(crate) const COLLECTIONS: [&str; 7] = [
    "api/v1|serviceaccounts",
    "api/v1|configmaps",
    "api/v1|services",
    "apis/apps/v1|deployments",
    "apis/rbac.authorization.k8s.io/v1|roles",
    "apis/rbac.authorization.k8s.io/v1|rolebindings",
    "api/v1|secrets",
];

impl Size {
    /// How many objects the module at `index` has; the first ones have one more.
    fn objects_of(self, index: usize) -> usize {
        self.objects / self.modules + usize::from(index < self.objects % self.modules)
    }

    /// The names of all modules.
    pub(crate) fn names(self) -> Vec<String> {
        (0..self.modules)
            .map(|index| format!("addon-{}", letters(index)))
            .collect()
    }

    /// The name and the key of the values of a module.
    pub(crate) fn key(name: &str) -> String {
        let letters = name.trim_start_matches("addon-");
        let (first, rest) = letters.split_at(1);
        format!("addon{}{rest}", first.to_uppercase())
    }

    /// Writes the folders, below `modules`.
    pub(crate) fn write(self, weights: Weights) -> TempDir {
        let dir = TempDir::new().expect("a folder");
        for (index, name) in self.names().iter().enumerate() {
            let weight = match weights {
                Weights::Equal => 100,
                Weights::Distinct => 100 + index,
            };
            let folder = dir.path().join(format!("modules/{weight:03}-{name}"));
            write_module(&folder, name, self.objects_of(index));
        }
        dir
    }
}

/// Three letters: a number would not come back from camelCase.
fn letters(index: usize) -> String {
    [index / 676, index / 26, index]
        .map(|digit| char::from(b'a' + u8::try_from(digit % 26).expect("less than 26")))
        .iter()
        .collect()
}

fn write_module(folder: &Path, name: &str, objects: usize) {
    let key = Size::key(name);
    let templates = folder.join("templates");
    fs::create_dir_all(&templates).expect("folders");
    let values = format!(
        "{key}Enabled: true\n{key}:\n  name: {name}\n  text: first\n  replicas: 2\n  \
         image: registry.local/team/{name}\n  tag: v1.2.3\n  resources:\n    requests: {{cpu: 100m, \
         memory: 64Mi}}\n    limits: {{memory: 128Mi}}\n  ports:\n    - {{name: http, number: 8080}}\n    \
         - {{name: metrics, number: 9090}}\n"
    );
    fs::write(folder.join("values.yaml"), values).expect("a file");
    let script = folder.join("enabled");
    fs::write(&script, ENABLED).expect("a file");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a mode");
    for index in 0..objects {
        let which = if index < KINDS {
            index
        } else {
            KINDS + index % 2
        };
        let (file, template) = TEMPLATES[which];
        let text = template
            .replace("META", META)
            .replace("KEY", &key)
            .replace("INDEX", &index.to_string());
        fs::write(templates.join(format!("{file}-{index}.yaml.j2")), text).expect("a file");
    }
}
