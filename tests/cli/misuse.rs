//! Arguments and variables that make no sense, or make sense without an operator.

use super::{run, told};

#[test]
fn all_mistakes_are_told_at_once() {
    let variables = [("DEBUG_KEEP_TMP_FILES", "yes"), ("LOG_LEVEL", "loud")];
    let (code, stdout, stderr) = told(run(&["start", "--helm-timeout", "5"], &variables));
    assert_eq!(code, Some(2));
    assert_eq!(stdout, "");
    assert_eq!(
        stderr,
        "error:\n  \
         --helm-timeout: expected a length of time with its unit, such as 20m or 1h30m, got \"5\"\n  \
         LOG_LEVEL: expected error, warn, info, debug or trace, got \"loud\"\n  \
         DEBUG_KEEP_TMP_FILES: expected true or false, got \"yes\"\n"
    );
}

#[test]
fn no_command_is_start() {
    let (code, _, stderr) = told(run(&[], &[("HELM2", "1")]));
    assert_eq!(code, Some(2));
    assert_eq!(
        stderr,
        "error: HELM2: is a setting of Helm 2, which is not supported: remove it\n"
    );
}

#[test]
fn the_socket_is_a_flag_of_all_commands() {
    for flag in ["--socket", "--debug-unix-socket"] {
        let (code, _, stderr) = told(run(&["start", flag, ""], &[]));
        assert_eq!(code, Some(2));
        assert_eq!(stderr, "error: --socket: expected a text, got none\n");
        let (code, _, stderr) = told(run(&["queue", "main", flag, "/flag"], &[]));
        assert_eq!(code, Some(1));
        assert!(stderr.contains("no operator answers at /flag "), "{stderr}");
    }
}

#[test]
fn a_dead_socket_is_a_failure() {
    let socket = [("DEBUG_UNIX_SOCKET", "/nowhere/debug.socket")];
    let (code, stdout, stderr) = told(run(&["module", "list"], &socket));
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert_eq!(
        stderr,
        "error: no operator answers at /nowhere/debug.socket (is it running? `--socket` or \
         DEBUG_UNIX_SOCKET names another socket): No such file or directory (os error 2)\n"
    );
}

#[test]
fn misuse_is_told_on_stderr() {
    for (arguments, words) in [
        (vec!["modul"], "a similar subcommand exists: 'module'"),
        (vec!["module", "values"], "<MODULE>"),
        (vec!["queue", "list", "-o", "xml"], "invalid value 'xml'"),
        (
            vec!["queue", "list", "-w", "-t", "0"],
            "a length of time above 0",
        ),
        (
            vec!["--modules-dir", "x"],
            "it is a flag of the command start",
        ),
        (
            vec!["start", "--strict-order", "yes"],
            "unexpected argument 'yes'",
        ),
    ] {
        let (code, stdout, stderr) = told(run(&arguments, &[]));
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(stderr.contains(words), "{stderr}");
    }
}

#[test]
fn help_and_version_are_answers() {
    let version = concat!("addon-operator ", env!("CARGO_PKG_VERSION"), "\n");
    for (arguments, words) in [
        (vec!["--help"], "Usage: addon-operator"),
        (vec!["start", "--help"], "--modules-dir <DIRS>"),
        (vec!["--version"], version),
        (vec!["version"], version),
    ] {
        let (code, stdout, stderr) = told(run(&arguments, &[]));
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(stdout.contains(words), "{stdout}");
    }
}
