//! What happens while operators are killed: small, and all that writes.

use serde_json::{Value, json};

use super::lane::Lane;
use super::text::{
    AFTER_HOOK, BEFORE_HOOK, CONFIG_HOOK, DEFINITION, DELETE_HOOK, DRAWING, FACTS, FOLLOW_HOOK,
    GLOBAL_HOOK, HASH, HELM_HOOKS, NEW, RELEASE, ROLE, SEES_GLOBAL, SHOP, START_HOOK, WEB, WIDGET,
};
use crate::support::rest;

/// A story: what there is, and what somebody does then.
#[derive(Default)]
pub(super) struct Story {
    pub(super) name: &'static str,
    /// Files by path. `NAMESPACE` and `LETTERS` are those of the lane.
    pub(super) files: Vec<(&'static str, &'static str)>,
    /// A release that Helm made before: its name and its manifests.
    pub(super) release: Option<(&'static str, &'static str)>,
    /// What a person does when the operator is done. Writes are counted from there; without it, from the
    /// first start.
    pub(super) edits: Vec<Edit>,
    /// What happens between the two lives: the second one has to clean up after the first.
    pub(super) meanwhile: Vec<Edit>,
    /// Where texts are that a chart draws: the end of the path of an object, and the field in it.
    pub(super) drawn: Vec<(&'static str, &'static str)>,
    /// The same for what follows from them and cannot be compared: checksums, what is packed.
    pub(super) differs: Vec<(&'static str, &'static str)>,
}

