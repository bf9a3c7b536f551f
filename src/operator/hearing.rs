//! What hooks hear: news of watches, crontabs, and the folder of the global hooks.

use std::future::pending;
use std::time::{Duration, Instant};

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
        let next = self.timers.next();
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
            () = sleep_until(next) => Heard::Due(self.timers.due(&Zoned::now())),
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

/// Waits for a time of the wall clock. The clock may be set meanwhile: a long wait looks again.
async fn sleep_until(next: Option<Timestamp>) {
    const LOOK_AGAIN: Duration = Duration::from_mins(1);
    let Some(next) = next else {
        return pending().await;
    };
    loop {
        let left = next.duration_since(Timestamp::now());
        match Duration::try_from(left) {
            Ok(left) if !left.is_zero() => sleep(left.min(LOOK_AGAIN)).await,
            _ => return,
        }
    }
}
