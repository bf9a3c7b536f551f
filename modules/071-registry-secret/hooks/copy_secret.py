#!/usr/bin/env python3
"""Copies a registry's pull secret into the namespaces that ask for it.

Each run looks at all namespaces and all pull secrets, and asks for what is missing, other than it
should be, or no longer wanted. A run that finds everything in order asks for nothing. Secrets
without our label are never changed; no secret is ever logged or put into values.
"""
import json
import os
import sys

TYPE = "kubernetes.io/dockerconfigjson"
KEY = ".dockerconfigjson"
LABEL = "addon-operator.io/copied-by"
MODULE = "registry-secret"

CONFIG = {
    "configVersion": "v1",
    # Values may have changed: who asks, what is copied, what copies are called.
    "beforeHelm": 10,
    # The module is switched off: the copies go.
    "afterDeleteHelm": 10,
    "kubernetes": [
        {
            "name": "namespaces",
            "group": "main",
            "apiVersion": "v1",
            "kind": "Namespace",
            "keepFullObjectsInMemory": False,
            "jqFilter": "{name: .metadata.name, labels: (.metadata.labels // {}),"
            " ends: (.metadata.deletionTimestamp != null)}",
        },
        {
            "name": "secrets",
            "group": "main",
            "apiVersion": "v1",
            "kind": "Secret",
            "fieldSelector": {
                "matchExpressions": [{"field": "type", "operator": "Equals", "value": TYPE}]
            },
            "keepFullObjectsInMemory": False,
            "jqFilter": "{namespace: .metadata.namespace, name: .metadata.name,"
            f' isCopy: (.metadata.labels["{LABEL}"] == "{MODULE}"),'
            " immutable: (.immutable == true), data: .data}",
        },
    ],
}


def read(variable):
    with open(os.environ[variable], encoding="utf-8") as file:
        return json.load(file)


def items(snapshots, binding):
    """What the filter of a binding made of each object."""
    found = (item.get("filterResult") for item in snapshots.get(binding) or [])
    return [item for item in found if item]


def by_place(secrets):
    return {(item["namespace"], item["name"]): item for item in secrets}


def create(namespace, name, data):
    return {
        # Not CreateOrUpdate, which would replace a secret of somebody else.
        "operation": "CreateIfNotExists",
        "object": {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": TYPE,
            "metadata": {"namespace": namespace, "name": name, "labels": {LABEL: MODULE}},
            "data": data,
        },
    }


def delete(namespace, name):
    return {
        "operation": "DeleteInBackground",
        "apiVersion": "v1",
        "kind": "Secret",
        "namespace": namespace,
        "name": name,
    }


def correct(copy, data):
    namespace, name = copy["namespace"], copy["name"]
    if copy.get("immutable"):
        return [delete(namespace, name), create(namespace, name, data)]
    label = LABEL.replace("~", "~0").replace("/", "~1")
    return [
        {
            "operation": "JSONPatch",
            "apiVersion": "v1",
            "kind": "Secret",
            "namespace": namespace,
            "name": name,
            "ignoreMissingObject": True,
            "jsonPatch": [
                # Refused when it has become somebody else's in the meantime.
                {"op": "test", "path": f"/metadata/labels/{label}", "value": MODULE},
                {"op": "add", "path": "/data", "value": data},
            ],
        }
    ]


def plan(values, namespaces, secrets):
    """What to do, and the namespaces concerned, by what is done there."""
    source, name = values.get("source") or {}, values.get("copyName")
    asked = {
        item["name"]: (item.get("labels") or {}).get(values.get("namespaceLabel")) == "true"
        for item in namespaces
        if not item.get("ends")
    }
    place = (source.get("namespace"), source.get("name"))
    there = by_place(secrets)
    original = there.get(place)
    data = None
    if original and not original.get("isCopy") and KEY in (original.get("data") or {}):
        data = {KEY: original["data"][KEY]}

    operations, done = [], {"created": [], "corrected": [], "deleted": [], "refused": []}
    for copy in (item for item in there.values() if item.get("isCopy")):
        namespace = copy["namespace"]
        # A namespace that is not there, or ends, takes its copy with it.
        if namespace in asked and not (asked[namespace] and copy["name"] == name):
            operations.append(delete(namespace, copy["name"]))
            done["deleted"].append(namespace)
    # Without a source the copies stay as they are: a secret that is replaced must not stop pulls.
    wanted = [namespace for namespace in sorted(asked) if asked[namespace] and data and name]
    for namespace in wanted:
        found = there.get((namespace, name))
        if (namespace, name) == place:
            continue
        if found is None:
            operations.append(create(namespace, name, data))
            done["created"].append(namespace)
        elif not found.get("isCopy"):
            done["refused"].append(namespace)
        elif found.get("data") != data:
            operations.extend(correct(found, data))
            done["corrected"].append(namespace)
    return operations, done


def plan_removal(secrets):
    copies = [item for item in by_place(secrets).values() if item.get("isCopy")]
    operations = [delete(copy["namespace"], copy["name"]) for copy in copies]
    return operations, {"deleted": [copy["namespace"] for copy in copies]}


def tell(done):
    for deed in ("created", "corrected", "deleted"):
        namespaces = sorted(done.get(deed, []))
        if namespaces:
            more = f" and {len(namespaces) - 5} more" if len(namespaces) > 5 else ""
            print(f"{deed} the pull secret in {', '.join(namespaces[:5])}{more}")


def main():
    if sys.argv[1:] == ["--config"]:
        print(json.dumps(CONFIG))
        return
    contexts = read("BINDING_CONTEXT_PATH")
    snapshots = next((item["snapshots"] for item in reversed(contexts) if "snapshots" in item), {})
    secrets = items(snapshots, "secrets")
    if any(context.get("binding") == "afterDeleteHelm" for context in contexts):
        operations, done = plan_removal(secrets)
    else:
        values = read("VALUES_PATH").get("registrySecret") or {}
        operations, done = plan(values, items(snapshots, "namespaces"), secrets)
        refused = {"name": "registry_secret_refused", "group": "registry_secret", "action": "set"}
        with open(os.environ["METRICS_PATH"], "w", encoding="utf-8") as file:
            print(json.dumps({**refused, "value": len(done["refused"])}), file=file)
    with open(os.environ["KUBERNETES_PATCH_PATH"], "w", encoding="utf-8") as file:
        file.writelines(json.dumps(operation) + "\n" for operation in operations)
    tell(done)


if __name__ == "__main__":
    main()
