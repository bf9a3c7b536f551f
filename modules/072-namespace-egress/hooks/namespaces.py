#!/usr/bin/env python3
"""Tells the chart which namespaces ask for which egress profile.

The chart makes the policies, so one that is changed, deleted or no longer asked for is put right
without this hook.
"""
import json
import os
import sys

CONFIG = {
    "configVersion": "v1",
    # The label may be another one now.
    "beforeHelm": 10,
    "kubernetes": [
        {
            "name": "namespaces",
            "group": "main",
            "apiVersion": "v1",
            "kind": "Namespace",
            "keepFullObjectsInMemory": False,
            "jqFilter": "{name: .metadata.name, labels: (.metadata.labels // {}),"
            " ends: (.metadata.deletionTimestamp != null)}",
        }
    ],
}


def read(variable):
    with open(os.environ[variable], encoding="utf-8") as file:
        return json.load(file)


def profiles(label, snapshots):
    """The profile of each namespace that names one."""
    found = {}
    for item in snapshots.get("namespaces") or []:
        namespace = item.get("filterResult") or {}
        profile = (namespace.get("labels") or {}).get(label)
        # A policy cannot be made in a namespace that ends.
        if profile and not namespace.get("ends"):
            found[namespace["name"]] = profile
    return found


def tell(before, after, known):
    changed = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    for name in changed[:5]:
        profile = after.get(name)
        if profile is None:
            print(f"namespace {name}: no profile any more")
        elif profile in known:
            print(f"namespace {name}: profile {profile}")
        else:
            print(f"namespace {name}: there is no profile {profile}, so nothing is allowed")
    if len(changed) > 5:
        print(f"and {len(changed) - 5} more namespaces")


def main():
    if sys.argv[1:] == ["--config"]:
        print(json.dumps(CONFIG))
        return
    contexts = read("BINDING_CONTEXT_PATH")
    snapshots = next((item["snapshots"] for item in reversed(contexts) if "snapshots" in item), {})
    values = read("VALUES_PATH").get("namespaceEgress") or {}
    known = values.get("profiles") or {}
    before = (values.get("internal") or {}).get("namespaces") or {}
    after = profiles(values.get("namespaceLabel"), snapshots)

    unknown = {"name": "namespace_egress_unknown_profile", "group": "namespace_egress"}
    count = sum(profile not in known for profile in after.values())
    with open(os.environ["METRICS_PATH"], "w", encoding="utf-8") as file:
        print(json.dumps({**unknown, "action": "set", "value": count}), file=file)
    if after == before:
        return
    patch = {"op": "add", "path": "/namespaceEgress/internal", "value": {"namespaces": after}}
    with open(os.environ["VALUES_JSON_PATCH_PATH"], "w", encoding="utf-8") as file:
        json.dump(patch, file, sort_keys=True)
    tell(before, after, known)


if __name__ == "__main__":
    main()
