//! The text of the binding context file.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::watch::{Item, WatchEvent};

use super::{Context, ContextKind, HookConfig, Include, KubernetesBinding, Version};

/// The text of the binding context file: a JSON list with one object for each context.
///
/// `snapshot` answers the items of a `kubernetes` binding by its place in [`HookConfig::kubernetes`]. It
/// is asked once for each binding, so all contexts of one file show the same moment. Objects and filter
/// results are JSON already and are copied as they are.
pub fn write_contexts(
    config: &HookConfig,
    contexts: &[Context],
    snapshot: &dyn Fn(usize) -> Vec<Arc<Item>>,
) -> String {
    let mut page = Page {
        text: String::from("["),
        config,
        snapshot,
        written: BTreeMap::new(),
    };
    for (position, context) in contexts.iter().enumerate() {
        page.separate(position);
        match config.version {
            Version::V0 => page.first_version(context),
            Version::V1 => page.context(context),
        }
    }
    page.text.push(']');
    page.text
}

/// A text that grows.
struct Page<'a> {
    text: String,
    config: &'a HookConfig,
    snapshot: &'a dyn Fn(usize) -> Vec<Arc<Item>>,
    /// Where the items of a binding stand already.
    written: BTreeMap<usize, Range<usize>>,
}

impl Page<'_> {
    /// A context of a hook without `configVersion`.
    fn first_version(&mut self, context: &Context) {
        self.text.push_str("{\"binding\":");
        self.word(&context.binding);
        if let ContextKind::Event { event, item, .. } = &context.kind {
            let event = match event {
                WatchEvent::Added => "add",
                WatchEvent::Modified => "update",
                WatchEvent::Deleted => "delete",
            };
            self.field("resourceEvent", event);
            self.field("resourceKind", &item.kind);
            self.field("resourceName", &item.name);
            self.field("resourceNamespace", item.namespace.as_deref().unwrap_or(""));
        }
        self.text.push('}');
    }

    /// A context of a hook with `configVersion: v1`, its keys in alphabetical order.
    fn context(&mut self, context: &Context) {
        self.text.push_str("{\"binding\":");
        self.word(&context.binding);
        match (&context.group, &context.kind) {
            (Some(group), _) => {
                self.field("groupName", group);
                self.snapshots(&context.include);
                self.field("type", "Group");
            }
            (None, ContextKind::Lifecycle(_)) => self.snapshots(&context.include),
            (None, ContextKind::Schedule) => {
                self.snapshots(&context.include);
                self.field("type", "Schedule");
            }
            (None, ContextKind::Synchronization { binding_index }) => {
                self.text.push_str(",\"objects\":");
                self.items(*binding_index);
                self.snapshots(&context.include);
                self.field("type", "Synchronization");
            }
            (
                None,
                ContextKind::Event {
                    binding_index,
                    event,
                    item,
                },
            ) => {
                if let Some(binding) = self.config.kubernetes.get(*binding_index) {
                    self.item(",", binding, item);
                }
                self.snapshots(&context.include);
                self.field("type", "Event");
                self.field("watchEvent", event.name());
            }
            (None, ContextKind::Admission { kind, request }) => {
                self.review(request);
                self.snapshots(&context.include);
                self.field("type", kind.name());
            }
            (None, ContextKind::Conversion { from, to, request }) => {
                self.field("fromVersion", from);
                self.review(request);
                self.snapshots(&context.include);
                self.field("toVersion", to);
                self.field("type", "Conversion");
            }
        }
        self.text.push('}');
    }

    fn snapshots(&mut self, include: &Include) {
        let config = self.config;
        let names: Vec<&str> = match include {
            Include::None => return,
            Include::All => config
                .kubernetes
                .iter()
                .map(|it| it.name.as_str())
                .collect(),
            Include::Named(names) => names.iter().map(String::as_str).collect(),
        };
        // Of bindings with one name, the first is told.
        let indexes: BTreeMap<&str, Option<usize>> = names
            .into_iter()
            .map(|name| {
                (
                    name,
                    config.kubernetes.iter().position(|it| it.name == name),
                )
            })
            .collect();
        self.text.push_str(",\"snapshots\":{");
        for (position, (name, index)) in indexes.into_iter().enumerate() {
            self.separate(position);
            self.word(name);
            self.text.push(':');
            match index {
                Some(index) => self.items(index),
                None => self.text.push_str("[]"),
            }
        }
        self.text.push('}');
    }

    /// The list of a binding's items, written once and copied from then on.
    fn items(&mut self, index: usize) {
        if let Some(range) = self.written.get(&index) {
            // Room for exactly this: a text that doubles would cost as much again as the snapshot.
            self.text.reserve_exact(range.len());
            self.text.extend_from_within(range.clone());
            return;
        }
        let start = self.text.len();
        self.text.push('[');
        if let Some(binding) = self.config.kubernetes.get(index) {
            let items = (self.snapshot)(index);
            self.text.reserve_exact(room_for(&items));
            for (position, item) in items.iter().enumerate() {
                self.separate(position);
                self.text.push('{');
                self.item("", binding, item);
                self.text.push('}');
            }
        }
        self.text.push(']');
        self.written.insert(index, start..self.text.len());
    }

    /// What is told of one object, without the braces around it.
    fn item(&mut self, mut separator: &str, binding: &KubernetesBinding, item: &Item) {
        if binding.filter.is_some() {
            self.text.push_str(separator);
            self.text.push_str("\"filterResult\":");
            self.text
                .push_str(item.filter_result.as_deref().unwrap_or("null"));
            separator = ",";
        }
        if let (true, Some(object)) = (binding.keep_full, &item.object) {
            self.text.push_str(separator);
            self.text.push_str("\"object\":");
            self.text.push_str(object);
        }
    }

    /// What the API server asks, as it came.
    fn review(&mut self, request: &str) {
        self.text.push_str(",\"review\":{\"request\":");
        self.text.push_str(request);
        self.text.push('}');
    }

    fn field(&mut self, key: &str, value: &str) {
        self.text.push(',');
        self.word(key);
        self.text.push(':');
        self.word(value);
    }

    fn separate(&mut self, position: usize) {
        if position > 0 {
            self.text.push(',');
        }
    }

    /// A text in quotes.
    fn word(&mut self, word: &str) {
        let quoted = serde_json::Value::from(word).to_string();
        self.text.push_str(&quoted);
    }
}

