#!/usr/bin/env python3
"""Discovers the ranges of addresses of Services.

A hook of its own, since the kind came with Kubernetes 1.33: where it is not there, nothing else
waits for it.
"""
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
            "name": "ranges",
            "group": "main",
            "queue": "discovery-services",
            "waitForSynchronization": False,
            "apiVersion": "networking.k8s.io/v1",
            "kind": "ServiceCIDR",
            "keepFullObjectsInMemory": False,
            "jqFilter": ".spec.cidrs // []",
        }
    ],
}


def main():
    if sys.argv[1:] == ["--config"]:
        print(json.dumps(CONFIG))
        return
    ranges = [text for item in facts.snapshot("ranges") for text in item]
    facts.report({"serviceCIDRs": facts.present(ranges)})


if __name__ == "__main__":
    main()
