//! The end of an object that was deleted, awaited.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::cluster::{Client, Target};
use crate::report::chain;
use crate::watch::{self, Event, Scope};

/// Follows one object until the one with this `uid` is gone. `Err` when time is over first: what holds
/// it, to be put behind a sentence, or nothing.
pub(super) async fn await_gone(
    client: &Client,
    target: Target<'_>,
    uid: &str,
    patience: Duration,
) -> Result<(), String> {
    let scope = Scope {
        resource: target.resource.clone(),
        namespace: target.namespace.map(str::to_owned),
        labels: String::new(),
        fields: format!("metadata.name={}", target.name),
        whole: false,
    };
    let mut sight = Sight::default();
    let (tell, told) = oneshot::channel();
    let mut tell = Some(tell);
    let follow = watch::follow(client, &scope, |event| {
        if sight.shows_the_end(&event, uid)
            && let Some(tell) = tell.take()
        {
            // The receiver lives as long as this function.
            let _ = tell.send(());
        }
    });
    let gone = tokio::select! {
        () = follow => false,
        gone = timeout(patience, told) => matches!(gone, Ok(Ok(()))),
    };
    if gone { Ok(()) } else { Err(sight.reason) }
}

/// What was last seen of an object.
#[derive(Default)]
struct Sight {
    listed: bool,
    reason: String,
}

impl Sight {
    fn shows_the_end(&mut self, event: &Event<'_>, uid: &str) -> bool {
        match event {
            Event::Watching => {}
            Event::Begin => self.listed = false,
            Event::Listed(text) => self.listed |= self.is_it(text, uid),
            Event::Synchronized => return !self.listed,
            Event::Changed(text) => return !self.is_it(text, uid),
            Event::Removed(_) => return true,
            Event::Broken(error) => self.reason = format!("; {}", chain(*error)),
        }
        false
    }

    /// Whether it is the same object; keeps what holds it.
    fn is_it(&mut self, text: &str, uid: &str) -> bool {
        // What cannot be read is taken for it: the wait ends by itself.
        let object: Value = serde_json::from_str(text).unwrap_or_default();
        let metadata = &object["metadata"];
        if metadata["uid"].as_str().is_some_and(|found| found != uid) {
            return false;
        }
        let finalizers = metadata["finalizers"].as_array().into_iter().flatten();
        let names: Vec<&str> = finalizers.filter_map(Value::as_str).collect();
        self.reason = if names.is_empty() {
            String::new()
        } else {
            format!("; its finalizers are {}", names.join(", "))
        };
        true
    }
}
