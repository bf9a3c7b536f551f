//! Converge against a real API server, beside what the API server itself costs.
//!
//! ```text
//! cargo bench --bench converge                   29 modules of 249 objects, 5 rounds
//! cargo bench --bench converge -- --quick        1 round
//! cargo bench --bench converge -- 100 8          100 modules of 8 objects
//! ```
//!
//! A round measures in turn: the floor (server-side apply of the same bodies by the same client, 8
//! and 4 at once, with and without one `Module` object and its status per module), the operator
//! with equal weights (cold, restarted, edited, put right), the operator with distinct weights
//! (cold). Each has a fresh namespace, which is emptied afterwards. Figures are medians; ratios are
//! those of medians of the same run. First write to last is seen the same way on both sides: from
//! the first answer to the last one.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement that cannot be made ends here; its table goes to stdout"
)]

#[path = "../common/cluster.rs"]
mod cluster;
#[path = "../common/figures.rs"]
#[expect(dead_code, reason = "the bench of hooks shows more")]
mod figures;
mod floor;
#[path = "../common/process.rs"]
mod process;
#[path = "../../tests/support/requests.rs"]
mod requests;
#[path = "../../tests/support/rest.rs"]
#[expect(dead_code, reason = "tests ask for more")]
mod rest;
#[path = "../common/round.rs"]
mod round;
#[path = "../common/workload.rs"]
mod workload;

use cluster::Cluster;
use figures::{Figures, Line, Unit, Which};
use floor::{Bodies, Bookkeeping, MODEL};
use process::Process;
use round::Round;
use workload::{Size, Weights};

/// The name of a floor, how many at once, and what is sent beside the objects.
const FLOORS: [(&str, usize, Bookkeeping); 4] = [
    ("floor, 8 at once", 8, Bookkeeping::None),
    ("floor, 4 at once", 4, Bookkeeping::None),
    (
        "floor with Module objects, 8 at once",
        8,
        Bookkeeping::Module,
    ),
    (
        "floor with Module objects, 4 at once",
        4,
        Bookkeeping::Module,
    ),
];
const EQUAL: &str = "cold, equal weights";
const DISTINCT: &str = "cold, distinct weights";

struct Arguments {
    rounds: usize,
    size: Size,
}

fn main() {
    let arguments = read_arguments(std::env::args().skip(1));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(measure(&arguments));
}

fn read_arguments(typed: impl Iterator<Item = String>) -> Arguments {
    let mut rounds = 5;
    let mut numbers: Vec<usize> = Vec::new();
    for word in typed {
        match (word.as_str(), word.parse()) {
            ("--quick", _) => rounds = 1,
            // Said by cargo.
            ("--bench", _) => {}
            (_, Ok(number)) => numbers.push(number),
            (_, Err(_)) => panic!("{word:?}: expected --quick, or MODULES and OBJECTS of each"),
        }
    }
    let size = match *numbers {
        [] => Size {
            modules: 29,
            objects: 249,
        },
        [modules, each] if modules > 1 && each > 6 => Size {
            modules,
            objects: modules * each,
        },
        _ => panic!("expected MODULES (2 at least) and OBJECTS of each (7 at least)"),
    };
    Arguments { rounds, size }
}

