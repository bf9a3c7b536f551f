//! Tests against a real etcd and kube-apiserver.

mod config_map;
mod control_plane;
mod converge;
mod debug;
mod enabled;
mod folders;
mod order;
mod scene;
