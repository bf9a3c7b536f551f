//! A plan → an outcome in the cluster.
