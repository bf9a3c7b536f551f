//! What hooks hear: news of watches, crontabs, and the folder of the global hooks.

use std::future::pending;
use std::time::Instant;

use jiff::{Timestamp, Zoned};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::house::House;
use crate::schedule::{Crontab, Timers};
use crate::watch::{News, NewsReceiver, Shared};

/// News that are taken in one turn of the loop, so that a burst starts its followers once.
const AT_ONCE: usize = 256;

/// The content of the folder of the global hooks; `None`: not read yet.
pub(super) type GlobalHooks = watch::Receiver<Option<[u8; 32]>>;

/// Something for the house.
pub(super) enum Heard {
    /// Watches told something.
    News(Vec<News>),
    /// The time of crontabs has come.
    Due(Vec<Crontab>),
    /// The folder of the global hooks is known, or changed.
    GlobalHooks([u8; 32]),
}

/// Hears for the hooks.
pub(super) struct Hearing {
    watches: Shared,
    news: NewsReceiver,
    timers: Timers,
    global_hooks: GlobalHooks,
    version: u64,
}

impl Hearing {
    pub(super) fn new(watches: Shared, news: NewsReceiver, global_hooks: GlobalHooks) -> Self {
        Self {
            watches,
            news,
            timers: Timers::default(),
            global_hooks,
            version: 0,
        }
    }

    /// The content of the folder of the global hooks, as far as it is known.
    pub(super) fn global_hooks(&mut self) -> Option<[u8; 32]> {
        *self.global_hooks.borrow_and_update()
    }

    /// Waits for something to take in. May be dropped and called again.
    pub(super) async fn hear(&mut self) -> Heard {
        tokio::select! {
            biased;
            Ok(()) = self.global_hooks.changed() => {
                let folder = *self.global_hooks.borrow_and_update();
                Heard::GlobalHooks(folder.unwrap_or_default())
            }
            Some(first) = self.news.recv() => {
                let mut news = vec![first];
                while news.len() < AT_ONCE && let Some(more) = self.news.try_recv() {
                    news.push(more);
                }
                Heard::News(news)
            }
            () = wait(&self.timers) => Heard::Due(self.timers.due(&Zoned::now())),
        }
    }

    /// Listens to what the hooks are bound to now.
    pub(super) fn follow(&mut self, house: &House) {
        let version = house.bindings_version();
        if std::mem::replace(&mut self.version, version) != version {
            self.watches.reconcile(house.monitors());
            self.timers.set(house.crontabs(), &Zoned::now());
        }
    }
}

/// Gives the house what was heard.
pub(super) fn take(house: &mut House, heard: Heard) {
    match heard {
        Heard::News(news) => {
            for news in news {
                house.take_news(news, (Instant::now(), Timestamp::now()));
            }
        }
        Heard::Due(crontabs) => house.take_schedule(&crontabs, Instant::now()),
        Heard::GlobalHooks(folder) => house.take_global_hooks(folder),
    }
}

/// Waits until the crontabs are to be looked at.
async fn wait(timers: &Timers) {
    match timers.wait(Timestamp::now()) {
        Some(wait) => sleep(wait).await,
        None => pending().await,
    }
}
