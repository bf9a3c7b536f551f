//! Custom resource definitions: applied first, and awaited until their kinds are served.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::error::Error;
use crate::cluster::{Client, Resource};
use crate::object::ObjectRef;
use crate::watch::{self, Scope};

/// The list of kinds lags a little behind a definition that is established.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Waits until a definition is established and its kind is served.
pub async fn await_served(
    client: &Client,
    resource: &Resource,
    definition: &ObjectRef,
    patience: Duration,
) -> Result<(), Error> {
    let deadline = Instant::now() + patience;
    let scope = Scope {
        resource: resource.clone(),
        namespace: None,
        labels: String::new(),
        fields: format!("metadata.name={}", definition.name),
        whole: true,
    };
    let mut last = "it is not there".to_owned();
    let established = watch::until(client, &scope, patience, |object| {
        last = state(object);
        last.is_empty().then(|| object.clone())
    })
    .await;
    let Some(object) = established else {
        return Err(Error::AwaitDefinition {
            object: definition.clone(),
            state: last,
        });
    };
    let mut pause = FIRST_PAUSE;
    while !is_served(client, &object).await {
        if Instant::now() >= deadline {
            let state = "it is established, and its kind is not served yet".to_owned();
            return Err(Error::AwaitDefinition {
                object: definition.clone(),
                state,
            });
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    Ok(())
}

/// Empty when the definition is established; else what keeps it.
fn state(definition: &Value) -> String {
    let conditions = definition["status"]["conditions"].as_array();
    let find = |kind: &str| {
        conditions
            .into_iter()
            .flatten()
            .find(|condition| condition["type"] == kind)
    };
    let text = |condition: &Value| condition["message"].as_str().unwrap_or_default().to_owned();
    match (find("Established"), find("NamesAccepted")) {
        (_, Some(names)) if names["status"] == "False" => {
            format!("its names are refused: {}", text(names))
        }
        (Some(established), _) if established["status"] == "True" => String::new(),
        (Some(established), _) => format!("it is not established: {}", text(established)),
        (None, _) => "it has no conditions yet".to_owned(),
    }
}

async fn is_served(client: &Client, definition: &Value) -> bool {
    let group = definition["spec"]["group"].as_str().unwrap_or_default();
    let kind = definition["spec"]["names"]["kind"]
        .as_str()
        .unwrap_or_default();
    let versions = definition["spec"]["versions"]
        .as_array()
        .into_iter()
        .flatten();
    for version in versions.filter(|version| version["served"] == true) {
        let name = version["name"].as_str().unwrap_or_default();
        if client
            .resource(&format!("{group}/{name}"), kind)
            .await
            .is_err()
        {
            return false;
        }
    }
    true
}
