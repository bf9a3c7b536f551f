//! Versions of Kubernetes and what a cluster can do, as Helm has them.

/// The version that Helm 3.22 takes for granted without a cluster.
pub const DEFAULT_KUBE_VERSION: &str = "v1.37.0";

/// What Helm 3.22 knows of itself, without a cluster, in its order.
const DEFAULT_API_VERSIONS: &[(&str, &[&str])] = &[
    ("", &["v1"]),
    (
        "admissionregistration.k8s.io",
        &["v1", "v1alpha1", "v1beta1"],
    ),
    ("internal.apiserver.k8s.io", &["v1alpha1"]),
    ("apps", &["v1", "v1beta1", "v1beta2"]),
    ("authentication.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("authorization.k8s.io", &["v1", "v1beta1"]),
    ("autoscaling", &["v1", "v2"]),
    ("batch", &["v1", "v1beta1"]),
    ("certificates.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
    ("coordination.k8s.io", &["v1alpha2", "v1beta1", "v1"]),
    ("discovery.k8s.io", &["v1", "v1beta1"]),
    ("events.k8s.io", &["v1", "v1beta1"]),
    ("extensions", &["v1beta1"]),
    (
        "flowcontrol.apiserver.k8s.io",
        &["v1", "v1beta1", "v1beta2", "v1beta3"],
    ),
    ("lifecycle.k8s.io", &["v1alpha1"]),
    ("networking.k8s.io", &["v1", "v1beta1"]),
    ("node.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("policy", &["v1", "v1beta1"]),
    ("rbac.authorization.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
    ("resource.k8s.io", &["v1", "v1beta2", "v1beta1", "v1alpha3"]),
    ("scheduling.k8s.io", &["v1alpha3", "v1beta1", "v1"]),
    ("storage.k8s.io", &["v1beta1", "v1", "v1alpha1"]),
    ("storagemigration.k8s.io", &["v1", "v1beta1"]),
    ("apiextensions.k8s.io", &["v1beta1", "v1"]),
];

/// The API versions that Helm 3.22 takes for granted without a cluster: 57, in its order.
pub fn default_api_versions() -> Vec<String> {
    let groups = DEFAULT_API_VERSIONS.iter();
    let versions = groups.flat_map(|(group, versions)| {
        let named = move |version: &&str| match *group {
            "" => (*version).to_owned(),
            group => format!("{group}/{version}"),
        };
        versions.iter().map(named)
    });
    versions.collect()
}

/// Reads what a person calls a version of Kubernetes: two or more numbers with dots; what follows them is
/// dropped, as Helm drops it. `1.29` is v1.29.
///
/// # Errors
///
/// What is wrong, in Helm's words.
pub fn parse_kube_version(text: &str) -> Result<String, String> {
    let trimmed = text.trim_start_matches(['\t', '\n', '\x0c', '\r', ' ']);
    let digits = trimmed.strip_prefix('v').unwrap_or(trimmed);
    let numbers = leading_numbers(digits);
    if numbers.is_empty() || digits[numbers.len()..].contains('\n') {
        return Err(format!("could not parse {text:?} as version"));
    }
    let parts: Vec<&str> = numbers.split('.').collect();
    if parts.len() < 2 {
        return Err(format!("illegal version string {text:?}"));
    }
    let mut version = String::from("v");
    for (place, part) in parts.iter().enumerate() {
        if place == 0 && part.len() > 1 && part.starts_with('0') {
            return Err(format!(
                "illegal zero-prefixed version component {part:?} in {text:?}"
            ));
        }
        let Ok(number) = part.parse::<u64>() else {
            return Err(format!(
                "illegal non-numeric version component {part:?} in {text:?}: \
                 strconv.ParseUint: parsing {part:?}: value out of range"
            ));
        };
        if place > 0 {
            version.push('.');
        }
        version.push_str(&number.to_string());
    }
    Ok(version)
}

/// Numbers with single dots between them, at the beginning of a text.
fn leading_numbers(text: &str) -> &str {
    let mut end = 0;
    for part in text.split('.') {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            break;
        }
        end += usize::from(end > 0) + digits;
        if digits < part.len() {
            break;
        }
    }
    text.get(..end).unwrap_or_default()
}

/// The first two numbers of a version, as texts.
pub(super) fn major_and_minor(version: &str) -> (String, String) {
    let digits = version.strip_prefix('v').unwrap_or(version);
    let mut numbers = leading_numbers(digits).split('.');
    let mut next = || numbers.next().unwrap_or_default().to_owned();
    (next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_helm_reads_them() {
        for (text, expected) in [
            ("v1.29.1-gke.100+x", Ok("v1.29.1")),
            ("1.29", Ok("v1.29")),
            ("1.29.3.4", Ok("v1.29.3.4")),
            (" 1.029", Ok("v1.29")),
            ("1.29.", Ok("v1.29")),
            ("1.29x", Ok("v1.29")),
            ("1", Err("illegal version string \"1\"")),
            ("1.", Err("illegal version string \"1.\"")),
            ("", Err("could not parse \"\" as version")),
            ("x", Err("could not parse \"x\" as version")),
            (
                "01.2.3",
                Err("illegal zero-prefixed version component \"01\" in \"01.2.3\""),
            ),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(parse_kube_version(text), expected, "{text}");
        }
    }

    #[test]
    fn versions_have_two_numbers() {
        for (version, major, minor) in [
            ("v1.29.1", "1", "29"),
            ("v1.30.2-gke.1", "1", "30"),
            ("v1.29+", "1", "29"),
            ("", "", ""),
        ] {
            assert_eq!(
                major_and_minor(version),
                (major.to_owned(), minor.to_owned())
            );
        }
    }

    #[test]
    fn default_api_versions_are_those_of_helm() {
        let versions = default_api_versions();
        assert_eq!(versions.len(), 57);
        assert_eq!(versions[0], "v1");
        assert_eq!(versions[56], "apiextensions.k8s.io/v1");
    }
}
