#!/usr/bin/env python3
"""Turns labels of nodes into taints.

Taints are one list in the API, and others write to it too: the cluster's own controllers taint a
node that is not ready. So a node is changed by a jq filter, which the operator runs on the node as
it is at that moment and repeats when somebody was faster. A merge patch would replace their taints
with what they were when the snapshot was taken.
"""
import json
import os
import re
import sys

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")

CONFIG = {
    "configVersion": "v1",
    # The prefix or the default effect may have changed.
    "beforeHelm": 10,
    # The module is switched off: its taints go.
    "afterDeleteHelm": 10,
    "kubernetes": [
        {
            "name": "nodes",
            "group": "main",
            "apiVersion": "v1",
            "kind": "Node",
            "keepFullObjectsInMemory": False,
            "jqFilter": "{name: .metadata.name, labels: (.metadata.labels // {}),"
            " taints: [.spec.taints[]? | {key, value, effect}]}",
        }
    ],
}

# Leaves taints of others, and ours that are as wanted, where they are, with all their fields.
FILTER = """
def same($a; $b): $a.key == $b.key and $a.effect == $b.effect and ($a.value // "") == ($b.value // "");
{wanted} as $wanted
| [.spec.taints[]? | . as $taint
  | select((.key | startswith({prefix}) | not) or any($wanted[]; same(.; $taint)))] as $kept
| .spec.taints = $kept + [$wanted[] | . as $taint | select(any($kept[]; same(.; $taint)) | not)]
"""


def read(variable):
    with open(os.environ[variable], encoding="utf-8") as file:
        return json.load(file)


def taint(key, text, default):
    """`gpu.NoSchedule`, `NoSchedule` and `gpu` are what the value of a label may say."""
    value, _, last = text.rpartition(".")
    effect = last if last in EFFECTS else default
    value = value if last in EFFECTS else text
    if not VALUE.fullmatch(value):
        raise ValueError(f"{value!r} cannot be the value of a taint")
    return {"key": key, "effect": effect, **({"value": value} if value else {})}


def wanted_taints(node, prefix, default):
    found = []
    for key, text in sorted((node.get("labels") or {}).items()):
        if not key.startswith(prefix):
            continue
        try:
            found.append(taint(key, text, default))
        except ValueError as error:
            print(f"node {node['name']}: label {key}: {error}")
    return found


def comparable(taints):
    return {(item["key"], item.get("value") or "", item["effect"]) for item in taints}


def plan(nodes, prefix, default, removing):
    """The operations, and a line for each node that is changed."""
    operations, lines = [], []
    for node in sorted(nodes, key=lambda node: node["name"]):
        wanted = [] if removing else wanted_taints(node, prefix, default)
        ours = [item for item in node.get("taints") or [] if item["key"].startswith(prefix)]
        before, after = comparable(ours), comparable(wanted)
        if before == after:
            continue
        operations.append(
            {
                "operation": "JQPatch",
                "apiVersion": "v1",
                "kind": "Node",
                "name": node["name"],
                "ignoreMissingObject": True,
                "jqFilter": FILTER.replace("{wanted}", json.dumps(wanted)).replace(
                    "{prefix}", json.dumps(prefix)
                ),
            }
        )
        changes = [f"+{show(item)}" for item in sorted(after - before)]
        changes += [f"-{show(item)}" for item in sorted(before - after)]
        lines.append(f"node {node['name']}: {' '.join(changes)}")
    return operations, lines


def show(item):
    key, value, effect = item
    return f"{key}={value}:{effect}" if value else f"{key}:{effect}"


def main():
    if sys.argv[1:] == ["--config"]:
        print(json.dumps(CONFIG))
        return
    contexts = read("BINDING_CONTEXT_PATH")
    snapshots = next((item["snapshots"] for item in reversed(contexts) if "snapshots" in item), {})
    values = read("VALUES_PATH").get("nodeTaints") or {}
    nodes = {}
    for item in snapshots.get("nodes") or []:
        node = item.get("filterResult")
        if node:
            nodes[node["name"]] = node
    prefix, default = values.get("prefix"), values.get("defaultEffect") or EFFECTS[0]
    if not prefix:
        return
    removing = any(context.get("binding") == "afterDeleteHelm" for context in contexts)
    operations, lines = plan(nodes.values(), prefix, default, removing)
    with open(os.environ["KUBERNETES_PATCH_PATH"], "w", encoding="utf-8") as file:
        file.writelines(json.dumps(operation) + "\n" for operation in operations)
    for line in lines[:5]:
        print(line)
    if len(lines) > 5:
        print(f"and {len(lines) - 5} more nodes")


if __name__ == "__main__":
    main()
