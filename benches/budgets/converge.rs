//! Modules of one size: cold, restarted, edited, put right; each beside its floor.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::figures::{Figures, Which};
use crate::floor::{self, Bodies, MODEL, Pair};
use crate::process::Process;
use crate::round::Round;
use crate::table::{Row, Unit};
use crate::workload::{Size, Weights};

const EQUAL: &str = "cold converge, equal weights";
const DISTINCT: &str = "cold converge, distinct weights";
const EDIT: &str = "ConfigMap edit → object changed";
/// The floors of a cold converge: how many writes are under way at once.
const FLOORS: [(&str, usize); 2] = [("floor, 8 at once", 8), ("floor, 4 at once", 4)];
const FIRST: &str = "floor: a client connects and writes one object";
const LISTS: &str = "floor: a client connects and lists everything";
const PAIR: &str = "floor: two writes, each seen by a watch";
const EMPTY: &str = "floor: no modules";
/// How often the two writes are measured in a round.
const PAIRS: usize = 20;
/// A megabyte, in MiB.
const MEGABYTE: f64 = 1e6 / 1_048_576.0;

/// What was measured of a size.
pub(crate) struct Sized {
    pub(crate) size: Size,
    figures: Figures,
}

/// The modules of the budgets: the 29 have 249 objects, others eight each.
fn size_of(modules: usize) -> Size {
    let objects = if modules == 29 { 249 } else { modules * 8 };
    Size { modules, objects }
}

/// Measures modules in so many rounds. A round has the floors and the operator in turn, each in a namespace of
/// its own, which is emptied afterwards.
pub(crate) async fn measure(cluster: &Cluster, modules: usize, rounds: usize) -> Sized {
    let size = size_of(modules);
    let (equal, distinct) = (size.write(Weights::Equal), size.write(Weights::Distinct));
    let bodies = model(cluster, equal.path(), &size.names()).await;
    assert_eq!(bodies.len(), size.objects, "objects of all modules");
    let mut figures = Figures::default();
    for round in 0..rounds {
        eprintln!("{modules} modules, round {} of {rounds}", round + 1);
        let of = |what: &str| format!("{what}-{modules}-{round}");
        for (name, at_once) in FLOORS {
            let namespace = of(&format!("floor-{at_once}"));
            cluster.make_namespace(&namespace).await;
            let (took, spent) = bodies.send(&cluster.client, &namespace, at_once).await;
            figures.add(name, took);
            figures.add(&format!("{name}, CPU"), spent);
            cluster.empty_namespace(&namespace).await;
        }
        small_floors(cluster, &bodies, &of("pair"), &mut figures).await;
        for (name, folders, namespace) in [
            (EQUAL, &equal, of("equal")),
            (DISTINCT, &distinct, of("distinct")),
        ] {
            let place = (namespace.as_str(), folders.path());
            operate(cluster, size, place, name, &mut figures).await;
        }
    }
    Sized { size, figures }
}

async fn operate(
    cluster: &Cluster,
    size: Size,
    (namespace, folders): (&str, &Path),
    name: &str,
    figures: &mut Figures,
) {
    cluster.make_namespace(namespace).await;
    let round = Round {
        cluster,
        size,
        namespace,
        folders,
    };
    round.cold(name, figures).await;
    if name == EQUAL {
        figures.add(LISTS, floor::list(cluster, namespace).await);
        let operator = round.restart("restart", figures).await;
        round.edits(EDIT, &size.names(), figures).await;
        round.drift(&size.names(), figures).await;
        operator.stop();
    }
    cluster.empty_namespace(namespace).await;
}

/// What is written and connected to by nothing but a client; an operator without modules.
async fn small_floors(cluster: &Cluster, bodies: &Bodies, namespace: &str, figures: &mut Figures) {
    cluster.make_namespace(namespace).await;
    figures.add(FIRST, bodies.send_first(cluster, namespace).await);
    let mut pair = Pair::begin(cluster, namespace).await;
    for _ in 0..PAIRS {
        figures.add(PAIR, pair.write(cluster).await);
    }
    cluster.empty_namespace(namespace).await;
    let namespace = format!("{namespace}-without");
    cluster.make_namespace(&namespace).await;
    let nothing = TempDir::new().expect("a folder");
    fs::create_dir(nothing.path().join("modules")).expect("a folder");
    let kubeconfig = cluster.control_plane.kubeconfig();
    let operator = Process::start(kubeconfig, &namespace, nothing.path(), &[]);
    operator.told("converge is done");
    sleep(Duration::from_secs(1)).await;
    figures.add(EMPTY, operator.memory("VmRSS"));
    operator.stop();
}