/// More bytes than a list of these items has.
fn room_for(items: &[Arc<Item>]) -> usize {
    const AROUND_EACH: usize = r#"{"filterResult":null,"object":},"#.len();
    let length = |text: &Option<Box<str>>| text.as_deref().map_or(0, str::len);
    let each = |item: &Arc<Item>| length(&item.object) + length(&item.filter_result) + AROUND_EACH;
    items.iter().map(each).sum()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::binding::{Lifecycle, Place, combine, parse_config};
    use crate::jq::Filter;

    const POD: &str = r#"{"kind":"Pod","metadata":{"name":"a"}}"#;

    fn item(name: &str) -> Arc<Item> {
        Arc::new(Item {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: Some("default".to_owned()),
            name: name.to_owned(),
            object: Some(POD.into()),
            filter_result: Some(r#"{"app":"web"}"#.into()),
        })
    }

    /// Bindings `pods` (whole objects), `labels` (with a filter), `names` (a filter, no objects),
    /// `grouped` (in the group `g`), and a crontab for each way to include snapshots.
    fn config() -> HookConfig {
        let text = r#"
configVersion: v1
schedule:
- {name: plain, crontab: "* * * * *"}
- {name: told, crontab: "* * * * *", includeSnapshotsFrom: [names, pods]}
- {name: joined, crontab: "* * * * *", group: g}
kubernetes:
- {name: pods, kind: Pod}
- {name: labels, kind: Pod, jqFilter: .metadata.labels}
- {name: names, kind: Pod, jqFilter: .metadata.name, keepFullObjectsInMemory: false}
- {name: grouped, kind: Pod, group: g}
- {name: looking, kind: Pod, includeSnapshotsFrom: [names]}
- {name: bare, kind: Pod, keepFullObjectsInMemory: false}
"#;
        parse_config("hook", text, Place::Module).unwrap()
    }

    fn tells(config: &HookConfig, context: Context, expected: &Value) {
        let snapshot = |index| if index == 5 { vec![] } else { vec![item("a")] };
        let text = write_contexts(config, &[context], &snapshot);
        let told: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(told, json!([expected]), "{text}");
    }

    fn pod() -> Value {
        serde_json::from_str(POD).unwrap()
    }

    #[test]
    fn lifecycle_contexts_tell_all_snapshots_but_on_startup() {
        let config = config();
        let point = Context::lifecycle(Lifecycle::OnStartup);
        tells(&config, point, &json!({"binding": "onStartup"}));
        let snapshots = json!({
            "pods": [{"object": pod()}],
            "labels": [{"object": pod(), "filterResult": {"app": "web"}}],
            "names": [{"filterResult": {"app": "web"}}],
            "grouped": [{"object": pod()}],
            "looking": [{"object": pod()}],
            "bare": [],
        });
        for point in &Lifecycle::ALL[1..] {
            tells(
                &config,
                Context::lifecycle(*point),
                &json!({"binding": point.name(), "snapshots": snapshots}),
            );
        }
        let text = "configVersion: v1\nbeforeAll: 1";
        let bare = parse_config("hook", text, Place::Global).unwrap();
        let point = Context::lifecycle(Lifecycle::BeforeAll);
        tells(
            &bare,
            point,
            &json!({"binding": "beforeAll", "snapshots": {}}),
        );
    }

    #[test]
    fn schedule_contexts_tell_what_they_include() {
        let config = config();
        let names = json!([{"filterResult": {"app": "web"}}]);
        let pods = json!([{"object": pod()}]);
        let rows = [
            (0, json!({"binding": "plain", "type": "Schedule"})),
            (
                1,
                json!({"binding": "told", "type": "Schedule", "snapshots": {"names": names, "pods": pods}}),
            ),
            (
                2,
                json!({"binding": "joined", "type": "Group", "groupName": "g", "snapshots": {"grouped": pods}}),
            ),
        ];
        for (index, expected) in rows {
            tells(
                &config,
                Context::schedule(&config.schedules[index]),
                &expected,
            );
        }
    }

    #[test]
    fn synchronization_tells_all_objects() {
        let config = config();
        let pods = json!([{"object": pod()}]);
        let names = json!([{"filterResult": {"app": "web"}}]);
        let labels = json!([{"object": pod(), "filterResult": {"app": "web"}}]);
        let rows = [
            (
                0,
                json!({"binding": "pods", "type": "Synchronization", "objects": pods}),
            ),
            (
                1,
                json!({"binding": "labels", "type": "Synchronization", "objects": labels}),
            ),
            (
                2,
                json!({"binding": "names", "type": "Synchronization", "objects": names}),
            ),
            (
                3,
                json!({"binding": "grouped", "type": "Group", "groupName": "g", "snapshots": {"grouped": pods}}),
            ),
            (
                4,
                json!({"binding": "looking", "type": "Synchronization", "objects": pods, "snapshots": {"names": names}}),
            ),
            (
                5,
                json!({"binding": "bare", "type": "Synchronization", "objects": []}),
            ),
        ];
        for (index, expected) in rows {
            let context = Context::synchronization(index, &config.kubernetes[index]);
            tells(&config, context, &expected);
        }
    }

    #[test]
    fn event_tells_the_object_beside_its_kind() {
        let config = config();
        let pods = json!([{"object": pod()}]);
        let names = json!([{"filterResult": {"app": "web"}}]);
        let (app, added, event) = (json!({"app": "web"}), WatchEvent::Added, "Event");
        let rows = [
            (
                0,
                added,
                json!({"binding": "pods", "type": event, "watchEvent": "Added", "object": pod()}),
            ),
            (
                0,
                WatchEvent::Modified,
                json!({"binding": "pods", "type": event, "watchEvent": "Modified", "object": pod()}),
            ),
            (
                0,
                WatchEvent::Deleted,
                json!({"binding": "pods", "type": event, "watchEvent": "Deleted", "object": pod()}),
            ),
            (
                1,
                added,
                json!({"binding": "labels", "type": event, "watchEvent": "Added", "object": pod(), "filterResult": app}),
            ),
            (
                2,
                added,
                json!({"binding": "names", "type": event, "watchEvent": "Added", "filterResult": app}),
            ),
            (
                3,
                added,
                json!({"binding": "grouped", "type": "Group", "groupName": "g", "snapshots": {"grouped": pods}}),
            ),
            (
                4,
                added,
                json!({"binding": "looking", "type": event, "watchEvent": "Added", "object": pod(), "snapshots": {"names": names}}),
            ),
            (
                5,
                added,
                json!({"binding": "bare", "type": event, "watchEvent": "Added"}),
            ),
        ];
        for (index, event, expected) in rows {
            let binding = &config.kubernetes[index];
            tells(
                &config,
                Context::event(index, binding, event, item("a")),
                &expected,
            );
        }
    }

    #[test]
    fn reviews_are_told_as_they_came_also_in_a_group() {
        let text = r"
configVersion: v1
kubernetes:
- {name: pods, kind: Pod}
- {name: grouped, kind: Pod, group: g}
kubernetesValidating:
- {name: plain.example.com}
- {name: grouped.example.com, group: g}
kubernetesMutating:
- {name: told.example.com, includeSnapshotsFrom: [pods]}
kubernetesCustomResourceConversion:
- {name: up, crdName: tabs.example.com, conversions: [{fromVersion: v1, toVersion: v2}]}
- {name: told, crdName: tabs.example.com, group: g, conversions: [{fromVersion: example.com/v2, toVersion: v3}]}
";
        let config = parse_config("hook", text, Place::Module).unwrap();
        let request = r#"{"uid":"u","unknown":[9007199254740993]}"#;
        let review = json!({"request": {"uid": "u", "unknown": [9_007_199_254_740_993_u64]}});
        let pods = json!([{"object": pod()}]);
        let rows = [
            json!({"binding": "plain.example.com", "type": "Validating", "review": review}),
            json!({"binding": "grouped.example.com", "type": "Validating", "review": review, "snapshots": {"grouped": pods}}),
            json!({"binding": "told.example.com", "type": "Mutating", "review": review, "snapshots": {"pods": pods}}),
        ];
        for (binding, expected) in config.admissions.iter().zip(rows) {
            let context = Context::admission(binding, request.into());
            tells(&config, context, &expected);
        }
        let rows = [
            json!({"binding": "up", "type": "Conversion", "fromVersion": "v1", "toVersion": "v2", "review": review}),
            json!({"binding": "told", "type": "Conversion", "fromVersion": "example.com/v2", "toVersion": "v3", "review": review, "snapshots": {"grouped": pods}}),
        ];
        for (binding, expected) in config.conversions.iter().zip(rows) {
            let context = Context::conversion(binding, &binding.conversions[0], request.into());
            tells(&config, context, &expected);
        }
    }

    #[test]
    fn filter_without_a_result_is_null() {
        let config = config();
        let mut bare = Item::clone(&item("a"));
        bare.filter_result = None;
        let context = Context::event(2, &config.kubernetes[2], WatchEvent::Added, Arc::new(bare));
        let expected = json!({"binding": "names", "type": "Event", "watchEvent": "Added", "filterResult": null});
        tells(&config, context, &expected);
    }

    #[test]
    fn first_version_tells_names_only() {
        let text = "onStartup: 1\nschedule: [{crontab: '* * * * *'}]\nonKubernetesEvent: [{kind: pod, event: [add]}]";
        let config = parse_config("hook", text, Place::Module).unwrap();
        let binding = &config.kubernetes[0];
        let event = |event| Context::event(0, binding, event, item("a"));
        let told = |word| json!({"binding": "onKubernetesEvent", "resourceEvent": word, "resourceNamespace": "default", "resourceKind": "Pod", "resourceName": "a"});
        let mut rows = vec![
            (event(WatchEvent::Added), told("add")),
            (event(WatchEvent::Modified), told("update")),
            (event(WatchEvent::Deleted), told("delete")),
            (
                Context::schedule(&config.schedules[0]),
                json!({"binding": "schedule"}),
            ),
        ];
        rows.extend(
            Lifecycle::ALL
                .map(|point| (Context::lifecycle(point), json!({"binding": point.name()}))),
        );
        for (context, expected) in rows {
            tells(&config, context, &expected);
        }
        let mut node = Item::clone(&item("n"));
        node.namespace = None;
        let context = Context::event(0, binding, WatchEvent::Added, Arc::new(node));
        let expected = json!({"binding": "onKubernetesEvent", "resourceEvent": "add", "resourceNamespace": "", "resourceKind": "Pod", "resourceName": "n"});
        tells(&config, context, &expected);
    }

    #[test]
    fn each_snapshot_is_asked_for_once() {
        let config = config();
        let asked = std::cell::RefCell::new(Vec::new());
        let snapshot = |index| {
            asked.borrow_mut().push(index);
            vec![item("a")]
        };
        let contexts = [
            Context::lifecycle(Lifecycle::BeforeHelm),
            Context::synchronization(0, &config.kubernetes[0]),
            Context::schedule(&config.schedules[1]),
        ];
        let text = write_contexts(&config, &contexts, &snapshot);
        let told: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(told[0]["snapshots"]["pods"], told[1]["objects"]);
        assert_eq!(told[0]["snapshots"]["pods"], told[2]["snapshots"]["pods"]);
        let mut asked = asked.into_inner();
        asked.sort_unstable();
        assert_eq!(asked, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn first_of_equal_names_is_told() {
        let text =
            "configVersion: v1\nkubernetes: [{kind: Pod, group: g}, {kind: Secret, group: g}]";
        let config = parse_config("hook", text, Place::Module).unwrap();
        let asked = std::cell::RefCell::new(BTreeSet::new());
        let snapshot = |index| {
            asked.borrow_mut().insert(index);
            vec![]
        };
        let context = Context::synchronization(1, &config.kubernetes[1]);
        let text = write_contexts(&config, &[context], &snapshot);
        assert_eq!(
            text,
            r#"[{"binding":"kubernetes","groupName":"g","snapshots":{"kubernetes":[]},"type":"Group"}]"#
        );
        assert_eq!(asked.into_inner(), BTreeSet::from([0]));
    }

    proptest! {
        #[test]
        fn text_is_a_json_list_of_all_contexts(
            names in prop::collection::vec(any::<String>(), 1..4),
            groups in prop::collection::vec(prop::option::of("[ab\"]"), 4),
            shapes in prop::collection::vec((0_usize..4, 0_usize..4), 0..8),
            filtered in any::<bool>(),
            version in prop::sample::select(vec![Version::V0, Version::V1]),
        ) {
            let mut config = config();
            config.version = version;
            let filter = filtered.then(|| Filter::compile(".").unwrap());
            for (binding, (name, group)) in config.kubernetes.iter_mut().zip(names.iter().zip(&groups)) {
                binding.name.clone_from(name);
                binding.common.group.clone_from(group);
                binding.common.include_snapshots.clone_from(&names);
                binding.filter.clone_from(&filter);
            }
            let contexts: Vec<Context> = shapes.iter().map(|(kind, index)| {
                let binding = &config.kubernetes[*index];
                match kind {
                    0 => Context::lifecycle(Lifecycle::BeforeHelm),
                    1 => Context::schedule(&config.schedules[index % 3]),
                    2 => Context::synchronization(*index, binding),
                    _ => Context::event(*index, binding, WatchEvent::Added, item(&names[0])),
                }
            }).collect();
            let text = write_contexts(&config, &contexts, &|_| vec![item("a"), item("b")]);
            let told: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(told.as_array().unwrap().len(), contexts.len());
            let kept = combine(contexts.clone());
            prop_assert!(kept.len() <= contexts.len());
            prop_assert_eq!(kept.last(), contexts.last());
            prop_assert!(kept.windows(2).all(|pair| pair[0].group.is_none() || pair[0].group != pair[1].group));
        }
    }
}
