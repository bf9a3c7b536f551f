//! Constraints: read, and checked against a version.

use std::sync::LazyLock;

use regex::Regex;

use super::version::compare_prereleases;
use super::{Error, Version};

/// The most bytes of a constraint.
pub(super) const LONGEST: usize = 512;
/// The most alternatives of a constraint.
pub(super) const MOST_GROUPS: usize = 32;

/// `>=1.2 <2 || 3.x`: alternatives, each of conditions that must all hold.
#[derive(Clone, Debug)]
pub struct Constraint {
    groups: Vec<Group>,
}

#[derive(Clone, Debug)]
struct Group {
    conditions: Vec<Condition>,
    /// Whether a condition names a prerelease, so that prereleases are looked at.
    with_prereleases: bool,
}

#[derive(Clone, Debug)]
struct Condition {
    operator: Operator,
    version: Version,
    /// Which number is missing, or an `x`: those behind it count as missing too.
    open: Open,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// None is.
    Nothing,
    /// `1.2`
    Patch,
    /// `1`
    Minor,
    /// `*`
    Major,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

struct Patterns {
    /// `1.2 - 3.4`
    range: Regex,
    /// All conditions of a group.
    group: Regex,
    /// One condition within a group.
    condition: Regex,
}

const BLANK: &str = r"[\t\n\x0c\r ]";

/// The patterns of the library: what is a constraint is what they take.
static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| {
    let numbers = r"v?(?:[0-9|xX*]+)(?:\.[0-9|xX*]+)?(?:\.[0-9|xX*]+)?";
    let dotted = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*";
    let version = format!(r"{numbers}(?:-{dotted})?(?:\+{dotted})?");
    let operator = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";
    let condition = format!("{BLANK}*(?:{operator}){BLANK}*{version}{BLANK}*");
    let parts = r"v?([0-9|xX*]+)(?:\.([0-9|xX*]+))?(?:\.([0-9|xX*]+))?";
    let build = |pattern: String| -> Option<Regex> { Regex::new(&pattern).ok() };
    Some(Patterns {
        range: build(format!(
            "{BLANK}*({version}){BLANK}+-{BLANK}+({version}){BLANK}*"
        ))?,
        group: build(format!(
            r"^{condition}(?:(?:{BLANK}+|,{BLANK}*)(?:{operator}){BLANK}*{version}{BLANK}*)*$"
        ))?,
        condition: build(format!(
            r"({operator}){BLANK}*{parts}(-{dotted})?(?:\+{dotted})?"
        ))?,
    })
});

impl Constraint {
    /// Reads a constraint: operators, `||`, commas and blanks for "and", ranges with ` - `, and `x`, `X`
    /// or `*` for any number.
    ///
    /// # Errors
    ///
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > LONGEST {
            return Err(Error::ConstraintTooLong);
        }
        let improper = || Error::Constraint(text.to_owned());
        let patterns = PATTERNS.as_ref().ok_or_else(improper)?;
        let text = rewrite_ranges(patterns, text);
        let groups: Vec<&str> = text.split("||").collect();
        if groups.len() > MOST_GROUPS {
            return Err(Error::TooManyGroups);
        }
        let groups = groups.into_iter().map(|group| read_group(patterns, group));
        Ok(Self {
            groups: groups.collect::<Result<_, _>>()?,
        })
    }

    /// Whether a version meets it. A prerelease meets only groups that name one.
    pub fn is_met(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            (group.with_prereleases || version.prerelease.is_empty())
                && group
                    .conditions
                    .iter()
                    .all(|condition| condition.holds(version))
        })
    }
}

/// `1.2 - 1.4` is `>= 1.2, <= 1.4 `.
fn rewrite_ranges(patterns: &Patterns, text: &str) -> String {
    let mut rewritten = text.to_owned();
    for range in patterns.range.captures_iter(text) {
        let part = |index: usize| range.get(index).map_or("", |part| part.as_str());
        let conditions = format!(">= {}, <= {} ", part(1), part(2));
        rewritten = rewritten.replacen(part(0), &conditions, 1);
    }
    rewritten
}

fn read_group(patterns: &Patterns, text: &str) -> Result<Group, Error> {
    if !patterns.group.is_match(text) {
        return Err(Error::Constraint(text.to_owned()));
    }
    let found = patterns.condition.captures_iter(text);
    let conditions: Vec<Condition> = found
        .map(|found| read_condition(&found))
        .collect::<Result<_, _>>()?;
    let mut prereleases = conditions.iter().map(|one| &one.version.prerelease);
    Ok(Group {
        with_prereleases: prereleases.any(|prerelease| !prerelease.is_empty()),
        conditions,
    })
}

