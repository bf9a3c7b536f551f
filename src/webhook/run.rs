//! All parts together.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::Tell;
use super::certificate::{Identity, Keeper, Presenter, State};
use super::clock::Clock;
use super::listen::{Asked, Listener};
use super::metric::Metrics;
use super::settings::{Door, Settings};
use super::write::{Orders, Side, Writer};
use crate::cluster::Client;

/// Tells that files of a certificate may have changed: in [`super::Files::folders`].
pub struct Signals {
    /// Of the certificate of validating and mutating webhooks.
    pub admission: mpsc::Receiver<()>,
    /// Of that of conversions.
    pub conversion: mpsc::Receiver<()>,
}

/// Webhooks, not served yet.
pub struct Webhooks {
    /// The way to the cluster.
    pub client: Client,
    /// The operator's namespace.
    pub namespace: String,
    /// How they are served.
    pub settings: Settings,
    /// What time it is.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    /// Where news go.
    pub tell: Tell,
    /// Whether this replica leads: only then anything is written; the servers serve in any case.
    pub leads: watch::Receiver<bool>,
    /// Where the servers listen.
    pub up: Up,
}

/// Where the servers listen; `None` while one does not.
#[derive(Debug, Clone, Default)]
pub struct Up {
    /// That of validating and mutating webhooks.
    pub admission: watch::Sender<Option<SocketAddr>>,
    /// That of conversions.
    pub conversion: watch::Sender<Option<SocketAddr>>,
}

impl Up {
    fn of(&self, door: Door) -> &watch::Sender<Option<SocketAddr>> {
        match door {
            Door::Admission => &self.admission,
            Door::Conversion => &self.conversion,
        }
    }
}

/// All of one server.
struct Part {
    side: Side,
    presenter: Presenter,
    listener: Listener,
    written: watch::Sender<u64>,
    want: watch::Sender<bool>,
    wanted: watch::Receiver<bool>,
    needs_own: watch::Receiver<bool>,
}

impl Webhooks {
    /// Serves what `orders` want, until told to stop; requests go out to `asks`.
    pub async fn run(
        self,
        orders: watch::Receiver<Orders>,
        signals: Signals,
        asks: mpsc::Sender<Asked>,
        stop: CancellationToken,
    ) {
        let (own, own_seen) = watch::channel(None);
        let (known, known_seen) = watch::channel(false);
        let (needed, needed_seen) = watch::channel(false);
        let keeper = self.keeper(own, known_seen);
        let admission = self.part(Door::Admission, &own_seen, &asks);
        let conversion = self.part(Door::Conversion, &own_seen, &asks);
        let needs = [
            (admission.needs_own, admission.wanted.clone()),
            (conversion.needs_own, conversion.wanted.clone()),
        ];
        let mut leads = self.leads.clone();
        let writer = Writer::new(
            (self.client, self.namespace, self.settings),
            (self.metrics, self.tell),
            [admission.side, conversion.side],
            [admission.written, conversion.written],
            known,
        );
        let serve_admission = admission
            .listener
            .run(admission.wanted.clone(), stop.clone());
        let serve_conversion = conversion
            .listener
            .run(conversion.wanted.clone(), stop.clone());
        let present_admission = admission.presenter.run(admission.wanted, signals.admission);
        let present_conversion = conversion
            .presenter
            .run(conversion.wanted, signals.conversion);
        let write = async {
            // Who never leads has nothing to write.
            if leads.wait_for(|leads| *leads).await.is_ok() {
                writer.run(orders.clone()).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        let rest = async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = Box::pin(keeper.run(needed_seen)) => {}
                () = Box::pin(present_admission) => {}
                () = Box::pin(present_conversion) => {}
                () = Box::pin(write) => {}
                () = want(orders.clone(), [admission.want, conversion.want]) => {}
                () = need(needs, needed) => {}
            }
        };
        // Others go at once, the servers when they have answered.
        tokio::join!(
            Box::pin(serve_admission),
            Box::pin(serve_conversion),
            Box::pin(rest)
        );
    }

    fn keeper(
        &self,
        own: watch::Sender<Option<Arc<Identity>>>,
        known: watch::Receiver<bool>,
    ) -> Keeper {
        Keeper {
            client: self.client.clone(),
            namespace: self.namespace.clone(),
            name: self.settings.secret(),
            names: self.settings.names(&self.namespace),
            clock: self.clock.clone(),
            tell: Arc::clone(&self.tell),
            own,
            known,
            leads: self.leads.clone(),
            held: None,
        }
    }

    fn part(
        &self,
        door: Door,
        own: &watch::Receiver<Option<Arc<Identity>>>,
        asks: &mpsc::Sender<Asked>,
    ) -> Part {
        let place = self.settings.place(door);
        let (facade, facade_seen) = watch::channel(None);
        let (trust, trust_seen) = watch::channel(None);
        let up = self.up.of(door).clone();
        let up_seen = up.subscribe();
        let (needs_own, needs_own_seen) = watch::channel(false);
        let (written, written_seen) = watch::channel(0);
        let (want, wanted) = watch::channel(false);
        Part {
            side: Side {
                trust: trust_seen,
                up: up_seen,
            },
            presenter: Presenter {
                door,
                files: place.files.clone(),
                own: own.clone(),
                needs_own,
                facade,
                trust,
                written: written_seen,
                leads: self.leads.clone(),
                clock: self.clock.clone(),
                metrics: self.metrics.clone(),
                tell: Arc::clone(&self.tell),
                state: State::default(),
            },
            listener: Listener {
                door,
                address: place.listen,
                facade: facade_seen,
                up,
                asks: asks.clone(),
                metrics: self.metrics.clone(),
                tell: Arc::clone(&self.tell),
            },
            written,
            want,
            wanted,
            needs_own: needs_own_seen,
        }
    }
}

/// Tells each server whether it is wanted; does not end.
async fn want(mut orders: watch::Receiver<Orders>, wants: [watch::Sender<bool>; 2]) {
    loop {
        let orders_now = orders.borrow_and_update().clone();
        let wanted = [Door::Admission, Door::Conversion].map(|door| orders_now.needs(door));
        for (want, wanted) in wants.iter().zip(wanted) {
            want.send_if_modified(|known| std::mem::replace(known, wanted) != wanted);
        }
        if orders.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// Tells whether the certificate of the Secret is needed; does not end.
async fn need(
    mut needs: [(watch::Receiver<bool>, watch::Receiver<bool>); 2],
    needed: watch::Sender<bool>,
) {
    loop {
        let is_needed = needs.iter_mut().any(|(need, wanted)| {
            // Both are looked at, so that both are heard of.
            let (need, wanted) = (*need.borrow_and_update(), *wanted.borrow_and_update());
            need && wanted
        });
        needed.send_if_modified(|known| std::mem::replace(known, is_needed) != is_needed);
        let [(a, b), (c, d)] = &mut needs;
        tokio::select! {
            Ok(()) = a.changed() => {}
            Ok(()) = b.changed() => {}
            Ok(()) = c.changed() => {}
            Ok(()) = d.changed() => {}
            else => return std::future::pending().await,
        }
    }
}
