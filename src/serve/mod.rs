//! What people and machines ask of the running operator: health, metrics and the debug socket.
//!
//! *In:* requests over HTTP and over the debug socket, the state of converge · *Out:* [`Asked`]
//! questions for the operator, its answers as text, JSON and YAML · *Never:* knows an answer itself,
//! holds state of the operator, changes the cluster.

mod client;
mod debug;
mod document;
mod error;
mod hook_list;
mod http;
mod leadership;
mod query;
mod queue_dump;
mod table;

pub use client::{Client, encoded};
pub use debug::DebugServer;
pub use document::{
    ConvergePhase, ConvergeStatus, Explanation, GlobalHooks, LeafOrigin, ModuleList, ModuleRow,
    ModuleState, Monitor, Parameter, ParameterList, ResourceMonitors,
};
pub use error::Error;
pub use hook_list::{BindingRow, BindingState, HookList, HookRow, LatestRun};
pub use http::{HttpPages, HttpServer, ListenFlags, MetricsText};
pub use leadership::Leadership;
pub use query::{Answer, Asked, Query, Refusal};
pub use queue_dump::{OtherQueues, QueueDump, QueueRow, QueueSummary, QueueTask};
pub use table::{Cell, Paint, Table, Tone, painted};
