//! What is in the queues, in the original's JSON shape and text form.

use serde::{Deserialize, Serialize};

/// All queues.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueDump {
    /// The queues that have tasks: main first, then by name.
    pub active: Vec<QueueRow>,
    /// The queues without tasks, in the same order; left out when they were not asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub empty: Vec<QueueRow>,
    /// How many there are.
    pub summary: QueueSummary,
}

/// One queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueRow {
    /// The queue's name.
    pub name: String,
    /// How many tasks it holds, the running one included.
    pub tasks_count: usize,
    /// What it does now: `run first task`, `sleep after fail for 5s (3s left of 5s delay)`; empty
    /// when it holds no task.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// Its tasks, the running one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<QueueTask>,
}

/// One task of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueTask {
    /// Its place, from 1.
    pub index: usize,
    /// `<Type>:<queue>:<metadata>[:failures N[:message]]`.
    pub description: String,
}

/// How many tasks there are in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueSummary {
    /// Tasks of the main queue.
    pub main_queue_tasks: usize,
    /// The queues but main.
    pub other_queues: OtherQueues,
    /// Tasks of all queues.
    pub total_tasks: usize,
}

/// The queues but main.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherQueues {
    /// How many have tasks.
    pub active: usize,
    /// How many have none.
    pub empty: usize,
    /// Their tasks.
    pub tasks: usize,
}
