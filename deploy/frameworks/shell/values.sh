#!/usr/bin/env bash
# Values, and what people set of them. Every function takes --config first, for the latter.
#
# What a hook sets it reads back: the file that it was given follows what it asks for. The operator
# takes it when the hook ends well.

# Takes --config away: sets __values to the file, __patch to the file for changes, and $@ anew by
# `set -- "${__rest[@]}"`.
function values::_which() {
  __config=''
  while [[ ${1:-} == --config || ($# -gt 0 && -z $1) ]]; do
    [[ -z $1 ]] || __config=--config
    shift
  done
  __rest=("$@")
  if [[ -n $__config ]]; then
    __values=${CONFIG_VALUES_PATH:?is not set} __patch=${CONFIG_VALUES_JSON_PATCH_PATH:-}
  else
    __values=${VALUES_PATH:?is not set} __patch=${VALUES_JSON_PATCH_PATH:-}
  fi
}

# values::jq [--config] ARGUMENTS: jq on the values.
function values::jq() {
  local __values __patch __config __rest
  values::_which "$@"
  jq "${__rest[@]}" "$__values"
}

# values::get [--config] [--required] PATH: the value, texts without quotes.
function values::get() {
  local __path __path_parts __path_kinds config='' required=''
  while [[ ${1:-} == --config || ${1:-} == --required ]]; do
    if [[ $1 == --config ]]; then config=$1; else required=yes; fi
    shift
  done
  if [[ -n $required ]] && ! values::has $config "${1:-}"; then
    printf 'the values must have "%s"\n' "${1:-}" >&2
    return 1
  fi
  path::_filter "${1:-}"
  values::jq $config -r "$__path"
}

# values::json_get [--config] PATH: the value as JSON on one line.
function values::json_get() {
  local __path __path_parts __path_kinds __values __patch __config __rest
  values::_which "$@"
  path::_filter "${__rest[0]:-}"
  jq -c "$__path" "$__values"
}

# values::get_config PATH: what people set.
function values::get_config() {
  values::get --config "$@"
}

function values::has() {
  local __path __path_parts __path_kinds __values __patch __config __rest
  values::_which "$@"
  path::_has "${__rest[0]:-}"
  jq -e "$__path" "$__values" >/dev/null
}

function values::is_true() {
  values::_is true "$@"
}

function values::is_false() {
  values::_is false "$@"
}

function values::_is() {
  local __path __path_parts __path_kinds __values __patch __config __rest wanted=$1
  values::_which "${@:2}"
  path::_filter "${__rest[0]:-}"
  jq -e "$__path == $wanted" "$__values" >/dev/null
}

# values::is_empty TEXT: whether what values::get printed is nothing.
function values::is_empty() {
  [[ -z ${1:-} || ${1:-} == null ]]
}

# values::array_has [--config] PATH TEXT: whether a list has an item.
function values::array_has() {
  local __path __path_parts __path_kinds __values __patch __config __rest
  values::_which "$@"
  path::_filter "${__rest[0]:-}"
  jq -e --arg item "${__rest[1]:-}" \
    "$__path | type == \"array\" and index(\$item) != null" "$__values" >/dev/null
}

# values::get_first_defined [--config] PATHS: the first value that there is.
function values::get_first_defined() {
  local config='' path
  if [[ ${1:-} == --config ]]; then
    config=$1
    shift
  fi
  for path in "$@"; do
    if values::has $config "$path"; then
      values::get $config "$path"
      return 0
    fi
  done
  return 1
}

function values::require_in_config() {
  if ! values::has --config "$1"; then
    printf 'the ConfigMap must have "%s"\n' "$1" >&2
    return 1
  fi
}

# What a text means: JSON when it is, else itself. `007` is no number.
__values_meant='
  if test("^\\s*(null|true|false|-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?)\\s*$")
    or test("^\\s*[\\[{\"]")
  then . as $text | try fromjson catch $text else . end'

# values::set [--config] PATH VALUE: a value in JSON, or a text.
function values::set() {
  local __path __path_parts __path_kinds __values __patch __config __rest pointer
  values::_which "$@"
  path::_pointer "${__rest[0]}"
  pointer=$__path
  path::_filter "${__rest[0]}"
  values::_patch add "$pointer" "${__rest[1]-}"
  values::_keep --arg value "${__rest[1]-}" "$__path = (\$value | $__values_meant)"
}

# values::unset [--config] PATH: nothing when there is nothing.
function values::unset() {
  local __path __path_parts __path_kinds __values __patch __config __rest
  values::_which "$@"
  if values::has $__config "${__rest[0]}"; then
    path::_pointer "${__rest[0]}"
    values::_patch remove "$__path"
    path::_filter "${__rest[0]}"
    values::_keep "del($__path)"
  fi
}

# values::json_patch [--config] OPERATION POINTER [VALUE]: an operation as it is.
function values::json_patch() {
  local __values __patch __config __rest
  values::_which "$@"
  values::_patch "${__rest[@]}"
}

function values::_patch() {
  local value='{}'
  (($# < 3)) || value="{value: (\$value | $__values_meant)}"
  jq -nc --arg op "$1" --arg path "$2" --arg value "${3-}" \
    "{op: \$op, path: \$path} + $value" >>"${__patch:?no file for changes is set}"
}

# The values after a filter are those that the hook reads from now on.
function values::_keep() {
  local changed
  changed=$(jq -c "$@" "$__values")
  printf '%s\n' "$changed" >"$__values"
}

# values::store::replace_row_by_key [--config] PATH KEY ROW: of a list of maps the one with the same
# key is replaced, or the row is added. The whole list is set: single items do not add up.
function values::store::replace_row_by_key() {
  # shellcheck disable=SC2016 # of jq
  values::store::_change '
    if any(.[]; same) then map(if same then $row else . end) else . + [$row] end' "$@"
}

# values::store::unset_row_by_key [--config] PATH KEY ROW: the one with the same key goes.
function values::store::unset_row_by_key() {
  values::store::_change 'map(select(same | not))' "$@"
}

function values::store::_change() {
  local __path __path_parts __path_kinds __values __patch __config __rest change=$1 key before rows
  values::_which "${@:2}"
  path::_filter "${__rest[1]}"
  key=$__path
  before=$(values::json_get $__config "${__rest[0]}")
  rows=$(jq -c --argjson row "${__rest[2]}" \
    "def same: ($key) == (\$row | $key); (. // []) | $change" <<<"$before")
  if [[ $rows != "$before" ]]; then
    values::set $__config "${__rest[0]}" "$rows"
  fi
}

# Twenty letters and digits.
function values::generate_password() {
  local letters
  letters=$(head -c 256 /dev/urandom | base64 | tr -dc 'A-Za-z0-9')
  printf '%s\n' "${letters:0:20}"
}
