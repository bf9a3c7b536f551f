//! One of several replicas: it stands for leadership, learns that it leads or that another one does, and
//! gives it back at the end.

mod elector;
mod lease;
mod metric;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

pub(super) use metric::Metrics;

use super::error::Error;
use super::settings::{Replica, Settings};
use super::startup;
use crate::cluster::now;
use crate::leader::{Election, Fence, Over, Standing};
use crate::process::Processes;
use crate::serve::Leadership;
use elector::Elector;
use lease::Lease;

/// The name of the Lease, which is that of the original.
const LEASE: &str = "addon-operator-leader-election";

/// What is known of who leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    /// Where this replica stands; of a leader without until when.
    pub(super) standing: Rank,
    /// Whether another one led before, or nobody.
    pub(super) is_new: bool,
    /// The same for people, without whether it is prepared.
    pub(super) leadership: Leadership,
}

/// Where this replica stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    /// It does not know yet.
    Unknown,
    /// It follows.
    Follows,
    /// It leads.
    Leads,
    /// It leads no longer.
    Over(Over),
}

impl Rank {
    fn of(standing: Standing) -> Self {
        match standing {
            Standing::Unknown => Self::Unknown,
            Standing::Follows => Self::Follows,
            Standing::Leads(_) => Self::Leads,
            Standing::Over(over) => Self::Over(over),
        }
    }
}

/// A replica that stands for leadership. Dropping it ends that at once, as a crash would.
pub(super) struct Candidacy {
    fence: Fence,
    view: watch::Receiver<View>,
    resign: CancellationToken,
    worker: JoinSet<()>,
}

impl Candidacy {
    /// Begins to stand for it. `processes` end with this one's leadership.
    pub(super) async fn begin(
        settings: &Settings,
        replica: &Replica,
        (fence, processes): (Fence, Processes),
        metrics: Metrics,
    ) -> Result<Self, Error> {
        let client = startup::client_of_lease(settings).await?;
        let identity = replica.identity();
        let place = (replica.namespace.as_str(), LEASE);
        let view = View {
            standing: Rank::Unknown,
            is_new: false,
            leadership: Leadership {
                identity: identity.clone(),
                lease: format!("{}/{LEASE}", replica.namespace),
                ..Leadership::default()
            },
        };
        let (tell, view) = watch::channel(view);
        let resign = CancellationToken::new();
        let elector = Elector {
            election: Election::new(identity, place, settings.terms),
            lease: Lease::new(client, &replica.namespace, LEASE),
            fence: fence.clone(),
            processes,
            terms: settings.terms,
            ahead: replica.ahead,
            tell,
            metrics,
        };
        let mut worker = JoinSet::new();
        worker.spawn(elector.run(resign.clone()));
        Ok(Self {
            fence,
            view,
            resign,
            worker,
        })
    }

    /// What is known now.
    pub(super) fn view(&self) -> View {
        self.view.borrow().clone()
    }

    /// Waits until it is known whether this replica leads.
    pub(super) async fn settled(&mut self) {
        let is_settled = |view: &View| view.standing != Rank::Unknown;
        // Without an elector it stays as it is.
        let _ = self.view.wait_for(is_settled).await;
    }

    /// Waits for something new; may be dropped and called again. When the elector is gone, all is over.
    pub(super) async fn changed(&mut self) -> View {
        if self.view.changed().await.is_err() {
            self.fence.shut();
            let mut view = self.view();
            view.standing = Rank::Over(Over::Expired);
            return view;
        }
        self.view.borrow_and_update().clone()
    }

    /// Gives leadership back, so that another replica takes it at once. Nothing is written any more by
    /// then; what was written and not answered is waited for.
    pub(super) async fn resign(mut self) {
        while let Some(until) = self.fence.lands_until(now()) {
            let is_over = matches!(self.view.borrow().standing, Rank::Over(_));
            if is_over {
                break;
            }
            tracing::warn!(target: "leader", "waiting for writes that were not answered before leadership is given back");
            sleep(until.since(now())).await;
        }
        self.fence.shut();
        self.resign.cancel();
        let ended = async { while self.worker.join_next().await.is_some() {} };
        // Else others wait until the Lease is over.
        let _ = timeout(startup::PATIENCE, ended).await;
    }
}

/// Waits for news of leadership; for ever where nobody stands for it.
pub(super) async fn changed(candidacy: Option<&mut Candidacy>) -> View {
    match candidacy {
        Some(candidacy) => candidacy.changed().await,
        None => std::future::pending().await,
    }
}
