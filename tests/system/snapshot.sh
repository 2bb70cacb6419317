# shellcheck shell=bash
# What the tests of the snapshot commands have in common, on top of lib.sh.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

snapshots=/var/lib/xen/snapshots

# cfg DOMAIN NAME: the snapshot config. memory DOMAIN NAME: the memory image.
cfg() { echo "$snapshots/$1/$2/snapshot.cfg"; }
memory() { echo "$snapshots/$1/$2/memory"; }

# new_snapshot_domain ...: new_domain, whose snapshots go with it.
new_snapshot_domain() {
    new_domain "$@"
    cleanup_fn rm -rf "${snapshots:?}/$_name"
}

# held_mark DOMAIN: mark, with the domain paused first if it runs: what its
# console has after the mark is the restored domain's alone.
held_mark() {
    ! xl pause "$1" 2>/dev/null || sleep 0.5
    mark "$1"
}

# revert DOMAIN NAME [OPTION...]
revert() {
    local domain=$1 name=$2
    shift 2
    held_mark "$domain"
    xl snapshot-revert "$@" "$domain" "$(cfg "$domain" "$name")"
}

# resumed_tick DOMAIN: the tick it went on from: the first that does not follow
# on the one before it (if it was not held, it ticks on for a while after the
# mark), or the first at all. Nothing if it has not ticked since.
resumed_tick() {
    console "$1" | awk '
        /^WITNESS tick/ { if (!seen++ || $3 != last + 1) first = $3; last = $3 }
        END { print first }'
}

# back_at DOMAIN BEFORE AFTER: the domain goes on from between these ticks, and
# the witness finds memory and disks in step.
_back_at() {
    local n
    n=$(resumed_tick "$1")
    [ -n "$n" ] && [ "$n" -ge "$2" ] && [ "$n" -le $(($3 + 1)) ]
}
back_at() {
    until_ok 120 _back_at "$@" || {
        echo "went on from tick $(resumed_tick "$1"), not from $2 to $3"
        return 1
    }
    ticking "$1"
}

# disks_of DOMAIN: what the stored config names, a line a disk: vdev path format.
disks_of() {
    xl list -l "$1" | jq -r '.[0].config.disks[] | "\(.vdev) \(.pdev_path) \(.format)"'
}

# params_of DOMAIN: what xenstore names, backend and libxl's copy.
params_of() {
    local domid path
    domid=$(xl domid "$1")
    for path in $(xenstore-list "/libxl/$domid/device/vbd"); do
        xenstore-read "/libxl/$domid/device/vbd/$path/params" \
            "/local/domain/0/backend/qdisk/$domid/$path/params"
    done
}

# nodes_of DOMAIN: the node names in its QEMU.
nodes_of() {
    local socket
    socket=/var/run/xen/qmp-libxl-$(xl domid "$1")
    printf '%s\n' '{"execute":"qmp_capabilities"}' \
        '{"execute":"query-named-block-nodes","arguments":{"flat":true},"id":9}' |
        socat -t 10 - "UNIX-CONNECT:$socket" |
        jq -r 'select(.id == 9) | .return[]["node-name"]' | sort
}

# world DOMAIN: all that a refused or failed command must leave as it was.
world() {
    { find "/srv/$1" "$snapshots" -printf "%p %m\n" 2>/dev/null || :; } | sort
    disks_of "$1"
    params_of "$1"
    nodes_of "$1"
    xl list "$1" | awk 'NR == 2 { print $1, $2, ($5 ~ /p/ ? "paused" : "runs") }'
}

# unchanged DOMAIN COMMAND...: it leaves the world of the domain as it was.
unchanged() {
    local domain=$1 before code=0
    shift
    before=$(world "$domain")
    "$@" || code=$?
    diff <(echo "$before") <(world "$domain") || return 1
    return $code
}

# boots_at DOMAIN BEFORE AFTER: a cold boot found on its disks, all of one
# instant, a tick between these as the last one; and goes on from there.
_booted() { console "$1" | grep -q "WITNESS resume"; }
boots_at() {
    local n
    until_ok 240 _booted "$1" || return 1
    n=$(console "$1" | awk '/^WITNESS resume/ { print $3; exit }')
    [ "$n" -ge "$2" ] && [ "$n" -le "$3" ] || {
        echo "booted at tick $n, not from $2 to $3"
        return 1
    }
    ticking "$1"
}

# serve FORMAT IMAGE [-r]: a qemu-nbd on it, until unserve. It heeds no lock.
serve() {
    rm -f /srv/nbd
    qemu-nbd -t -k /srv/nbd "${@:3}" --image-opts \
        "driver=$1,file.driver=file,file.locking=off,file.filename=$2" &
    nbd=$!
    until_ok 30 test -S /srv/nbd
}
unserve() { kill "$nbd"; wait "$nbd" || :; }
