//! Versions and constraints on them, in the dialect of charts: `>=1.21-0 <2 || ~1.19`.
//!
//! The rules are those of the Go library that Helm uses (Masterminds/semver, version 3), with two
//! that surprise: a version with a pre-release suffix meets no constraint that has none itself, and
//! `>2` means 3.0.0 or later, because `2` stands for every 2.x.

use std::cmp::Ordering;

use minijinja::Value;

use crate::function::{Arguments, Error, Function};

pub(super) const ALL: &[Function] = &[Function::new(
    "semverCompare",
    "constraint, version",
    (2, 2),
    semver_compare,
)];

fn semver_compare(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (constraint, version) = (arguments.text(0)?, arguments.text(1)?);
    matches(constraint, version)
        .map(Value::from)
        .map_err(|reason| arguments.unusable(reason))
}

/// Whether a version meets a constraint.
///
/// # Errors
///
/// In plain words, when one of them cannot be read.
pub fn matches(constraint: &str, version: &str) -> Result<bool, String> {
    let version = Version::parse(version).ok_or_else(|| format!("{version:?} is not a version"))?;
    let mut is_met = false;
    for group in constraint.split("||") {
        let conditions = parse_group(group)
            .ok_or_else(|| format!("{constraint:?} is not a constraint on versions"))?;
        let allows_pre = conditions.iter().any(|one| !one.version.pre.is_empty());
        let fits = version.pre.is_empty() || allows_pre;
        is_met |= fits && conditions.iter().all(|one| one.is_met_by(&version));
    }
    Ok(is_met)
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Version {
    major: u64,
    minor: u64,
    patch: u64,
    pre: String,
}

/// Which part of a constraint's version was left out, or was `x` or `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Nothing,
    Patch,
    Minor,
    Major,
}

#[derive(Debug)]
struct Condition {
    operator: Operator,
    version: Version,
    missing: Missing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Tilde,
    Caret,
}

