//! Crontabs → when they fire.
//!
//! *In:* crontabs as hooks write them, and the time · *Out:* the next time of each, and which are due
//! · *Never:* reads a clock or waits.
//!
//! The grammar is that of robfig's cron library, version 2: five fields or six (seconds first), `?`,
//! names of months and days, `@every 5m`, `@hourly` and its like, and `TZ=Europe/Berlin` before the rest.

mod calendar;
mod crontab;
mod duration;
mod field;
mod timer;

pub use crontab::{Crontab, Error};
pub use duration::parse_duration;
pub use timer::Timers;

#[cfg(test)]
mod tests;
