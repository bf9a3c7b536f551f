//! Hooks against a real API server: a burst, many hooks at rest, declared ones. From one event to a started hook is a
//! row of the bench of budgets.
//!
//! ```text
//! cargo bench --bench hooks                  a burst of 10,000, 3 rounds of 60 hooks, 100 declared events
//! cargo bench --bench hooks -- --quick       a burst of 1,000, 1 round, 20 declared events
//! cargo bench --bench hooks -- burst         one of the parts: burst, crowd, declared
//! ```
//!
//! - *burst*: so many objects made, then changed, by 32 writes at once; then changed while each run of
//!   the hook takes a second. The hook keeps what it was told in each run; that is counted.
//! - *crowd*: 29 modules of 249 objects with and without 60 hooks, in turn.
//! - *declared*: a change of one of a hundred sources until the object that follows from it is written, by
//!   a program with a chart and by a declared hook, in turn; what both cost.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a measurement that cannot be made ends here; its table goes to stdout, its times are real"
)]

mod burst;
#[path = "../common/cluster.rs"]
mod cluster;
mod crowd;
mod declared;
#[path = "../common/figures.rs"]
mod figures;
#[path = "../common/process.rs"]
#[expect(dead_code, reason = "the bench of budgets asks the debug socket")]
mod process;
#[path = "../../tests/support/requests.rs"]
mod requests;
#[path = "../../tests/support/rest.rs"]
#[expect(dead_code, reason = "tests ask for more")]
mod rest;
#[path = "../common/round.rs"]
#[expect(dead_code, reason = "the bench of budgets measures drift")]
mod round;
#[path = "../common/shell.rs"]
mod shell;
#[path = "../common/table.rs"]
#[expect(dead_code, reason = "the bench of budgets has floors and JSON")]
mod table;
#[path = "../common/workload.rs"]
#[expect(dead_code, reason = "modules of the bench of budgets have weights")]
mod workload;

use std::fs;
use std::time::Duration;

use cluster::Cluster;
use figures::Figures;

/// How much is measured.
struct Plan {
    events: usize,
    burst: usize,
    rounds: usize,
    idle: Duration,
    /// The parts; all when empty.
    parts: Vec<String>,
}

impl Plan {
    fn read(typed: impl Iterator<Item = String>) -> Self {
        let mut plan = Self {
            events: 100,
            burst: 10_000,
            rounds: 3,
            idle: Duration::from_secs(10),
            parts: Vec::new(),
        };
        for word in typed {
            match word.as_str() {
                "--quick" => {
                    plan = Self {
                        events: 20,
                        burst: 1000,
                        rounds: 1,
                        ..plan
                    }
                }
                // Said by cargo.
                "--bench" => {}
                "burst" | "crowd" | "declared" => plan.parts.push(word),
                _ => panic!("{word:?}: expected --quick, burst, crowd or declared"),
            }
        }
        plan
    }

    fn has(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|asked| asked == part)
    }
}

fn main() {
    let plan = Plan::read(std::env::args().skip(1));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(measure(&plan));
}

async fn measure(plan: &Plan) {
    let cluster = Cluster::start().await;
    let load = || fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let before = load();
    let mut figures = Figures::default();
    let mut lines = Vec::new();
    if plan.has("burst") {
        eprintln!("bursts of {}", plan.burst);
        burst::measure(&cluster, plan.burst, &mut figures).await;
        lines.extend(burst::table(&figures));
    }
    if plan.has("crowd") {
        eprintln!("60 hooks, {} rounds", plan.rounds);
        crowd::measure(&cluster, (plan.rounds, plan.idle), &mut figures).await;
        lines.extend(crowd::table(&figures, plan.idle));
    }
    if plan.has("declared") {
        eprintln!("{} events of declared hooks", plan.events);
        declared::measure(&cluster, plan.events, &mut figures).await;
        lines.extend(declared::table(&figures));
    }
    println!(
        "{} events, bursts of {}, {} rounds; load before {} after {}",
        plan.events,
        plan.burst,
        plan.rounds,
        before.trim_end(),
        load().trim_end()
    );
    table::print(&lines);
    cluster.control_plane.stop().await.expect("an end");
}