/// What a person does.
pub(super) enum Edit {
    Write(&'static str, &'static str),
    Remove(&'static str),
    /// The `ConfigMap` with values gets these keys.
    Config(Value),
}

impl Edit {
    pub(super) async fn make(&self, lane: &Lane) {
        match self {
            Self::Write(path, text) => lane.write(path, text),
            Self::Remove(path) => lane.remove(path),
            Self::Config(data) => {
                let namespace = lane.namespace.name();
                let path = format!("/api/v1/namespaces/{namespace}/configmaps/addon-operator");
                let object = json!({"apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": {"name": "addon-operator"}, "data": data});
                rest::apply(&lane.client, &path, "jane", &object).await;
            }
        }
    }
}

/// Several modules from nothing: definitions and their instances, one module after another.
pub(super) fn install() -> Story {
    Story {
        name: "cold install with definitions",
        files: vec![
            ("modules/010-kinds/values.yaml", "kindsEnabled: true\n"),
            ("modules/010-kinds/crds/widgets.yaml", DEFINITION),
            ("modules/010-kinds/templates/role.yaml.j2", ROLE),
            (
                "modules/020-web/values.yaml",
                "webEnabled: true\nweb: {text: a}\n",
            ),
            ("modules/020-web/templates/all.yaml.j2", WEB),
            ("modules/030-use/values.yaml", "useEnabled: true\n"),
            ("modules/030-use/templates/widget.yaml.j2", WIDGET),
            ("modules/030-use/templates/shop.yaml.j2", SHOP),
        ],
        ..Story::default()
    }
}

/// Another version is there when the next life begins: what the first one brought of the old one goes.
pub(super) fn replaced() -> Story {
    Story {
        name: "another version between the two lives",
        files: vec![
            (
                "modules/010-web/values.yaml",
                "webEnabled: true\nweb: {text: a}\n",
            ),
            ("modules/010-web/templates/web.yaml.j2", WEB),
            ("modules/010-web/templates/shop.yaml.j2", SHOP),
        ],
        meanwhile: vec![
            Edit::Write("modules/010-web/templates/new.yaml.j2", NEW),
            Edit::Remove("modules/010-web/templates/web.yaml.j2"),
            Edit::Remove("modules/010-web/templates/shop.yaml.j2"),
        ],
        ..Story::default()
    }
}

/// Many small modules from nothing, some of them at once.
pub(super) fn crowd() -> Story {
    Story {
        name: "cold install of many modules",
        files: vec![
            ("modules/010-a/values.yaml", "aEnabled: true\n"),
            ("modules/010-a/templates/all.yaml.j2", SEES_GLOBAL),
            ("modules/010-b/values.yaml", "bEnabled: true\n"),
            ("modules/010-b/templates/all.yaml.j2", SEES_GLOBAL),
            ("modules/010-c/values.yaml", "cEnabled: true\n"),
            ("modules/010-c/templates/all.yaml.j2", SEES_GLOBAL),
            ("modules/020-d/values.yaml", "dEnabled: true\n"),
            ("modules/020-d/templates/all.yaml.j2", SEES_GLOBAL),
            ("modules/030-e/values.yaml", "eEnabled: true\n"),
            ("modules/030-e/templates/all.yaml.j2", SEES_GLOBAL),
        ],
        ..Story::default()
    }
}

/// Hooks of all sorts: they make objects, patch values that charts see, and follow objects.
pub(super) fn hooks() -> Story {
    Story {
        name: "hooks with object and values patches",
        files: vec![
            ("global-hooks/facts.sh", GLOBAL_HOOK),
            (
                "modules/010-web/values.yaml",
                "webEnabled: true\nweb: {text: none}\n",
            ),
            ("modules/010-web/templates/all.yaml.j2", WEB),
            ("modules/010-web/hooks/start.sh", START_HOOK),
            ("modules/010-web/hooks/before.sh", BEFORE_HOOK),
            ("modules/010-web/hooks/after.sh", AFTER_HOOK),
            ("modules/010-web/hooks/follow.sh", FOLLOW_HOOK),
            ("modules/020-shop/values.yaml", "shopEnabled: true\n"),
            ("modules/020-shop/templates/all.yaml.j2", FACTS),
        ],
        ..Story::default()
    }
}

/// Hooks of charts, before and after an installation.
pub(super) fn chart_hooks() -> Story {
    Story {
        name: "hooks of charts",
        files: vec![
            (
                "modules/010-web/values.yaml",
                "webEnabled: true\nweb: {text: a}\n",
            ),
            ("modules/010-web/templates/all.yaml.j2", WEB),
            ("modules/010-web/templates/hooks.yaml.j2", HELM_HOOKS),
        ],
        ..Story::default()
    }
}

/// The same for the next revision.
pub(super) fn chart_hooks_of_an_upgrade() -> Story {
    Story {
        name: "hooks of charts at an upgrade",
        edits: vec![Edit::Config(json!({"web": "text: b"}))],
        ..chart_hooks()
    }
}

/// A chart that draws: what was applied is kept.
pub(super) fn draws() -> Story {
    Story {
        name: "chart that draws random values",
        files: vec![
            ("modules/010-web/Chart.yaml", "name: web\nversion: 0.1.0\n"),
            ("modules/010-web/values.yaml", "webEnabled: true\n"),
            ("modules/010-web/templates/all.yaml", DRAWING),
            ("modules/020-shop/values.yaml", "shopEnabled: true\n"),
            ("modules/020-shop/templates/all.yaml.j2", SHOP),
        ],
        drawn: vec![
            ("secrets/drawn", "/data/password"),
            ("configmaps/drawn", "/data/password"),
        ],
        differs: vec![
            ("secrets/drawn", HASH),
            ("configmaps/drawn", HASH),
            ("secrets/addon-operator.release.web", "/data/history"),
        ],
        ..Story::default()
    }
}

/// A new version of a module: objects go, of one kind all, and others come.
pub(super) fn upgrade() -> Story {
    Story {
        name: "upgrade with pruning",
        files: vec![
            (
                "modules/010-web/values.yaml",
                "webEnabled: true\nweb: {text: a}\n",
            ),
            ("modules/010-web/templates/web.yaml.j2", WEB),
            ("modules/010-web/templates/old.yaml.j2", SHOP),
        ],
        edits: vec![
            Edit::Write("modules/010-web/templates/new.yaml.j2", NEW),
            Edit::Remove("modules/010-web/templates/old.yaml.j2"),
            Edit::Write(
                "modules/010-web/values.yaml",
                "webEnabled: true\nweb: {text: b}\n",
            ),
        ],
        ..Story::default()
    }
}

/// A person switches a module off; its hook cleans up what it made.
pub(super) fn disable() -> Story {
    Story {
        name: "module switched off",
        files: vec![
            (
                "modules/010-web/values.yaml",
                "webEnabled: true\nweb: {text: a}\n",
            ),
            ("modules/010-web/templates/web.yaml.j2", WEB),
            ("modules/010-web/hooks/start.sh", START_HOOK),
            ("modules/010-web/hooks/delete.sh", DELETE_HOOK),
            ("modules/020-shop/values.yaml", "shopEnabled: true\n"),
            ("modules/020-shop/templates/all.yaml.j2", SHOP),
        ],
        edits: vec![Edit::Config(json!({"webEnabled": "false"}))],
        ..Story::default()
    }
}

/// The folder of a module goes.
pub(super) fn folder_removed() -> Story {
    Story {
        name: "module folder removed",
        files: vec![
            (
                "modules/010-web/values.yaml",
                "webEnabled: true\nweb: {text: a}\n",
            ),
            ("modules/010-web/templates/web.yaml.j2", WEB),
            ("modules/010-web/templates/more.yaml.j2", NEW),
            ("modules/020-shop/values.yaml", "shopEnabled: true\n"),
            ("modules/020-shop/templates/all.yaml.j2", SHOP),
        ],
        edits: vec![Edit::Remove("modules/010-web")],
        ..Story::default()
    }
}

/// A release that Helm made becomes ours, and what the chart has no more goes.
pub(super) fn takeover() -> Story {
    Story {
        name: "takeover of a release of Helm",
        files: vec![
            (
                "modules/010-web/values.yaml",
                "webEnabled: true\nweb: {text: b}\n",
            ),
            ("modules/010-web/templates/web.yaml.j2", WEB),
        ],
        release: Some(("web", RELEASE)),
        ..Story::default()
    }
}

/// A person changes what all modules see: all of them are applied again, and one fails for a while no more.
pub(super) fn global_edit() -> Story {
    Story {
        name: "edit of global values, for three modules",
        files: vec![
            (
                "modules/010-web/values.yaml",
                "webEnabled: true\nweb: {text: a}\n",
            ),
            ("modules/010-web/templates/all.yaml.j2", WEB),
            ("modules/010-web/templates/facts.yaml.j2", SEES_GLOBAL),
            ("modules/020-shop/values.yaml", "shopEnabled: true\n"),
            ("modules/020-shop/templates/all.yaml.j2", SHOP),
            ("modules/020-shop/templates/facts.yaml.j2", SEES_GLOBAL),
            ("modules/020-bar/values.yaml", "barEnabled: true\n"),
            ("modules/020-bar/templates/facts.yaml.j2", SEES_GLOBAL),
            ("modules/020-bar/templates/new.yaml.j2", NEW),
        ],
        edits: vec![Edit::Config(
            json!({"global": "team: blue", "web": "text: b"}),
        )],
        ..Story::default()
    }
}

/// A hook writes into the `ConfigMap` of values, in which a person has a section as well.
pub(super) fn config_values() -> Story {
    Story {
        name: "config values of a hook, values of a person",
        files: vec![
            (
                "modules/010-web/values.yaml",
                "webEnabled: true\nweb: {text: none}\n",
            ),
            ("modules/010-web/templates/all.yaml.j2", WEB),
            ("modules/010-web/hooks/config.sh", CONFIG_HOOK),
            (
                "modules/020-shop/values.yaml",
                "shopEnabled: true\nshop: {size: 1}\n",
            ),
            ("modules/020-shop/templates/all.yaml.j2", SHOP),
        ],
        ..Story::default()
    }
}
