//! What functions may ask during one render: answered from outside, drawn once, counted, and cleaned up
//! after.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::drawn;
use crate::gotemplate::{Limits, Set};
use crate::govalue::{Error, Lookup, Map, Value, World};
use crate::render::outside::{DrawKey, Lookup as Asked, Outside};

/// The functions that ask for the time.
const TIMES: [&str; 2] = ["now", "ago"];
/// How deep values are looked into to tell arguments apart.
const DEPTH: usize = 100;
/// How many parts of them are looked at: the same list may be in others many times over.
const PARTS: usize = 100_000;

/// How many bytes a render may make, with all that it throws away again: many times what it prints.
const BYTES_LIMIT: usize = 1 << 30;

/// The world of one render.
pub(in crate::render) struct Asker {
    outside: Arc<dyn Outside>,
    /// The file that is being rendered.
    template: RefCell<String>,
    /// The templates of Go that the file may include, and what they see; for a file in another language.
    included: RefCell<Option<(Arc<Set>, Value)>>,
    /// Where in it the next draw is made, as a checksum; empty when that is not told.
    place: RefCell<String>,
    /// How often each draw was asked for.
    draws: RefCell<BTreeMap<DrawKey, u32>>,
    /// The draw that was asked for last.
    last: RefCell<Option<DrawKey>>,
    /// How many bytes may still be made.
    left: Cell<usize>,
    changed: RefCell<Vec<Map>>,
}

impl Asker {
    pub(in crate::render) fn new(outside: Arc<dyn Outside>) -> Rc<Self> {
        Rc::new(Self {
            outside,
            template: RefCell::default(),
            included: RefCell::default(),
            place: RefCell::default(),
            draws: RefCell::default(),
            last: RefCell::default(),
            left: Cell::new(BYTES_LIMIT),
            changed: RefCell::default(),
        })
    }

    /// From now on this file is rendered.
    pub(in crate::render) fn begin(&self, template: &str) {
        template.clone_into(&mut self.template.borrow_mut());
    }

    /// From now on a file may include these templates, which then see this.
    pub(super) fn offer(&self, set: &Arc<Set>, data: Value) {
        self.included.replace(Some((Arc::clone(set), data)));
    }
}

/// Maps that contain themselves would never be freed.
impl Drop for Asker {
    fn drop(&mut self) {
        for map in self.changed.take() {
            map.clear();
        }
    }
}

impl World for Asker {
    /// A time that a template asks for is drawn; one that goes into a key or a certificate is not.
    fn now(&self) -> i128 {
        let last = self.last.borrow();
        let key = last.as_ref().filter(|key| TIMES.contains(&&*key.function));
        let Some(key) = key else {
            return self.outside.now();
        };
        let kept = self.outside.recall(key);
        let kept = kept.as_ref().and_then(|kept| kept.as_str()?.parse().ok());
        kept.unwrap_or_else(|| {
            let now = self.outside.now();
            self.outside.keep(key.clone(), now.to_string().into());
            now
        })
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.outside.fill_random(bytes);
    }

    fn lookup(&self, of: &Lookup<'_>) -> Result<Value, Error> {
        let asked = Asked {
            api_version: of.api_version,
            kind: of.kind,
            namespace: of.namespace,
            name: of.name,
        };
        match self.outside.lookup(&asked) {
            Ok(Some(object)) => Ok(drawn::from_json(&object)),
            Ok(None) => Ok(Value::Map(Map::any())),
            Err(why) => Err(Error::Failed(why)),
        }
    }

    fn resolve_host(&self, name: &str) -> String {
        self.outside.resolve_host(name)
    }

    fn include(&self, name: &str, data: Option<&Value>) -> Result<Value, Error> {
        let included = self.included.borrow().clone();
        let Some((set, root)) = included else {
            return Err(Error::Failed("the chart has no templates of Go".to_owned()));
        };
        let data = data.unwrap_or(&root);
        let text = set.execute(name, data, self, Limits::default());
        let text = text.map_err(|error| Error::Failed(error.text()))?;
        self.spend(text.len())?;
        Ok(Value::text(text))
    }

