//! The points of a story: before and after every write of a run without faults. At each of them an
//! operator is killed, and the next one must come to the same end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use futures::future::join_all;
use serde_json::Value;

use super::lane::Lane;
use super::state::{self, State};
use super::story::Story;
use crate::support::proxy::Deed;
use crate::support::{self, ApiServer, eventually, rest, say};

/// Lanes of one story: two cores have work while one of them waits.
const LANES: usize = 3;
/// To end in order is what every deployment does; it takes less to show.
const TOLD_EVERY: usize = 4;
const PATIENCE: Duration = Duration::from_secs(30);

/// How an operator ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// `kill -9`, before the server has seen the write.
    KilledBefore,
    /// `kill -9`, when the server has carried it out and the operator does not know.
    KilledAfter,
    /// SIGTERM, with the write under way.
    Told,
}

/// Where one life ends: at the write of this number, from 1.
#[derive(Debug, Clone, Copy)]
struct Point {
    write: usize,
    end: End,
}

/// What a run without faults leads to.
struct Expected {
    state: State,
    writes: usize,
}

/// Runs the points of a story; panics with all that ended otherwise.
pub(super) async fn survives(story: Story) {
    let Some(server) = support::api_server() else {
        return;
    };
    let begun = Instant::now();
    let walks = (0..LANES).map(|number| walk(server, &story, number));
    let (mut killed, mut told, mut failures) = (0, 0, Vec::new());
    for walked in join_all(walks).await {
        killed += walked.killed;
        told += walked.told;
        failures.extend(walked.failures);
    }
    say(&format!(
        "kill points | {} | {killed} killed, {told} told to end | {} failed | {:.0} s",
        story.name,
        failures.len(),
        begun.elapsed().as_secs_f64(),
    ));
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(killed > 0, "{} has no points", story.name);
}

#[derive(Default)]
struct Walked {
    killed: usize,
    told: usize,
    failures: Vec<String>,
}

/// The points of a story, in order.
fn points(writes: usize) -> impl Iterator<Item = Point> {
    let is_whole = std::env::var_os("ADDON_OPERATOR_KILL_POINTS").is_some();
    let every = if is_whole { 1 } else { TOLD_EVERY };
    let ends = move |write: usize| {
        let told = write.is_multiple_of(every).then_some(End::Told);
        [End::KilledBefore, End::KilledAfter]
            .into_iter()
            .chain(told)
    };
    (1..=writes).flat_map(move |write| ends(write).map(move |end| Point { write, end }))
}

/// Every `LANES`th of the points, in a namespace of its own.
async fn walk(server: &'static ApiServer, story: &Story, number: usize) -> Walked {
    let mut lane = Lane::new(server, "kill").await;
    let mut walk = Walk {
        story,
        prepared: Vec::new(),
    };
    walk.prepare(&lane).await;
    let expected = match walk.without_faults(&mut lane).await {
        Ok(expected) => expected,
        Err(error) => panic!("{} without faults: {error}\n{}", story.name, lane.log()),
    };
    let mut walked = Walked::default();
    for point in points(expected.writes).skip(number).step_by(LANES) {
        match point.end {
            End::Told => walked.told += 1,
            End::KilledBefore | End::KilledAfter => walked.killed += 1,
        }
        if let Err(error) = walk.at(&mut lane, point, &expected).await {
            let of = expected.writes;
            let log = last_lines(&lane.log(), 60);
            let failure = format!("{} {point:?} of {of}: {error}\n{log}", story.name);
            walked.failures.push(failure);
        }
    }
    lane.empty();
    state::clear(&lane).await;
    walked
}

struct Walk<'a> {
    story: &'a Story,
    /// What Helm wrote, to be written again before each run.
    prepared: Vec<(String, Value)>,
}

