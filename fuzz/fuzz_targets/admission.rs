//! What the API server asks of hooks and what they answer: no body and no file makes a reader panic, and every
//! answer is one that the API server can read.
//!
//! Run it with `cargo +nightly fuzz run admission`. The text is cut at lines of `---- NAME`: a review first,
//! then what hooks answer.

#![no_main]

use addon_operator::admission::{
    AdmissionRequest, Answered, Conversion, Converted, Rules, Verdict, parse_converted, parse_verdict,
};
use addon_operator::binding::{self, AdmissionKind, FailurePolicy, Place};
use addon_operator_fuzz::parts;
use libfuzzer_sys::fuzz_target;

fn check(answer: &Answered) {
    assert!(matches!(answer.code, 200 | 400 | 500), "{}", answer.code);
    if answer.code == 200 {
        let body: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert!(body["response"].is_object(), "{body}");
    }
}

fuzz_target!(|text: &str| {
    let parts = parts(text);
    let Some(((_, body), answers)) = parts.split_first() else {
        return;
    };
    match AdmissionRequest::parse(body.as_bytes()) {
        Ok(request) => {
            for (_, text) in answers {
                for kind in [AdmissionKind::Validating, AdmissionKind::Mutating] {
                    if let Ok(verdict) = parse_verdict(kind, text) {
                        check(&request.answer(&verdict));
                        let _ = verdict.summary();
                    }
                }
            }
            check(&request.answer(&Verdict::of_failure(FailurePolicy::Fail, body)));
        }
        Err(refused) => check(&refused),
    }
    match Conversion::parse("crontabs.stable.example.com", body.as_bytes()) {
        Ok(conversion) => convert(conversion, answers),
        Err(refused) => check(&refused),
    }
});

/// From `v1` to `v3` in two steps.
fn rules() -> Rules {
    let config = "configVersion: v1\nkubernetesCustomResourceConversion:\n- name: a\n  crdName: crontabs.stable.example.com\n  \
                  conversions: [{fromVersion: v1, toVersion: v2}, {fromVersion: v2, toVersion: v3}]\n";
    let config = binding::parse_config("hook --config", config, Place::Global).expect("a configuration");
    let rules = Rules::new("crontabs.stable.example.com", [(None, "h", &config)]);
    assert!(rules.first_step("v1", "v3").is_some());
    rules
}

fn convert(mut conversion: Conversion, answers: &[(&str, &str)]) {
    let rules = rules();
    for (_, text) in answers {
        let Ok(Some(step)) = conversion.next(&rules) else {
            break;
        };
        if let Ok((Converted::Objects(objects), _)) = parse_converted(text) {
            let _ = conversion.take(&step, objects);
        }
    }
    let _ = (conversion.next(&rules), conversion.summary());
    check(&conversion.answer());
    check(&conversion.refuse("no way"));
}
