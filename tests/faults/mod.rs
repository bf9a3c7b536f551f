//! What goes wrong around the operator: the API server, the network, certificates, clocks, disks,
//! signals. Each test prints how long the recovery took, from the end of the fault until all is as
//! wanted: `fault | test | result | recovery`. With `ADDON_OPERATOR_FAULT_TABLE` the rows are also
//! added to the file of that name.

mod answers;
mod disk;
mod kill;
mod outage;
mod rotation;
mod scene;
mod slow;
mod stale;
mod third_party;

use std::fs::File;
use std::io::Write as _;
use std::time::Duration;

use crate::support::proxy::Deed;
use crate::support::say;

/// Adds a row to the table. It comes at the end of a test: what fails before has none.
fn survived(fault: &str, recovery: Duration) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    let test = test.rsplit("::").next().unwrap_or_default();
    let row = format!(
        "{fault} | {test} | passed | {:.1} s",
        recovery.as_secs_f64()
    );
    say(&row);
    let Some(path) = std::env::var_os("ADDON_OPERATOR_FAULT_TABLE") else {
        return;
    };
    let file = File::options().create(true).append(true).open(path);
    let line = format!("{row}\n");
    file.expect("the table")
        .write_all(line.as_bytes())
        .expect("a row");
}
