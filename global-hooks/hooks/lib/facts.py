"""What the hooks that discover facts have in common."""
import json
import os


def read(variable):
    with open(os.environ[variable], encoding="utf-8") as file:
        return json.load(file)


def snapshot(binding):
    """What the filter of a binding made of each object, as it is now."""
    contexts = read("BINDING_CONTEXT_PATH")
    snapshots = next((item["snapshots"] for item in reversed(contexts) if "snapshots" in item), {})
    found = (item.get("filterResult") for item in snapshots.get(binding) or [])
    return [item for item in found if item]


def present(values):
    """The values that are not empty, each once, in order."""
    return sorted({value for value in values if value})


def report(facts):
    """Puts facts into `global.discovery`. Those that are there already are not written."""
    before = (read("VALUES_PATH").get("global") or {}).get("discovery") or {}
    with open(os.environ["VALUES_JSON_PATCH_PATH"], "w", encoding="utf-8") as file:
        for name, fact in sorted(facts.items()):
            if before.get(name) != fact:
                patch = {"op": "add", "path": f"/global/discovery/{name}", "value": fact}
                print(json.dumps(patch, sort_keys=True), file=file)
                print(f"{name}: {json.dumps(fact, sort_keys=True)}")