    fn note_place(&self, place: &[u8]) {
        self.place.replace(hex(Sha256::new().chain_update(place)));
    }

    fn recall(&self, function: &str, arguments: &[Value]) -> Option<Value> {
        let mut key = DrawKey {
            template: self.template.borrow().clone(),
            function: function.to_owned(),
            place: self.place.take(),
            arguments: digest(arguments),
            ordinal: 0,
        };
        let mut draws = self.draws.borrow_mut();
        let count = draws.entry(key.clone()).or_default();
        key.ordinal = *count;
        *count += 1;
        let kept = self.outside.recall(&key).as_ref().and_then(drawn::revive);
        self.last.replace(Some(key).filter(|_| kept.is_none()));
        kept
    }

    fn keep(&self, _: &str, _: &[Value], result: &Value) {
        let key = self.last.take();
        if let (Some(key), Some(kept)) = (key, drawn::preserve(result)) {
            self.outside.keep(key, kept);
        }
    }

    fn spend(&self, bytes: usize) -> Result<(), Error> {
        let why = match self.left.get().checked_sub(bytes) {
            None => "makes more text than a chart may",
            Some(_) if self.outside.is_late() => "takes longer than a chart may",
            Some(left) => {
                self.left.set(left);
                return Ok(());
            }
        };
        let template = self.template.borrow();
        Err(Error::Limit(format!("rendering {template} {why}")))
    }

    fn note_change(&self, map: &Map) {
        let mut changed = self.changed.borrow_mut();
        if !changed.last().is_some_and(|last| last.is_same(map)) {
            changed.push(map.clone());
        }
    }
}

/// What tells equal arguments: their types and what they hold.
fn digest(arguments: &[Value]) -> String {
    let mut hash = Sha256::new();
    add_all(&mut hash, arguments, (DEPTH, &mut { PARTS }));
    hex(hash)
}

fn hex(hash: Sha256) -> String {
    let mut text = String::new();
    for byte in hash.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Every part with its type and length before it, so that no two values give the same bytes.
fn add(hash: &mut Sha256, value: &Value, (depth, left): (usize, &mut usize)) {
    let Some(less) = left.checked_sub(1) else {
        return;
    };
    *left = less;
    let mut part = |bytes: &[u8]| {
        hash.update(value.type_name().as_bytes());
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    match value {
        Value::Nil => part(&[]),
        Value::Bool(truth) => part(&[u8::from(*truth)]),
        Value::Int(number) | Value::Int64(number) => part(&number.to_be_bytes()),
        Value::Uint8(number) => part(&[*number]),
        Value::Uint64(number) => part(&number.to_be_bytes()),
        Value::Float(number) => part(&number.to_be_bytes()),
        Value::Complex(real, imaginary) => {
            part(&real.to_be_bytes());
            part(&imaginary.to_be_bytes());
        }
        Value::Text(text) => part(text),
        Value::Bytes(bytes) => part(bytes),
        Value::List(items) => {
            part(&(items.len() as u64).to_be_bytes());
            add_all(hash, items, (depth, left));
        }
        Value::Map(map) => {
            part(&(map.len() as u64).to_be_bytes());
            for (key, entry) in map.snapshot() {
                add_all(hash, &[Value::Text(key), entry], (depth, left));
            }
        }
        Value::Record(record) => {
            let text = record.shape().to_text.map(|to_text| to_text(record));
            part(&text.unwrap_or_default());
            add_all(hash, &record.fields(), (depth, left));
        }
    }
}

fn add_all(hash: &mut Sha256, values: &[Value], (depth, left): (usize, &mut usize)) {
    if let Some(depth) = depth.checked_sub(1) {
        for value in values {
            add(hash, value, (depth, left));
        }
    }
}
