//! What the hook says, as it says it.

use std::io::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// The log target of what hooks say.
const HOOK: &str = "hook";

/// From now on, what hooks say is written to standard error, line by line as it is.
pub(super) fn install() -> Result<(), tracing::subscriber::SetGlobalDefaultError> {
    tracing::subscriber::set_global_default(Registry::default().with(Lines))
}

struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if metadata.target() != HOOK || *metadata.level() > Level::INFO {
            return;
        }
        let mut said = Said::default();
        event.record(&mut said);
        let line = said.record.unwrap_or(said.message);
        // Nothing can be told where stderr is closed.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }
}

#[derive(Default)]
struct Said {
    message: String,
    /// A whole JSON object.
    record: Option<String>,
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "hook_record" {
            self.record = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}
