#!/usr/bin/env bash
# Paths as hooks write them: `snapshots.pods.0.filterResult`, `my-module."key.with.dots"`.
#
# Parts are separated by dots. A part of digits is an index. Quotes, single or double, keep a part
# together. Whatever jq understands behind a dot may follow: `items[0]`, `pods[].name`, `a | keys`.

# Splits $1 into __path_parts, and says of each in __path_kinds what it is: key, index or filter.
function path::_split() {
  local text=$1 letter quote='' part='' kind='' place depth=0
  local is_filter='^[^"'\'']*[|(){},;[:space:]]'
  __path_parts=() __path_kinds=()
  if [[ $text =~ $is_filter ]]; then
    __path_parts=("${text//\'/\"}") __path_kinds=(filter)
    return
  fi
  for ((place = 0; place <= ${#text}; place++)); do
    letter=${text:place:1}
    if [[ -n $quote && -n $letter ]]; then
      if [[ $letter != "$quote" ]]; then
        part+=$letter
      elif ((depth > 0)); then
        part+='"' quote=''
      else
        quote=''
      fi
    elif [[ $letter == [\"\'] && $depth -eq 0 ]]; then
      quote=$letter kind=key
    elif [[ $letter == [\"\'] ]]; then
      part+='"' quote=$letter
    elif [[ -z $letter || ($letter == . && $depth -eq 0) ]]; then
      path::_take "$part" "$kind"
      part='' kind=''
    else
      case $letter in
        '[') depth=$((depth + 1)) kind=filter ;;
        ']') depth=$((depth - 1)) ;;
      esac
      part+=$letter
    fi
  done
}

function path::_take() {
  local part=$1 kind=$2
  if [[ -z $kind ]]; then
    # Dots at the beginning and in a row say nothing.
    [[ -n $part ]] || return 0
    if [[ $part =~ ^[0-9]+$ ]]; then
      kind=index
    elif [[ $part =~ ^[A-Za-z_][A-Za-z0-9_]*\?$ ]]; then
      __path_parts+=("${part%\?}") __path_kinds+=(key)
      part='?' kind=filter
    else
      kind=key
    fi
  elif [[ $kind == filter ]]; then
    # `items[0]`: a key and what follows it.
    if [[ $part != '['* ]]; then
      __path_parts+=("${part%%\[*}") __path_kinds+=(key)
    fi
    part="[${part#*\[}"
  fi
  __path_parts+=("$part") __path_kinds+=("$kind")
}

# A text as JSON, without starting a program.
function path::_quote() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  text=${text//$'\t'/\\t}
  printf -v "$2" '"%s"' "$text"
}

# Puts the first $1 parts together to a filter in __path.
function path::_join() {
  local place part quoted
  __path=.
  for ((place = 0; place < $1; place++)); do
    part=${__path_parts[place]}
    case ${__path_kinds[place]} in
      index) __path+="[$part]" ;;
      filter) __path+=$part ;;
      key)
        quoted=$part
        [[ $part =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || path::_quote "$part" quoted
        if [[ $__path == . ]]; then __path+=$quoted; else __path+=.$quoted; fi
        ;;
    esac
  done
}

# The filter for a path, in __path.
function path::_filter() {
  path::_split "$1"
  path::_join "${#__path_parts[@]}"
}

# The filter that asks whether there is something at a path, in __path.
function path::_has() {
  local last key
  path::_split "$1"
  last=$((${#__path_parts[@]} - 1))
  if ((last < 0)); then
    __path=true
    return
  fi
  key=${__path_parts[last]}
  case ${__path_kinds[last]} in
    key) path::_quote "$key" key ;;
    index) ;;
    filter)
      path::_join $((last + 1))
      __path="[$__path] != []"
      return
      ;;
  esac
  path::_join "$last"
  __path="$__path | try has($key) catch false"
}

# The JSON pointer for a path, in __path.
function path::_pointer() {
  local place part
  path::_split "$1"
  __path=''
  for ((place = 0; place < ${#__path_parts[@]}; place++)); do
    part=${__path_parts[place]}
    if [[ ${__path_kinds[place]} == filter ]]; then
      if [[ ! $part =~ ^\[([0-9]+)\]$ ]]; then
        printf 'a value cannot be set at "%s": it is no plain path\n' "$1" >&2
        return 1
      fi
      part=${BASH_REMATCH[1]}
    fi
    part=${part//\~/\~0}
    __path+=/${part//\//\~1}
  done
}
