//! Log records on stderr: one line for people, one JSON object for machines.
//!
//! The JSON has the original's shape: `level`, `logger`, `msg`, the fields, `time`. A record carries
//! the fields of the spans around it; the innermost says a name last.

mod record;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use jiff::Timestamp;
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Scope};
use tracing_subscriber::{Registry, reload};

use self::record::{Fields, Form, Record};
use super::environment::Environment;
use super::output;
use crate::cluster;
use crate::operator::{LogForm, LogLevel, LogTime, SetLogLevel, Settings};
use crate::serve::Paint;

/// Libraries that tell a lot: they are held one level back, and quiet below debug.
const TALKATIVE: [&str; 9] = [
    "h2",
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "kube",
    "mio",
    "notify",
    "rustls",
    "tower",
];

/// Logs from now on; the answer changes the level later.
pub(super) fn install(
    settings: &Settings,
    environment: &Environment,
) -> Result<SetLogLevel, tracing::subscriber::SetGlobalDefaultError> {
    let terminal = io::stderr().is_terminal();
    let lines = Lines {
        form: form(settings.log.form, terminal, environment),
        time: settings.log.time,
    };
    let requests = settings.debug.kubernetes_api;
    let (changeable, handle) = reload::Layer::new(filter(settings.log.level, requests));
    tracing::subscriber::set_global_default(Registry::default().with(changeable).with(lines))?;
    Ok(Arc::new(move |level| {
        // The filter lives as long as the process, so there is always one to change.
        let _ = handle.reload(filter(level, requests));
    }))
}

fn form(asked: Option<LogForm>, terminal: bool, environment: &Environment) -> Form {
    match (asked, terminal) {
        (Some(LogForm::Json), _) | (None, false) => Form::Json,
        (Some(LogForm::Color), _) => Form::Text(Paint::Colored),
        (Some(LogForm::Text) | None, _) => Form::Text(output::paint(terminal, environment)),
    }
}

fn filter(level: LogLevel, requests: bool) -> Targets {
    let (all, talkative) = match level {
        LogLevel::Error => (LevelFilter::ERROR, LevelFilter::ERROR),
        LogLevel::Warn => (LevelFilter::WARN, LevelFilter::ERROR),
        LogLevel::Info => (LevelFilter::INFO, LevelFilter::WARN),
        LogLevel::Debug => (LevelFilter::DEBUG, LevelFilter::INFO),
        LogLevel::Trace => (LevelFilter::TRACE, LevelFilter::TRACE),
    };
    let mut targets = Targets::new().with_default(all);
    targets.extend(TALKATIVE.map(|target| (target, talkative)));
    // Asked for on its own, whatever the level.
    let of_requests = if requests {
        LevelFilter::INFO
    } else {
        LevelFilter::OFF
    };
    targets.with_target(cluster::REQUESTS, of_requests)
}

/// Writes each record as one line.
struct Lines {
    form: Form,
    time: LogTime,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &tracing::span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let record = Record::new(event.metadata(), fields_of(event, &context));
        let line = record.line(self.form, self.time, Timestamp::now());
        // A log that cannot be written has nowhere to say so.
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}

/// The fields of the spans around an event, from the outermost in, and then its own.
fn fields_of<S>(event: &Event<'_>, context: &Context<'_, S>) -> Fields
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut fields = Fields::default();
    let spans = context.event_scope(event).into_iter();
    for span in spans.flat_map(Scope::from_root) {
        if let Some(of_span) = span.extensions().get::<Fields>() {
            fields.add(of_span);
        }
    }
    event.record(&mut fields);
    fields
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_form_follows_the_terminal() {
        let plain = Form::Text(Paint::Plain);
        let color = Form::Text(Paint::Colored);
        for (asked, terminal, expected) in [
            (None, true, color),
            (None, false, Form::Json),
            (Some(LogForm::Text), false, plain),
            (Some(LogForm::Text), true, color),
            (Some(LogForm::Color), false, color),
            (Some(LogForm::Json), true, Form::Json),
        ] {
            assert_eq!(form(asked, terminal, &Environment::default()), expected);
        }
    }

    #[test]
    fn libraries_are_quiet_below_debug() {
        for (level, target, at, enabled) in [
            (LogLevel::Info, "addon_operator::watch", Level::INFO, true),
            (LogLevel::Info, "addon_operator::watch", Level::DEBUG, false),
            (LogLevel::Info, "hyper_util::client", Level::INFO, false),
            (LogLevel::Info, "rustls::client", Level::WARN, true),
            (LogLevel::Debug, "tower::buffer", Level::DEBUG, false),
            (LogLevel::Trace, "tower::buffer", Level::TRACE, true),
        ] {
            assert_eq!(
                filter(level, false).would_enable(target, &at),
                enabled,
                "{target}"
            );
        }
    }

    #[test]
    fn requests_are_logged_when_asked_for() {
        for level in LogLevel::ALL {
            for requests in [true, false] {
                let filter = filter(level, requests);
                assert_eq!(
                    filter.would_enable(cluster::REQUESTS, &Level::INFO),
                    requests
                );
            }
        }
    }

    #[test]
    fn records_carry_the_fields_of_their_spans() {
        let (seen, told) = std::sync::mpsc::channel();
        let subscriber = Registry::default().with(Told(seen)).with(Lines {
            form: Form::Json,
            time: LogTime::Hidden,
        });
        tracing::subscriber::with_default(subscriber, || {
            let outer = tracing::info_span!(
                "task",
                module = "a",
                queue = "main",
                late = tracing::field::Empty
            );
            outer.record("late", true);
            let _outer = outer.enter();
            let _inner = tracing::info_span!("hook", module = "b").entered();
            tracing::info!(attempt = 1_u64, "hook ran");
        });
        assert_eq!(
            told.recv().unwrap(),
            "  module=b  queue=main  late=true  attempt=1"
        );
    }

    /// Tells what `Lines` knows of the spans around an event.
    struct Told(std::sync::mpsc::Sender<String>);

    impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Told {
        fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
            let fields = fields_of(event, &context);
            self.0.send(fields.text(Paint::Plain)).unwrap();
        }
    }
}
