//! What `try` says of the modules, and what to try next. Pure.

use std::env;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use super::NAMESPACE;
use crate::cli::environment::Environment;
use crate::operator::{Settings, View};
use crate::serve::{ModuleRow, ModuleState, Paint};

/// Where the operator runs.
pub(super) struct Place {
    /// Whether the cluster is ours and ends with us.
    pub(super) is_own: bool,
    /// What leads to it.
    pub(super) kubeconfig: PathBuf,
}

/// One module that came to an end.
pub(super) fn progress(row: &ModuleRow) -> String {
    let took = row.took_ms.unwrap_or_default();
    let state = format!("{:?}", row.state).to_lowercase();
    let objects = counted(row.objects, "object");
    let mut line = format!("  {:<28} {state:<8} {objects:>12} {took:>6} ms", row.name);
    if row.state == ModuleState::Failed {
        line = format!("{line}  {}", row.reason);
    }
    line + "\n"
}

/// All modules after the first converge.
pub(super) fn table(seen: &View, took: Duration, paint: Paint) -> String {
    let rows = &seen.modules.modules;
    let objects = rows.iter().map(|row| row.objects).sum();
    let is = |state: ModuleState| rows.iter().filter(move |row| row.state == state).count();
    let (applied, failed) = (is(ModuleState::Applied), is(ModuleState::Failed));
    let failures = match failed {
        0 => String::new(),
        failed => format!(" {} failed.", counted(failed, "module")),
    };
    format!(
        "\n{} with {} in the cluster, {:.2} s after the operator's start.{failures}\n\n{}",
        counted(applied, "module"),
        counted(objects, "object"),
        took.as_secs_f64(),
        seen.modules.text(paint)
    )
}

fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// What to try next, in the words of the modules that are there.
pub(super) fn hints(
    place: &Place,
    settings: &Settings,
    seen: &View,
    environment: &Environment,
) -> String {
    let is_applied = |name: &str| {
        let mut rows = seen.modules.modules.iter();
        rows.any(|row| row.name == name && row.state == ModuleState::Applied)
    };
    let program = match environment.value("CARGO_MANIFEST_DIR") {
        Some(_) => "cargo run -q --",
        None => "addon-operator",
    };
    let mut text = format!(
        "\nTry next, in another terminal:\n
  export KUBECONFIG={}
  export DEBUG_UNIX_SOCKET={}
  kubectl -n {NAMESPACE} get modules
  {program} module list\n",
        place.kubeconfig.display(),
        settings.debug.socket.display(),
    );
    if is_applied("namespaces") {
        text.push_str(&of_namespaces(program));
    }
    if is_applied("priority-classes") {
        text.push_str(OF_PRIORITY_CLASSES);
    }
    let hooks = of_hooks(&is_applied, program);
    text.push_str(&hooks);
    if let Some(folder) = settings.folders.modules.first() {
        text.push_str(&of_folders(&folder.display().to_string()));
    }
    if !is_installed("kubectl", environment) {
        text.push_str("\nThere is no kubectl here; https://kubernetes.io/docs/tasks/tools says how to install it.\n");
    }
    let what = if place.is_own {
        "the operator and the cluster"
    } else {
        "the operator; the cluster stays as it is"
    };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\nWhat happens is told below. Ctrl-C ends {what}.\n");
    text
}

fn of_namespaces(program: &str) -> String {
    format!(
        "
  # set a value: the one module that it concerns is rendered and applied again
  kubectl -n {NAMESPACE} patch configmap addon-operator --type merge \\
    -p '{{\"data\":{{\"namespaces\":\"labels: {{team: demo}}\"}}}}'
  kubectl get namespace sandbox -L team
  {program} values explain namespaces labels

  # change an object: it is put right at once
  kubectl label namespace sandbox team=other --overwrite
  kubectl get namespace sandbox -L team

  # make a mistake: nothing of it takes effect, and module list says what is wrong
  kubectl -n {NAMESPACE} patch configmap addon-operator --type merge \\
    -p '{{\"data\":{{\"namespaces\":\"label: {{team: demo}}\"}}}}'
  {program} module list
"
    )
}

/// Hooks at work: each hint says what to do and what then happens.
fn of_hooks(is_applied: &dyn Fn(&str) -> bool, program: &str) -> String {
    let mut text = String::new();
    if is_applied("registry-secret") {
        text.push_str(OF_REGISTRY_SECRET);
    }
    if is_applied("namespace-egress") {
        text.push_str(OF_NAMESPACE_EGRESS);
    }
    if is_applied("storage-guard") {
        text.push_str(OF_STORAGE_GUARD);
    }
    if !text.is_empty() {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "
  # see what hooks listen to, what their latest runs did, and what waits
  {program} hook list
  {program} queue list"
        );
    }
    text
}

