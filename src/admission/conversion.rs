//! A conversion, step by step: `ConversionReview`, v1 and v1beta1.
//!
//! Each step gives one hook all objects of one version. Nothing but the hooks' answers is needed from
//! step to step, so that the steps may take their time elsewhere.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::chain::short;
use super::{Answered, Rule, Rules, review_version};

/// The API group of conversion reviews.
const GROUP: &str = "apiextensions.k8s.io";
/// What identifies an object, by key of its metadata.
const IDENTITY: [&str; 3] = ["uid", "namespace", "name"];

/// Objects on their way to a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversion {
    /// The `apiVersion` of the review.
    version: String,
    uid: String,
    /// The definition whose objects they are.
    definition: String,
    /// The whole version that all shall have: `stable.example.com/v1`.
    desired: String,
    /// The objects as they are now, in the order of the request.
    objects: Vec<Value>,
}

/// What a hook has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The hook and its rule.
    pub rule: Rule,
    /// The `ConversionRequest` with the objects of the rule's version, as JSON.
    pub request: Arc<str>,
    /// Where these objects are in the whole request.
    positions: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Review {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    request: Option<Request>,
}

#[derive(Deserialize)]
struct Request {
    uid: String,
    #[serde(rename = "desiredAPIVersion")]
    desired: String,
    #[serde(default)]
    objects: Vec<Value>,
}

impl Conversion {
    /// Reads the body of a review about objects of `definition`.
    ///
    /// *Errors*: it is none; the answer says what is wrong with it.
    pub fn parse(definition: &str, body: &[u8]) -> Result<Self, Answered> {
        let bad = |why: String| Err(Answered::bad_request(&why));
        let review: Review = match serde_json::from_slice(body) {
            Ok(review) => review,
            Err(error) => return bad(format!("no ConversionReview: {error}")),
        };
        let version = review_version(GROUP, &review.api_version);
        let Some(version) = version.filter(|_| review.kind == "ConversionReview") else {
            return bad(format!(
                "expected a ConversionReview of {GROUP}/v1 or v1beta1, got {:?} {:?}",
                review.api_version, review.kind
            ));
        };
        let Some(request) = review.request else {
            return bad("the ConversionReview has no request".to_owned());
        };
        let conversion = Self {
            version,
            uid: request.uid,
            definition: definition.to_owned(),
            desired: request.desired,
            objects: request.objects,
        };
        if short(&conversion.desired, conversion.group()).is_none() {
            let desired = &conversion.desired;
            return bad(format!("{desired:?} is no version of {definition}"));
        }
        for (position, object) in conversion.objects.iter().enumerate() {
            if conversion.version_of(object).is_none() {
                return bad(format!("objects[{position}] is no object of {definition}"));
            }
        }
        Ok(conversion)
    }

    /// What has to be done next; `None` when all objects have the desired version.
    ///
    /// *Errors*: there is no way; a sentence.
    pub fn next(&self, rules: &Rules) -> Result<Option<Step>, String> {
        let desired = self.desired_version();
        let mut versions = self.objects.iter().filter_map(|it| self.version_of(it));
        let Some(version) = versions.find(|version| *version != desired) else {
            return Ok(None);
        };
        let Some(rule) = rules.first_step(version, desired) else {
            return Err(format!(
                "no hook converts {} from {version} to {desired}",
                self.definition
            ));
        };
        let positions = (0..self.objects.len())
            .filter(|position| self.version_at(*position) == Some(version))
            .collect::<Vec<_>>();
        let objects: Vec<&Value> = positions
            .iter()
            .filter_map(|position| self.objects.get(*position))
            .collect();
        let request = json!({
            "uid": self.uid, "desiredAPIVersion": self.desired, "objects": objects,
        });
        Ok(Some(Step {
            rule: rule.clone(),
            request: request.to_string().into(),
            positions,
        }))
    }

    /// Takes what a hook made of the objects of a step.
    ///
    /// *Errors*: it is not what the step asks for; a sentence about the first object that is wrong.
    pub fn take(&mut self, step: &Step, converted: Vec<Value>) -> Result<(), String> {
        let (wanted, found) = (step.positions.len(), converted.len());
        if wanted != found {
            return Err(format!("gave back {found} objects of {wanted}"));
        }
        let mut converted: Vec<Option<Value>> = converted.into_iter().map(Some).collect();
        let mut taken = Vec::with_capacity(wanted);
        for (index, position) in step.positions.iter().enumerate() {
            let Some(before) = self.objects.get(*position) else {
                continue;
            };
            let after = take_same(before, index, &mut converted)?;
            self.check_version((before, &after), &step.rule)?;
            taken.push((*position, keep_metadata(before, after)));
        }
        for (position, object) in taken {
            if let Some(place) = self.objects.get_mut(position) {
                *place = object;
            }
        }
        Ok(())
    }

