#!/usr/bin/env python3
"""Discovers what nodes there are.

How many are ready is a metric and no value: it changes whenever a node has a bad moment, and each
change of a global value runs all modules.
"""
import ipaddress
import json
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import facts  # noqa: E402

CONFIG = {
    "configVersion": "v1",
    # When a whole cluster starts, or restarts, its nodes come one by one.
    "settings": {"executionMinInterval": "5s", "executionBurst": 3},
    "kubernetes": [
        {
            "name": "nodes",
            "group": "main",
            # Waiting for the interval holds up nobody else.
            "queue": "discovery-nodes",
            "apiVersion": "v1",
            "kind": "Node",
            "keepFullObjectsInMemory": False,
            "jqFilter": "{"
            'region: .metadata.labels["topology.kubernetes.io/region"],'
            ' zone: .metadata.labels["topology.kubernetes.io/zone"],'
            " podCIDRs: .spec.podCIDRs,"
            " architecture: .status.nodeInfo.architecture,"
            " operatingSystem: .status.nodeInfo.operatingSystem,"
            " kubeletVersion: .status.nodeInfo.kubeletVersion,"
            ' ready: any(.status.conditions[]?; .type == "Ready" and .status == "True")}',
        }
    ],
}


def version_order(version):
    """Such that v1.9.0 comes before v1.10.0."""
    return [int(number) for number in re.findall(r"\d+", version)]


def joined_ranges(nodes):
    networks = set()
    for text in {text for node in nodes for text in node.get("podCIDRs") or []}:
        try:
            networks.add(ipaddress.ip_network(text, strict=False))
        except ValueError:
            print(f"{text!r} is no range of addresses")
    found = []
    for version in (4, 6):
        same = [network for network in networks if network.version == version]
        found += [str(network) for network in ipaddress.collapse_addresses(same)]
    return found


def discover(nodes):
    versions = facts.present(node.get("kubeletVersion") for node in nodes)
    versions.sort(key=version_order)
    return {
        "nodes": {
            "count": len(nodes),
            "architectures": facts.present(node.get("architecture") for node in nodes),
            "operatingSystems": facts.present(node.get("operatingSystem") for node in nodes),
            "kubeletVersions": {
                "lowest": versions[0] if versions else "",
                "highest": versions[-1] if versions else "",
            },
            "podCIDRs": joined_ranges(nodes),
        },
        "regions": facts.present(node.get("region") for node in nodes),
        "zones": facts.present(node.get("zone") for node in nodes),
    }


def measure(nodes):
    ready = sum(bool(node.get("ready")) for node in nodes)
    with open(os.environ["METRICS_PATH"], "w", encoding="utf-8") as file:
        for state, count in (("true", ready), ("false", len(nodes) - ready)):
            metric = {"name": "cluster_nodes", "group": "cluster_nodes", "action": "set"}
            print(json.dumps({**metric, "value": count, "labels": {"ready": state}}), file=file)


def main():
    if sys.argv[1:] == ["--config"]:
        print(json.dumps(CONFIG))
        return
    nodes = facts.snapshot("nodes")
    measure(nodes)
    facts.report(discover(nodes))


if __name__ == "__main__":
    main()