const OF_REGISTRY_SECRET: &str = "
  # ask for the registry's secret: a hook hears of the label and copies the secret
  kubectl -n addon-operator create secret docker-registry registry \\
    --docker-server=registry.example.com --docker-username=robot --docker-password=one
  kubectl create namespace shop
  kubectl label namespace shop addon-operator.io/registry-secret=true
  kubectl -n shop get secret registry

  # change the secret: the copy follows; without the label it goes
  kubectl -n addon-operator patch secret registry --type merge \\
    -p '{\"stringData\":{\".dockerconfigjson\":\"{\\\"auths\\\":{}}\"}}'
  kubectl -n shop get secret registry -o jsonpath='{.data}{\"\\n\"}'
  kubectl label namespace shop addon-operator.io/registry-secret-
  kubectl -n shop get secret registry
";

const OF_NAMESPACE_EGRESS: &str = "
  # restrict a namespace: a hook declares a policy for each that has the label
  kubectl label namespace sandbox addon-operator.io/egress=dns-only
  kubectl -n sandbox get networkpolicy egress
  kubectl label namespace sandbox addon-operator.io/egress-
";

const OF_STORAGE_GUARD: &str = "
  # add a StorageClass: a global hook makes it a fact, and the charts that read it follow
  printf 'apiVersion: storage.k8s.io/v1\\nkind: StorageClass\\nmetadata: {name: fast}\\nprovisioner: example.com/none\\n' \\
    | kubectl apply -f -
  kubectl get validatingadmissionpolicy storage-guard -o yaml | grep fast
";

const OF_PRIORITY_CLASSES: &str = "
  # delete an object: it is back at once
  kubectl delete priorityclass platform
  kubectl get priorityclass platform
";

fn of_folders(folder: &str) -> String {
    format!(
        "
  # add a module: a folder, no restart; when the folder is gone, so is the module ten seconds later
  mkdir -p {folder}/020-hello/templates
  echo 'helloEnabled: true' > {folder}/020-hello/values.yaml
  echo '{{apiVersion: v1, kind: ConfigMap, metadata: {{name: hello}}}}' > {folder}/020-hello/templates/hello.yaml.j2
  kubectl -n {NAMESPACE} get configmap hello
  rm -r {folder}/020-hello
"
    )
}

/// Whether a program is in one of the folders of PATH.
fn is_installed(program: &str, environment: &Environment) -> bool {
    let path = environment.value("PATH").unwrap_or_default();
    env::split_paths(path).any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::ModuleList;

    fn row(name: &str, state: ModuleState) -> ModuleRow {
        ModuleRow {
            name: name.to_owned(),
            weight: 1,
            state,
            enabled: true,
            decided_by: String::new(),
            objects: 1,
            reason: "RenderFailed".to_owned(),
            message: String::new(),
            since: None,
            took_ms: Some(7),
            path: String::new(),
        }
    }

    fn view(rows: Vec<ModuleRow>) -> View {
        View {
            modules: ModuleList::new(rows, Vec::new()),
            ..View::default()
        }
    }

    fn hinted(is_own: bool, rows: Vec<ModuleRow>) -> String {
        let place = Place {
            is_own,
            kubeconfig: PathBuf::from("/k"),
        };
        hints(
            &place,
            &Settings::default(),
            &view(rows),
            &Environment::default(),
        )
    }

    #[test]
    fn failure_is_told_with_its_reason() {
        let seen = view(vec![
            row("a", ModuleState::Applied),
            row("b", ModuleState::Failed),
        ]);
        let text = table(&seen, Duration::from_millis(1500), Paint::Plain);
        assert!(
            text.starts_with(
                "\n1 module with 2 objects in the cluster, 1.50 s after the operator's start. 1 module failed.\n"
            ),
            "{text}"
        );
        let failed = seen.modules.modules.last().unwrap();
        assert!(progress(failed).ends_with("7 ms  RenderFailed\n"));
    }

    #[test]
    fn hints_are_of_modules_that_are_there() {
        let text = hinted(
            true,
            vec![
                row("namespaces", ModuleState::Applied),
                row("priority-classes", ModuleState::Failed),
            ],
        );
        assert!(text.contains("kubectl get namespace sandbox"), "{text}");
        assert!(!text.contains("priorityclass"), "{text}");
    }

    #[test]
    fn hints_of_hooks_end_with_where_to_look() {
        let rows = vec![row("namespace-egress", ModuleState::Applied)];
        let text = hinted(true, rows);
        assert!(text.contains("addon-operator.io/egress=dns-only"), "{text}");
        assert!(text.contains("hook list"), "{text}");
        assert!(!text.contains("docker-registry"), "{text}");
        assert!(!hinted(true, Vec::new()).contains("hook list"));
    }

    #[test]
    fn cluster_of_others_stays() {
        assert!(hinted(true, Vec::new()).contains("ends the operator and the cluster."));
        assert!(hinted(false, Vec::new()).contains("the cluster stays as it is."));
    }
}
