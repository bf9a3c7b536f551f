//! Tests against a real etcd and kube-apiserver.

mod apply;
mod config_map;
mod control_plane;
mod converge;
mod debug;
mod drift;
mod enabled;
mod folders;
mod hook_debug;
mod hook_script;
mod hooks;
mod hooks_bad;
mod hooks_bad_answers;
mod hooks_bad_life;
mod hooks_bad_loops;
mod hooks_bad_watches;
mod hooks_modules;
mod hooks_steps;
mod object_patches;
mod order;
mod ownership;
mod prune;
mod scene;
mod stage;
mod watches;
