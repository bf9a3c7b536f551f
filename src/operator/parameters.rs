//! What can be changed while the operator runs, and when it comes back to what it was.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;

use super::settings::{LogLevel, SetLogLevel};
use crate::serve::{Answer, Parameter, ParameterList, Query, Refusal};

const LOG_LEVEL: &str = "log.level";
/// How long much is logged when nobody says how long: it is forgotten easily, and fills disks.
const TALKATIVE: Duration = Duration::from_mins(30);

/// The parameters of a running operator. There is one: `log.level`.
pub(super) struct Parameters {
    set_level: SetLogLevel,
    /// As the operator was started.
    default: LogLevel,
    /// What holds when nothing is set for a while.
    lasting: LogLevel,
    passing: Option<Passing>,
}

/// A value for a while.
struct Passing {
    level: LogLevel,
    ends: Instant,
    /// The same moment, for people.
    until: Timestamp,
}

impl Parameters {
    /// `set_level` has set `level` already.
    pub(super) fn new(level: LogLevel, set_level: SetLogLevel) -> Self {
        Self {
            set_level,
            default: level,
            lasting: level,
            passing: None,
        }
    }

    /// Answers a question; `None` for those about something else.
    pub(super) fn answer(
        &mut self,
        query: &Query,
        (now, time): (Instant, Timestamp),
    ) -> Option<Answer> {
        match query {
            Query::ConfigList => Some(self.list()),
            Query::ConfigSet {
                name,
                value,
                duration,
            } => Some(if name == LOG_LEVEL {
                self.set(value, *duration, (now, time))
            } else {
                Err(Refusal::BadRequest(format!(
                    "there is no parameter {name:?}; there is {LOG_LEVEL}"
                )))
            }),
            _ => None,
        }
    }

