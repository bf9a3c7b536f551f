#!/usr/bin/env bash
# What the hook is told: the binding contexts, of which one is the present one.

# jq on all contexts.
function context::global::jq() {
  jq "$@" "${BINDING_CONTEXT_PATH:?is not set: only the operator, or a test, runs a hook}"
}

# jq on the present context. Options may stand before the filter.
function context::jq() {
  local index=${BINDING_CONTEXT_CURRENT_INDEX:-0} word
  local -a options=() all=("$@")
  while (($# > 0)); do
    word=$1
    case $word in
      --arg | --argjson | --slurpfile | --rawfile)
        (($# > 3)) || break
        options+=("$1" "$2" "$3")
        shift 3
        ;;
      --raw-output | --compact-output | --exit-status | --join-output | --tab)
        options+=("$word")
        shift
        ;;
      --*) break ;;
      -*)
        [[ $word =~ ^-[rcejaSMC]+$ ]] || break
        options+=("$word")
        shift
        ;;
      *)
        [[ ! $word =~ ^[[:space:]]*(import|include|module)[[:space:]] ]] || break
        shift
        # One program, not two.
        context::global::jq "${options[@]}" ".[$index] | ($word
)" "$@"
        return
        ;;
    esac
  done
  context::global::jq -c ".[$index]" | jq "${all[@]}"
}

# context::get [--required] PATH: the value, texts without quotes.
function context::get() {
  if [[ ${1:-} == --required ]]; then
    shift
    if ! context::has "${1:-}"; then
      printf 'the binding context must have "%s"\n' "${1:-}" >&2
      return 1
    fi
  fi
  local __path __path_parts __path_kinds
  path::_filter "${1:-}"
  context::jq -r "$__path"
}

function context::has() {
  local __path __path_parts __path_kinds
  path::_has "${1:-}"
  context::jq -e "$__path" >/dev/null
}

function context::is_true() {
  context::_is "${1:-}" true
}

function context::is_false() {
  context::_is "${1:-}" false
}

function context::is_null() {
  context::_is "${1:-}" null
}

function context::_is() {
  local __path __path_parts __path_kinds
  path::_filter "$1"
  context::jq -e "$__path == $2" >/dev/null
}
