# Shared by the scripts beside it; sourced, never run.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cores=$(nproc)

say() { printf '\033[1m== %s\033[0m\n' "$*" | if [[ -t 1 ]]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }
die() { printf 'error: %s\n' "$*" >&2; exit "${status:-1}"; }

# Runs a command as root: directly, or with sudo.
as_root() {
  if [[ $(id -u) -eq 0 ]]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "this needs root for: $* (run as root, or install sudo)"; fi
}

# Configures a preset once (ninja re-runs cmake by itself when a CMake file changes).
configure() {
  [[ -e $root/build/$1/build.ninja ]] || (cd "$root" && cmake --preset "$1" >"$(log_of "$1")") ||
    { cat "$(log_of "$1")" >&2; die "cmake --preset $1 failed"; }
}
log_of() { mkdir -p "$root/build/log"; echo "$root/build/log/configure-$1.log"; }
