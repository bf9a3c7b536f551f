//! What bindings see in a cluster at this moment, by the same watches as in the operator.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::binding::KubernetesBinding;
use crate::cluster::Client;
use crate::watch::{Item, Monitor, MonitorId, News, Shared, Trouble};

/// How long the first lists may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What one binding sees.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By namespace, then name.
    pub(super) items: Vec<Arc<Item>>,
    /// Why it does not see all of it; empty when it does.
    pub(super) blind: String,
    /// Objects on which its filter fails, a sentence each.
    pub(super) troubles: Vec<String>,
}

/// Looks once. Each binding has its answer, in their order.
pub(super) async fn look(client: &Client, bindings: &[KubernetesBinding]) -> Vec<Seen> {
    let (shared, mut news) = Shared::new(client.clone());
    let ids = || (0..).map(MonitorId);
    let monitors = bindings.iter().zip(ids()).map(|(binding, id)| Monitor {
        id,
        selection: binding.selection.clone(),
        filter: binding.filter.clone(),
        keep_full: binding.keep_full,
        resynchronization: None,
    });
    shared.reconcile(monitors.collect());
    let stop = CancellationToken::new();
    let mut workers = JoinSet::new();
    workers.spawn(shared.clone().run(stop.clone()));
    let mut seen: BTreeMap<MonitorId, Seen> = bindings
        .iter()
        .zip(ids())
        .map(|(_, id)| (id, waiting()))
        .collect();
    let listen = async {
        let mut open: BTreeSet<MonitorId> = seen.keys().copied().collect();
        while !open.is_empty()
            && let Some(news) = news.recv().await
        {
            let monitor = news.monitor();
            let is_last = seen.get_mut(&monitor).is_some_and(|one| one.hear(news));
            if is_last {
                open.remove(&monitor);
            }
        }
    };
    // Who has not answered by then is told as waiting.
    let _ = timeout(PATIENCE, listen).await;
    for (id, one) in &mut seen {
        one.items = shared.snapshot(*id).items;
    }
    stop.cancel();
    workers.shutdown().await;
    seen.into_values().collect()
}

fn waiting() -> Seen {
    let seconds = PATIENCE.as_secs();
    Seen {
        blind: format!("the cluster did not tell its objects within {seconds} s"),
        ..Seen::default()
    }
}

impl Seen {
    /// Takes what is told; answers whether that was the last word.
    fn hear(&mut self, news: News) -> bool {
        match news {
            News::Listed { .. } => {
                self.blind.clear();
                true
            }
            News::Trouble {
                trouble: trouble @ Trouble::Filter { .. },
                ..
            } => {
                self.troubles.push(trouble.to_string());
                false
            }
            News::Trouble { trouble, .. } => {
                self.blind = trouble.to_string();
                true
            }
            News::Event { .. } | News::Recovered { .. } => false,
        }
    }
}
