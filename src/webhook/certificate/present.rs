//! What one server shows, and what the API server is told to believe.
//!
//! A certificate of authorities that the API server does not know yet is shown only when it does: first
//! they are written into the configurations beside the old ones, then the certificate changes, then the
//! old ones are left out. So no handshake fails. The Secret's own certificate needs none of it, since its
//! authorities come long before; files may change all at once.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::SingleCertAndKey;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::files::Files;
use super::identity::{Certificate, Identity, provider};
use crate::webhook::clock::Clock;
use crate::webhook::metric::Metrics;
use crate::webhook::{Door, News, Tell};

/// So long the configurations may take to be written; then the certificate changes all the same.
const PATIENCE: Duration = Duration::from_secs(30);
/// So long a replica that does not lead waits instead: the one that does has read the same files by then.
const LEADER: Duration = Duration::from_mins(3);
/// So long the API server may take to hear of a written configuration.
const HEARD: Duration = Duration::from_secs(2);
/// So long after a change the authorities of before are believed: other replicas may be later.
const OVERLAP: SignedDuration = SignedDuration::from_mins(15);

/// What visitors meet.
pub(in crate::webhook) struct Facade {
    /// For new connections.
    pub(in crate::webhook) config: Arc<ServerConfig>,
    /// Whether visitors must have a certificate.
    pub(in crate::webhook) asks_for_certificates: bool,
}

/// Whom the API server is to believe.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::webhook) struct Trust {
    /// Grows with every change.
    pub(in crate::webhook) number: u64,
    /// Their certificates.
    pub(in crate::webhook) authorities: Vec<Certificate>,
}

/// Decides what one server shows.
pub(in crate::webhook) struct Presenter {
    pub(in crate::webhook) door: Door,
    pub(in crate::webhook) files: Files,
    /// What the Secret has.
    pub(in crate::webhook) own: watch::Receiver<Option<Arc<Identity>>>,
    /// Whether the Secret's is needed.
    pub(in crate::webhook) needs_own: watch::Sender<bool>,
    pub(in crate::webhook) facade: watch::Sender<Option<Arc<Facade>>>,
    pub(in crate::webhook) trust: watch::Sender<Option<Trust>>,
    /// The number of the trust that every configuration has.
    pub(in crate::webhook) written: watch::Receiver<u64>,
    /// Whether this replica leads, and so writes the configurations.
    pub(in crate::webhook) leads: watch::Receiver<bool>,
    pub(in crate::webhook) clock: Clock,
    pub(in crate::webhook) metrics: Metrics,
    pub(in crate::webhook) tell: Tell,
    pub(in crate::webhook) state: State,
}

/// What a presenter knows.
#[derive(Default)]
pub(in crate::webhook) struct State {
    /// The last good files.
    given: Option<Arc<Identity>>,
    shown: Option<Arc<Identity>>,
    clients: Clients,
    /// Authorities of before, and until when they are believed.
    former: Vec<(Vec<Certificate>, Timestamp)>,
    /// What was wrong with the files, as told.
    told: String,
}

/// Which visitors are let in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Clients {
    /// All.
    #[default]
    All,
    /// None, as it is not known who vouches for them.
    Nobody,
    /// Those with a certificate of one of these.
    Of(Vec<Certificate>),
}

