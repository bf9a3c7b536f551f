# Functions written in jq. What is asked of values is native; what is asked of filters is here.

def inputs: try repeat(input) catch if . == "No more inputs" then empty else error end;
def not: if . then false else true end;
def select(f): if f then . else empty end;
def map(f): [.[] | f];
def map_values(f): .[] |= f;
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type | . == "array" or . == "object");
def scalars: select(type | . != "array" and . != "object");
def finites: select(isfinite);
def normals: select(isnormal);

def recurse: recurse(.[]?);
def recurse(f): def walk_down: ., (f | walk_down); walk_down;
def recurse(f; cond): def walk_down: ., (f | select(cond) | walk_down); walk_down;
def while(cond; update): def next: if cond then ., (update | next) else empty end; next;
def until(cond; update): def next: if cond then . else update | next end; next;
def repeat(f): def again: f, again; again;
def range($end): _range(0; $end; 1);
def range($start; $end): _range($start; $end; 1);
def range($start; $end; $step): _range($start; $end; $step);

def add(f): [f] | add;
def min_by(f): _min_by(map([f]));
def max_by(f): _max_by(map([f]));
def sort_by(f): _sort_by(map([f]));
def group_by(f): _group_by(map([f]));
def unique_by(f): _unique_by(map([f]));
def with_entries(f): to_entries | map(f) | from_entries;

def in(xs): . as $key | xs | has($key);
def inside(xs): . as $part | xs | contains($part);
def combinations:
  if length == 0 then [] else .[0][] as $head | [$head] + (.[1:] | combinations) end;
def combinations(n): [limit(n; repeat(.))] | combinations;
def walk(f):
  def down:
    if type == "array" then map(down) elif type == "object" then map_values(down) end | f;
  down;

def first: .[0];
def last: .[-1];
def first(f): label $done | f | ., break $done;
def last(f): reduce (f | [.]) as $found ([]; $found) | .[];
def isempty(f): label $done | (f | false, break $done), true;
def all: all(.[]; .);
def all(f): all(.[]; f);
def all(f; cond): isempty(f | select(cond | not));
def any: any(.[]; .);
def any(f): any(.[]; f);
def any(f; cond): isempty(f | select(cond)) | not;
def limit($n; f):
  if $n > 0 then
    label $done | foreach f as $item ($n; . - 1; $item, if . <= 0 then break $done else empty end)
  elif $n == 0 then empty
  else error("limit doesn't support negative count") end;
def skip($n; f):
  if $n > 0 then foreach f as $item ($n; . - 1; if . < 0 then $item else empty end)
  elif $n == 0 then f
  else error("skip doesn't support negative count") end;
def nth($n): .[$n];
def nth($n; f):
  if $n >= 0 then first(skip($n; f)) else error("nth doesn't support negative index") end;

def del(f): delpaths([path(f)]);
def paths: path(..) | select(. != []);
def paths(f): path(.. | select(f)) | select(. != []);
def leaf_paths: paths(scalars);
def pick(f): . as $whole | reduce path(f) as $path (null; setpath($path; $whole | getpath($path)));
def toarray: if type == "array" then . else [.] end;

def tostream:
  path(def ends: (.[]? | ends), .; ends) as $path
  | getpath($path)
  | reduce path(.[]?) as $last ([$path, .]; [$path + $last]);
def fromstream(f):
  foreach f as $event (
    null;
    if .done then null end
    | $event as [$path, $leaf]
    | if $event | length == 2 then
        setpath(["value"] + $path; $leaf) | setpath(["done"]; $path | length == 0)
      else
        setpath(["done"]; $path | length == 1)
      end;
    if .done then .value else empty end
  );
def truncate_stream(f):
  . as $n | null | f | if .[0] | length > $n then .[0] |= .[$n:] else empty end;

def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%S%z") | mktime;
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdate: fromdateiso8601;
def todate: todateiso8601;

def match($re): match($re; null);
def match($re; $flags): _match($re; $flags; false)[];
def test($re): test($re; null);
def test($re; $flags): _match($re; $flags; true);
def capture($re): capture($re; null);
def capture($re; $flags): match($re; $flags) | _capture;
def scan($re): scan($re; null);
def scan($re; $flags):
  match($re; $flags + "g") | if .captures == [] then .string else [.captures[].string] end;
def splits($re): splits($re; null);
def splits($re; $flags): split($re; $flags)[];
def sub($re; str): sub($re; str; null);
def sub($re; str; $flags):
  . as $whole
  | def replace:
      if .matches == [] then $whole[:.offset] + .string
      else
        .matches[-1] as $last
        | {
            string: (($last | _capture | str) + $whole[$last.offset + $last.length:.offset] + .string),
            offset: $last.offset,
            matches: .matches[:-1]
          }
        | replace
      end;
    { string: "", offset: null, matches: [match($re; $flags)] } | replace;
def gsub($re; str): sub($re; str; "g");
def gsub($re; str; $flags): sub($re; str; $flags + "g");

def INDEX(rows; key): reduce rows as $row ({}; .[$row | key | tostring] = $row);
def INDEX(key): INDEX(.[]; key);
def JOIN($index; key): [.[] | [., $index[key]]];
def JOIN($index; rows; key): rows | [., $index[key]];
def JOIN($index; rows; key; join): rows | [., $index[key]] | join;
def IN(rows): any(rows == .; .);
def IN(rows; them): any(rows == them; .);
