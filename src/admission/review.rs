//! Reviews of requests: `AdmissionReview`, v1 and v1beta1.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{Answered, Verdict, review_version};

/// The API group of admission reviews.
const GROUP: &str = "admission.k8s.io";

/// A request that the API server asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmissionRequest {
    /// The `apiVersion` of the review.
    version: String,
    uid: String,
    /// Whether nothing of it will be stored.
    pub dry_run: bool,
    /// What it is about: `CREATE Pod shop/web`.
    pub summary: String,
    /// All of it as JSON, as it came.
    pub text: Arc<str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(borrow)]
    request: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    uid: String,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    sub_resource: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    operation: String,
    #[serde(default)]
    dry_run: Option<bool>,
}

#[derive(Deserialize, Default)]
struct Kind {
    #[serde(default)]
    kind: String,
}

impl AdmissionRequest {
    /// Reads the body of a review.
    ///
    /// *Errors*: it is none; the answer says what is wrong with it.
    pub fn parse(body: &[u8]) -> Result<Self, Answered> {
        let review: Review<'_> = serde_json::from_slice(body)
            .map_err(|error| Answered::bad_request(&format!("no AdmissionReview: {error}")))?;
        let version =
            review_version(GROUP, &review.api_version).filter(|_| review.kind == "AdmissionReview");
        let Some(version) = version else {
            let found = format!("{:?} {:?}", review.api_version, review.kind);
            let why = format!("expected an AdmissionReview of {GROUP}/v1 or v1beta1, got {found}");
            return Err(Answered::bad_request(&why));
        };
        let Some(text) = review.request else {
            return Err(Answered::bad_request("the AdmissionReview has no request"));
        };
        let request: Request = serde_json::from_str(text.get()).map_err(|error| {
            Answered::bad_request(&format!("the request of the AdmissionReview: {error}"))
        })?;
        Ok(Self {
            version,
            summary: request.summary(),
            dry_run: request.dry_run.unwrap_or_default(),
            uid: request.uid,
            text: text.get().into(),
        })
    }

    /// The answer of a hook, for the API server.
    pub fn answer(&self, verdict: &Verdict) -> Answered {
        let mut response = Map::new();
        response.insert("uid".to_owned(), json!(self.uid));
        response.insert("allowed".to_owned(), json!(verdict.denial.is_none()));
        if let Some(denial) = &verdict.denial {
            let mut status = json!({"code": denial.code});
            if !denial.message.is_empty() {
                status["message"] = json!(denial.message);
            }
            response.insert("status".to_owned(), status);
        } else if let Some(patch) = &verdict.patch {
            let patch = BASE64_STANDARD.encode(patch.to_string());
            response.insert("patch".to_owned(), json!(patch));
            response.insert("patchType".to_owned(), json!("JSONPatch"));
        }
        if !verdict.warnings.is_empty() {
            response.insert("warnings".to_owned(), json!(verdict.warnings));
        }
        if !verdict.audit_annotations.is_empty() {
            let annotations = json!(verdict.audit_annotations);
            response.insert("auditAnnotations".to_owned(), annotations);
        }
        Answered::json(&json!({
            "apiVersion": self.version, "kind": "AdmissionReview",
            "response": Value::Object(response),
        }))
    }
}

