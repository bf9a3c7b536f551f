//! Following and leading: what a replica does at first, when it begins to lead, and when it no longer does.

use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Instant;

use tokio::sync::watch;

use super::doors::{Doors, Workers};
use super::error::Error;
use super::replica::{Candidacy, Rank, View};
use super::run::Operator;
use super::settings::{Flavour, Settings};
use super::startup;
use super::watchers::{ModuleObjects, follow_config};
use crate::house::{House, Notice};
use crate::leader::Fence;
use crate::release::Listing;
use crate::status::{About, Event, Kind, Reporter};
use crate::task::Context;

/// What has to be done before this replica leads.
pub(super) type Preparing = Pin<Box<dyn Future<Output = Result<Listing, Error>> + Send>>;

/// Stands for leadership, where there are several replicas.
pub(super) async fn stand(
    settings: &Settings,
    fence: Option<Fence>,
    doors: &Doors,
    context: &Context,
) -> Result<Option<Candidacy>, Error> {
    let (Some(replica), Some(fence), Some(metrics)) =
        (&settings.replica, fence, doors.replica_metrics.clone())
    else {
        return Ok(None);
    };
    let of = (fence, context.processes.clone());
    Ok(Some(
        Candidacy::begin(settings, replica, of, metrics).await?,
    ))
}

/// The house of the first moment: one that leads, when nobody else does.
pub(super) async fn begin(
    settings: &Settings,
    candidacy: Option<&mut Candidacy>,
    context: &Context,
) -> Result<House, Error> {
    let mut view = None;
    if let Some(candidacy) = candidacy {
        candidacy.settled().await;
        view = Some(candidacy.view());
    }
    let others = view.filter(|view| view.standing != Rank::Leads);
    let Some(view) = others else {
        let listing = startup::prepare(settings.flavour, context).await?;
        return leading(settings, context, &listing);
    };
    let mut house = empty(settings, context)?;
    house.follow();
    house.set_leader(&view.leadership.leader);
    Ok(house)
}

fn empty(settings: &Settings, context: &Context) -> Result<House, Error> {
    let settings = startup::house_settings(settings, &context.namespace)?;
    House::new(settings, Instant::now()).map_err(Error::GlobalSchemas)
}

fn leading(settings: &Settings, context: &Context, listing: &Listing) -> Result<House, Error> {
    let mut house = empty(settings, context)?;
    house.take_releases(listing);
    Ok(house)
}

/// Gives leadership back, when there is any.
pub(super) async fn give_back(candidacy: Option<Candidacy>) {
    if let Some(candidacy) = candidacy {
        candidacy.resign().await;
    }
}

/// Waits until all is done before this replica leads; for ever when there is nothing to do.
pub(super) async fn prepared(preparing: &mut Option<Preparing>) -> Result<Listing, Error> {
    match preparing {
        Some(preparation) => {
            let ended = preparation.await;
            *preparing = None;
            ended
        }
        None => pending().await,
    }
}

impl Operator {
    /// Takes in where this replica stands. Answers whether that is the end.
    pub(super) fn take_standing(&mut self, view: &View) -> bool {
        self.house.set_leader(&view.leadership.leader);
        match view.standing {
            Rank::Over(over) => {
                self.lost = Some(over);
                return true;
            }
            Rank::Leads if self.house.follows() && self.preparing.is_none() => {
                let (flavour, context) = (self.settings.flavour, self.context.clone());
                let preparing = async move { startup::prepare(flavour, &context).await };
                self.preparing = Some(Box::pin(preparing));
            }
            Rank::Leads | Rank::Follows | Rank::Unknown => {}
        }
        false
    }

    /// This replica leads from now on. What it believed as a follower it is told anew, by lists that are
    /// younger than its leadership.
    pub(super) fn lead(&mut self, listing: &Listing) -> Result<(), Error> {
        let mut house = leading(&self.settings, &self.context, listing)?;
        house.inherit(self.house.take_warmth());
        self.house = house;
        self.take_discovery();
        if let Some(folder) = self.hearing.global_hooks() {
            self.house.take_global_hooks(folder);
        }
        self.look_around();
        self.leads.send_replace(true);
        Ok(())
    }

    /// Employs those who follow what is the operator's own in the cluster, and those who write it.
    pub(super) fn look_around(&mut self) {
        let (tell_config, config) = watch::channel(None);
        self.config = config;
        if self.settings.flavour == Flavour::ShellOperator {
            // It has no ConfigMap, no `Module` objects, and tells the log alone.
            tell_config.send_replace(Some(None));
            return;
        }
        // Those of before end with their set.
        self.followers = Workers::default();
        let stop = self.stop.clone();
        let (client, namespace) = (
            self.context.applier.client.clone(),
            self.context.namespace.clone(),
        );
        let name = self.settings.config_map.clone();
        let of = (client.clone(), namespace.clone(), stop.clone());
        let follow = follow_config(of, name, tell_config);
        self.objects = ModuleObjects::default();
        let objects = self.objects.clone();
        let objects = objects.follow(client.clone(), namespace.clone(), stop.clone());
        if self.house.follows() {
            self.followers.employ("ConfigMap", follow);
            self.followers.employ("Module objects", objects);
            return;
        }
        self.workers.employ("ConfigMap", follow);
        self.workers.employ("Module objects", objects);
        let reporter = Reporter::new(client, &namespace);
        let outbox = self.outbox.clone().run(reporter, stop);
        self.workers.employ("outbox", outbox);
        self.tell_leadership();
    }

    /// People hear who leads, as client-go tells it; not of one that goes on after a restart.
    fn tell_leadership(&self) {
        let Some(View {
            is_new: true,
            leadership,
            ..
        }) = self.candidacy.as_ref().map(Candidacy::view)
        else {
            return;
        };
        let name = leadership.lease.rsplit('/').next().unwrap_or_default();
        self.outbox.put(Notice::Event(Event {
            about: About::Lease(name.to_owned()),
            kind: Kind::Normal,
            reason: "LeaderElection",
            message: format!("{} became leader", leadership.identity),
        }));
    }

    /// Shows who leads, and whether a follower is prepared.
    pub(super) fn show_leadership(&mut self) {
        let Some(candidacy) = &self.candidacy else {
            return;
        };
        let (follows, mut leadership) = (self.house.follows(), candidacy.view().leadership);
        // It leads when it has begun to.
        leadership.leads &= !follows;
        self.leadership.send_if_modified(|known| {
            leadership.prepared = if follows {
                self.house.is_prepared() && self.webhooks.is_serving()
            } else {
                known.prepared
            };
            std::mem::replace(known, leadership.clone()) != leadership
        });
    }
}
