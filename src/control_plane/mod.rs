//! A real etcd and kube-apiserver on this machine, to try and to test with.
