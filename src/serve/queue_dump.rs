//! What is in the queues, in the original's JSON shape and text form.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// The queue that always exists.
const MAIN: &str = "main";

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

impl QueueDump {
    /// The dump of these queues, main among them; sorts and counts them.
    pub fn new(mut queues: Vec<QueueRow>, show_empty: bool) -> Self {
        queues.sort_by(|left, right| {
            (left.name != MAIN, &left.name).cmp(&(right.name != MAIN, &right.name))
        });
        let (empty, active): (Vec<_>, Vec<_>) =
            queues.into_iter().partition(|queue| queue.tasks_count == 0);
        let summary = QueueSummary::count(&active, &empty);
        Self {
            active,
            empty: if show_empty { empty } else { Vec::new() },
            summary,
        }
    }

    /// The original's text form. `show_empty` as it was asked for.
    pub fn text(&self, show_empty: bool) -> String {
        let mut text = self
            .active
            .iter()
            .map(QueueRow::text)
            .collect::<Vec<_>>()
            .join("\n");
        // A main queue that is empty and alone is told by the summary already.
        let only_main = !self.empty.is_empty() && self.summary.other_queues.count() == 0;
        if show_empty && !only_main {
            text.push_str(&self.empty_text());
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text + &self.summary.text()
    }

    fn empty_text(&self) -> String {
        let mut text = format!("\nEmpty queues ({}):\n", self.empty.len());
        for queue in &self.empty {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "- {}", queue.name);
        }
        text
    }
}

impl QueueRow {
    /// A queue with the descriptions of its tasks, the running one first.
    pub fn new(
        name: impl Into<String>,
        status: impl Into<String>,
        tasks: impl IntoIterator<Item = String>,
    ) -> Self {
        let tasks: Vec<QueueTask> = (1..)
            .zip(tasks)
            .map(|(index, description)| QueueTask { index, description })
            .collect();
        Self {
            name: name.into(),
            tasks_count: tasks.len(),
            status: if tasks.is_empty() {
                String::new()
            } else {
                status.into()
            },
            tasks,
        }
    }

    /// The original's text form.
    pub fn text(&self) -> String {
        let Self {
            name,
            tasks_count,
            status,
            tasks,
        } = self;
        let mut text = format!("Queue '{name}': length {tasks_count}, status: '{status}'\n\n");
        for QueueTask { index, description } in tasks {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{index:2}. {description}");
        }
        text
    }
}

impl QueueSummary {
    fn count(active: &[QueueRow], empty: &[QueueRow]) -> Self {
        let is_other = |queue: &&QueueRow| queue.name != MAIN;
        let total_tasks = active.iter().map(|queue| queue.tasks_count).sum();
        let tasks = active
            .iter()
            .filter(is_other)
            .map(|queue| queue.tasks_count)
            .sum();
        Self {
            main_queue_tasks: total_tasks - tasks,
            other_queues: OtherQueues {
                active: active.iter().filter(is_other).count(),
                empty: empty.iter().filter(is_other).count(),
                tasks,
            },
            total_tasks,
        }
    }

    fn text(&self) -> String {
        let main = match self.main_queue_tasks {
            0 => "empty".to_owned(),
            tasks => counted(tasks, "task"),
        };
        let mut text = format!("Summary:\n- '{MAIN}' queue: {main}.\n");
        let others = self.other_queues;
        if others.count() > 0 {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "- {} ({} active, {} empty): {}.",
                counted(others.count(), "other queue"),
                others.active,
                others.empty,
                counted(others.tasks, "task"),
            );
        }
        let total = match self.total_tasks {
            0 => "no tasks".to_owned(),
            tasks => format!("total {}", counted(tasks, "task")),
        };
        text + &format!("- {total} to handle.\n")
    }
}

impl OtherQueues {
    fn count(&self) -> usize {
        self.active + self.empty
    }
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(name: &str, tasks: usize) -> QueueRow {
        let descriptions = (0..tasks).map(|index| format!("ModuleRun:{name}:m{index}"));
        QueueRow::new(name, "run first task", descriptions)
    }

    #[test]
    fn text_is_the_originals() {
        let dump = QueueDump::new(vec![queue("b", 1), queue("a", 0), queue("main", 2)], false);
        assert_eq!(
            dump.text(false),
            "Queue 'main': length 2, status: 'run first task'\n\
             \n \
             1. ModuleRun:main:m0\n \
             2. ModuleRun:main:m1\n\
             \n\
             Queue 'b': length 1, status: 'run first task'\n\
             \n \
             1. ModuleRun:b:m0\n\
             \n\
             Summary:\n\
             - 'main' queue: 2 tasks.\n\
             - 2 other queues (1 active, 1 empty): 1 task.\n\
             - total 3 tasks to handle.\n"
        );
    }

    #[test]
    fn text_of_empty_queues_is_the_originals() {
        let nothing = QueueDump::new(vec![queue("main", 0)], true);
        assert_eq!(
            nothing.text(true),
            "Summary:\n- 'main' queue: empty.\n- no tasks to handle.\n"
        );
        let dump = QueueDump::new(vec![queue("x", 0), queue("main", 0)], true);
        assert_eq!(
            dump.text(true),
            "\nEmpty queues (2):\n- main\n- x\n\nSummary:\n- 'main' queue: empty.\n\
             - 1 other queue (0 active, 1 empty): 0 tasks.\n- no tasks to handle.\n"
        );
    }

    #[test]
    fn json_is_the_originals() {
        let dump = QueueDump::new(vec![queue("x", 0), queue("main", 1)], true);
        assert_eq!(
            serde_json::to_value(&dump).unwrap(),
            serde_json::json!({
                "active": [{"name": "main", "tasksCount": 1, "status": "run first task",
                    "tasks": [{"index": 1, "description": "ModuleRun:main:m0"}]}],
                "empty": [{"name": "x", "tasksCount": 0}],
                "summary": {"mainQueueTasks": 1, "totalTasks": 1,
                    "otherQueues": {"active": 0, "empty": 1, "tasks": 0}},
            })
        );
        let hidden = QueueDump::new(vec![queue("x", 0), queue("main", 1)], false);
        assert!(
            serde_json::to_value(&hidden)
                .unwrap()
                .get("empty")
                .is_none()
        );
        assert_eq!(hidden.summary, dump.summary);
    }

    #[test]
    fn a_dump_survives_its_json() {
        let dump = QueueDump::new(vec![queue("x", 3), queue("main", 0)], true);
        let text = serde_json::to_string(&dump).unwrap();
        assert_eq!(serde_json::from_str::<QueueDump>(&text).unwrap(), dump);
    }
}
