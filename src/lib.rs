//! addon-operator keeps a Kubernetes cluster fitted out: module folders in, cluster state out.
//!
//! ```text
//! Kubernetes ─▶ watch ─▶ queue ─▶ patch ─▶ values ─▶ render ─▶ diff ─▶ apply ─▶ status
//!
//! joins from the side:   ConfigMap ─▶ config_values ─▶ values       module folders ─▶ chart ─▶ render
//! goes back up, only in task/ and operator/:   values changed ─▶ module run;   drift ─▶ module run
//! ```
//!
//! The rooms below stand in the order in which data flows. A room may name only rooms above it;
//! `tests/layers.rs` holds that order. The library exists for our own binary, tests and benches and
//! promises nothing to others.

// ── Ground: words and doors ──────────────────────────────────────────────────────────────────────

// How a mistake, and an error with its causes, are told to a person.
pub mod report;

// Texts that must not be told, and texts without them.
pub mod secret;

// Names that must be valid: modules and the keys of their values.
pub mod name;

// Counters, gauges and histograms, and their text form.
pub mod metric;

// Versions and constraints, as charts write them.
pub mod semver;

// Kubernetes YAML: read with every value's place, written as `kubectl` writes it.
pub mod yaml;

// Values as Go's templates know them.
pub mod govalue;

// Filters over JSON: compiled once, bounded.
pub mod jq;

// What a cluster holds, as plain values.
pub mod object;

// Who of several replicas leads, and so who may write.
pub mod leader;

// The only door to the API server.
pub mod cluster;

// The only place that starts hooks and scripts, of which nothing survives us.
pub mod process;

// ── The line: from what happened to what is now true ─────────────────────────────────────────────

// Kinds and selectors → what changed.
pub mod watch;

// Crontabs → when they fire.
pub mod schedule;

// What a hook asked to hear, and what it will be told.
pub mod binding;

// Named lines of tasks → the next task to run.
pub mod queue;

// What a hook asked to change, parsed.
pub mod patch;

// A hook → what it listens to; a run of it → what it asked for.
pub mod hook;

// What the API server asks of hooks → which hook, and the answer.
pub mod admission;

// What values may look like: schemas, their defaults, and mistakes against them.
pub mod schema;

// The values store: layers, schemas, patches → values.
pub mod values;

// The `ConfigMap` in which people set values.
pub mod config_values;

// JSON Schemas of charts.
pub mod jsonschema;

// A chart read from disk.
pub mod chart;

// Go's templates: text → program → text.
pub mod gotemplate;

// The functions of charts, as sprig and Helm have them, one file per family.
pub mod sprig;

// The functions that templates may call, one file per family.
pub mod function;

// Chart and values → manifests.
pub mod render;

// Releases of Helm, read: what the original left in the cluster.
pub mod release;

// Manifests, inventory and what is there → a plan.
pub mod diff;

// A plan → an outcome in the cluster.
pub mod apply;

// Outcomes → `Module` objects, conditions and events.
pub mod status;

// ── The house: who runs the line ─────────────────────────────────────────────────────────────────

// What is on disk: modules, enabled or not, in which order.
pub mod module;

// The kinds of work, one file each.
pub mod task;

// Health, metrics and the debug socket.
pub mod serve;

// What the API server meets when it asks hooks: certificates, servers, configurations.
pub mod webhook;

// What the operator knows, and which tasks follow from what happened.
pub mod house;

// Start-up, wiring, workers, shutdown.
pub mod operator;

// A real etcd and kube-apiserver on this machine, to try and to test with.
pub mod control_plane;

// Arguments and environment → settings → one command.
pub mod cli;