    /// The answer: all objects, in the order of the request.
    pub fn answer(&self) -> Answered {
        self.review(&json!({
            "uid": self.uid, "result": {"status": "Success"}, "convertedObjects": self.objects,
        }))
    }

    /// The answer when it cannot be done; why.
    pub fn refuse(&self, why: &str) -> Answered {
        self.review(&json!({
            "uid": self.uid, "result": {"status": "Failed", "message": why},
        }))
    }

    /// What it is about: `2 objects of crontabs.stable.example.com to v1`.
    pub fn summary(&self) -> String {
        let (count, to) = (self.objects.len(), self.desired_version());
        let objects = if count == 1 { "object" } else { "objects" };
        format!("{count} {objects} of {} to {to}", self.definition)
    }

    /// The definition whose objects they are.
    pub fn definition(&self) -> &str {
        &self.definition
    }

    fn review(&self, response: &Value) -> Answered {
        Answered::json(&json!({
            "apiVersion": self.version, "kind": "ConversionReview", "response": response,
        }))
    }

    fn group(&self) -> &str {
        let parts = self.definition.split_once('.');
        parts.map_or("", |(_, group)| group)
    }

    fn desired_version(&self) -> &str {
        short(&self.desired, self.group()).unwrap_or(&self.desired)
    }

    /// The short version of an object; `None` when it is of another group.
    fn version_of<'a>(&self, object: &'a Value) -> Option<&'a str> {
        let (group, version) = object.get("apiVersion")?.as_str()?.rsplit_once('/')?;
        (group == self.group()).then_some(version)
    }

    fn version_at(&self, position: usize) -> Option<&str> {
        self.version_of(self.objects.get(position)?)
    }

    /// A hook may go all the way at once.
    fn check_version(&self, (before, after): (&Value, &Value), rule: &Rule) -> Result<(), String> {
        let found = self.version_of(after);
        if found == Some(rule.to.as_str()) || found == Some(self.desired_version()) {
            return Ok(());
        }
        let found = after.get("apiVersion").unwrap_or(&Value::Null);
        let expected = format!("{}/{}", self.group(), rule.to);
        Err(format!(
            "gave {} back with apiVersion {found}, expected {expected:?}",
            told(before)
        ))
    }
}

/// Takes, out of what a hook gave back, the object that was `before`: the one at its place, or else the
/// one with its identity.
fn take_same(
    before: &Value,
    index: usize,
    converted: &mut [Option<Value>],
) -> Result<Value, String> {
    let at_place = converted.get(index).and_then(Option::as_ref);
    let index = if at_place.is_some_and(|after| is_same(before, after)) {
        Some(index)
    } else {
        let mut all = converted.iter();
        all.position(|after| {
            after
                .as_ref()
                .is_some_and(|after| is_identical(before, after))
        })
    };
    let found = index.and_then(|index| converted.get_mut(index)?.take());
    found.ok_or_else(|| {
        let others = converted.iter().flatten().map(told).collect::<Vec<_>>();
        format!(
            "did not give back {}; there is {}",
            told(before),
            others.join(", ")
        )
    })
}

/// Whether nothing that identifies an object is another. What is left out counts as kept.
fn is_same(before: &Value, after: &Value) -> bool {
    let is_kept = |before: Option<&Value>, after: Option<&Value>| match after {
        None | Some(Value::Null) => true,
        after => before == after,
    };
    is_kept(before.get("kind"), after.get("kind"))
        && IDENTITY.iter().all(|key| {
            let of = |object: &'_ Value| object.get("metadata").and_then(|it| it.get(key)).cloned();
            is_kept(of(before).as_ref(), of(after).as_ref())
        })
}

fn is_identical(before: &Value, after: &Value) -> bool {
    let of = |object: &Value| IDENTITY.map(|key| object["metadata"].get(key).cloned());
    before.get("kind") == after.get("kind") && of(before) == of(after)
}

/// A conversion may change labels and annotations, and no other metadata.
fn keep_metadata(before: &Value, mut after: Value) -> Value {
    let Some(fields) = after.as_object_mut() else {
        return after;
    };
    if let Some(kind) = before.get("kind") {
        fields.insert("kind".to_owned(), kind.clone());
    }
    let mut metadata = before.get("metadata").cloned().unwrap_or(json!({}));
    let changed = fields.remove("metadata");
    for key in ["labels", "annotations"] {
        let value = changed.as_ref().and_then(|it| it.get(key)).cloned();
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.remove(key);
            metadata.extend(value.map(|value| (key.to_owned(), value)));
        }
    }
    fields.insert("metadata".to_owned(), metadata);
    after
}

