//! Tests against a real etcd and kube-apiserver.

mod apply;
mod control_plane;
mod converge;
mod drift;
mod ownership;
mod prune;
mod stage;
