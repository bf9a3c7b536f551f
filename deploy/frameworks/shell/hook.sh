#!/usr/bin/env bash
# Which function of a hook is called for what.

# hook::run "$@": prints what __config__ says, or calls for each context the first of its functions
# that there is, each in a subshell of its own.
function hook::run() {
  if [[ ${1:-} == --config ]]; then
    __config__
    exit 0
  fi
  local text row binding kind event group from to index=0
  local -a rows
  text=$(context::global::jq -r '
    .[]
    | [.binding // "unknown", .type, .watchEvent, .groupName, .fromVersion, .toVersion]
    | map(. // "" | tostring | gsub("[[:cntrl:]]"; " "))
    | join("\u001f")')
  # shellcheck disable=SC2034 # for the hook
  CONTEXT_LENGTH=0
  [[ -n $text ]] || return 0
  mapfile -t rows <<<"$text"
  CONTEXT_LENGTH=${#rows[@]}
  for row in "${rows[@]}"; do
    IFS=$'\x1f' read -r binding kind event group from to <<<"$row"
    export BINDING_CONTEXT_CURRENT_INDEX=$index
    export BINDING_CONTEXT_CURRENT_BINDING=$binding
    export BINDING_CONTEXT_CURRENT_TYPE=$kind
    export BINDING_CONTEXT_GROUP_NAME=$group
    local -a __handlers=()
    hook::_handlers
    hook::_call "${__handlers[@]}" __main__
    index=$((index + 1))
  done
}

# The functions for a context, in __handlers; reads the variables of hook::run.
function hook::_handlers() {
  local on=__on_kubernetes::$binding
  case $binding:$kind in
    onStartup:*) __handlers=(__on_startup) ;;
    *:Synchronization) __handlers=("$on::synchronization" "$on") ;;
    *:Event)
      case $event in
        Added) __handlers=("$on::added" "$on::added_or_modified" "$on") ;;
        Modified) __handlers=("$on::modified" "$on::added_or_modified" "$on") ;;
        Deleted) __handlers=("$on::deleted" "$on") ;;
      esac
      ;;
    *:Group) __handlers=("__on_group::$group") ;;
    *:Schedule) __handlers=("__on_schedule::$binding") ;;
    *:Validating) __handlers=("__on_validating::$binding") ;;
    *:Mutating) __handlers=("__on_mutating::$binding") ;;
    *:Conversion)
      on=__on_conversion::$binding
      __handlers=("$on::${from//\//.}::${to//\//.}" "$on")
      ;;
    beforeAll:) __handlers=(__on_before_all) ;;
    afterAll:) __handlers=(__on_after_all) ;;
    beforeHelm:) __handlers=(__on_before_helm) ;;
    afterHelm:) __handlers=(__on_after_helm) ;;
    beforeDeleteHelm:) __handlers=(__on_before_delete_helm) ;;
    afterDeleteHelm:) __handlers=(__on_after_delete_helm) ;;
  esac
}

# Calls the first function that there is; none is a mistake.
function hook::_call() {
  local handler status
  for handler in "$@"; do
    declare -F -- "$handler" >/dev/null || continue
    # The subshell tells where it failed; here it is not told again.
    __framework_told=yes
    set +e
    (
      __framework_told=
      set -e
      "$handler"
    )
    status=$?
    set -e
    ((status != 0)) || __framework_told=
    return "$status"
  done
  printf 'the hook has no function for this context; it may have one of: %s\n' "$*" >&2
  return 1
}
