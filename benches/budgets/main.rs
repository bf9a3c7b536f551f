//! Every budget of the operator, measured beside its floor in one run against a real API server.
//!
//! ```text
//! cargo bench --bench budgets                         everything, half an hour
//! cargo bench --bench budgets -- --quick              everything in small, two minutes
//! cargo bench --bench budgets -- --only events,pods   some parts
//! cargo bench --bench budgets -- --help               what else there is
//! cargo bench --bench charts                          the row that is not here: rendering beside Helm's engine
//! ```
//!
//! The operator is the optimised program, a process of its own. What it does is seen from outside: by watches, by the
//! API server's own metrics (how many objects were made, how many writes and requests there were), by `/proc`. A floor is
//! what the API server and the system take for the same when nothing but a client asks. Figures are medians; a ratio is
//! that of two medians of the same run. Rounds alternate between floors and operator, each in a namespace of its own.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a measurement that cannot be made ends here; its table goes to stdout, its times are real"
)]

#[path = "../common/cluster.rs"]
mod cluster;
mod converge;
mod event;
#[path = "../common/figures.rs"]
mod figures;
mod floor;
mod plan;
mod pods;
#[path = "../common/process.rs"]
mod process;
mod replicas;
#[path = "../../tests/support/requests.rs"]
mod requests;
#[path = "../../tests/support/rest.rs"]
#[expect(dead_code, reason = "tests ask for more")]
mod rest;
#[path = "../common/round.rs"]
mod round;
#[path = "../common/shell.rs"]
mod shell;
#[path = "../common/table.rs"]
#[expect(dead_code, reason = "the bench of hooks reckons a row")]
mod table;
#[path = "../common/workload.rs"]
mod workload;

use std::fs;

use serde_json::json;

use cluster::Cluster;
use converge::Sized;
use figures::Figures;
use plan::Plan;
use table::Row;

fn main() {
    let plan = Plan::read(std::env::args().skip(1));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let (before, measured) = (load(), runtime.block_on(measure(&plan)));
    show(&plan, &measured, [&before, &load()]);
}

/// What came out, with a title for each group of rows.
#[derive(Default)]
struct Measured {
    groups: Vec<(String, Vec<Row>)>,
    sizes: Vec<Sized>,
}

async fn measure(plan: &Plan) -> Measured {
    let cluster = Cluster::start().await;
    let mut measured = Measured::default();
    let mut figures = Figures::default();
    if plan.has("converge") {
        cluster.make_namespace(floor::MODEL).await;
        for modules in &plan.sizes {
            let sized = converge::measure(&cluster, *modules, plan.rounds).await;
            let title = format!("{} modules of {} objects", modules, sized.size.objects);
            measured.groups.push((title, sized.rows()));
            measured.sizes.push(sized);
        }
    }
    if plan.has("replicas") {
        replicas::measure(&cluster, plan.rounds, &mut figures).await;
        let title = "two replicas, 29 modules of 249 objects".to_owned();
        measured.groups.push((title, replicas::rows(&figures)));
    }
    if plan.has("events") {
        eprintln!("{} events", plan.events);
        event::measure(&cluster, plan.events, &mut figures).await;
        let title = format!("{} events", plan.events);
        measured.groups.push((title, event::rows(&figures)));
    }
    if plan.has("pods") {
        pods::measure(&cluster, plan.pods, plan.rounds, &mut figures).await;
        let title = format!("{} Pods", plan.pods);
        measured.groups.push((title, pods::rows(&figures)));
    }
    cluster.control_plane.stop().await.expect("an end");
    measured
}

fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn show(plan: &Plan, measured: &Measured, loads: [&String; 2]) {
    let size = fs::metadata(process::program()).map_or(0, |file| file.len());
    if plan.is_json {
        let groups = measured.groups.iter();
        let groups =
            groups.map(|(title, rows)| json!({"title": title, "rows": table::to_json(rows)}));
        let growth = measured.sizes.iter().map(|sized| {
            let cells = sized.growth().into_iter();
            let cells = cells.map(|(name, figure, _)| (name.to_owned(), json!(figure)));
            cells.collect::<serde_json::Map<_, _>>()
        });
        let all = json!({
            "rounds": plan.rounds,
            "program_bytes": size,
            "load": loads,
            "groups": groups.collect::<Vec<_>>(),
            "growth": growth.collect::<Vec<_>>(),
        });
        println!("{all:#}");
        return;
    }
    let [before, after] = loads;
    println!(
        "{} rounds; program of {:.1} MiB; load {before} before, {after} after",
        plan.rounds,
        f64::from(u32::try_from(size).unwrap_or(u32::MAX)) / 1_048_576.0
    );
    for (title, rows) in &measured.groups {
        println!("\n{title}");
        table::print(rows);
    }
    if plan.has("charts") {
        println!("\nrender one chart, warm: cargo bench --bench charts");
    }
    if let Some(first) = measured.sizes.first() {
        println!("\ngrowth");
        let heading: Vec<_> = first.growth().into_iter().map(|(name, ..)| name).collect();
        let rows = measured.sizes.iter().map(|sized| {
            let cells = sized.growth().into_iter();
            cells.map(|(_, figure, unit)| unit.write(figure)).collect()
        });
        table::print_aligned(&heading, rows);
    }
}
