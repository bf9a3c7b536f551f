//! Whole binding context files, byte for byte: every shape that there is, in one golden file for each
//! form of configuration.

use std::fmt::Write as _;
use std::sync::Arc;

use super::{Place, config};
use crate::binding::{Context, HookConfig, Lifecycle, combine, parse_config, write_contexts};
use crate::watch::{Item, WatchEvent};

const V1: &str = r#"
configVersion: v1
onStartup: 1
schedule:
- {name: tick, crontab: "* * * * *"}
- {crontab: "* * * * *", includeSnapshotsFrom: [settings, labels]}
- {name: together, crontab: "* * * * *", group: main}
- {name: lonely, crontab: "* * * * *", group: lonely}
kubernetes:
- {kind: Pod}
- {name: labels, kind: Pod, jqFilter: .metadata.labels}
- {name: names, kind: Pod, jqFilter: .metadata.name, keepFullObjectsInMemory: false}
- {name: bare, kind: Pod, keepFullObjectsInMemory: false}
- {name: settings, kind: ConfigMap, includeSnapshotsFrom: [settings, names]}
- {name: one, kind: Pod, group: main, jqFilter: .metadata.name, keepFullObjectsInMemory: false}
- {name: other, kind: ConfigMap, group: main, includeSnapshotsFrom: [bare]}
- {name: "say \"hi\"\n", kind: Secret}
"#;

const V0: &str = r"
onStartup: 1
beforeHelm: 1
schedule:
- {crontab: '* * * * *'}
- {name: nightly, crontab: '@daily'}
onKubernetesEvent:
- {kind: pod, event: [add, update, delete], jqFilter: .metadata.labels}
- {name: nodes, kind: Node, event: [add]}
";

/// What there is of each schedule of [`V1`].
const SCHEDULES: [&str; 4] = [
    "schedule",
    "schedule without a name that includes snapshots",
    "schedule in a group",
    "schedule in a group without kubernetes bindings",
];

/// What there is of each kubernetes binding of [`V1`].
const SYNCHRONIZATIONS: [&str; 8] = [
    "Synchronization without a name",
    "Synchronization with a filter",
    "Synchronization of filter results alone",
    "Synchronization of neither objects nor results",
    "Synchronization that includes snapshots, its own among them",
    "Synchronization in a group",
    "Synchronization in a group that includes more",
    "Synchronization of nothing, with a name of any letters",
];

const EVENTS: [(usize, WatchEvent, &str); 8] = [
    (0, WatchEvent::Added, "Event without a name"),
    (0, WatchEvent::Modified, "Event of a change"),
    (0, WatchEvent::Deleted, "Event of an object that is gone"),
    (1, WatchEvent::Modified, "Event with a filter"),
    (2, WatchEvent::Added, "Event with a filter result alone"),
    (3, WatchEvent::Added, "Event with neither"),
    (4, WatchEvent::Added, "Event that includes snapshots"),
    (5, WatchEvent::Deleted, "Event in a group"),
];

/// What a binding keeps of a Pod in a namespace; `object` and `result` as the binding wants them.
fn item(namespace: Option<&str>, name: &str, object: &str, result: Option<&str>) -> Arc<Item> {
    Arc::new(Item {
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
        object: (!object.is_empty()).then(|| object.into()),
        filter_result: result.map(Into::into),
    })
}

