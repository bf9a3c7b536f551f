//! What the documents say is so: examples are read and run by the program, names and links exist.

mod deploy;
mod examples;
mod hooks;
mod metrics;
mod names;
mod originals;
mod troubleshooting;

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A document for people.
struct Page {
    /// Its path in the repository.
    path: PathBuf,
    text: String,
}

/// A fenced block of a document.
#[derive(Clone)]
struct Block {
    /// What stands behind the fence: `yaml values`.
    kind: String,
    /// Where it begins, for messages.
    place: String,
    text: String,
}

/// The README, all of `docs/`, and the READMEs of modules and charts.
fn pages() -> Vec<Page> {
    let mut paths = vec![PathBuf::from("README.md")];
    for folder in ["docs", "modules", "global-hooks", "charts"] {
        find(Path::new(folder), &mut paths);
    }
    assert!(paths.len() > 10, "{paths:?}");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(Path::new(ROOT).join(&path)).unwrap();
        Page { path, text }
    };
    paths.into_iter().map(read).collect()
}

fn page(path: &str) -> Page {
    let mut pages = pages().into_iter();
    pages.find(|page| page.path == Path::new(path)).unwrap()
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(Path::new(ROOT).join(folder)).unwrap() {
        let path = folder.join(entry.unwrap().file_name());
        if Path::new(ROOT).join(&path).is_dir() {
            find(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
    paths.sort();
}

impl Page {
    /// The fenced blocks of one kind.
    fn blocks(&self, kind: &str) -> Vec<Block> {
        let (mut blocks, mut open): (Vec<Block>, bool) = (Vec::new(), false);
        for (line, number) in self.text.lines().zip(1..) {
            match line.strip_prefix("```") {
                Some(_) if open => open = false,
                Some(kind) => {
                    open = true;
                    blocks.push(Block {
                        kind: kind.to_owned(),
                        place: format!("{}:{number}", self.path.display()),
                        text: String::new(),
                    });
                }
                None if open => {
                    let block = blocks.last_mut().unwrap();
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                None => {}
            }
        }
        blocks.retain(|block| block.kind == kind);
        blocks
    }
}

/// The blocks of one kind in `docs/` and the README; there is at least one.
fn blocks(kind: &str) -> Vec<Block> {
    let pages = pages().into_iter();
    let pages = pages.filter(|page| !page.path.starts_with("modules"));
    let blocks: Vec<_> = pages.flat_map(|page| page.blocks(kind)).collect();
    assert!(!blocks.is_empty(), "no block is marked {kind:?}");
    blocks
}
