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
mod hooks_life;
mod hooks_modules;
mod hooks_queue;
mod hooks_values;
mod hooks_watch;
mod object_patches;
mod order;
mod ownership;
mod prune;
mod recorder;
mod scene;
mod stage;
mod watches;