async fn measure(arguments: &Arguments) {
    let Arguments { rounds, size } = *arguments;
    let names = size.names();
    let (equal, distinct) = (size.write(Weights::Equal), size.write(Weights::Distinct));
    let cluster = Cluster::start().await;
    let bodies = warm_up(&cluster, equal.path(), &names).await;
    assert_eq!(bodies.len(), size.objects, "objects of all modules");
    let mut figures = Figures::default();
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        for (name, at_once, bookkeeping) in FLOORS {
            let namespace = format!("floor-{round}-{at_once}-{}", bookkeeping as u8);
            cluster.make_namespace(&namespace).await;
            let sent = bodies.send(&cluster.client, &namespace, at_once, bookkeeping);
            figures.add(name, sent.await);
            cluster.empty_namespace(&namespace).await;
        }
        for (name, folder) in [(EQUAL, &equal), (DISTINCT, &distinct)] {
            let namespace = &format!(
                "{}-{round}",
                if name == EQUAL { "equal" } else { "distinct" }
            );
            cluster.make_namespace(namespace).await;
            let round = Round {
                cluster: &cluster,
                size,
                namespace,
                folders: folder.path(),
            };
            round.cold(name, &mut figures).await;
            if name == EQUAL {
                let operator = round.restart("restart", &mut figures).await;
                round.edits("edit", &names, &mut figures).await;
                round.drift(&names, &mut figures).await;
                operator.stop();
            }
            cluster.empty_namespace(namespace).await;
        }
    }
    println!(
        "{} modules of {} objects, {rounds} rounds",
        size.modules, size.objects
    );
    figures::print(&table(&figures, size));
    cluster.control_plane.stop().await.expect("an end");
}

/// An operator that brings the definition of `Module`, and tells the bodies.
async fn warm_up(cluster: &Cluster, folders: &std::path::Path, names: &[String]) -> Bodies {
    cluster.make_namespace(MODEL).await;
    let operator = Process::start(cluster.control_plane.kubeconfig(), MODEL, folders, &[]);
    operator.told("converge is done");
    // The last status may be on its way.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let bodies = Bodies::of(cluster, &operator, names).await;
    operator.stop();
    cluster.empty_namespace(MODEL).await;
    bodies
}

/// The budgets of 29 modules hold for any number where they are ratios, or do not grow.
fn table(figures: &Figures, size: Size) -> Vec<Line> {
    use Unit::{Count, Mebibytes, Milliseconds, Ratio};
    use Which::{Median, Most};
    let is_usual = size.modules == 29;
    let usual = |budget: f64| is_usual.then_some(budget);
    let restart = match size.modules {
        29 => Some(0.15),
        100 => Some(0.6),
        _ => None,
    };
    let mut lines: Vec<Line> = FLOORS
        .iter()
        .map(|(name, ..)| figures.line(name, Median, Milliseconds, None))
        .collect();
    let [_, _, (eight, ..), (four, ..)] = FLOORS;
    let floor = if figures.ratio(eight, four) < 1.0 {
        eight
    } else {
        four
    };
    for (name, budget) in [(EQUAL, 1.5), (DISTINCT, 3.0)] {
        let of = |what: &str| format!("{name}{what}");
        lines.push(figures.line(name, Median, Milliseconds, None));
        let ratio = figures.ratio(name, floor);
        let (what, beside) = (of(" ÷ floor"), floor.to_owned());
        lines.push(Line::new(what, ratio, beside, Ratio, Some(budget)));
        lines.push(figures.line(&of(", writes"), Median, Count, None));
        let first = of(", start to first write");
        lines.push(figures.line(&first, Median, Milliseconds, usual(0.3)));
        lines.push(figures.line(&of(", CPU"), Median, Milliseconds, usual(0.3)));
        lines.push(figures.line(&of(", CPU of scripts"), Median, Milliseconds, None));
        lines.push(figures.line(&of(", idle"), Median, Mebibytes, usual(20.0)));
        lines.push(figures.line(&of(", peak"), Median, Mebibytes, None));
    }
    lines.extend([
        figures.line("restart", Median, Milliseconds, restart),
        figures.line("restart, writes", Most, Count, Some(0.0)),
        figures.line("restart, CPU", Median, Milliseconds, None),
        figures.line("restart, idle", Median, Mebibytes, usual(20.0)),
        figures.line("restart, peak", Median, Mebibytes, None),
        figures.line("edit", Median, Milliseconds, Some(0.025)),
        figures.line("altered", Most, Milliseconds, Some(1.0)),
        figures.line("deleted", Most, Milliseconds, Some(1.0)),
    ]);
    lines
}