/// The objects of each binding, by its place in the configuration.
fn objects(index: usize) -> Vec<Arc<Item>> {
    const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"app":"<web>"},"name":"a","namespace":"shop"}}"#;
    let shop = Some("shop");
    match index {
        0 => vec![item(shop, "a", POD, None)],
        1 => vec![
            item(shop, "a", POD, Some(r#"{"app":"<web>"}"#)),
            item(shop, "b", POD, Some("null")),
        ],
        2 | 5 => vec![
            item(shop, "a", "", Some(r#""a""#)),
            item(shop, "b", "", Some(r#""b""#)),
        ],
        3 => vec![item(shop, "a", "", None), item(shop, "b", "", None)],
        4 | 6 => vec![item(shop, "s", r#"{"data":{"size":1.0}}"#, None)],
        _ => Vec::new(),
    }
}

/// The text of one file after another, under what it is of.
struct Pages {
    config: HookConfig,
    text: String,
}

impl Pages {
    fn of(config: HookConfig) -> Self {
        let text = String::new();
        Self { config, text }
    }

    fn write(&mut self, title: &str, contexts: Vec<Context>) {
        let text = write_contexts(&self.config, &combine(contexts), &objects);
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(read.is_array(), "{text}");
        writeln!(self.text, "# {title}\n{text}").unwrap();
    }

    fn schedule(&self, index: usize) -> Context {
        Context::schedule(&self.config.schedules[index])
    }

    fn synchronization(&self, index: usize) -> Context {
        Context::synchronization(index, &self.config.kubernetes[index])
    }

    /// What happened to the first object of a binding.
    fn event(&self, index: usize, event: WatchEvent) -> Context {
        let item = objects(index).remove(0);
        Context::event(index, &self.config.kubernetes[index], event, item)
    }

    fn check(&self, name: &str) {
        insta::with_settings!({ snapshot_path => "../../../tests/golden/binding", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, self.text);
        });
    }
}

#[test]
fn contexts_of_the_second_form_are_exact() {
    let mut pages = Pages::of(config(V1));
    for point in [
        Lifecycle::OnStartup,
        Lifecycle::BeforeHelm,
        Lifecycle::AfterDeleteHelm,
    ] {
        pages.write(point.name(), vec![Context::lifecycle(point)]);
    }
    for (index, title) in SCHEDULES.into_iter().enumerate() {
        pages.write(title, vec![pages.schedule(index)]);
    }
    for (index, title) in SYNCHRONIZATIONS.into_iter().enumerate() {
        pages.write(title, vec![pages.synchronization(index)]);
    }
    for (index, event, title) in EVENTS {
        pages.write(title, vec![pages.event(index, event)]);
    }
    let empty = item(Some("shop"), "c", "{}", None);
    let no_result = Context::event(1, &pages.config.kubernetes[1], WatchEvent::Added, empty);
    pages.write("Event whose filter gives nothing", vec![no_result]);
    pages.check("contexts");
}

#[test]
fn contexts_of_one_run_are_exact() {
    use WatchEvent::{Added, Deleted, Modified};
    let mut pages = Pages::of(config(V1));
    let together = vec![
        pages.event(0, Added),
        pages.event(0, Modified),
        pages.schedule(0),
    ];
    pages.write("several at once, in order", together);
    let grouped = vec![
        pages.event(5, Added),
        pages.event(6, Added),
        pages.schedule(2),
        pages.event(0, Added),
        pages.event(5, Deleted),
    ];
    pages.write("several of a group, of which neighbours are one", grouped);
    let first = (0..3).map(|index| pages.synchronization(index)).collect();
    pages.write("several Synchronizations", first);
    pages.check("contexts-together");
}

#[test]
fn contexts_of_global_hooks_are_exact() {
    let text = "{configVersion: v1, beforeAll: 1, afterAll: 1, kubernetes: [{kind: Pod}]}";
    let mut pages = Pages::of(parse_config("hook", text, Place::Global).unwrap());
    for point in [Lifecycle::BeforeAll, Lifecycle::AfterAll] {
        pages.write(point.name(), vec![Context::lifecycle(point)]);
    }
    pages.config.kubernetes.clear();
    let point = Context::lifecycle(Lifecycle::AfterAll);
    pages.write("afterAll of a hook that watches nothing", vec![point]);
    pages.check("contexts-global");
}

#[test]
fn contexts_of_the_first_form_are_exact() {
    let mut pages = Pages::of(config(V0));
    for point in [Lifecycle::OnStartup, Lifecycle::BeforeHelm] {
        pages.write(point.name(), vec![Context::lifecycle(point)]);
    }
    pages.write("schedule without a name", vec![pages.schedule(0)]);
    pages.write("schedule", vec![pages.schedule(1)]);
    for (event, title) in [
        (WatchEvent::Added, "add"),
        (WatchEvent::Modified, "update"),
        (WatchEvent::Deleted, "delete"),
    ] {
        pages.write(title, vec![pages.event(0, event)]);
    }
    let node = item(None, "node-1", "", None);
    let event = Context::event(1, &pages.config.kubernetes[1], WatchEvent::Added, node);
    pages.write("of the cluster", vec![event]);
    pages.check("contexts-first");
}
