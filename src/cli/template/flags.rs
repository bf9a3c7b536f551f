//! The flags of `template`: those of `helm template` that have a meaning without repositories.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::chart::ValueOptions;
use crate::sprig::HelmVersion;

/// Render a Helm chart, and print what `helm template` prints
///
/// Output, errors and exit code are those of Helm 3.22.0, to the byte, so that both can be compared. No
/// cluster is asked unless --validate or --dry-run=server says so.
#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(in crate::cli) struct Arguments {
    /// The release's name, which may be left out, and the chart: a folder or a packed chart
    #[arg(value_name = "[NAME] CHART", required = true, num_args = 1..)]
    pub(super) names: Vec<String>,

    #[command(flatten)]
    pub(super) values: Values,

    #[command(flatten)]
    pub(super) release: Release,

    #[command(flatten)]
    pub(super) cluster: Cluster,

    #[command(flatten)]
    pub(super) choice: Choice,

    #[command(flatten)]
    pub(super) others: Others,

    /// Do not check values against the chart's schemas
    #[arg(long)]
    pub(super) skip_schema_validation: bool,

    /// Whose functions templates may call: with 4 those that only Helm 4 has as well
    #[arg(long, value_name = "VERSION", value_enum, default_value_t)]
    pub(super) helm_version: Version,

    /// Do not say how to see invalid YAML
    #[arg(long)]
    pub(super) debug: bool,
}

/// What a person says about values.
#[derive(Debug, Args)]
pub(super) struct Values {
    /// File of values, or several with commas between them; - for stdin. Later ones win
    #[arg(
        short = 'f',
        long = "values",
        value_name = "FILE",
        value_delimiter = ','
    )]
    files: Vec<String>,

    /// Values on the command line: key1=val1,key2=val2
    #[arg(long, value_name = "VALUES", allow_hyphen_values = true)]
    set: Vec<String>,

    /// Values on the command line that stay strings
    #[arg(long, value_name = "VALUES", allow_hyphen_values = true)]
    set_string: Vec<String>,

    /// Values that are the contents of files: key1=path1,key2=path2
    #[arg(long, value_name = "VALUES", allow_hyphen_values = true)]
    set_file: Vec<String>,

    /// Values on the command line as JSON: key1=jsonval1,key2=jsonval2
    #[arg(long, value_name = "VALUES", allow_hyphen_values = true)]
    set_json: Vec<String>,

    /// One value on the command line, as it is
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    set_literal: Vec<String>,
}

/// The release that the chart is rendered for.
#[derive(Debug, Args)]
pub(super) struct Release {
    /// The release's namespace
    #[arg(short, long, value_name = "NAMESPACE", default_value = "default")]
    pub(super) namespace: String,

    /// Set .Release.IsUpgrade instead of .Release.IsInstall
    #[arg(long)]
    pub(super) is_upgrade: bool,

    /// Generate the name: without a name it is release-name all the same, as in Helm
    #[arg(short, long)]
    pub(super) generate_name: bool,

    /// Template of the name
    #[arg(
        long,
        value_name = "TEMPLATE",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) name_template: String,
}

/// The cluster that the chart is rendered for.
#[derive(Debug, Args)]
pub(super) struct Cluster {
    /// Kubernetes version that the chart sees
    #[arg(long, value_name = "VERSION")]
    pub(super) kube_version: Option<String>,

    /// API versions that the chart sees beside those that Helm knows
    #[arg(short, long, value_name = "VERSIONS", value_delimiter = ',')]
    pub(super) api_versions: Vec<String>,

    /// Ask the cluster of KUBECONFIG for its versions and kinds, and what is in the way
    #[arg(long)]
    pub(super) validate: bool,

    /// With server, lookup asks the cluster of KUBECONFIG
    #[arg(
        long,
        value_name = "WHERE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "client"
    )]
    pub(super) dry_run: Option<String>,

    /// Look up the addresses of hosts that templates ask for
    #[arg(long)]
    pub(super) enable_dns: bool,

    /// The kubeconfig; if not said, that of KUBECONFIG
    #[arg(long, value_name = "FILE")]
    pub(super) kubeconfig: Option<PathBuf>,

    /// The context in it
    #[arg(long, value_name = "NAME")]
    pub(super) kube_context: Option<String>,
}

