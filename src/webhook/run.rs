//! All parts together.

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
}

/// What the parts of one server share.
struct Wires {
    side: Side,
    presenter: Presenter,
    listener: Listener,
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
        let (admission, admission_wanted) = watch::channel(false);
        let (conversion, conversion_wanted) = watch::channel(false);
        let (wants, written) = (
            [admission, conversion],
            [watch::channel(0), watch::channel(0)],
        );
        let [
            (wrote_admission, admission_written),
            (wrote_conversion, conversion_written),
        ] = written;
        let wires = |door, written| self.wires(door, &own_seen, written, &asks);
        let admission = wires(Door::Admission, admission_written);
        let conversion = wires(Door::Conversion, conversion_written);
        let keeper = self.keeper(own, known_seen);
        let (needed, needed_seen) = watch::channel(false);
        let needs = [
            (admission.needs_own, admission_wanted.clone()),
            (conversion.needs_own, conversion_wanted.clone()),
        ];
        let writer = Writer::new(
            (
                self.client.clone(),
                self.namespace.clone(),
                self.settings.clone(),
            ),
            (self.metrics.clone(), Arc::clone(&self.tell)),
            [admission.side, conversion.side],
            [wrote_admission, wrote_conversion],
            known,
        );
        let serve_admission = admission
            .listener
            .run(admission_wanted.clone(), stop.clone());
        let serve_conversion = conversion
            .listener
            .run(conversion_wanted.clone(), stop.clone());
        let rest = async {
            tokio::join!(
                Box::pin(keeper.run(needed_seen)),
                Box::pin(admission.presenter.run(admission_wanted, signals.admission)),
                Box::pin(
                    conversion
                        .presenter
                        .run(conversion_wanted, signals.conversion)
                ),
                Box::pin(writer.run(orders.clone())),
                want(orders, wants),
                need(needs, needed),
            );
        };
        let rest = async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = rest => {}
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
            held: None,
        }
    }

    fn wires(
        &self,
        door: Door,
        own: &watch::Receiver<Option<Arc<Identity>>>,
        written: watch::Receiver<u64>,
        asks: &mpsc::Sender<Asked>,
    ) -> Wires {
        let place = self.settings.place(door);
        let (facade, facade_seen) = watch::channel(None);
        let (trust, trust_seen) = watch::channel(None);
        let (up, up_seen) = watch::channel(None);
        let (needs_own, needs_own_seen) = watch::channel(false);
        Wires {
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
                written,
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