impl Walk<'_> {
    /// Has Helm make the release of the story, once, and notes what it wrote.
    async fn prepare(&mut self, lane: &Lane) {
        let Some((release, manifests)) = self.story.release else {
            return;
        };
        let namespace = lane.namespace.name();
        let Some(helm) = support::Helm::new(lane.proxy.kubeconfig(), namespace).await else {
            return;
        };
        helm.upgrade(release, manifests).await;
        for object in state::objects(lane).await {
            let (path, mut object) = object;
            let collection = path.rsplit_once('/').expect("a path").0.to_owned();
            let metadata = object["metadata"].as_object_mut().expect("metadata");
            for key in [
                "uid",
                "resourceVersion",
                "creationTimestamp",
                "managedFields",
            ] {
                metadata.remove(key);
            }
            self.prepared.push((collection, object));
        }
    }

    /// Empties the lane, and brings about what the story begins with.
    async fn begin(&self, lane: &mut Lane) {
        lane.empty();
        state::clear(lane).await;
        for (collection, object) in &self.prepared {
            // As Helm does it under this name.
            let path = format!("{collection}?fieldManager=addon-operator");
            rest::create(&lane.client, &path, object).await;
        }
        for (path, text) in &self.story.files {
            lane.write(path, text);
        }
        lane.proxy.pass();
        lane.proxy.forget();
    }

    async fn without_faults(&self, lane: &mut Lane) -> Result<Expected, String> {
        self.begin(lane).await;
        lane.start();
        if !self.story.edits.is_empty() {
            lane.settled(|| false).await?;
            lane.proxy.forget();
            self.edit(lane).await;
            lane.proxy
                .until("a write", |noted| {
                    noted.iter().any(|noted| noted.asked.write.is_some())
                })
                .await;
        }
        lane.settled(|| false).await?;
        let writes = lane.proxy.writes().len();
        self.finish(lane).await?;
        if !self.story.meanwhile.is_empty() {
            self.begin(lane).await;
            self.change(lane).await;
            lane.start();
            lane.settled(|| false).await?;
            self.finish(lane).await?;
        }
        let objects = state::objects(lane).await;
        let state = self.comparable(&objects);
        let orphans = state::orphans(&objects);
        if !orphans.is_empty() {
            return Err(orphans.join("\n"));
        }
        Ok(Expected { state, writes })
    }

    /// One life that ends at a point, and one that comes after it.
    async fn at(&self, lane: &mut Lane, point: Point, expected: &Expected) -> Result<(), String> {
        self.begin(lane).await;
        let tripped = Arc::new(AtomicBool::new(false));
        if self.story.edits.is_empty() {
            plan(lane, point, &tripped);
            lane.start();
        } else {
            lane.start();
            lane.settled(|| false).await?;
            lane.proxy.forget();
            plan(lane, point, &tripped);
            self.edit(lane).await;
            lane.proxy
                .until("a write", |noted| {
                    noted.iter().any(|noted| noted.asked.write.is_some())
                })
                .await;
        }
        lane.settled(|| tripped.load(Ordering::Relaxed)).await?;
        let drawn = self.drawn(&state::objects(lane).await);
        if point.end == End::Told {
            lane.terminate();
            lane.ended().await?;
            self.nothing_left(lane).await;
        } else {
            until_carried_out(lane, point).await;
            lane.kill();
        }
        let drawn = if point.end == End::Told {
            drawn
        } else {
            self.drawn(&state::objects(lane).await)
        };
        lane.proxy.pass();
        lane.proxy.forget();
        self.change(lane).await;
        lane.start();
        lane.settled(|| false).await?;
        self.finish(lane).await?;
        let objects = state::objects(lane).await;
        let mut told = state::differences(&expected.state, &self.comparable(&objects));
        told.extend(state::orphans(&objects));
        let now = self.drawn(&objects);
        told.extend(
            drawn
                .difference(&now)
                .map(|_| "what was drawn was drawn anew".to_owned()),
        );
        if told.is_empty() {
            Ok(())
        } else {
            Err(told.join("\n"))
        }
    }

    async fn edit(&self, lane: &Lane) {
        for edit in &self.story.edits {
            edit.make(lane).await;
        }
    }

    /// What happens while nobody runs.
    async fn change(&self, lane: &Lane) {
        for edit in &self.story.meanwhile {
            edit.make(lane).await;
        }
    }

    /// Ends it in order; nothing is left.
    async fn finish(&self, lane: &mut Lane) -> Result<(), String> {
        lane.terminate();
        lane.ended().await?;
        self.nothing_left(lane).await;
        Ok(())
    }

    async fn nothing_left(&self, lane: &Lane) {
        eventually("nothing is left of it", PATIENCE, async || {
            let left = [lane.left_over(), lane.processes()].concat();
            if left.is_empty() {
                Ok(())
            } else {
                Err(left.join(" "))
            }
        })
        .await;
    }

    fn comparable(&self, objects: &State) -> State {
        let mut state = state::comparable(objects, &self.drawn(objects));
        for (object, field) in &self.story.differs {
            let found = state.iter_mut().find(|(path, _)| path.ends_with(object));
            if let Some(value) = found.and_then(|(_, found)| found.pointer_mut(field)) {
                *value = Value::Null;
            }
        }
        state
    }

    /// The texts that the charts of the story drew, where they are told in the open.
    fn drawn(&self, objects: &State) -> BTreeSet<String> {
        let mut drawn = BTreeSet::new();
        for (object, field) in &self.story.drawn {
            let found = objects.iter().find(|(path, _)| path.ends_with(object));
            let value = found.and_then(|(_, found)| found.pointer(field)?.as_str());
            let Some(text) = value else { continue };
            drawn.insert(text.to_owned());
            let decoded = base64::engine::general_purpose::STANDARD.decode(text).ok();
            drawn.extend(decoded.and_then(|bytes| String::from_utf8(bytes).ok()));
        }
        drawn
    }
}

/// From the write of the point on nothing is carried out any more, or late.
fn plan(lane: &Lane, point: Point, tripped: &Arc<AtomicBool>) {
    let tripped = tripped.clone();
    lane.proxy.plan(move |asked| {
        let Some(write) = asked.write.filter(|write| *write >= point.write) else {
            return Deed::Pass;
        };
        tripped.store(true, Ordering::Relaxed);
        match point.end {
            End::Told => Deed::PassAfter(Duration::from_millis(100)),
            End::KilledAfter if write == point.write => Deed::PassAndHang,
            End::KilledBefore | End::KilledAfter => Deed::Hang,
        }
    });
}

/// Waits until the server has answered the write of the point, if it is one that passes, and those
/// before it.
async fn until_carried_out(lane: &Lane, point: Point) {
    let last = if point.end == End::KilledAfter {
        point.write
    } else {
        point.write - 1
    };
    lane.proxy
        .until("the writes before the point are carried out", |noted| {
            let mut before = noted
                .iter()
                .filter(|noted| noted.asked.write.is_some_and(|write| write <= last));
            before.all(|noted| noted.passed.is_some())
        })
        .await;
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
