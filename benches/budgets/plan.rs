//! What is measured, as the command line says it.

use std::process;

/// The parts, and the rows of each.
pub(crate) const PARTS: [(&str, &str); 5] = [
    (
        "converge",
        "modules of all sizes: cold converge, restart, edit, drift, memory, CPU, requests",
    ),
    ("replicas", "two replicas: start to first write, hand-over"),
    ("events", "event received → hook started"),
    ("pods", "what a watched Pod costs"),
    (
        "charts",
        "rendering: another bench, cargo bench --bench charts",
    ),
];
const USAGE: &str = "\
Measures every budget beside its floor, in one run. Takes half an hour; --quick takes two minutes.

Usage: cargo bench --bench budgets -- [OPTIONS]

  --only PART[,PART]   one or some of the parts below
  --sizes N[,N]        numbers of modules, of 29, 100, 300 and 1000 [default: all of them]
  --rounds N           rounds of each, alternating with its floor [default: 5]
  --quick              one round of 29 and 100 modules, and fewer events and Pods
  --output text|json   a table, or JSON with every sample [default: text]

BENCH_PROGRAM=FILE measures another build, such as that of deploy/static.sh.

Parts:";

/// What is measured.
pub(crate) struct Plan {
    parts: Vec<String>,
    pub(crate) sizes: Vec<usize>,
    pub(crate) rounds: usize,
    pub(crate) events: usize,
    pub(crate) pods: usize,
    pub(crate) is_json: bool,
}

impl Plan {
    /// Reads what was typed; says what can be typed, and ends, when it is something else.
    pub(crate) fn read(mut typed: impl Iterator<Item = String>) -> Self {
        let mut plan = Self {
            parts: Vec::new(),
            sizes: vec![29, 100, 300, 1000],
            rounds: 5,
            events: 500,
            pods: 10_000,
            is_json: false,
        };
        while let Some(word) = typed.next() {
            if plan.take(&word, &mut typed).is_none() {
                eprintln!("{USAGE}");
                for (name, what) in PARTS {
                    eprintln!("  {name:10} {what}");
                }
                let is_asked = word == "--help" || word == "-h";
                process::exit(if is_asked { 0 } else { 2 });
            }
        }
        plan
    }

    fn take(&mut self, word: &str, more: &mut impl Iterator<Item = String>) -> Option<()> {
        match word {
            // Said by cargo.
            "--bench" => {}
            "--quick" => {
                (self.sizes, self.rounds) = (vec![29, 100], 1);
                (self.events, self.pods) = (100, 1000);
            }
            "--only" => {
                let names: Vec<String> = more.next()?.split(',').map(str::to_owned).collect();
                let is_part = |name: &String| PARTS.iter().any(|(part, _)| part == name);
                names.iter().all(is_part).then_some(())?;
                self.parts = names;
            }
            "--sizes" => {
                let sizes = more.next()?;
                let sizes: Result<_, _> = sizes.split(',').map(str::parse).collect();
                self.sizes = sizes.ok()?;
                let is_size = |size: &usize| (2..=9999).contains(size);
                self.sizes.iter().all(is_size).then_some(())?;
            }
            "--rounds" => self.rounds = more.next()?.parse().ok().filter(|rounds| *rounds > 0)?,
            "--output" => match &*more.next()? {
                "text" => self.is_json = false,
                "json" => self.is_json = true,
                _ => return None,
            },
            _ => return None,
        }
        Some(())
    }

    pub(crate) fn has(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|asked| asked == part)
    }
}
