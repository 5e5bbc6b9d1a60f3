#!/usr/bin/env bash
# Installs an older package into an empty root folder with the real dpkg, lets the packaged program write events, changes
# the configuration, upgrades, and looks: data readable by the new program, configuration as changed, rights right.
# Then: remove keeps data, purge deletes it. Works as root or not (fakeroot), with or without systemd running.
#   usage: upgrade_test.sh BINARY     exit status 77 = skipped, there is no binary
set -euo pipefail
binary=${1:?usage: upgrade_test.sh BINARY}
here=$(cd "$(dirname "$0")/../.." && pwd)
if [[ ! -x $binary ]]; then echo "SKIPPED: no program at $binary"; exit 77; fi
work=$(mktemp -d)
server=
finish() { [[ -z $server ]] || kill -KILL "$server" 2>/dev/null || true; rm -rf "$work"; }
trap finish EXIT
fail() { echo "FAILED: $*"; exit 1; }

root=$work/root
data=$root/var/lib/canhgac
config=$root/etc/canhgac/canhgac.yaml
mkdir -p "$root"/{etc,var/lib/dpkg/{info,updates,triggers},var/log,tmp,run}
touch "$root"/etc/{passwd,group,shadow,gshadow} "$root"/var/lib/dpkg/{status,available}
options=(--root="$root" --force-script-chrootless --force-depends --force-not-root --force-bad-path --log=/dev/null)
if [[ $(id -u) -eq 0 ]]; then faked=(); else faked=(fakeroot -i "$work/fake" -s "$work/fake"); touch "$work/fake"; fi
run_dpkg() { "${faked[@]}" dpkg "${options[@]}" "$@" </dev/null >"$work/dpkg.log" 2>&1 || { cat "$work/dpkg.log"; fail "dpkg $*"; }; }
status_of() { dpkg-query --admindir="$root/var/lib/dpkg" -W -f '${db:Status-Status} ${Version}' canhgac 2>/dev/null || true; }

older=$("$here/packaging/build-deb" --binary "$binary" --version 0.0.9 --output "$work" | tail -n 1)
newer=$("$here/packaging/build-deb" --binary "$binary" --version 0.1.0~test --output "$work" | tail -n 1)
grep -q librocksdb <<<"$(dpkg-deb -f "$newer" Depends)" || fail "the libraries are not among the dependencies"

serve() { # runs the installed program on free ports, until ready
  sed -e "s#^data_dir:.*#data_dir: $data#" -e 's#127\.0\.0\.1:[0-9]*$#127.0.0.1:0#' "$config" >"$work/run.yaml"
  rm -f "$data/ports.json"
  "$root/usr/bin/canhgac" serve --config "$work/run.yaml" >"$work/serve.log" 2>&1 &
  server=$!
  for _ in $(seq 300); do
    if [[ -s $data/ports.json ]]; then return; fi
    kill -0 "$server" 2>/dev/null || { cat "$work/serve.log"; fail "the packaged program ended"; }
    sleep 0.1
  done
  cat "$work/serve.log"; fail "the packaged program is not ready within 30 s"
}
port() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$data/ports.json" "$1"; }
stop() { kill -TERM "$server"; wait "$server" || fail "the packaged program did not stop cleanly"; server=; }
count() { "$root/usr/bin/canhgac" search --server "http://127.0.0.1:$(port api)" --data "$data" --limit 100 "$1" --output jsonl | grep -c "$1" || true; }

run_dpkg -i "$older"
[[ $(status_of) == "installed 0.0.9" ]] || fail "after the first installation: $(status_of)"
[[ $(stat -c %a "$config") == 640 && $(stat -c %a "$data") == 700 ]] || fail "wrong rights"
grep -q '^canhgac:' "$root/etc/passwd" || fail "no user canhgac"

serve
for n in 1 2 3 4 5; do
  logger --server 127.0.0.1 --tcp --port "$(port syslog_tcp)" --rfc5424 --tag upgrade "upgradeproof number $n"
done
for _ in $(seq 50); do [[ $(count upgradeproof) -eq 5 ]] && break; sleep 0.2; done
[[ $(count upgradeproof) -eq 5 ]] || fail "the events are not stored before the upgrade"
stop
echo '# changed by the administrator' >>"$config"
sum=$(sha256sum <"$config")

run_dpkg -i "$newer"
[[ $(status_of) == "installed 0.1.0~test" ]] || fail "after the upgrade: $(status_of)"
[[ $(sha256sum <"$config") == "$sum" ]] || fail "the changed configuration was replaced"
[[ $(stat -c %a "$config") == 640 && $(stat -c %a "$data") == 700 ]] || fail "wrong rights after the upgrade"
serve
[[ $(count upgradeproof) -eq 5 ]] || fail "the events of before the upgrade are not found"
stop

run_dpkg --remove canhgac
[[ -d $data && -s $config ]] || fail "removing deleted data or configuration"
[[ ! -e $root/usr/bin/canhgac ]] || fail "removing left the program"
run_dpkg --purge canhgac
[[ ! -e $data && ! -e $root/etc/canhgac ]] || fail "purging left data or configuration"
if grep -q '^canhgac:' "$root/etc/passwd"; then fail "purging left the user"; fi
echo "install, upgrade, remove and purge: as they should"
