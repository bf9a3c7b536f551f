//! What is kept of a module's own release: its revision, what its chart drew, and the hooks of its
//! deletion.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::object::{Manifest, Source};
use crate::render::{DrawKey, Hook};

/// The largest history that is unpacked; packed it cannot have two megabytes.
const LARGEST: u64 = 16 << 20;
/// The points of a release's life at which hooks of its deletion run.
const DELETION: [&str; 2] = ["pre-delete", "post-delete"];

/// What is known of a module's release, and cannot be found out from the cluster.
///
/// Passwords and keys are in it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// How often something else was brought; 0 when nothing was yet.
    pub revision: u64,
    /// The checksum of what that revision was rendered to; empty when it is not known.
    #[serde(default)]
    pub rendered: String,
    /// Whether it was brought whole, its hooks included.
    #[serde(default)]
    pub is_deployed: bool,
    /// The release's namespace: where hooks are that name none.
    #[serde(default)]
    pub namespace: String,
    #[serde(default, with = "drawn")]
    drawn: BTreeMap<DrawKey, Value>,
    #[serde(default)]
    hooks: Vec<KeptHook>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeptHook {
    object: Value,
    file: String,
    line: u32,
    events: BTreeSet<String>,
    weight: i64,
    delete_policies: BTreeSet<String>,
}

impl History {
    /// Of a release that is there, without a history of its own.
    pub fn of_revision(revision: u64) -> Self {
        Self {
            revision,
            is_deployed: true,
            ..Self::default()
        }
    }

    /// The revision that a render is for which gives this checksum: the same as before when the same
    /// comes out, and when the one before was never brought whole.
    pub fn revision_of(&self, rendered: &str) -> u64 {
        let is_same = self.rendered == rendered && self.revision > 0;
        if is_same || (self.revision > 0 && !self.is_deployed) {
            self.revision
        } else {
            self.revision + 1
        }
    }

    /// The same, brought whole or not yet.
    #[must_use]
    pub fn deployed(&self, is_deployed: bool) -> Self {
        Self {
            is_deployed,
            ..self.clone()
        }
    }

    /// Whether it is of the same revision, with the same objects.
    pub fn is_of(&self, other: &Self) -> bool {
        (self.revision, &self.rendered) == (other.revision, &other.rendered)
    }

    /// What tells hooks that run for this revision from those of others.
    pub fn run(&self) -> String {
        let checksum = self.rendered.get(..12).unwrap_or_default();
        format!("{}-{checksum}", self.revision)
    }

    /// What was drawn before.
    pub fn drawn(&self, key: &DrawKey) -> Option<&Value> {
        self.drawn.get(key)
    }

    /// Whether both drew the same.
    pub fn has_drawn_as(&self, other: &Self) -> bool {
        self.drawn == other.drawn
    }

    /// Forgets what was drawn, so that it is drawn anew.
    pub fn forget_drawn(&mut self) {
        self.drawn.clear();
    }

    /// Takes what one render drew. What it did not ask for stays, since a chart may find its password
    /// in the cluster today and not tomorrow; unless the same place asked with other arguments.
    pub fn take_drawn(&mut self, used: &BTreeMap<DrawKey, Value>) {
        let place = |key: &DrawKey| {
            let DrawKey {
                template,
                function,
                place,
                ordinal,
                ..
            } = key.clone();
            (template, function, place, ordinal)
        };
        let places: BTreeSet<_> = used.keys().map(place).collect();
        self.drawn
            .retain(|key, _| used.contains_key(key) || !places.contains(&place(key)));
        let used = used.iter();
        self.drawn
            .extend(used.map(|(key, value)| (key.clone(), value.clone())));
    }

    /// Takes the hooks of the module's deletion, which have to run when its folder is gone as well.
    pub fn take_hooks(&mut self, hooks: &[Hook]) {
        let is_of_deletion =
            |hook: &&Hook| DELETION.iter().any(|event| hook.events.contains(*event));
        let kept = hooks.iter().filter(is_of_deletion).map(|hook| KeptHook {
            object: hook.manifest.object.clone(),
            file: hook.manifest.source.file.clone(),
            line: hook.manifest.source.line,
            events: hook.events.clone(),
            weight: hook.weight,
            delete_policies: hook.delete_policies.clone(),
        });
        self.hooks = kept.collect();
    }

