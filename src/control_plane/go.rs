//! The ordinary `go` tool: is it there, is it new enough, build.

use std::collections::VecDeque;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use super::binaries::Program;
use super::error::Error;
use super::{Listener, Progress};

/// How many of its last lines an error repeats.
const LINES_KEPT: usize = 20;

#[cfg(target_os = "macos")]
const INSTALL: &str = "install it with: brew install go";
#[cfg(not(target_os = "macos"))]
const INSTALL: &str = "install it with: apt-get install golang-go \
     (Debian, Ubuntu), dnf install golang (Fedora), apk add go (Alpine)";

#[cfg(target_os = "macos")]
const UPGRADE: &str = "upgrade it with: brew upgrade go";
#[cfg(not(target_os = "macos"))]
const UPGRADE: &str = "go 1.21 and newer fetch what is missing by themselves \
     with GOTOOLCHAIN=auto in the environment; an older one must be replaced, with: \
     apt-get install -t CODENAME-backports golang-go (Debian), or from go.dev/dl";

/// Builds `program` in `workshop`, an empty folder of ours, and says where the result is.
pub(super) async fn build(
    program: &Program,
    workshop: &Path,
    progress: Listener<'_>,
) -> Result<PathBuf, Error> {
    let module = [("go.mod", program.module), ("go.sum", program.checksums)];
    let source = program.source.map(|source| ("main.go", source));
    for (name, content) in module.into_iter().chain(source) {
        let path = workshop.join(name);
        fs::write(&path, content).map_err(|source| Error::WriteFile { path, source })?;
    }
    check_version(program, workshop).await?;
    progress(Progress::Building {
        what: program.name,
        version: program.version,
        expected: program.expected,
    });
    let output = workshop.join(program.name);
    let mut command = go(workshop);
    command
        .args(["build", "-v", "-mod=readonly", "-buildvcs=false"])
        .args(["-trimpath", "-ldflags", program.link_flags, "-o"])
        .arg(&output)
        .arg(program.package)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    run(command, program, progress).await?;
    Ok(output)
}

/// The tool, in a folder, with what a person may have set for other work taken back.
fn go(folder: &Path) -> Command {
    let mut command = Command::new("go");
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        // Without a C compiler it works everywhere, and the result depends on nothing.
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
        .env_remove("GOFLAGS")
        .env_remove("GOOS")
        .env_remove("GOARCH");
    command
}

async fn check_version(program: &Program, workshop: &Path) -> Result<(), Error> {
    let told = go(workshop).arg("version").output().await;
    let told = told.map_err(|source| match source.kind() {
        ErrorKind::NotFound => Error::FindGo {
            what: program.name,
            hint: INSTALL,
        },
        _ => Error::RunGo { source },
    })?;
    let needed = needed_version(program.module);
    match found_version(&told) {
        Ok(found) if release(&found) >= release(needed) => Ok(()),
        Ok(found) | Err(found) => Err(Error::CheckGo {
            what: program.name,
            needed: needed.to_owned(),
            found,
            hint: UPGRADE,
        }),
    }
}

/// The version on the `go` line of a go.mod.
fn needed_version(module: &str) -> &str {
    let line = module.lines().find_map(|line| line.strip_prefix("go "));
    line.unwrap_or_default()
}

/// The version of `go version go1.26.8 linux/amd64`; or what the tool says when it refuses.
///
/// From 1.21 on, go reads the go.mod of its folder even for this: it fetches the version that the
/// file asks for when it may, and fails when it may not.
fn found_version(told: &Output) -> Result<String, String> {
    if told.status.success() {
        let text = String::from_utf8_lossy(&told.stdout);
        let version = text.split_whitespace().nth(2).unwrap_or_default();
        return Ok(version.trim_start_matches("go").to_owned());
    }
    let text = String::from_utf8_lossy(&told.stderr);
    let last = text.lines().last().unwrap_or_default();
    let running = last.split("(running go ").nth(1);
    let version = running.and_then(|rest| rest.split([';', ')']).next());
    Err(version.unwrap_or(last).to_owned())
}

/// Major and minor version, to compare; a version that cannot be read is older than all.
fn release(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| {
        let digits = part.split(|sign: char| !sign.is_ascii_digit()).next();
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    });
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

/// Runs a build to its end and tells each line of it.
async fn run(mut command: Command, program: &Program, progress: Listener<'_>) -> Result<(), Error> {
    let failed = |source| Error::RunGo { source };
    let mut child = command.spawn().map_err(failed)?;
    let mut kept = VecDeque::new();
    let mut compiled = 0;
    if let Some(pipe) = child.stderr.take() {
        let mut lines = BufReader::new(pipe).lines();
        while let Some(line) = lines.next_line().await.map_err(failed)? {
            // With -v a line is either a message (`go: downloading …`) or a package's name.
            compiled += usize::from(!line.contains(' '));
            if kept.len() == LINES_KEPT {
                kept.pop_front();
            }
            kept.push_back(line.clone());
            progress(Progress::Step {
                what: program.name,
                compiled,
                packages: program.packages,
                line,
            });
        }
    }
    if child.wait().await.map_err(failed)?.success() {
        return Ok(());
    }
    Err(Error::Build {
        what: program.name,
        output: Vec::from(kept).join("\n"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    macro_rules! tells {
        ($($name:ident: $code:expr, $out:expr, $err:expr => $expected:expr;)*) => {$(
            #[test]
            fn $name() {
                let told = Output {
                    status: ExitStatus::from_raw($code << 8),
                    stdout: $out.into(),
                    stderr: $err.into(),
                };
                let expected: Result<&str, &str> = $expected;
                assert_eq!(found_version(&told).as_deref().map_err(String::as_str), expected);
            }
        )*};
    }

    tells! {
        version_is_the_third_word: 0, "go version go1.26.8 linux/amd64\n", "" => Ok("1.26.8");
        version_of_a_distribution: 0, "go version go1.19.8-x linux/arm64\n", "" => Ok("1.19.8-x");
        refusal_tells_the_version: 1, "", "go: go.mod requires go >= 1.26.0 (running go 1.24.4; GOTOOLCHAIN=local)\n" => Err("1.24.4");
        other_refusal_is_repeated: 1, "", "go: download go1.26.0: no route to host\n" => Err("go: download go1.26.0: no route to host");
    }

    #[test]
    fn releases_compare_as_numbers() {
        assert!(release("1.9") < release("1.26.0"));
        assert!(release("1.26rc1") >= release("1.26"));
        assert!(release("2.0") > release("1.99.9"));
        assert_eq!(release("devel"), (0, 0));
    }

    #[test]
    fn module_file_names_the_go_it_needs() {
        let module = include_str!("go/kubernetes/go.mod");
        assert!(release(needed_version(module)) >= (1, 26));
    }
}
