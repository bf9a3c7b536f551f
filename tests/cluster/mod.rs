//! Tests against a real etcd and kube-apiserver.

mod apply;
mod config_map;
mod control_plane;
mod converge;
mod debug;
mod drift;
mod enabled;
mod folders;
mod hooks;
mod hooks_modules;
mod object_patches;
mod order;
mod ownership;
mod prune;
mod scene;
mod stage;
mod watches;
