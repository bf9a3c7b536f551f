//! Method, path and parameters of a request → what is asked, and in which form. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;

use super::super::{Query, Refusal};
use super::format::Format;

/// Parameters of a page: those behind `?`, and those of a form.
pub(super) type Parameters = BTreeMap<String, String>;

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Page {
    /// Is anybody there?
    Alive,
    /// Which pages are there?
    Discovery,
    /// A question for the operator.
    Ask(Query, Format),
}

/// All pages, as `/discovery` lists them. `[.f]` is `.json`, `.yaml`, `.text` or nothing.
pub(super) const PAGES: [&str; 27] = [
    "GET /",
    "GET /config/list[.f]",
    "POST /config/set name= value= duration=",
    "GET /diff[.f]",
    "GET /discovery",
    "GET /global/config[.f]",
    "GET /global/explain[.f]?path=",
    "GET /global/list[.f]",
    "GET /global/patches[.f]",
    "GET /global/snapshots[.f]",
    "GET /global/values[.f]",
    "GET /hook/list[.f]?details=",
    "GET /hook/{name}/snapshots[.f]",
    "GET /leader[.f]",
    "GET /module/list[.f]",
    "GET /module/resource-monitor[.f]",
    "GET /module/{name}/config[.f]?global=",
    "GET /module/{name}/diff[.f]",
    "GET /module/{name}/explain[.f]?path=",
    "GET /module/{name}/patches[.f]",
    "POST /module/{name}/purge",
    "POST /module/{name}/redraw",
    "GET /module/{name}/render[.f]?diff=",
    "GET /module/{name}/{resource-monitor,snapshots}[.f]",
    "GET /module/{name}/values[.f]?global=",
    "GET /queue/{list,main}[.f]?showEmpty=",
    "GET /status/converge[.f]",
];

/// Reads a request. `method` in capitals, `path` without parameters.
pub(super) fn read(method: &str, path: &str, parameters: &Parameters) -> Result<Page, Refusal> {
    let (plain, format) = split_format(path);
    let parts: Vec<&str> = plain.trim_matches('/').split('/').collect();
    let page = match method {
        "GET" => read_get(&parts, parameters)?,
        "POST" => read_post(&parts, parameters)?,
        _ => {
            return Err(Refusal::BadRequest(format!(
                "{method}: expected GET or POST"
            )));
        }
    };
    match page {
        Some(Page::Ask(query, _)) => Ok(Page::Ask(query, format)),
        Some(page) => Ok(page),
        None => Err(Refusal::NotFound(format!(
            "no page {method} {path}; GET /discovery lists all"
        ))),
    }
}

/// `/queue/list.json` → `/queue/list` and JSON. Without a known suffix it is text.
fn split_format(path: &str) -> (&str, Format) {
    path.rsplit_once('.')
        .and_then(|(plain, suffix)| Some((plain, Format::parse(suffix)?)))
        .unwrap_or((path, Format::Text))
}

fn read_get(parts: &[&str], parameters: &Parameters) -> Result<Option<Page>, Refusal> {
    let query = match *parts {
        [""] => return Ok(Some(Page::Alive)),
        ["discovery"] => return Ok(Some(Page::Discovery)),
        ["queue", "main"] => Query::QueueMain,
        ["queue", "list"] => Query::QueueList {
            show_empty: flag(parameters, "showEmpty")?,
        },
        ["status", "converge"] => Query::ConvergeStatus,
        ["leader"] => Query::Leader,
        ["config", "list"] => Query::ConfigList,
        ["diff"] => Query::ModuleDiff { module: None },
        ["global", page] => return Ok(read_global(page, parameters).map(asked)),
        ["hook", "list"] => Query::HookList {
            details: flag(parameters, "details")?,
        },
        ["hook", ref hook @ .., "snapshots"] if !hook.is_empty() => Query::HookSnapshots {
            hook: hook.join("/"),
        },
        ["module", "list"] => Query::ModuleList,
        ["module", "resource-monitor"] => Query::ModuleResourceMonitor { module: None },
        ["module", module, page] => {
            return Ok(read_module(module, page, parameters)?.map(asked));
        }
        _ => return Ok(None),
    };
    Ok(Some(asked(query)))
}