    /// When [`tick`](Self::tick) is due.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.passing.as_ref().map(|passing| passing.ends)
    }

    /// Takes back what was set for a while that is over.
    pub(super) fn tick(&mut self, now: Instant) {
        if self.wake_at().is_some_and(|ends| ends <= now) {
            self.passing = None;
            (self.set_level)(self.lasting);
            let level = self.lasting.name();
            tracing::info!(target: "operator", level, "{LOG_LEVEL} is back");
        }
    }

    fn list(&self) -> Answer {
        let level = self
            .passing
            .as_ref()
            .map_or(self.lasting, |passing| passing.level);
        let parameter = Parameter {
            value: level.name().to_owned(),
            default: self.default.name().to_owned(),
            until: self
                .passing
                .as_ref()
                .map(|passing| passing.until.to_string()),
        };
        let list = ParameterList::from([(LOG_LEVEL.to_owned(), parameter)]);
        serde_json::to_value(list).map_err(|error| Refusal::Failed(error.to_string()))
    }

    fn set(
        &mut self,
        value: &str,
        duration: Option<Duration>,
        (now, time): (Instant, Timestamp),
    ) -> Answer {
        let level = LogLevel::parse(value).ok_or_else(|| {
            let known = LogLevel::ALL.map(LogLevel::name).join(", ");
            Refusal::BadRequest(format!("{value:?} is no log level; there are {known}"))
        })?;
        let duration = duration.or((level > LogLevel::Info).then_some(TALKATIVE));
        let Some(duration) = duration else {
            (self.set_level)(level);
            (self.lasting, self.passing) = (level, None);
            return Ok(json!(format!("{LOG_LEVEL} is {value}")));
        };
        let too_long = || Refusal::BadRequest(format!("duration: {duration:?} is too long"));
        let ends = now.checked_add(duration).ok_or_else(too_long)?;
        let until = time
            .checked_add(duration)
            .and_then(|until| until.round(jiff::Unit::Second))
            .map_err(|_| too_long())?;
        (self.set_level)(level);
        self.passing = Some(Passing { level, ends, until });
        let lasting = self.lasting.name();
        Ok(json!(format!(
            "{LOG_LEVEL} is {value} until {until}, then {lasting}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Parameters at a moment that the test moves on, and the levels that were set.
    struct Bench {
        parameters: Parameters,
        begun: Instant,
        time: Timestamp,
        passed: Duration,
        seen: Arc<Mutex<Vec<&'static str>>>,
    }

    impl Bench {
        fn new(level: LogLevel) -> Self {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let told = seen.clone();
            let set: SetLogLevel = Arc::new(move |level| told.lock().unwrap().push(level.name()));
            Self {
                parameters: Parameters::new(level, set),
                begun: Instant::now(),
                time: "2026-01-01T12:00:00Z".parse().unwrap(),
                passed: Duration::ZERO,
                seen,
            }
        }

        fn ask(&mut self, query: &Query) -> Answer {
            let moment = (self.begun + self.passed, self.time + self.passed);
            self.parameters.answer(query, moment).unwrap()
        }

        fn set(&mut self, value: &str, minutes: Option<u64>) -> String {
            let query = Query::ConfigSet {
                name: "log.level".to_owned(),
                value: value.to_owned(),
                duration: minutes.map(Duration::from_mins),
            };
            let told = self.ask(&query);
            told.map_or_else(|why| why.to_string(), |told| told.as_str().unwrap().into())
        }

        fn pass(&mut self, minutes: u64) {
            self.passed += Duration::from_mins(minutes);
            self.parameters.tick(self.begun + self.passed);
        }

        fn list(&mut self) -> serde_json::Value {
            self.ask(&Query::ConfigList).unwrap()["log.level"].clone()
        }

        fn seen(&self) -> Vec<&'static str> {
            std::mem::take(&mut self.seen.lock().unwrap())
        }
    }

    #[test]
    fn a_level_for_a_while_goes_back_to_the_one_before() {
        let mut bench = Bench::new(LogLevel::Info);
        assert_eq!(bench.set("warn", None), "log.level is warn");
        assert_eq!(
            bench.set("error", Some(10)),
            "log.level is error until 2026-01-01T12:10:00Z, then warn"
        );
        assert_eq!(
            bench.list(),
            json!({"value": "error", "default": "info", "until": "2026-01-01T12:10:00Z"})
        );
        bench.pass(9);
        assert_eq!(bench.seen(), ["warn", "error"]);
        bench.pass(1);
        assert_eq!(bench.seen(), ["warn"]);
        assert_eq!(bench.list(), json!({"value": "warn", "default": "info"}));
        assert_eq!(bench.parameters.wake_at(), None);
    }

    #[test]
    fn much_is_logged_for_half_an_hour_unless_said_otherwise() {
        let mut bench = Bench::new(LogLevel::Info);
        let told = bench.set("debug", None);
        assert_eq!(
            told,
            "log.level is debug until 2026-01-01T12:30:00Z, then info"
        );
        bench.pass(29);
        // Asked again, it begins again.
        bench.set("trace", None);
        bench.pass(29);
        assert_eq!(bench.seen(), ["debug", "trace"]);
        bench.pass(1);
        assert_eq!(bench.seen(), ["info"]);
    }

    #[test]
    fn a_level_without_end_ends_the_one_for_a_while() {
        let mut bench = Bench::new(LogLevel::Info);
        bench.set("debug", Some(5));
        bench.set("warn", None);
        bench.pass(10);
        assert_eq!(bench.seen(), ["debug", "warn"]);
    }

    #[test]
    fn what_cannot_be_set_says_what_can() {
        let mut bench = Bench::new(LogLevel::Info);
        assert_eq!(
            bench.set("loud", None),
            "\"loud\" is no log level; there are error, warn, info, debug, trace"
        );
        let query = Query::ConfigSet {
            name: "log.size".to_owned(),
            value: "1".to_owned(),
            duration: None,
        };
        assert_eq!(
            bench.ask(&query).unwrap_err().to_string(),
            "there is no parameter \"log.size\"; there is log.level"
        );
        assert!(
            bench
                .set("error", Some(u64::MAX / 60))
                .contains("is too long")
        );
        assert_eq!(bench.seen(), Vec::<&str>::new());
    }
}