    /// The hooks of the module's deletion, in the order in which they run.
    pub fn hooks(&self) -> Vec<Hook> {
        let hooks = self.hooks.iter().map(|kept| Hook {
            manifest: Manifest {
                object: kept.object.clone(),
                source: Source {
                    file: kept.file.clone(),
                    line: kept.line,
                },
            },
            events: kept.events.clone(),
            weight: kept.weight,
            delete_policies: kept.delete_policies.clone(),
        });
        hooks.collect()
    }

    /// Packs it for a Secret.
    pub(super) fn pack(&self) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        // Writing to memory cannot fail, and everything in it is plain JSON.
        let json = serde_json::to_vec(self).unwrap_or_default();
        let _ = packed.write_all(&json);
        packed.finish().unwrap_or_default()
    }

    /// Reads what was packed. The answer to what cannot be read repeats nothing of it.
    pub(super) fn unpack(packed: &[u8]) -> Result<Self, &'static str> {
        let mut json = Vec::new();
        let mut unpacked = GzDecoder::new(packed).take(LARGEST + 1);
        unpacked
            .read_to_end(&mut json)
            .map_err(|_| "it is damaged: gzip cannot unpack it")?;
        if json.len() as u64 > LARGEST {
            return Err("it is larger than 16 MiB when unpacked");
        }
        serde_json::from_slice(&json).map_err(|_| "it holds no history of a release")
    }
}

/// What was drawn is secret.
impl fmt::Debug for History {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (revision, drawn) = (self.revision, self.drawn.len());
        write!(out, "revision {revision}, {drawn} values drawn")
    }
}

/// A map whose keys are no strings, as a list of pairs.
mod drawn {
    use super::{BTreeMap, DrawKey, Value};
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        drawn: &BTreeMap<DrawKey, Value>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(drawn)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<DrawKey, Value>, D::Error> {
        let pairs = Vec::<(DrawKey, Value)>::deserialize(from)?;
        Ok(pairs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(template: &str, arguments: &str, ordinal: u32) -> DrawKey {
        DrawKey {
            template: template.to_owned(),
            function: "randAlphaNum".to_owned(),
            place: String::new(),
            arguments: arguments.to_owned(),
            ordinal,
        }
    }

    #[test]
    fn revision_rises_when_something_else_comes_out() {
        let history = |revision, rendered: &str, is_deployed| History {
            revision,
            rendered: rendered.to_owned(),
            is_deployed,
            ..History::default()
        };
        for (before, rendered, revision) in [
            (History::default(), "a", 1),
            (history(1, "a", true), "a", 1),
            (history(1, "a", true), "b", 2),
            // A first try that failed is an installation still.
            (history(1, "a", false), "b", 1),
            (history(4, "a", false), "a", 4),
            (History::of_revision(7), "a", 8),
        ] {
            assert_eq!(
                before.revision_of(rendered),
                revision,
                "{before:?} {rendered}"
            );
        }
    }

    #[test]
    fn what_was_drawn_stays_until_its_place_asks_for_something_else() {
        let mut history = History::default();
        let first = [
            (key("a", "10", 0), json!("one")),
            (key("b", "10", 0), json!("two")),
        ];
        history.take_drawn(&first.into());
        let second = [(key("a", "16", 0), json!("three"))];
        history.take_drawn(&second.into());
        let found = |key| history.drawn(&key).cloned();
        assert_eq!(found(key("a", "10", 0)), None);
        assert_eq!(found(key("a", "16", 0)), Some(json!("three")));
        assert_eq!(found(key("b", "10", 0)), Some(json!("two")));
    }

    #[test]
    fn what_was_packed_is_read_and_never_shown() {
        let mut history = History::of_revision(3);
        history.take_drawn(&[(key("a", "10", 0), json!("hunter2"))].into());
        assert_eq!(History::unpack(&history.pack()), Ok(history.clone()));
        assert_eq!(format!("{history:?}"), "revision 3, 1 values drawn");
        assert!(History::unpack(b"hunter2").is_err());
    }
}
