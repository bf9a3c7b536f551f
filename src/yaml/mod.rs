//! Kubernetes YAML: read with every value's place, written as `kubectl` writes it.
