//! `addon-operator shell-framework`: writes the functions that hooks in bash source.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::output::{self, Failure};
use crate::hook::write_framework;

/// Write the functions of hooks in bash into a folder
///
/// The operator gives its hooks `FRAMEWORK_DIR`, so that `source "$FRAMEWORK_DIR/shell_lib.sh"` works
/// everywhere. For hooks that say `source /shell_lib.sh`, `--into /` puts it there, as in the image.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder, which is made when it is not there; files of these names are replaced
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
}

/// Writes the files, and prints where the first one is.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let folder = &arguments.into;
    write_framework(folder)
        .with_context(|| format!("writing the shell framework into {}", folder.display()))
        .map_err(Failure::Failed)?;
    output::print(&format!("{}\n", folder.join("shell_lib.sh").display()))?;
    Ok(())
}