/// The longer operators first, so that `>=` is not read as `>`.
const OPERATORS: [(&str, Operator); 12] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterOrEqual),
    ("=>", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("=<", Operator::LessOrEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
    ("", Operator::Equal),
];

impl Version {
    /// `v1.2`, `1.2.3-rc.1+build`: parts that are missing are 0.
    fn parse(text: &str) -> Option<Self> {
        let core = text.split(['-', '+']).next().unwrap_or_default();
        if core.contains(['x', 'X', '*']) {
            return None;
        }
        parse_version(text).map(|(version, _)| version)
    }

    fn compare(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(|| compare_pre(&self.pre, &other.pre))
    }
}

/// No suffix comes after every suffix; numbers come before words.
fn compare_pre(one: &str, other: &str) -> Ordering {
    if one.is_empty() || other.is_empty() {
        return other.len().cmp(&one.len());
    }
    let mut ones = one.split('.');
    let mut others = other.split('.');
    loop {
        let order = match (ones.next(), others.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(one), Some(other)) => match (one.parse::<u64>(), other.parse::<u64>()) {
                (Ok(one), Ok(other)) => one.cmp(&other),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => one.cmp(other),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// A version in which parts may be missing or wild.
fn parse_version(text: &str) -> Option<(Version, Missing)> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (text, build) = text
        .split_once('+')
        .map_or((text, None), |(text, build)| (text, Some(build)));
    let (core, pre) = text
        .split_once('-')
        .map_or((text, None), |(core, pre)| (core, Some(pre)));
    if ![pre, build].into_iter().flatten().all(is_suffix) {
        return None;
    }
    let mut numbers = [0; 3];
    let mut known = 0;
    let mut is_wild = false;
    for (index, part) in core.split('.').enumerate() {
        let number = numbers.get_mut(index)?;
        is_wild |= matches!(part, "x" | "X" | "*");
        if !is_wild {
            *number = part
                .parse()
                .ok()
                .filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()))?;
            known += 1;
        } else if !matches!(part, "x" | "X" | "*") && part.parse::<u64>().is_err() {
            return None;
        }
    }
    let missing = match known {
        0 => Missing::Major,
        1 => Missing::Minor,
        2 => Missing::Patch,
        _ => Missing::Nothing,
    };
    let [major, minor, patch] = numbers;
    let pre = pre.unwrap_or_default().to_owned();
    let version = Version {
        major,
        minor,
        patch,
        pre,
    };
    Some((version, missing))
}

fn is_suffix(text: &str) -> bool {
    let is_good = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    text.split('.')
        .all(|part| !part.is_empty() && part.chars().all(is_good))
}

/// Conditions that must all be met, separated by commas or blanks; `1.2 - 1.4` is a range.
fn parse_group(group: &str) -> Option<Vec<Condition>> {
    let tokens = tokens(group);
    if tokens.is_empty() {
        return Some(vec![Condition::any()]);
    }
    let mut conditions = Vec::new();
    let mut rest = tokens.as_slice();
    loop {
        match rest {
            [] => return Some(conditions),
            [low, dash, high, after @ ..] if dash == "-" => {
                conditions.push(Condition::parse(&format!(">={low}"))?);
                conditions.push(Condition::parse(&format!("<={high}"))?);
                rest = after;
            }
            [one, after @ ..] => {
                conditions.push(Condition::parse(one)?);
                rest = after;
            }
        }
    }
}

/// The words of a group; an operator and its version are one word, whatever is between them.
fn tokens(group: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for word in group.split(|letter: char| letter == ',' || letter.is_whitespace()) {
        let is_open = |token: &String| token.ends_with(['=', '>', '<', '~', '^', '!']);
        match tokens.last_mut() {
            _ if word.is_empty() => {}
            Some(last) if is_open(last) => last.push_str(word),
            _ => tokens.push(word.to_owned()),
        }
    }
    tokens
}

impl Condition {
    fn any() -> Self {
        Self {
            operator: Operator::Equal,
            version: Version::default(),
            missing: Missing::Major,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (rest, operator) = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((text.strip_prefix(sign)?, *operator)))?;
        let (version, missing) = parse_version(rest)?;
        Some(Self {
            operator,
            version,
            missing,
        })
    }

    fn is_met_by(&self, version: &Version) -> bool {
        let order = version.compare(&self.version);
        match self.operator {
            Operator::Equal if self.missing == Missing::Nothing => order == Ordering::Equal,
            Operator::Equal | Operator::Tilde => self.is_near(version),
            Operator::NotEqual => !self.is_same(version),
            Operator::Greater => self.is_exceeded_by(version),
            Operator::GreaterOrEqual => order != Ordering::Less,
            Operator::Less => order == Ordering::Less,
            Operator::LessOrEqual => {
                order != Ordering::Greater || self.is_same_but_missing(version)
            }
            Operator::Caret => order != Ordering::Less && self.is_compatible(version),
        }
    }

    /// `~1.2.3`: at least that, and the same minor version.
    fn is_near(&self, version: &Version) -> bool {
        let wanted = &self.version;
        if version.compare(wanted) == Ordering::Less {
            return false;
        }
        let is_zero = (wanted.major, wanted.minor, wanted.patch) == (0, 0, 0);
        match self.missing {
            Missing::Major => true,
            Missing::Nothing if is_zero => true,
            Missing::Minor => version.major == wanted.major,
            Missing::Nothing | Missing::Patch => {
                (version.major, version.minor) == (wanted.major, wanted.minor)
            }
        }
    }

    /// The same version, as far as parts were given.
    fn is_same(&self, version: &Version) -> bool {
        let wanted = &self.version;
        match self.missing {
            Missing::Major => version.compare(wanted) == Ordering::Equal,
            Missing::Minor => version.major == wanted.major,
            Missing::Patch => {
                (version.major, version.minor) == (wanted.major, wanted.minor)
                    && version.pre == wanted.pre
            }
            Missing::Nothing => version.compare(wanted) == Ordering::Equal,
        }
    }

    fn is_exceeded_by(&self, version: &Version) -> bool {
        let wanted = &self.version;
        match self.missing {
            Missing::Minor => version.major > wanted.major,
            Missing::Patch => (version.major, version.minor) > (wanted.major, wanted.minor),
            Missing::Major | Missing::Nothing => version.compare(wanted) == Ordering::Greater,
        }
    }

    /// `<=1.2` includes 1.2.9, `<=1` includes 1.9.9.
    fn is_same_but_missing(&self, version: &Version) -> bool {
        let wanted = &self.version;
        match self.missing {
            Missing::Nothing => false,
            Missing::Minor => version.major <= wanted.major,
            Missing::Major | Missing::Patch => {
                (version.major, version.minor) <= (wanted.major, wanted.minor)
            }
        }
    }

    /// `^`: the first part that is not 0 must be the same.
    fn is_compatible(&self, version: &Version) -> bool {
        let wanted = &self.version;
        let is_same_major = version.major == wanted.major;
        if wanted.major > 0 || self.missing == Missing::Minor {
            return is_same_major;
        }
        let is_same_minor = is_same_major && version.minor == wanted.minor;
        if wanted.minor > 0 || self.missing == Missing::Patch {
            return is_same_minor;
        }
        is_same_minor && (version.patch == wanted.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows;
    use super::matches;

    rows! {
        semverCompare [">=1.21-0", "v1.29.1-gke.100"] => true;
        semverCompare [">=1.21", "v1.29.1-gke.100"] => false;
        semverCompare ["x", "1.2.3.4"] != "\"1.2.3.4\" is not a version";
        semverCompare [">>1", "1.2.3"] != "\">>1\" is not a constraint on versions";
        semverCompare [1, "1.2.3"] != "constraint must be a string";
    }

    #[test]
    fn constraints_are_met_as_in_helm() {
        for (constraint, version, is_met) in [
            ("1.2.3", "1.2.3", true),
            ("=v1.2.3", "1.2.3", true),
            ("1.2", "1.2.9", true),
            ("1.2", "1.3.0", false),
            ("1.x", "1.9.9", true),
            ("1.2.*", "1.2.9", true),
            ("*", "0.0.1", true),
            ("", "9.9.9", true),
            ("!=1.2.3", "1.2.4", true),
            ("!=1.2", "1.2.4", false),
            (">1", "1.9.0", false),
            (">2", "3.0.0", true),
            (">1.2", "1.2.9", false),
            (">1.2", "1.3.0", true),
            (">1.2.3", "1.2.4", true),
            (">= 1.2", "1.2.0", true),
            ("=>1.2", "1.1.9", false),
            ("<1.2", "1.2.0", false),
            ("<1.2", "1.1.9", true),
            ("<=1.2", "1.2.9", true),
            ("<=1.2", "1.3.0", false),
            ("<=1", "1.9.9", true),
            ("=<1.2.3", "1.2.4", false),
            ("~1.2.3", "1.2.9", true),
            ("~1.2.3", "1.2.2", false),
            ("~1.2.3", "1.3.0", false),
            ("~1", "1.9.0", true),
            ("~>1.2", "1.2.5", true),
            ("^1.2.3", "1.9.0", true),
            ("^1.2.3", "2.0.0", false),
            ("^0.2.3", "0.2.9", true),
            ("^0.2.3", "0.3.0", false),
            ("^0.0.3", "0.0.3", true),
            ("^0.0.3", "0.0.4", false),
            ("^0", "0.9.0", true),
            ("^0.0", "0.0.9", true),
            (">=1.2 <1.5", "1.4.9", true),
            (">=1.2, <1.5", "1.5.0", false),
            ("1.2 - 1.4", "1.4.9", true),
            ("1.2 - 1.4", "1.5.0", false),
            ("<1 || >=2", "2.0.0", true),
            ("<1 || >=2", "1.5.0", false),
            (">=1.2.0-0", "1.3.0-alpha.1", true),
            (">1.2.0-alpha.1", "1.2.0-alpha.2", true),
            (">1.2.0-alpha.2", "1.2.0-alpha.10", true),
            (">1.2.0-beta", "1.2.0-alpha", false),
            (">1.2.0-alpha", "1.2.0", true),
            ("1.2.3", "1.2.3+build.x", true),
            ("1", "1", true),
        ] {
            assert_eq!(
                matches(constraint, version),
                Ok(is_met),
                "{constraint} {version}"
            );
        }
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for version in [
            "",
            "a",
            "1.x",
            "1.2.3.4",
            "1.2.",
            "-1",
            "1.2.3-",
            "1.2.3-a_b",
            "99999999999999999999",
        ] {
            assert!(matches("*", version).is_err(), "{version}");
        }
        for constraint in ["a", "1.2.3.4", ">", "1 -", "1.x.y", "!1", ">=1.2.a"] {
            assert!(matches(constraint, "1.2.3").is_err(), "{constraint}");
        }
    }
}
