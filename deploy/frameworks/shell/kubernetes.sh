#!/usr/bin/env bash
# Changes of objects. They are carried out, in order, when the hook ends well.
#
# Objects come on standard input. YAML may hold several documents. A resource is KIND/NAME, such as
# `pod/web-1`, `deployments/web` or `certificates.cert-manager.io/web`. An empty namespace is none.

function kubernetes::create_json() {
  kubernetes::_json Create
}

function kubernetes::create_yaml() {
  kubernetes::_yaml Create
}

function kubernetes::create_if_not_exists_json() {
  kubernetes::_json CreateIfNotExists
}

function kubernetes::create_if_not_exists_yaml() {
  kubernetes::_yaml CreateIfNotExists
}

function kubernetes::replace_or_create_json() {
  kubernetes::_json CreateOrUpdate
}

function kubernetes::replace_or_create_yaml() {
  kubernetes::_yaml CreateOrUpdate
}

# Earlier names of the same.
function kubernetes::replace_json() {
  kubernetes::_json CreateOrUpdate
}

function kubernetes::replace_yaml() {
  kubernetes::_yaml CreateOrUpdate
}

# kubernetes::patch_jq NAMESPACE RESOURCE FILTER
function kubernetes::patch_jq() {
  local kind name
  kubernetes::_resource "$2"
  # shellcheck disable=SC2016 # of jq
  kubernetes::_ask "$1" '' "$kind" "$name" \
    '{operation: "JQPatch", jqFilter: $patch}' --arg patch "$3"
}

# kubernetes::merge_patch NAMESPACE API_VERSION KIND NAME [PATCH]: the patch, or standard input.
function kubernetes::merge_patch() {
  # shellcheck disable=SC2016 # of jq
  kubernetes::_patch '{operation: "MergePatch", mergePatch: $patch}' "$@"
}

# kubernetes::json_patch NAMESPACE API_VERSION KIND NAME [PATCH]
function kubernetes::json_patch() {
  # shellcheck disable=SC2016 # of jq
  kubernetes::_patch '{operation: "JSONPatch", jsonPatch: $patch}' "$@"
}

# kubernetes::status::merge_patch NAMESPACE API_VERSION KIND NAME [PATCH]: of what is below `status`.
function kubernetes::status::merge_patch() {
  # shellcheck disable=SC2016 # of jq
  kubernetes::_patch \
    '{operation: "MergePatch", subresource: "status", mergePatch: {status: $patch}}' "$@"
}

# kubernetes::status::json_patch NAMESPACE API_VERSION KIND NAME [PATCH]: paths begin with /status.
function kubernetes::status::json_patch() {
  # shellcheck disable=SC2016 # of jq
  kubernetes::_patch '{operation: "JSONPatch", subresource: "status", jsonPatch: $patch}' "$@"
}

# kubernetes::delete NAMESPACE RESOURCE: awaits the end of the object and what it owns. What is not
# there is deleted already.
function kubernetes::delete() {
  kubernetes::_delete Delete "$@"
}

function kubernetes::delete_if_exists() {
  kubernetes::_delete Delete "$@"
}

function kubernetes::delete_if_exists::non_blocking() {
  kubernetes::_delete DeleteInBackground "$@"
}

function kubernetes::delete_if_exists::non_cascading() {
  kubernetes::_delete DeleteNonCascading "$@"
}

function kubernetes::_delete() {
  local kind name
  kubernetes::_resource "$3"
  # shellcheck disable=SC2016 # of jq
  kubernetes::_ask "$2" '' "$kind" "$name" '{operation: $operation}' --arg operation "$1"
}

function kubernetes::_json() {
  # shellcheck disable=SC2016 # of jq
  jq -c --arg operation "$1" '{operation: $operation, object: .}' \
    >>"${KUBERNETES_PATCH_PATH:?is not set}"
}

# The operator reads the YAML itself.
function kubernetes::_yaml() {
  # shellcheck disable=SC2016 # of jq
  jq -Rsc --arg operation "$1" '
    [splits("(^|\n)---[ \t]*(\n|$)")][]
    | select(test("(^|\n)[ \t]*[^# \t\n]"))
    | {operation: $operation, object: .}' >>"${KUBERNETES_PATCH_PATH:?is not set}"
}

function kubernetes::_patch() {
  local patch
  if (($# > 5)); then patch=$6; else patch=$(cat); fi
  kubernetes::_ask "$2" "$3" "$4" "$5" "$1" --argjson patch "$patch"
}

# kubernetes::_ask NAMESPACE API_VERSION KIND NAME FILTER OPTIONS
function kubernetes::_ask() {
  # shellcheck disable=SC2016 # of jq
  jq -nc --arg namespace "$1" --arg apiVersion "$2" --arg kind "$3" --arg name "$4" "${@:6}" \
    "$5"' + {kind: $kind, name: $name}
      + if $namespace == "" then {} else {namespace: $namespace} end
      + if $apiVersion == "" then {} else {apiVersion: $apiVersion} end' \
    >>"${KUBERNETES_PATCH_PATH:?is not set}"
}

# Splits KIND/NAME into the variables of the caller.
function kubernetes::_resource() {
  kind=${1%%/*} name=${1#*/}
  if [[ $1 != */* || -z $kind || -z $name ]]; then
    printf '"%s" is no resource: write KIND/NAME\n' "$1" >&2
    return 1
  fi
}