/// `CronTab shop/a`.
fn told(object: &Value) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let metadata = object.get("metadata");
    let of = |key: &str| text(metadata.and_then(|it| it.get(key)));
    let namespace = match of("namespace") {
        namespace if namespace.is_empty() => namespace,
        namespace => format!("{namespace}/"),
    };
    format!("{} {namespace}{}", text(object.get("kind")), of("name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::{Converted, parse_converted};
    use crate::binding::{HookConfig, Place, parse_config};

    const DEFINITION: &str = "tabs.example.com";

    fn config() -> HookConfig {
        let text = "{configVersion: v1, kubernetesCustomResourceConversion: [{name: x, crdName: tabs.example.com, conversions: [{fromVersion: v1, toVersion: v2}, {fromVersion: v2, toVersion: example.com/v3}]}]}";
        parse_config("hook", text, Place::Global).unwrap()
    }

    fn rules() -> Rules {
        Rules::new(DEFINITION, [(None, "a", &config())])
    }

    fn tab(version: &str, name: &str) -> Value {
        json!({
            "apiVersion": format!("example.com/{version}"), "kind": "Tab",
            "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"), "generation": 3},
            "spec": {"from": version},
        })
    }

    fn review(desired: &str, objects: &[Value]) -> Vec<u8> {
        let review = json!({
            "kind": "ConversionReview", "apiVersion": "apiextensions.k8s.io/v1",
            "request": {"uid": "u-1", "desiredAPIVersion": desired, "objects": objects},
        });
        review.to_string().into_bytes()
    }

    fn conversion(objects: &[Value]) -> Conversion {
        Conversion::parse(DEFINITION, &review("example.com/v3", objects)).unwrap()
    }

    /// What a hook makes of a step.
    fn converted(step: &Step) -> Vec<Value> {
        let request: Value = serde_json::from_str(&step.request).unwrap();
        let objects = request["objects"].as_array().unwrap().iter();
        let convert = |object: &Value| {
            let mut object = object.clone();
            assert_eq!(
                object["apiVersion"],
                format!("example.com/{}", step.rule.from)
            );
            object["apiVersion"] = json!(format!("example.com/{}", step.rule.to));
            object
        };
        objects.map(convert).collect()
    }

    fn response(answered: &Answered) -> Value {
        assert_eq!(answered.code, 200);
        let answer: Value = serde_json::from_slice(&answered.body).unwrap();
        assert_eq!(answer["apiVersion"], "apiextensions.k8s.io/v1");
        assert_eq!(answer["response"]["uid"], "u-1");
        answer["response"].clone()
    }

    #[test]
    fn objects_of_several_versions_come_back_in_their_order() {
        let mut conversion = conversion(&[
            tab("v2", "a"),
            tab("v1", "b"),
            tab("v3", "c"),
            tab("v1", "d"),
        ]);
        let mut steps = Vec::new();
        while let Some(step) = conversion.next(&rules()).unwrap() {
            let objects = converted(&step);
            steps.push(format!(
                "{}-{} {}",
                step.rule.from,
                step.rule.to,
                objects.len()
            ));
            conversion.take(&step, objects).unwrap();
        }
        assert_eq!(steps, ["v2-v3 1", "v1-v2 2", "v2-v3 2"]);
        let response = response(&conversion.answer());
        assert_eq!(response["result"], json!({"status": "Success"}));
        let objects = response["convertedObjects"].as_array().unwrap();
        let told: Vec<String> = objects.iter().map(told).collect();
        assert_eq!(
            told,
            ["Tab shop/a", "Tab shop/b", "Tab shop/c", "Tab shop/d"]
        );
        assert!(
            objects
                .iter()
                .all(|it| it["apiVersion"] == "example.com/v3")
        );
    }

    #[test]
    fn hook_may_go_all_the_way_at_once_and_in_any_order() {
        let mut conversion = conversion(&[tab("v1", "a"), tab("v1", "b")]);
        let step = conversion.next(&rules()).unwrap().unwrap();
        let objects = vec![tab("v3", "b"), tab("v3", "a")];
        conversion.take(&step, objects).unwrap();
        assert_eq!(conversion.next(&rules()).unwrap(), None);
        let names = conversion.objects.iter().map(told).collect::<Vec<_>>();
        assert_eq!(names, ["Tab shop/a", "Tab shop/b"]);
    }

    #[test]
    fn metadata_is_kept_but_for_labels_and_annotations() {
        let mut before = tab("v2", "a");
        before["metadata"]["labels"] = json!({"old": "1"});
        let mut conversion = conversion(&[before]);
        let step = conversion.next(&rules()).unwrap().unwrap();
        let after = json!({
            "apiVersion": "example.com/v3",
            "metadata": {"name": "a", "annotations": {"new": "2"}, "generation": 9}, "spec": 1,
        });
        conversion.take(&step, vec![after]).unwrap();
        let expected = json!({
            "apiVersion": "example.com/v3", "kind": "Tab", "spec": 1,
            "metadata": {
                "name": "a", "namespace": "shop", "uid": "uid-a", "generation": 3,
                "annotations": {"new": "2"},
            },
        });
        assert_eq!(conversion.objects, [expected]);
    }

    #[test]
    fn what_is_not_the_objects_of_the_step_is_told() {
        let renamed = {
            let mut object = tab("v2", "a");
            object["metadata"]["name"] = json!("z");
            object
        };
        let rows = [
            (vec![], "gave back 0 objects of 2"),
            (
                vec![tab("v2", "a"), tab("v2", "b"), tab("v2", "c")],
                "gave back 3 objects of 2",
            ),
            (
                vec![renamed, tab("v2", "b")],
                "did not give back Tab shop/a; there is Tab shop/z, Tab shop/b",
            ),
            (
                vec![tab("v1", "a"), tab("v2", "b")],
                "gave Tab shop/a back with apiVersion \"example.com/v1\", expected \"example.com/v2\"",
            ),
            (
                vec![json!({}), tab("v2", "b")],
                "gave Tab shop/a back with apiVersion null, expected \"example.com/v2\"",
            ),
        ];
        for (objects, why) in rows {
            let mut conversion = conversion(&[tab("v1", "a"), tab("v1", "b")]);
            let before = conversion.clone();
            let step = conversion.next(&rules()).unwrap().unwrap();
            assert_eq!(conversion.take(&step, objects), Err(why.to_owned()));
            assert_eq!(conversion, before);
        }
    }

    #[test]
    fn missing_way_and_failures_are_told() {
        let back =
            Conversion::parse(DEFINITION, &review("example.com/v1", &[tab("v3", "a")])).unwrap();
        let why = back.next(&rules()).unwrap_err();
        assert_eq!(why, "no hook converts tabs.example.com from v3 to v1");
        let response = response(&back.refuse(&why));
        assert_eq!(
            response["result"],
            json!({"status": "Failed", "message": why})
        );
        assert_eq!(back.summary(), "1 object of tabs.example.com to v1");
    }

    #[test]
    fn bodies_that_are_no_reviews_are_refused_with_a_reason() {
        let other = json!({"apiVersion": "v1", "kind": "Pod"});
        let rows = [
            (b"".to_vec(), "no ConversionReview: EOF"),
            (
                b"{}".to_vec(),
                "expected a ConversionReview of apiextensions.k8s.io/v1",
            ),
            (
                review("other.com/v1", &[]),
                "\"other.com/v1\" is no version of tabs.example.com",
            ),
            (
                review("example.com/v1", &[tab("v1", "a"), other]),
                "objects[1] is no object of tabs.example.com",
            ),
        ];
        for (body, why) in rows {
            let refused = Conversion::parse(DEFINITION, &body).unwrap_err();
            assert_eq!(refused.code, 400);
            let told = String::from_utf8(refused.body).unwrap();
            assert!(told.starts_with(why), "{told}");
        }
    }

    #[test]
    fn response_files_are_read() {
        let good = |text: &str| parse_converted(text).unwrap().0;
        let objects = good(r#"{"convertedObjects": [{"a": 1}]}"#);
        assert_eq!(objects, Converted::Objects(vec![json!({"a": 1})]));
        let failed = good(r#"{"failedMessage": "no way", "convertedObjects": []}"#);
        assert_eq!(failed, Converted::Failed("no way".to_owned()));
        let rows = [
            (
                "",
                "is empty: the hook gave no answer (write one JSON map to the file, such as {\"convertedObjects\": […]})",
            ),
            (
                "{}",
                "convertedObjects: is missing (or say why it cannot be done, as failedMessage)",
            ),
            (
                r#"{"convertedObjects": {}}"#,
                "convertedObjects: expected a list of objects, got a map",
            ),
            (
                r#"{"convertedObjects": [1]}"#,
                "convertedObjects[0]: expected an object, got a number",
            ),
            (
                r#"{"failedMessage": 1}"#,
                "failedMessage: expected a text, got a number",
            ),
        ];
        for (text, why) in rows {
            let told = parse_converted(text).unwrap_err().to_string();
            assert_eq!(told, format!("CONVERSION_RESPONSE_PATH: {why}"));
        }
    }
}