fn read_condition(found: &regex::Captures<'_>) -> Result<Condition, Error> {
    let part = |index: usize| found.get(index).map_or("", |part| part.as_str());
    let is_any = |index: usize| matches!(part(index), "" | "x" | "X" | "*");
    let (major, minor, patch, prerelease) = (part(2), part(3), part(4), part(5));
    let (open, text) = if is_any(2) {
        (Open::Major, format!("0.0.0{prerelease}"))
    } else if is_any(3) {
        (Open::Minor, format!("{major}.0.0{prerelease}"))
    } else if is_any(4) {
        (Open::Patch, format!("{major}.{minor}.0{prerelease}"))
    } else {
        let text = format!("{major}.{minor}.{patch}{prerelease}");
        (Open::Nothing, text)
    };
    let version = Version::parse(&text).map_err(|_| Error::ConstraintVersion)?;
    Ok(Condition {
        operator: read_operator(part(1)),
        version,
        open,
    })
}

fn read_operator(text: &str) -> Operator {
    match text {
        "!=" => Operator::NotEqual,
        ">" => Operator::Greater,
        "<" => Operator::Less,
        ">=" | "=>" => Operator::GreaterOrEqual,
        "<=" | "=<" => Operator::LessOrEqual,
        "~" | "~>" => Operator::Tilde,
        "^" => Operator::Caret,
        _ => Operator::Equal,
    }
}

impl Condition {
    fn holds(&self, given: &Version) -> bool {
        let wanted = &self.version;
        match self.operator {
            Operator::Equal if self.open == Open::Nothing => given == wanted,
            Operator::Equal | Operator::Tilde => self.is_close(given),
            Operator::NotEqual => self.is_other(given),
            Operator::Greater => self.is_earlier_than(given),
            Operator::Less => given < wanted,
            Operator::GreaterOrEqual => given >= wanted,
            Operator::LessOrEqual => self.reaches(given),
            Operator::Caret => self.is_compatible(given),
        }
    }

    /// `~1.2.3`: the last number may grow, or those that are open.
    fn is_close(&self, given: &Version) -> bool {
        let wanted = &self.version;
        if given < wanted {
            return false;
        }
        let is_zero = (wanted.major, wanted.minor, wanted.patch) == (0, 0, 0);
        if is_zero && matches!(self.open, Open::Nothing | Open::Major) {
            return true;
        }
        given.major == wanted.major && (given.minor == wanted.minor || self.open == Open::Minor)
    }

    fn is_other(&self, given: &Version) -> bool {
        let wanted = &self.version;
        match self.open {
            Open::Nothing | Open::Major => given != wanted,
            _ if given.major != wanted.major => true,
            Open::Minor => false,
            Open::Patch if given.minor != wanted.minor => true,
            Open::Patch => {
                let has_prerelease = !given.prerelease.is_empty() || !wanted.prerelease.is_empty();
                has_prerelease && compare_prereleases(&given.prerelease, &wanted.prerelease).is_ne()
            }
        }
    }

    /// `>1.2`: a number that is open must not be what makes the difference.
    fn is_earlier_than(&self, given: &Version) -> bool {
        let wanted = &self.version;
        match self.open {
            _ if self.open != Open::Nothing && given.major != wanted.major => {
                given.major > wanted.major
            }
            Open::Minor => false,
            Open::Patch => given.minor > wanted.minor,
            Open::Nothing | Open::Major => given > wanted,
        }
    }

    /// `<=1.2`: everything that begins so is within.
    fn reaches(&self, given: &Version) -> bool {
        let wanted = &self.version;
        if self.open == Open::Nothing {
            return given <= wanted;
        }
        let is_later =
            given.major == wanted.major && given.minor > wanted.minor && self.open != Open::Minor;
        given.major <= wanted.major && !is_later
    }

    /// `^1.2.3`: everything may grow behind the first number that is not 0.
    fn is_compatible(&self, given: &Version) -> bool {
        let wanted = &self.version;
        if given < wanted || given.major != wanted.major {
            return false;
        }
        if wanted.major > 0 || self.open == Open::Minor {
            return true;
        }
        if wanted.minor > 0 || self.open == Open::Patch {
            return given.minor == wanted.minor;
        }
        given.minor == 0 && given.patch == wanted.patch
    }
}