fn read_global(page: &str, parameters: &Parameters) -> Option<Query> {
    Some(match page {
        "list" => Query::GlobalList,
        "values" => Query::GlobalValues,
        "config" => Query::GlobalConfig,
        "patches" => Query::GlobalPatches,
        "snapshots" => Query::GlobalSnapshots,
        "explain" => Query::ModuleExplain {
            module: "global".to_owned(),
            path: given(parameters, "path"),
        },
        _ => return None,
    })
}

fn read_module(
    module: &str,
    page: &str,
    parameters: &Parameters,
) -> Result<Option<Query>, Refusal> {
    let module = module.to_owned();
    Ok(Some(match page {
        "values" => Query::ModuleValues {
            module,
            with_global: flag(parameters, "global")?,
        },
        "config" => Query::ModuleConfig {
            module,
            with_global: flag(parameters, "global")?,
        },
        "patches" => Query::ModulePatches { module },
        "snapshots" => Query::ModuleSnapshots { module },
        "resource-monitor" => Query::ModuleResourceMonitor {
            module: Some(module),
        },
        "render" if flag(parameters, "diff")? => Query::ModuleDiff {
            module: Some(module),
        },
        "render" => Query::ModuleRender { module },
        "diff" => Query::ModuleDiff {
            module: Some(module),
        },
        "explain" => Query::ModuleExplain {
            module,
            path: given(parameters, "path"),
        },
        _ => return Ok(None),
    }))
}

fn read_post(parts: &[&str], parameters: &Parameters) -> Result<Option<Page>, Refusal> {
    let query = match *parts {
        ["config", "set"] => Query::ConfigSet {
            name: required(parameters, "name")?,
            value: required(parameters, "value")?,
            duration: given(parameters, "duration")
                .map(|text| parse_duration(&text))
                .transpose()?,
        },
        ["module", module, "purge"] => Query::ModulePurge {
            module: module.to_owned(),
        },
        ["module", module, "redraw"] => Query::ModuleRedraw {
            module: module.to_owned(),
        },
        _ => return Ok(None),
    };
    Ok(Some(asked(query)))
}

/// The form is put in by [`read`], which knows the path as it was typed.
fn asked(query: Query) -> Page {
    Page::Ask(query, Format::Text)
}

fn given(parameters: &Parameters, name: &str) -> Option<String> {
    parameters
        .get(name)
        .filter(|text| !text.is_empty())
        .cloned()
}

fn required(parameters: &Parameters, name: &str) -> Result<String, Refusal> {
    given(parameters, name).ok_or_else(|| Refusal::BadRequest(format!("{name}: missing")))
}

fn flag(parameters: &Parameters, name: &str) -> Result<bool, Refusal> {
    match given(parameters, name).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(other) => Err(Refusal::BadRequest(format!(
            "{name}: expected true or false, got {other:?}"
        ))),
    }
}

