#!/bin/sh
# Tells what modules and hooks need beside the rights of the operator itself, as values of the chart. Asks an operator that
# runs with all rights and has applied every module.
#
#   deploy/rights.sh [NAMESPACE] >rights.yaml
#   helm upgrade addon-operator charts/addon-operator --namespace NAMESPACE --reuse-values --values rights.yaml
#
# Needs kubectl and jq. ADDON_OPERATOR is the command that asks the operator, if it is not the one in the Deployment.
# What hooks patch cannot be known before they do: add it by hand.
set -eu
namespace=${1:-addon-operator}
operator=${ADDON_OPERATOR:-kubectl --namespace $namespace exec deploy/addon-operator -- /addon-operator}

# NAME APIVERSION KIND of all that the cluster serves; short names may be missing in between.
resources=$(kubectl api-resources --no-headers | awk '{ print $1, $(NF-2), $NF }')
# The kinds in Module objects, as GROUP/KIND, and those that bindings name.
made=$(kubectl --namespace "$namespace" get modules.addon-operator.io -o json |
  jq -r '.items[].status.objects[]? | (.group // "") + "/" + .kind' | sort -u)
watched=$($operator hook list -o json |
  jq -r '.hooks[].bindings[] | select(.type == "kubernetes") | .listensTo | split(" ")[0]' | sort -u)

rule() { # rule GROUP RESOURCE VERBS
  printf '    - apiGroups: ["%s"]\n      resources: ["%s"]\n      verbs: [%s]\n' "$1" "$2" "$3"
}

printf 'rights:\n  clusterAdmin: false\n  rules:\n    # What charts and declared hooks make.\n'
for pair in $made; do
  group=${pair%%/*} kind=${pair#*/}
  echo "$resources" | awk -v group="$group" -v kind="$kind" '
    { split($2, version, "/"); of = version[2] ? version[1] : "" }
    $3 == kind && of == group { print $1; exit }' |
    while read -r name; do
      [ "$group" != rbac.authorization.k8s.io ] ||
        echo "    # What these grant must be granted to the operator too."
      rule "$group" "$name" 'get, list, watch, create, patch, delete'
    done
done
echo '    # What hooks watch.'
for kind in $watched; do
  echo "$resources" | awk -v kind="$kind" '
    { split($2, version, "/") }
    tolower($3) == tolower(kind) || $1 == tolower(kind) { print $1, version[2] ? version[1] : "-"; exit }' |
    while read -r name group; do
      rule "$(echo "$group" | tr -d -)" "$name" 'get, list, watch'
    done
done
echo '    # What hooks patch: add it here, with get, list, watch, create, patch, update and delete.'