/// An operator that brings the definition of `Module`, and tells what it sends; in a namespace that all sizes share.
async fn model(cluster: &Cluster, folders: &Path, names: &[String]) -> Bodies {
    let operator = Process::start(cluster.control_plane.kubeconfig(), MODEL, folders, &[]);
    operator.told("converge is done");
    // The last status may be on its way.
    sleep(Duration::from_secs(1)).await;
    let bodies = Bodies::of(cluster, &operator, names).await;
    operator.stop();
    cluster.empty_namespace(MODEL).await;
    bodies
}

impl Sized {
    /// The faster of the floors.
    fn floor(&self) -> &'static str {
        let [(eight, _), (four, _)] = FLOORS;
        if self.figures.ratio(eight, four) < 1.0 {
            eight
        } else {
            four
        }
    }

    fn median(&self, name: &str) -> f64 {
        self.figures.of(name, Which::Median)
    }

    /// The rows of the budgets; those that hold for 29 modules alone have none elsewhere.
    pub(crate) fn rows(&self) -> Vec<Row> {
        use Unit::{Count, Fine, Mebibytes, Milliseconds};
        use Which::{Median, Most};
        let figures = &self.figures;
        let row = |name: &str, which, unit| Row::of(figures, name, which, unit);
        let usual = |row: Row, budget: f64| match self.size.modules {
            29 => row.at_most(budget),
            _ => row,
        };
        let floor = self.floor();
        let floor_cpu = format!("{floor}, CPU");
        let mut rows = Vec::new();
        for (name, times) in [(EQUAL, 1.5), (DISTINCT, 3.0)] {
            let of = |what: &str| format!("{name}{what}");
            let cold = row(name, Median, Milliseconds).beside(figures, floor);
            rows.push(cold.at_most_times(times));
            rows.push(row(&of(", objects made"), Median, Count));
            rows.push(row(&of(", writes"), Median, Count));
            let first = row(&of(", start to first write"), Median, Milliseconds);
            rows.push(usual(first.beside(figures, FIRST), 0.3));
            let cpu = row(&of(", CPU"), Median, Milliseconds).beside(figures, &floor_cpu);
            rows.push(usual(cpu, 0.3));
        }
        let restart = row("restart", Median, Milliseconds).beside(figures, LISTS);
        rows.push(match self.size.modules {
            29 => restart.at_most(0.15),
            100 => restart.at_most(0.6),
            _ => restart,
        });
        rows.extend([
            row("restart, writes", Most, Count).at_most(0.0),
            row(EDIT, Median, Fine).beside(figures, PAIR).at_most(0.025),
            row("altered", Most, Fine)
                .beside(figures, PAIR)
                .at_most(1.0),
            row("deleted", Most, Fine)
                .beside(figures, PAIR)
                .at_most(1.0),
        ]);
        let idle = format!("{EQUAL}, idle");
        let idle = row(&idle, Median, Mebibytes).beside(figures, EMPTY);
        rows.push(match self.size.modules {
            29 => idle.at_most(20.0 * MEGABYTE),
            1000 => idle.at_most(100.0),
            _ => idle,
        });
        rows.push(row("restart, idle", Median, Mebibytes).beside(figures, EMPTY));
        let guard = format!("{EQUAL}, idle with its guard");
        rows.push(row(&guard, Median, Mebibytes));
        rows
    }
}

impl Sized {
    /// What grows with the number of modules: a line of a table of its own.
    pub(crate) fn growth(&self) -> Vec<(&'static str, f64, Unit)> {
        use Unit::{Count, Each, Mebibytes, Milliseconds, Ratio, Seconds};
        let float = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        let modules = float(self.size.modules);
        let of = |name: &str, what: &str| self.median(&format!("{name}{what}"));
        let (floor, equal, distinct) = (self.median(self.floor()), of(EQUAL, ""), of(DISTINCT, ""));
        let (cpu, cpu_restart) = (of(EQUAL, ", CPU"), of("restart", ", CPU"));
        vec![
            ("modules", modules, Count),
            ("objects", float(self.size.objects), Count),
            ("floor", floor, Seconds),
            ("cold, equal", equal, Seconds),
            ("÷ floor", equal / floor, Ratio),
            ("a module", equal / modules, Milliseconds),
            ("cold, distinct", distinct, Seconds),
            ("distinct ÷ floor", distinct / floor, Ratio),
            ("CPU, equal", cpu, Seconds),
            ("CPU a module", cpu / modules, Milliseconds),
            ("CPU, distinct", of(DISTINCT, ", CPU"), Seconds),
            ("requests a module", of(EQUAL, ", requests") / modules, Each),
            ("restart", self.median("restart"), Seconds),
            ("CPU of a restart", cpu_restart, Seconds),
            ("idle", of(EQUAL, ", idle"), Mebibytes),
            ("peak", of(EQUAL, ", peak"), Mebibytes),
        ]
    }
}
