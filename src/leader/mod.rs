//! Who of several replicas leads, and so who may write.
//!
//! *In:* what the Lease says and when it was heard, how requests ended, what time it is on a clock of this
//! machine · *Out:* the next request, who leads, and the [`Fence`] through which every write goes ·
//! *Never:* reads a clock, sends anything, or trusts a time that another machine wrote.
//!
//! The algorithm is that of client-go, so that both kinds of operator can share a Lease
//! (`coordination.k8s.io/v1`). Why no two ever write at once, with the usual 15, 10 and 2 seconds:
//!
//! ```text
//! leader    sends a renewal ──────────────────── 10 s ──▶ writes nothing more, hooks are ended
//!                │ stored                                 ┊ what was sent before is over, or dead
//! follower       └─▶ hears of it ──────────────────────────── 15 s ──▶ may take the Lease
//! ```
//!
//! - The leader counts from *before* it sends, a follower from when it *hears*: whatever the network does
//!   in between makes the gap longer, never shorter. Each counts on its own clock, which may be set to
//!   any time, and run two per cent too fast or too slow.
//! - A write gets no more time than the leader has left, and the API server is told so; what the kernel
//!   cannot deliver in three of the five seconds that are left, it drops.
//! - A Lease is taken only in the version that was heard of last, so of two one fails, and a renewal that
//!   is late finds that it is too late.
//! - What another process wrote under our name is known by not being a record that we sent.

mod deed;
mod election;
mod fence;
mod moment;
mod record;
mod terms;
#[cfg(test)]
mod tests;

pub use deed::{Answer, Deed, Request};
pub use election::{Election, Over, Standing};
pub use fence::{Fence, Pass};
pub use moment::Moment;
pub use record::{Lease, Record};
pub use terms::Terms;