impl Presenter {
    /// Shows what there is to show, and does not end. `changes` tells that files may have changed; the
    /// first of them comes when they are watched.
    pub(in crate::webhook) async fn run(
        mut self,
        mut wanted: watch::Receiver<bool>,
        mut changes: mpsc::Receiver<()>,
    ) {
        // The sender lives as long as the room.
        let _ = wanted.wait_for(|wanted| *wanted).await;
        self.read().await;
        loop {
            self.renew().await;
            let mut clock = self.clock.clone();
            let next = self.wake_at();
            let wake = async {
                match next {
                    Some(time) => clock.reach(time).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(()) = changes.recv() => self.read().await,
                Ok(()) = self.own.changed() => {}
                () = wake => {}
            }
        }
    }

    /// Reads the files.
    async fn read(&mut self) {
        let files = self.files.clone();
        let read = tokio::task::spawn_blocking(move || (files.identity(), files.clients()));
        let Ok((identity, clients)) = read.await else {
            return;
        };
        let mut wrong = Vec::new();
        match identity.and_then(|identity| self.acceptable(identity)) {
            Ok(Some(identity)) => self.state.given = Some(Arc::new(identity)),
            Ok(None) => {}
            Err(why) => wrong.push(why),
        }
        match clients {
            Ok(clients) if self.files.client_authorities.is_empty() && clients.is_empty() => {
                self.state.clients = Clients::All;
            }
            Ok(clients) => self.state.clients = Clients::Of(clients),
            Err(why) => {
                // Who was let in last goes on being let in; at first it is nobody.
                if self.state.clients == Clients::All {
                    self.state.clients = Clients::Nobody;
                }
                wrong.push(why);
            }
        }
        self.complain(&wrong.join("; "));
    }

    /// Whether a new identity may take the place of the one before.
    fn acceptable(&self, identity: Option<Identity>) -> Result<Option<Identity>, String> {
        let file = self.files.certificate.display();
        let Some(identity) = identity else {
            return match &self.state.given {
                Some(_) => Err(format!("{file} and its key are gone")),
                None => Ok(None),
            };
        };
        if identity.validity.until <= self.clock.now() {
            return Err(format!("{file} has ended at {}", identity.validity.until));
        }
        Ok(Some(identity))
    }

    fn complain(&mut self, wrong: &str) {
        if !wrong.is_empty() {
            self.metrics.count_certificate_error(self.door);
        }
        if wrong == self.state.told {
            return;
        }
        if !wrong.is_empty() {
            let instead = match (&self.state.given, &self.state.shown) {
                (Some(_), _) => "the last good ones stay in use",
                _ => "the operator's own certificate is used",
            };
            (self.tell)(News::FilesRefused(format!(
                "the certificate files of the {} webhooks cannot be used: {wrong}; {instead}",
                self.door
            )));
        }
        wrong.clone_into(&mut self.state.told);
    }

    /// What is to be shown: the files as long as they hold, else the Secret's.
    fn choice(&mut self) -> Option<Arc<Identity>> {
        let now = self.clock.now();
        let given = self.state.given.as_ref();
        let given = given.filter(|given| given.validity.until > now).cloned();
        let needs_own = given.is_none();
        self.needs_own
            .send_if_modified(|known| std::mem::replace(known, needs_own) != needs_own);
        let own = self.own.borrow_and_update().clone();
        // Better one that has ended than none.
        given.or(own).or_else(|| self.state.given.clone())
    }

    /// Shows what is to be shown.
    async fn renew(&mut self) {
        let Some(new) = self.choice() else {
            return;
        };
        let now = self.clock.now();
        self.state.former.retain(|(_, until)| *until > now);
        let believed = self.trust.borrow().clone().unwrap_or_default().authorities;
        let shown = self.state.shown.clone();
        if let Some(shown) = shown.filter(|shown| *shown != new) {
            let until = now.checked_add(OVERLAP).unwrap_or(now);
            self.state.former.push((shown.authorities.clone(), until));
            if !new.is_believed(&believed, now) {
                let number = self.trust_in(&new);
                self.await_written(number).await;
            }
        }
        self.trust_in(&new);
        self.show(&new);
        self.metrics.show_end(self.door, new.validity.until);
        self.state.shown = Some(new);
    }

    /// Has those who vouch for it believed, and those of before; answers the number of this trust.
    fn trust_in(&self, identity: &Identity) -> u64 {
        let mut authorities: Vec<Certificate> = Vec::new();
        let former = self.state.former.iter().rev();
        let all = former.flat_map(|(authorities, _)| authorities);
        for authority in identity.authorities.iter().chain(all) {
            if !authorities.contains(authority) {
                authorities.push(authority.clone());
            }
        }
        let mut number = 0;
        self.trust.send_if_modified(|trust| {
            let before = trust.get_or_insert_default();
            let is_new = before.number == 0 || before.authorities != authorities;
            if is_new {
                before.number += 1;
                before.authorities = authorities;
            }
            number = before.number;
            is_new
        });
        number
    }

    async fn await_written(&mut self, number: u64) {
        if !*self.leads.borrow()
            && timeout(LEADER, self.leads.wait_for(|leads| *leads))
                .await
                .is_err()
        {
            return;
        }
        let written = self.written.wait_for(|written| *written >= number);
        let is_in_time = timeout(PATIENCE, written).await.is_ok();
        if is_in_time {
            sleep(HEARD).await;
        } else {
            tracing::warn!(
                target: "webhook", server = %self.door,
                "the configurations could not be written in time; the new certificate is used all the same"
            );
        }
    }

    fn show(&self, identity: &Identity) {
        let clients = &self.state.clients;
        match facade(identity, clients) {
            Ok(facade) => drop(self.facade.send_replace(Some(Arc::new(facade)))),
            Err(why) => {
                tracing::error!(target: "webhook", server = %self.door, why, "the certificate cannot be used");
            }
        }
    }

    /// When something ends.
    fn wake_at(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        let former = self.state.former.iter().map(|(_, until)| *until);
        let given = self.state.given.iter().map(|given| given.validity.until);
        former.chain(given.filter(|until| *until > now)).min()
    }
}

fn facade(identity: &Identity, clients: &Clients) -> Result<Facade, String> {
    let provider = Arc::new(provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match clients {
        Clients::All | Clients::Nobody => builder.with_no_client_auth(),
        Clients::Of(authorities) => {
            let mut roots = RootCertStore::empty();
            for authority in authorities {
                roots
                    .add(authority.clone())
                    .map_err(|error| error.to_string())?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                // Probes have none; requests without one are refused by the server.
                .allow_unauthenticated()
                .build()
                .map_err(|error| error.to_string())?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let resolver = SingleCertAndKey::from((*identity.key).clone());
    let mut config = builder.with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Facade {
        config: Arc::new(config),
        asks_for_certificates: *clients != Clients::All,
    })
}

/// What visitors of 127.0.0.1 may meet, and whom they have to believe.
#[cfg(test)]
pub(in crate::webhook) fn trial() -> (Facade, Certificate) {
    let names = ["127.0.0.1".to_owned()];
    let contents = super::contents::Contents::make(&names, Timestamp::now()).unwrap();
    let facade = facade(&contents.identity, &Clients::All).unwrap();
    (facade, contents.identity.authorities[0].clone())
}
