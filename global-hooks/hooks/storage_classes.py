#!/usr/bin/env python3
"""Discovers which StorageClasses there are, and which is the default one."""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import facts  # noqa: E402

CONFIG = {
    "configVersion": "v1",
    "kubernetes": [
        {
            "name": "classes",
            "group": "main",
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "keepFullObjectsInMemory": False,
            "jqFilter": "{name: .metadata.name, created: .metadata.creationTimestamp, isDefault: any("
            '.metadata.annotations["storageclass.kubernetes.io/is-default-class",'
            ' "storageclass.beta.kubernetes.io/is-default-class"]; . == "true")}',
        }
    ],
}


def default_class(classes):
    """Of several the newest, then the first by name: so Kubernetes chooses."""
    defaults = sorted(
        (item for item in classes if item.get("isDefault")), key=lambda item: item["name"]
    )
    defaults.sort(key=lambda item: item.get("created") or "", reverse=True)
    return defaults[0]["name"] if defaults else ""


def main():
    if sys.argv[1:] == ["--config"]:
        print(json.dumps(CONFIG))
        return
    classes = facts.snapshot("classes")
    facts.report(
        {
            "storageClasses": facts.present(item["name"] for item in classes),
            "defaultStorageClass": default_class(classes),
        }
    )


if __name__ == "__main__":
    main()
