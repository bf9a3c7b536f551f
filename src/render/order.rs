//! The order in which kinds are installed and removed, as Helm 3 has it, but for one thing: kinds
//! that Helm does not know are removed first, not last. They are instances of definitions: they have
//! to go before their definition, and while the controller that clears their finalizers still runs.

/// The kinds that Helm knows, in the order in which it installs them.
const INSTALL: &[&str] = &[
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
];

/// The kinds that Helm knows, in the order in which it removes them: not the reverse of the above.
const UNINSTALL: &[&str] = &[
    "APIService",
    "Ingress",
    "IngressClass",
    "Service",
    "CronJob",
    "Job",
    "StatefulSet",
    "HorizontalPodAutoscaler",
    "Deployment",
    "ReplicaSet",
    "ReplicationController",
    "Pod",
    "DaemonSet",
    "RoleBindingList",
    "RoleBinding",
    "RoleList",
    "Role",
    "ClusterRoleBindingList",
    "ClusterRoleBinding",
    "ClusterRoleList",
    "ClusterRole",
    "CustomResourceDefinition",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "StorageClass",
    "ConfigMap",
    "SecretList",
    "Secret",
    "ServiceAccount",
    "PodDisruptionBudget",
    "PodSecurityPolicy",
    "LimitRange",
    "ResourceQuota",
    "NetworkPolicy",
    "Namespace",
    "PriorityClass",
];

/// When a kind is installed: lower first; kinds that Helm does not know come last, all alike.
pub fn install_rank(kind: &str) -> u16 {
    place(INSTALL, kind).unwrap_or(u16::MAX)
}

/// When a kind is removed: lower first; kinds that Helm does not know come first, all alike.
pub fn uninstall_rank(kind: &str) -> u16 {
    place(UNINSTALL, kind).map_or(0, |place| place + 1)
}

fn place(order: &[&str], kind: &str) -> Option<u16> {
    let place = order.iter().position(|known| *known == kind)?;
    u16::try_from(place).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_installed_after_what_they_need() {
        for (earlier, later) in [
            ("Namespace", "ServiceAccount"),
            ("CustomResourceDefinition", "ClusterRole"),
            ("ConfigMap", "Deployment"),
            ("Deployment", "Ingress"),
            ("APIService", "Widget"),
        ] {
            assert!(
                install_rank(earlier) < install_rank(later),
                "{earlier} {later}"
            );
        }
        assert_eq!(install_rank("Widget"), install_rank("Gadget"));
        assert!(uninstall_rank("Service") < uninstall_rank("Deployment"));
        assert!(uninstall_rank("Widget") < uninstall_rank("APIService"));
    }

    #[test]
    fn both_orders_have_the_same_kinds() {
        let sorted = |order: &[&'static str]| {
            let mut kinds = order.to_vec();
            kinds.sort_unstable();
            kinds
        };
        assert_eq!(sorted(INSTALL), sorted(UNINSTALL));
    }
}
