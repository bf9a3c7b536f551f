//! What is open from the first moment to the last: pages for probes and people, and the workers.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::folders::{FolderReader, HookReader};
use super::hearing::GlobalHooks;
use super::metric::Metrics;
use super::replica;
use super::run::GRACE;
use super::settings::{Flavour, Settings};
use crate::metric::Registry;
use crate::module::{Discovery, FolderWatch};
use crate::report;
use crate::serve::{
    Asked, ConvergeStatus, DebugServer, HttpPages, HttpServer, Leadership, ListenFlags, Refusal,
};
use crate::webhook;

/// Questions that wait; more askers wait at the door.
const QUESTIONS: usize = 64;

/// What is served before the cluster is reached: it may take long, and people and probes ask.
pub(super) struct Doors {
    pub(super) metrics: Metrics,
    pub(super) questions: mpsc::Receiver<Asked>,
    pub(super) converge: watch::Sender<ConvergeStatus>,
    /// The folders are read meanwhile.
    pub(super) discovery: watch::Receiver<Option<Arc<Discovery>>>,
    pub(super) global_hooks: GlobalHooks,
    /// The metrics that hooks make.
    pub(super) hook_metrics: Arc<Registry>,
    pub(super) webhook_metrics: webhook::Metrics,
    /// Of one of several replicas.
    pub(super) replica_metrics: Option<replica::Metrics>,
    pub(super) leadership: watch::Sender<Leadership>,
    pub(super) workers: Workers,
}

impl Doors {
    /// Opens everything, and serves from now on.
    pub(super) async fn open(settings: &Settings, stop: &CancellationToken) -> Result<Self, Error> {
        let registry = Registry::new(&settings.metrics_prefix);
        let metrics = Metrics::new(&registry, settings.flavour)?;
        let webhook_metrics = webhook::Metrics::new(&registry)?;
        let replica = settings.replica.as_ref();
        let replica_metrics = replica.map(|_| replica::Metrics::new(&registry));
        let first = replica.map_or_else(Leadership::alone, |replica| Leadership {
            identity: replica.identity(),
            ..Leadership::default()
        });
        let (leadership, leadership_view) = watch::channel(first);
        let series = settings.hook_metrics.series;
        let hook_metrics = Registry::with_series_limit(&settings.metrics_prefix, series);
        let hook_metrics = Arc::new(hook_metrics);
        let of_hooks = hook_metrics.clone();
        let (asks, questions) = mpsc::channel(QUESTIONS);
        let (converge, converge_view) = watch::channel(ConvergeStatus::default());
        let (title, flags) = match settings.flavour {
            Flavour::AddonOperator => ("Addon-operator", ListenFlags::ADDON_OPERATOR),
            Flavour::ShellOperator => ("Shell-operator", ListenFlags::SHELL_OPERATOR),
        };
        let pages = HttpPages {
            title,
            flags,
            metrics: Arc::new(move || registry.text()),
            hook_metrics: Arc::new(move || of_hooks.text()),
            converge: converge_view,
            leadership: leadership_view,
        };
        let http = HttpServer::bind(settings.listen, pages).await?;
        let debug = DebugServer::bind(&settings.debug.socket, asks.clone())?;
        let debug_tcp = match settings.debug.http_address {
            Some(address) => Some(DebugServer::bind_tcp(address, asks).await?),
            None => None,
        };
        let mut workers = Workers::default();
        workers.employ("http", logged(http.run(stop.clone())));
        workers.employ("debug socket", logged(debug.run(stop.clone())));
        if let Some(server) = debug_tcp {
            workers.employ("debug address", logged(server.run(stop.clone())));
        }
        let (discovery, global_hooks) = workers.read_folders(settings, stop);
        Ok(Self {
            metrics,
            questions,
            converge,
            discovery,
            global_hooks,
            hook_metrics,
            webhook_metrics,
            replica_metrics: replica_metrics.transpose()?,
            leadership,
            workers,
        })
    }

    /// Refuses every question, as long as nothing is known.
    pub(super) async fn refuse(&mut self) {
        while let Some(Asked { answer, .. }) = self.questions.recv().await {
            let why = "the API server does not answer yet; the log says why".to_owned();
            // The asker may be gone.
            let _ = answer.send(Err(Refusal::Failed(why)));
        }
    }

    /// Closes everything that was told to stop.
    pub(super) async fn close(mut self) {
        self.workers.end().await;
    }
}

/// Long-lived workers, by name.
#[derive(Default)]
pub(super) struct Workers {
    running: JoinSet<()>,
    names: HashMap<Id, &'static str>,
}

impl Workers {
    /// Takes one on.
    pub(super) fn employ(
        &mut self,
        name: &'static str,
        worker: impl Future<Output = ()> + Send + 'static,
    ) {
        let handle = self.running.spawn(worker);
        self.names.insert(handle.id(), name);
    }

    /// Takes on those who read the folders, from now on.
    fn read_folders(
        &mut self,
        settings: &Settings,
        stop: &CancellationToken,
    ) -> (watch::Receiver<Option<Arc<Discovery>>>, GlobalHooks) {
        let (tell_discovery, discovery) = watch::channel(None);
        let (reader, folder_watch) = FolderReader::new(settings, tell_discovery);
        self.employ("folders", reader.run(stop.clone()));
        self.employ("folder watch", watch_folders(folder_watch, stop.clone()));
        let (tell_hooks, global_hooks) = watch::channel(None);
        let (reader, folder_watch) = HookReader::new(settings, tell_hooks);
        self.employ("global hooks", reader.run(stop.clone()));
        let watch = watch_folders(folder_watch, stop.clone());
        self.employ("global hooks watch", watch);
        (discovery, global_hooks)
    }

    /// Waits until one ends, which none should; `None` when there is none.
    pub(super) async fn ended(&mut self) -> Option<Error> {
        let (id, why) = match self.running.join_next_with_id().await? {
            Ok((id, ())) => (id, "it has nothing more to do".to_owned()),
            Err(error) => (error.id(), error.to_string()),
        };
        let name = self.names.get(&id).copied().unwrap_or("unknown");
        Some(Error::Worker { name, why })
    }

    /// Waits until all have ended, which were told to.
    pub(super) async fn end(&mut self) {
        let rest = async { while self.running.join_next().await.is_some() {} };
        if timeout(GRACE, rest).await.is_err() {
            self.running.abort_all();
        }
    }
}

async fn logged(worker: impl Future<Output = Result<(), crate::serve::Error>>) {
    if let Err(error) = worker.await {
        tracing::error!(target: "serve", "{}", report::chain(&error));
    }
}

pub(super) async fn watch_folders(watch: FolderWatch, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        ended = watch.run() => if let Err(error) = ended {
            tracing::error!(target: "module", "{}", report::chain(&error));
        },
    }
}
