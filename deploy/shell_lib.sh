#!/usr/bin/env bash
# What hooks in bash begin with: `source /shell_lib.sh`, or `source "$FRAMEWORK_DIR/shell_lib.sh"`.
#
# Makes bash strict, tells where a hook failed, and brings the functions of frameworks/shell/, which
# docs/HOOKS.md describes. Needs bash 4.4. Where there is no jq, the operator's own takes its place.

set -Eeuo pipefail
shopt -s inherit_errexit failglob

# Tells on standard error where a command failed: the innermost function first.
function backtrace() {
  local status=$? frame
  # What failed in a subshell was told there.
  [[ -z ${__framework_told:-} ]] || return 0
  {
    printf 'failed with status %d: %s\n' "$status" "${BASH_COMMAND}"
    for ((frame = 0; frame < ${#BASH_LINENO[@]} - 1; frame++)); do
      printf '  at %s:%d, in %s\n' \
        "${BASH_SOURCE[frame + 1]}" "${BASH_LINENO[frame]}" "${FUNCNAME[frame + 1]}"
    done
  } >&2
}
trap backtrace ERR

# The folder of this file, wherever it is.
case ${BASH_SOURCE[0]} in
  */*) __framework_folder=${BASH_SOURCE[0]%/*} ;;
  *) __framework_folder=. ;;
esac

# Files that an image adds there are taken too.
while IFS= read -r __framework_file; do
  # shellcheck source=/dev/null
  source "$__framework_file"
done < <(find -L "$__framework_folder/frameworks/shell" -type f -name '*.sh' | LC_ALL=C sort)
unset __framework_folder __framework_file

if ! command -v jq >/dev/null; then
  # Programs that the hook starts know it too.
  function jq() {
    "${ADDON_OPERATOR_PROGRAM:-addon-operator}" jq "$@"
  }
  export -f jq
fi
