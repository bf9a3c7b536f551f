//! What a module's `module.yaml` says of drift, pruning and fields of others, as the line takes it.

use crate::apply::PruneRules;
use crate::diff::{Ignore, Policy};
use crate::module::{Definition, Drift};

pub(super) fn policy(definition: &Definition) -> Policy {
    match definition.drift {
        Drift::Correct => Policy::Correct,
        Drift::Recreate => Policy::Recreate,
        Drift::Report => Policy::Report,
    }
}

pub(super) fn rules(definition: &Definition) -> PruneRules {
    PruneRules {
        definitions: definition.prune.crds,
        namespaces: definition.prune.namespaces,
        claims: definition.prune.persistent_volume_claims,
    }
}

pub(super) fn ignored(definition: &Definition) -> Vec<Ignore> {
    let ignore = definition.ignore_differences.iter().map(|ignored| Ignore {
        kind: ignored.kind.clone(),
        group: ignored.group.clone(),
        name: ignored.name.clone(),
        fields: ignored.fields.clone(),
    });
    ignore.collect()
}