/// What is printed.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(super) struct Choice {
    /// Print the files of crds/ as well
    #[arg(long)]
    pub(super) include_crds: bool,

    /// Do not install the files of crds/; printing does not know it, as in Helm
    #[arg(long)]
    pub(super) skip_crds: bool,

    /// Print only manifests of these templates; may be given often, and may hold *
    #[arg(short, long, value_name = "TEMPLATE")]
    pub(super) show_only: Vec<String>,

    /// Leave out hooks
    #[arg(long)]
    pub(super) no_hooks: bool,

    /// Leave out hooks that test
    #[arg(long)]
    pub(super) skip_tests: bool,

    /// Write files into this folder instead of printing
    #[arg(long, value_name = "DIR")]
    pub(super) output_dir: Option<String>,

    /// Write them below a folder of the release's name
    #[arg(long)]
    pub(super) release_name: bool,
}

/// Flags of Helm that say nothing about what is printed, and those that fetch.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(super) struct Others {
    #[arg(long, hide = true)]
    atomic: bool,
    #[arg(long, hide = true)]
    create_namespace: bool,
    #[arg(long, hide = true)]
    disable_openapi_validation: bool,
    #[arg(long, hide = true)]
    force: bool,
    #[arg(long, hide = true)]
    hide_notes: bool,
    #[arg(long, hide = true)]
    render_subchart_notes: bool,
    #[arg(long, hide = true)]
    replace: bool,
    #[arg(long, hide = true)]
    take_ownership: bool,
    #[arg(long, hide = true)]
    wait: bool,
    #[arg(long, hide = true)]
    wait_for_jobs: bool,
    #[arg(long, hide = true)]
    devel: bool,
    #[arg(long, hide = true)]
    description: Option<String>,
    #[arg(short, long, hide = true)]
    labels: Vec<String>,
    #[arg(long, hide = true)]
    timeout: Option<String>,

    #[arg(long, hide = true)]
    dependency_update: bool,
    #[arg(long, hide = true)]
    post_renderer: Option<String>,
    #[arg(long, hide = true)]
    repo: Option<String>,
    #[arg(long, hide = true)]
    verify: bool,
    #[arg(long, hide = true)]
    version: Option<String>,
}

impl Others {
    /// What to do instead of what a flag asks for; `None` when none asks for what is not done here.
    pub(super) fn refused(&self) -> Option<&'static str> {
        let fetched =
            "charts are not fetched here: `helm pull --untar` the chart, and name its folder";
        [
            (
                self.dependency_update,
                "--dependency-update: dependencies are not fetched here: run `helm dependency update` \
                 on the chart first",
            ),
            (
                self.post_renderer.is_some(),
                "--post-renderer: nothing is run here: pipe what is printed into the program",
            ),
            (self.repo.is_some() || self.version.is_some(), fetched),
            (
                self.verify,
                "--verify: signatures are not checked here: run `helm verify` on the packed chart",
            ),
        ]
        .into_iter()
        .find_map(|(is_asked, instead)| is_asked.then_some(instead))
    }
}

/// A version of Helm, as a flag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Version {
    /// The functions of Helm 3 alone
    #[value(name = "3")]
    V3,
    /// The functions of Helm 3 and those of Helm 4
    #[default]
    #[value(name = "4")]
    V4,
}

impl Version {
    pub(super) fn functions(self) -> HelmVersion {
        match self {
            Self::V3 => HelmVersion::V3,
            Self::V4 => HelmVersion::V4,
        }
    }
}

impl Values {
    pub(super) fn options(&self) -> ValueOptions {
        ValueOptions {
            files: self.files.clone(),
            json: self.set_json.clone(),
            typed: self.set.clone(),
            texts: self.set_string.clone(),
            contents: self.set_file.clone(),
            literals: self.set_literal.clone(),
        }
    }
}