fn parse_duration(text: &str) -> Result<Duration, Refusal> {
    let parsed: Option<SignedDuration> = text.parse().ok();
    parsed
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| {
            Refusal::BadRequest(format!(
                "duration: expected one such as 10s or 15m30s, got {text:?}"
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Result<Page, Refusal> {
        let (method, rest) = text.split_once(' ').unwrap();
        let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let parameters = parameters
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        read(method, path, &parameters)
    }

    fn asks(text: &str, query: Query, format: Format) {
        assert_eq!(request(text), Ok(Page::Ask(query, format)), "{text}");
    }

    #[test]
    fn pages_are_the_originals() {
        use Format::{Json, Text, Yaml};
        let queues = |show_empty| Query::QueueList { show_empty };
        let monitors = Query::ModuleResourceMonitor { module: None };
        asks("GET /queue/main.json", Query::QueueMain, Json);
        asks("GET /queue/main", Query::QueueMain, Text);
        asks("GET /queue/list.text?showEmpty=true", queues(true), Text);
        asks("GET /queue/list.yaml", queues(false), Yaml);
        asks("GET /config/list.text", Query::ConfigList, Text);
        asks("GET /global/list.yaml", Query::GlobalList, Yaml);
        asks("GET /global/values.json", Query::GlobalValues, Json);
        asks("GET /global/config.json", Query::GlobalConfig, Json);
        asks("GET /global/patches.json", Query::GlobalPatches, Json);
        asks("GET /global/snapshots.yaml", Query::GlobalSnapshots, Yaml);
        let hooks = |details| Query::HookList { details };
        asks("GET /hook/list.json", hooks(false), Json);
        asks("GET /hook/list?details=true", hooks(true), Text);
        let snapshots = |hook: &str| Query::HookSnapshots {
            hook: hook.to_owned(),
        };
        asks("GET /hook/a.sh/snapshots", snapshots("a.sh"), Text);
        asks("GET /hook/b/a.sh/snapshots.json", snapshots("b/a.sh"), Json);
        asks("GET /leader.json", Query::Leader, Json);
        asks("GET /module/list.yaml", Query::ModuleList, Yaml);
        asks("GET /module/resource-monitor.json", monitors, Json);
        assert_eq!(request("GET /"), Ok(Page::Alive));
        assert_eq!(request("GET /discovery"), Ok(Page::Discovery));
    }

    #[test]
    fn pages_of_a_module_are_the_originals() {
        use Format::{Json, Text, Yaml};
        let module = || "x".to_owned();
        let values = |with_global| Query::ModuleValues {
            module: module(),
            with_global,
        };
        let config = Query::ModuleConfig {
            module: module(),
            with_global: false,
        };
        let diff = Query::ModuleDiff {
            module: Some(module()),
        };
        let patches = Query::ModulePatches { module: module() };
        let snapshots = Query::ModuleSnapshots { module: module() };
        let render = Query::ModuleRender { module: module() };
        asks("GET /module/x/values.yaml?global=true", values(true), Yaml);
        asks(
            "GET /module/x/values.json?global=false",
            values(false),
            Json,
        );
        asks("GET /module/x/config.json", config, Json);
        asks("GET /module/x/patches.json", patches, Json);
        asks("GET /module/x/snapshots.yaml", snapshots, Yaml);
        asks("GET /module/x/render?debug=true&diff=false", render, Text);
        asks("GET /module/x/render?diff=true", diff, Text);
    }

    #[test]
    fn config_set_takes_a_duration() {
        let set = |duration| Query::ConfigSet {
            name: "log.level".to_owned(),
            value: "debug".to_owned(),
            duration,
        };
        for (duration, expected) in [
            ("", None),
            ("10s", Some(10)),
            ("15m30s", Some(930)),
            ("1h", Some(3600)),
        ] {
            let text = format!("POST /config/set?name=log.level&value=debug&duration={duration}");
            let query = set(expected.map(Duration::from_secs));
            assert_eq!(request(&text), Ok(Page::Ask(query, Format::Text)));
        }
    }

    #[test]
    fn bad_requests_say_what_was_expected() {
        for (text, expected) in [
            ("POST /config/set?value=debug", "name: missing"),
            (
                "POST /config/set?name=a&value=b&duration=-1s",
                "duration: expected one such as 10s or 15m30s, got \"-1s\"",
            ),
            (
                "POST /config/set?name=a&value=b&duration=5",
                "duration: expected one such as 10s or 15m30s, got \"5\"",
            ),
            (
                "GET /queue/list?showEmpty=yes",
                "showEmpty: expected true or false, got \"yes\"",
            ),
            ("PUT /queue/list", "PUT: expected GET or POST"),
        ] {
            assert_eq!(
                request(text),
                Err(Refusal::BadRequest(expected.to_owned())),
                "{text}"
            );
        }
        for text in [
            "GET /queue",
            "GET /queue/list.xml",
            "GET /config/set",
            "POST /module/list",
            "GET //x",
        ] {
            assert!(matches!(request(text), Err(Refusal::NotFound(_))), "{text}");
        }
    }
}
