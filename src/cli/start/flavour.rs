//! Whether the program was started as addon-operator or as shell-operator. Pure.

use std::path::PathBuf;

use super::flag::{self, Flag};
use super::read::{ENVIRONMENT_ONLY, Typed};
use crate::cli::environment::Environment;
use crate::operator::{Flavour, Settings};

/// The heading of flags that only addon-operator has.
const MODULES: &str = "Modules";

/// The folder of hooks: of a shell-operator, or of global hooks.
pub(super) const HOOKS_VARIABLE: &str = "SHELL_OPERATOR_HOOKS_DIR";

/// Which original this is: the flag and the program's name say so. The variable alone does not, since
/// addon-operator reads it too: then nothing may speak of modules.
pub(super) fn flavour(typed: &Typed, environment: &Environment) -> Flavour {
    let is_called = environment.program() == Flavour::ShellOperator.name();
    if is_called || typed.contains_key(flag::HOOKS_DIR.name) {
        return Flavour::ShellOperator;
    }
    let speaks_of_modules = || {
        let mut flags = flag::ALL.iter().filter(|flag| is_of_modules(flag));
        flags.any(|flag| typed.contains_key(flag.name))
            || environment.names().any(is_of_addon_operator)
            || environment.has_modules()
    };
    if environment.value(HOOKS_VARIABLE).is_some() && !speaks_of_modules() {
        Flavour::ShellOperator
    } else {
        Flavour::AddonOperator
    }
}

/// Whether a flag means nothing without modules.
pub(super) fn is_of_modules(flag: &Flag) -> bool {
    let is_shared = [flag::HOOKS_DIR, flag::FOLDER_SETTLE].contains(flag);
    (flag.heading == MODULES && !is_shared) || *flag == flag::CONFIG_MAP
}

/// Whether a variable is a setting of addon-operator that shell-operator does not have.
fn is_of_addon_operator(name: &str) -> bool {
    let is_setting = |flag: &Flag| {
        let is_named = name.starts_with("ADDON_OPERATOR_") || flag.heading == MODULES;
        is_named && flag.environment.contains(&name)
    };
    let is_other = || ENVIRONMENT_ONLY.iter().any(|(known, _)| *known == name);
    let is_addon =
        flag::ALL.iter().any(is_setting) || (name.starts_with("ADDON_OPERATOR_") && is_other());
    is_addon && !name.starts_with("SHELL_OPERATOR_")
}

/// The debug socket, for a command that asks; with the other one that it may be when nobody says.
pub(super) fn sockets(
    typed: Option<&str>,
    environment: &Environment,
) -> (PathBuf, Option<PathBuf>) {
    let mut variables = flag::SOCKET.environment.iter();
    let said = typed.or_else(|| variables.find_map(|name| environment.value(name)));
    if let Some(said) = said {
        return (said.into(), None);
    }
    let default = |flavour| Settings::of(flavour).debug.socket;
    let flavour = flavour(&Typed::new(), environment);
    let other = match flavour {
        Flavour::AddonOperator => Flavour::ShellOperator,
        Flavour::ShellOperator => Flavour::AddonOperator,
    };
    (default(flavour), Some(default(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn typed(pairs: &[(&'static str, &str)]) -> Typed {
        let owned = |(name, value): &(&'static str, &str)| (*name, (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    const HOOKS: (&str, &str) = ("SHELL_OPERATOR_HOOKS_DIR", "/h");

    #[test]
    fn a_shell_operator_is_one_that_says_so_or_speaks_of_nothing_else() {
        let hooks_dir = typed(&[("hooks-dir", "/h")]);
        let modules_dir = typed(&[("modules-dir", "/m")]);
        let nothing = Typed::new();
        let addon = |name| environment(&[HOOKS, (name, "x")]);
        let called = |variables: &[_], name| environment(variables).called(name);
        #[rustfmt::skip]
        let rows = [
            (&nothing, environment(&[]), false),
            (&hooks_dir, environment(&[]), true),
            (&hooks_dir, environment(&[("ADDON_OPERATOR_MODULES_DIR", "/m")]), true),
            (&nothing, called(&[], "/usr/bin/shell-operator"), true),
            (&nothing, called(&[HOOKS, ("MODULES_DIR", "/m")], "shell-operator"), true),
            (&nothing, called(&[HOOKS], "addon-operator"), true),
            (&nothing, environment(&[HOOKS]), true),
            (&nothing, environment(&[HOOKS, ("SHELL_OPERATOR_NAMESPACE", "n"), ("LOG_LEVEL", "info")]), true),
            // Those of an addon-operator that has the variables of a shell-operator as well.
            (&nothing, environment(&[HOOKS]).with_modules(), false),
            (&modules_dir, environment(&[HOOKS]), false),
            (&nothing, addon("MODULES_DIR"), false),
            (&nothing, addon("GLOBAL_HOOKS_DIR"), false),
            (&nothing, addon("ADDON_OPERATOR_NAMESPACE"), false),
            (&nothing, addon("ADDON_OPERATOR_CONFIG_MAP"), false),
            (&nothing, addon("ADDON_OPERATOR_POD"), false),
            (&nothing, environment(&[("SHELL_OPERATOR_LISTEN_PORT", "1")]), false),
            // What Kubernetes sets beside a Service of that name says nothing.
            (&nothing, addon("ADDON_OPERATOR_SERVICE_HOST"), true),
        ];
        for (row, (typed, environment, is_shell)) in rows.into_iter().enumerate() {
            let is_found = flavour(typed, &environment) == Flavour::ShellOperator;
            assert_eq!(is_found, is_shell, "row {row}");
        }
    }

    #[test]
    fn commands_ask_the_operator_that_the_environment_is_of() {
        let shell = "/var/run/shell-operator/debug.socket";
        let addon = "/var/run/addon-operator/debug.socket";
        let both = |first: &str, other: &str| (first.into(), Some(other.into()));
        assert_eq!(sockets(None, &environment(&[])), both(addon, shell));
        assert_eq!(sockets(None, &environment(&[HOOKS])), both(shell, addon));
        let said = environment(&[HOOKS, ("DEBUG_UNIX_SOCKET", "/d")]);
        assert_eq!(sockets(None, &said), ("/d".into(), None));
        assert_eq!(sockets(Some("/s"), &said), ("/s".into(), None));
    }
}
