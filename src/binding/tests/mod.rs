//! Hook configurations: what is accepted, what is refused, and what is taken for what is not said.

mod contexts;
mod declaration;
mod doubt;
mod first;
mod kubernetes;
mod mistakes;
mod root;
mod selector;
mod webhook;

use super::{HookConfig, KubernetesBinding, Place, ScheduleBinding, parse_config};

/// A configuration of a module's hook.
fn config(text: &str) -> HookConfig {
    parse_config("hook", text, Place::Module)
        .unwrap_or_else(|mistakes| panic!("{text}\n{mistakes}"))
}

/// With `configVersion: v1`, one `kubernetes` binding of such keys.
fn kubernetes(keys: &str) -> KubernetesBinding {
    config(&kubernetes_text(keys)).kubernetes.remove(0)
}

fn kubernetes_text(keys: &str) -> String {
    format!("{{configVersion: v1, kubernetes: [{{kind: Pod, {keys}}}]}}")
}

/// With `configVersion: v1`, one `schedule` binding of such keys.
fn schedule(keys: &str) -> ScheduleBinding {
    config(&schedule_text(keys)).schedules.remove(0)
}

fn schedule_text(keys: &str) -> String {
    format!("{{configVersion: v1, schedule: [{{crontab: '* * * * *', {keys}}}]}}")
}

/// Without `configVersion`, one `onKubernetesEvent` binding of such keys.
fn first(keys: &str) -> KubernetesBinding {
    config(&first_text(keys)).kubernetes.remove(0)
}

fn first_text(keys: &str) -> String {
    format!("{{onKubernetesEvent: [{{kind: pod, {keys}}}]}}")
}

/// With `configVersion: v1`, one validating binding of such keys.
fn validating(keys: &str) -> String {
    format!("{{configVersion: v1, kubernetesValidating: [{{name: a.example.com, {keys}}}]}}")
}

/// The orders of the lifecycle bindings, in the order of a life.
fn orders(config: &HookConfig) -> String {
    let orders = config.lifecycle.values().map(ToString::to_string);
    orders.collect::<Vec<_>>().join(" ")
}

/// The mistakes of a hook in this place, without file and line.
fn mistakes(text: &str, place: Place) -> Vec<String> {
    let mistakes = parse_config("", text, place).map_or_else(|mistakes| mistakes.0, |_| Vec::new());
    mistakes.into_iter().map(bare).collect()
}

/// The warnings of a module's hook, without file and line.
fn warnings(text: &str) -> Vec<String> {
    config(text).warnings.into_iter().map(bare).collect()
}

fn bare(mut mistake: crate::report::Mistake) -> String {
    mistake.line = 0;
    mistake.file = String::new();
    mistake.excerpt = Box::default();
    mistake.to_string()
}

/// One test for each row: `name: form("text") => "mistake", …;`. The form makes the text whole.
macro_rules! rejects {
    ($($name:ident: $form:ident($text:expr) => $($mistake:literal),+;)+) => {
        mod rejects {
            #[expect(unused_imports, reason = "not every form is in every file")]
            use super::super::{first_text as first, kubernetes_text as kubernetes, schedule_text as schedule, validating, whole};
            $(#[test] fn $name() {
                let text = $form($text);
                let found = super::super::mistakes(&text, super::super::Place::Module);
                assert_eq!(found, [$($mistake),+], "{text}");
            })+
        }
    };
}

/// One test for each row: `name: form("text") => |binding| fact;`.
macro_rules! accepts {
    ($($name:ident: $form:ident($text:expr) => |$it:ident| $fact:expr;)+) => {
        mod accepts {
            use super::*;
            $(#[test] fn $name() {
                let $it = super::super::$form($text);
                assert!($fact, "{:#?}", $it);
            })+
        }
    };
}

fn whole(text: &str) -> String {
    text.to_owned()
}

use {accepts, rejects};