impl Request {
    fn summary(&self) -> String {
        let sub = self.sub_resource.as_deref().filter(|sub| !sub.is_empty());
        let sub = sub.map_or_else(String::new, |sub| format!("/{sub}"));
        let place = self.namespace.as_deref().filter(|it| !it.is_empty());
        let place = place.map_or_else(String::new, |place| format!("{place}/"));
        // A name may be made by the API server, and not yet be.
        let name = self
            .name
            .as_deref()
            .filter(|it| !it.is_empty())
            .unwrap_or("…");
        format!("{} {}{sub} {place}{name}", self.operation, self.kind.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::parse_verdict;
    use crate::binding::{AdmissionKind, FailurePolicy};

    /// A request of the API server, shortened.
    fn body(version: &str) -> Vec<u8> {
        format!(
            r#"{{"kind":"AdmissionReview","apiVersion":"{version}","request":{{"uid":"u-1","kind":{{"group":"","version":"v1","kind":"Pod"}},"name":"web","namespace":"shop","operation":"CREATE","object":{{"n":9007199254740993}},"dryRun":true,"unknown":1}}}}"#
        )
        .into_bytes()
    }

    fn request() -> AdmissionRequest {
        AdmissionRequest::parse(&body("admission.k8s.io/v1")).unwrap()
    }

    fn json_of(answered: &Answered) -> Value {
        assert_eq!(
            (answered.code, answered.content_type),
            (200, "application/json")
        );
        serde_json::from_slice(&answered.body).unwrap()
    }

    #[test]
    fn request_is_kept_as_it_came() {
        let request = request();
        assert!(request.text.contains("9007199254740993") && request.text.contains("unknown"));
        assert!(request.dry_run);
        assert_eq!(request.summary, "CREATE Pod shop/web");
    }

    #[test]
    fn answer_has_the_version_and_uid_of_the_request() {
        for version in ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"] {
            let request = AdmissionRequest::parse(&body(version)).unwrap();
            let answer = json_of(&request.answer(&Verdict::default()));
            let expected = json!({
                "apiVersion": version, "kind": "AdmissionReview",
                "response": {"uid": "u-1", "allowed": true},
            });
            assert_eq!(answer, expected);
        }
    }

    #[test]
    fn answers_say_what_the_hook_said() {
        let patch = r#"[{"op":"add","path":"/a","value":1}]"#;
        let encoded = BASE64_STANDARD.encode(patch);
        let with_patch = format!(r#"{{"allowed":true,"patch":"{encoded}"}}"#);
        let denied_with_patch = format!(r#"{{"allowed":false,"patch":"{encoded}"}}"#);
        let rows = [
            (
                r#"{"allowed":true,"message":"m"}"#,
                json!({"allowed": true}),
            ),
            (
                r#"{"allowed":false}"#,
                json!({"allowed": false, "status": {"code": 403}}),
            ),
            (
                r#"{"allowed":false,"message":"no"}"#,
                json!({"allowed": false, "status": {"code": 403, "message": "no"}}),
            ),
            (
                r#"{"allowed":true,"warnings":["a","b"],"auditAnnotations":{"k":"v"}}"#,
                json!({"allowed": true, "warnings": ["a", "b"], "auditAnnotations": {"k": "v"}}),
            ),
            (
                &with_patch,
                json!({"allowed": true, "patchType": "JSONPatch", "patch": encoded}),
            ),
            (
                &denied_with_patch,
                json!({"allowed": false, "status": {"code": 403}}),
            ),
        ];
        for (text, mut expected) in rows {
            let verdict = parse_verdict(AdmissionKind::Mutating, text).unwrap();
            expected["uid"] = json!("u-1");
            assert_eq!(
                json_of(&request().answer(&verdict))["response"],
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn failure_is_answered_by_its_policy() {
        let rows = [
            (
                FailurePolicy::Fail,
                json!({"uid": "u-1", "allowed": false, "status": {"code": 500, "message": "it died"}}),
            ),
            (
                FailurePolicy::Ignore,
                json!({"uid": "u-1", "allowed": true, "warnings": ["it died; failurePolicy is Ignore"]}),
            ),
        ];
        for (policy, expected) in rows {
            let verdict = Verdict::of_failure(policy, "it died");
            assert_eq!(json_of(&request().answer(&verdict))["response"], expected);
        }
    }

    #[test]
    fn bodies_that_are_no_reviews_are_refused_with_a_reason() {
        let rows = [
            (
                "",
                "no AdmissionReview: EOF while parsing a value at line 1 column 0",
            ),
            (
                "[]",
                "expected an AdmissionReview of admission.k8s.io/v1 or v1beta1, got",
            ),
            (
                r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v2"}"#,
                r#"expected an AdmissionReview of admission.k8s.io/v1 or v1beta1, got "admission.k8s.io/v2" "AdmissionReview""#,
            ),
            (
                r#"{"kind":"ConversionReview","apiVersion":"admission.k8s.io/v1"}"#,
                "expected an AdmissionReview",
            ),
            (
                r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}"#,
                "the AdmissionReview has no request",
            ),
            (
                r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{}}"#,
                "the request of the AdmissionReview: missing field `uid`",
            ),
            (
                r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":3}"#,
                "the request of the AdmissionReview: invalid type",
            ),
        ];
        for (body, why) in rows {
            let refused = AdmissionRequest::parse(body.as_bytes()).unwrap_err();
            let told = String::from_utf8(refused.body).unwrap();
            assert!(told.starts_with(why) || body == "[]", "{body}: {told}");
            assert_eq!((refused.code, refused.content_type), (400, "text/plain"));
        }
    }
}
