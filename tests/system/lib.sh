# SPDX-License-Identifier: LGPL-2.1-only
# shellcheck shell=bash
# What the system tests have in common. They run in dom0 of an emulated Xen host
# (tests/xenhost), each one is independent, prints TAP and leaves nothing behind:
#
#   . "$(dirname "$0")/lib.sh"
#   new_domain vm qcow2:64M raw:32M
#   ok "takes a snapshot" xl snapshot-create vm
#   ok "the guest goes on" ticking vm
#
# The guests run the witness (tests/xenhost/guest/witness.c): they count ticks,
# in memory and on their disks, and print TORN when the two do not fit.
#
# In dom0, which is emulated, to start a program takes a while: what
# is done often is done by bash itself.
#
# A test ends at its first failure, and after 20 minutes, which a line
# "# time-limit: SECONDS" in it changes.
#
# in_soak is true under "./dev soak", where a test takes its long form, if it has one,
# and may take six times as long; SEED is then another one each time.

set -eEu -o pipefail

guest_files=/usr/share/xenhost
guest_args="console=hvc0 quiet loglevel=3 rodata=off cryptomgr.notests mitigations=off"
# A PV guest tries for a second to read a timer that it has not got, unless:
pv_args="tsc_early_khz=$(awk '/MHz/ { print int($4 * 1000); exit }' /proc/cpuinfo)"
consoles=/var/log/xen/console

_count=0
_since=${EPOCHREALTIME/./}
_domains=()
_cleanups=()
declare -A _marks=()
_tmp=$(mktemp -d)

in_soak() { [ -n "${SOAK:-}" ]; }

# --- results ---------------------------------------------------------------

# ok WHAT [COMMAND...]: one test point; true if there is no COMMAND. Its output
# is shown when it fails, and that ends the script. The seconds that it says are
# those since the test point before it.
ok() {
    local what=$1 ms
    shift
    if "${@:-true}" > "$_tmp/out" 2>&1; then
        _count=$((_count + 1)) ms=$(((${EPOCHREALTIME/./} - _since) / 1000))
        _since=${EPOCHREALTIME/./}
        echo "ok $_count - $what # $((ms / 1000)).$((ms / 100 % 10)) s"
    else
        not_ok "$what" < "$_tmp/out"
        exit 1
    fi
}

# not_ok WHAT: a failed test point, with stdin as its explanation.
not_ok() {
    _count=$((_count + 1))
    echo "not ok $_count - $1"
    sed 's/^/#   /'
    _reported=1
}

note() { echo "# $*"; }

# requires COMMAND...: without them the whole test is skipped.
requires() {
    local c
    for c; do
        command -v "$c" >/dev/null || { echo "1..0 # SKIP no $c"; _skipped=1; exit 0; }
    done
}

# says PATTERN COMMAND...: it succeeds and some line of its output matches.
says() {
    local pattern=$1 line lines
    shift
    "$@" > "$_tmp/says" 2>&1 || { echo "exit code $? from: $*"; cat "$_tmp/says"; return 1; }
    mapfile -t lines < "$_tmp/says"
    for line in "${lines[@]}"; do
        [[ ! $line =~ $pattern ]] || return 0
    done
    printf '%s\n' "${lines[@]}" "which lacks: $pattern"
    return 1
}

# mustfail [-x CODE] TEXT COMMAND...: it fails with CODE (1) and says so in one
# line on stderr that contains TEXT.
mustfail() {
    local code=1 text got=0 lines
    [ "$1" != -x ] || { code=$2; shift 2; }
    text=$1
    shift
    "$@" > "$_tmp/stdout" 2> "$_tmp/stderr" || got=$?
    mapfile -t lines < "$_tmp/stderr"
    if [ "$got" != "$code" ]; then
        echo "exit code $got, not $code"
    elif [ ${#lines[@]} != 1 ]; then
        echo "not one line on stderr"
    elif [[ ${lines[0]} != *"$text"* ]]; then
        echo "which lacks: $text"
    else
        return 0
    fi
    cat "$_tmp/stdout" "$_tmp/stderr"
    return 1
}

# not COMMAND...: it fails, no matter how. (bash's ! is ignored by set -e.)
not() {
    if "$@"; then echo "succeeded: $*"; return 1; fi
}

# --- what to undo at the end -----------------------------------------------

# cleanup_fn COMMAND...: run it when the test ends; the last comes first.
cleanup_fn() { _cleanups=("$(printf '%q ' "$@")" "${_cleanups[@]}"); }

_at_exit() {
    local code=$? c d
    trap - EXIT ERR
    if [ "$code" -ne 0 ]; then
        [ -n "${_reported:-}" ] ||
            not_ok "ended early: ${_died:-exit code $code}" < /dev/null
        xl list 2>&1 | sed 's/^/#   /'
        for d in "${_domains[@]}"; do
            echo "#   console of $d:"
            console "$d" 2>/dev/null | tail -n 8 | sed 's/^/#     /'
        done
    fi
    [ -n "${_skipped:-}" ] || echo "1..$_count"
    for c in "${_cleanups[@]}"; do
        eval "$c" > /dev/null 2>&1 || :
    done
    rm -rf "$_tmp"
    exit "$code"
}
trap _at_exit EXIT
trap '_died="line $LINENO: $BASH_COMMAND (exit code $?)"' ERR
trap 'exit 143' TERM

# --- domains ---------------------------------------------------------------

# new_domain [-t pv|pvh|hvm] [-m MB] [-a KERNEL_ARGS] [-x CONFIG_LINE] [-g] NAME DISK...
# Writes /srv/NAME/NAME.cfg, creates the domain and waits for its first tick.
# DISK: qcow2:SIZE   a qcow2 image          raw:SIZE   a raw image, by QEMU
#       loop:SIZE    a raw image, by blkback
#       ext4:SIZE    a raw image, by QEMU, with a file system that holds the log
#       anything else is taken as xl-disk-configuration(5), %v being its vdev
# Images are /srv/NAME/xvda.FORMAT, xvdb.FORMAT and so on.
# The kernel is the small one, if it was built, or Debian's, which needs 88 MB.
# -g: the guest has Debian's, knows ext4 and runs the real qemu-ga on the channel
# $(agent NAME).
new_domain() {
    define_domain "$@"
    start_domain "$_name"
}

# _memory_for LEAST DISK...: what the small kernel needs, in MB: its block frontend
# keeps pages for requests to blkback, which takes large ones, and few for QEMU.
_memory_for() {
    local disk mb=$(($1 - 8))
    for disk in "${@:2}"; do
        case $disk in qcow2:* | raw:* | ext4:*) mb=$((mb + 4)) ;; *) mb=$((mb + 32)) ;; esac
    done
    echo $((mb > $1 ? mb : $1))
}

# The same without creating the domain.
define_domain() {
    local type=pv memory='' args='' extra='' kernel=small opt OPTIND=1
    local initrd=initrd.img vmlinux=vmlinux
    local disks=() vdevs=({a..z})

    [ -e $guest_files/small ] || kernel=debian
    while getopts t:m:a:x:g opt; do
        case $opt in
        t) type=$OPTARG ;; m) memory=$OPTARG ;; a) args=$OPTARG ;;
        x) extra+=$OPTARG$'\n' ;;
        g) initrd=initrd-ga.img kernel=debian ;; *) return 2 ;;
        esac
    done
    shift $((OPTIND - 1))
    _name=$1
    shift
    case $type$kernel in
    pvsmall) memory=${memory:-$(_memory_for 16 "$@")} ;;
    *small) memory=${memory:-$(_memory_for 24 "$@")} ;;
    pv*) memory=${memory:-128} ;;
    *) memory=${memory:-160} ;;
    esac
    [ $initrd = initrd.img ] || extra+=$(agent_channel "$_name")$'\n'
    mkdir -p "/srv/$_name"
    while [ $# -gt 0 ]; do
        _add_disk "xvd${vdevs[${#disks[@]}]}" "$1"
        shift
    done
    [ "$type" != pv ] || args+=" $pv_args"
    if [ "$type" = hvm ]; then
        # See tests/xenhost/guest/hvmboot.S.
        vmlinux=hvmboot
        extra+='device_model_args_hvm = [ "-device", "loader,file='
        extra+=$guest_files/$kernel/vmlinux.flat',addr='$(<"$guest_files/$kernel/address")
        extra+=',force-raw=on" ]'$'\n'
        extra+='vga="none"'$'\n''usb=0'$'\n''serial="none"'$'\n'
    fi
    cat > "$(config "$_name")" <<EOF
name = "$_name"
type = "$type"
memory = $memory
vcpus = 1
kernel = "$guest_files/$kernel/$vmlinux"
ramdisk = "$guest_files/$kernel/$initrd"
extra = "$guest_args $args"
disk = [ ${disks[*]} ]
$extra
EOF
    _domains+=("$_name")
    cleanup_fn remove_domain "$_name"
}

_add_disk() {
    local vdev=$1 spec=$2 image

    case $spec in
    qcow2:*)
        image=/srv/$_name/$vdev.qcow2
        qemu-img create -q -f qcow2 "$image" "${spec#*:}"
        spec="$image,qcow2,$vdev,w" ;;
    raw:* | loop:* | ext4:*)
        image=/srv/$_name/$vdev.raw
        truncate -s "${spec#*:}" "$image"
        [[ $spec != ext4:* ]] || mke2fs -q -t ext4 "$image"
        [[ $spec = loop:* ]] && spec="$image,raw,$vdev,w" ||
            spec="$image,raw,$vdev,w,backendtype=qdisk" ;;
    *)
        spec=${spec//%v/$vdev} ;;
    esac
    disks+=("'$spec',")
}

# agent NAME: the socket of its guest agent. agent_channel NAME: its line in xl.cfg.
agent() { echo "/run/xen/$1.agent"; }
# (The xl of 4.17 gives the first channel the number of the console, which then takes
# its place: hence another one before it, which from 4.18.5 on must not be there.)
agent_channel() {
    echo "channel = [ 'connection=pty,name=none',"
    echo "    'connection=socket,name=org.qemu.guest_agent.0,path=$(agent "$1")' ]"
}

# agent_says NAME COMMAND: what the guest agent returns, as JSON; false if that is
# an error. (The channel may hold what an earlier caller did not read.)
agent_says() {
    python3 - "$(agent "$1")" "$2" <<'EOF'
import json, random, socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect(sys.argv[1])
lines = s.makefile("rb")
n = random.randrange(1, 1 << 31)
sync = {"execute": "guest-sync-delimited", "arguments": {"id": n}}
s.sendall(b"\xff" + json.dumps(sync).encode() + b"\n")
while b"\xff" + json.dumps({"return": n}).encode() not in lines.readline(): pass
s.sendall(json.dumps({"execute": sys.argv[2]}).encode() + b"\n")
reply = json.loads(lines.readline())
print(json.dumps(reply["return"] if "return" in reply else reply["error"]["desc"]))
sys.exit("error" in reply)
EOF
}

# is_clean IMAGE: the ext4 in this raw image needs no recovery and has no error.
is_clean() { not grep needs_recovery <(dumpe2fs -h "$1" 2>&1) && e2fsck -fn "$1"; }

# libxl gives QEMU 10 s to start and a hotplug script 40 s (4.17), which dom0 may
# need more of while the machine below it is busy: start_domain tries twice.
_create() { xl create -q "${@:2}" "$(config "$1")" > "$_tmp/create" 2>&1; }

# start_domain NAME: xl create, and wait for the first tick.
start_domain() {
    mark "$1"
    _create "$1" || _create "$1" || {
        sed 's/^/# xl create: /' "$_tmp/create"
        return 1
    }
    wait_tick "$1" 0 "${2:-240}"
}

_destroyed() {
    xl domid "$1" || return 0
    xl destroy "$1" || :
    not xl domid "$1"
}

# Destroys a domain, if it is there, and deletes what belongs to it.
remove_domain() {
    until_ok 60 _destroyed "$1"
    [ ! -d "/srv/$1" ] || chattr -R -f -i "/srv/$1" || :
    rm -rf "/srv/$1" "$consoles/guest-$1.log"
} > /dev/null 2>&1

# config NAME: the file that new_domain wrote. image NAME VDEV: an image.
config() { echo "/srv/$1/$1.cfg"; }
image() { echo "/srv/$1/$2".*; }

# --- the witness -----------------------------------------------------------

# mark NAME: from here on, the console of NAME is read anew. Do it before a
# restore or a revert; new_domain does it.
mark() {
    _marks[$1]=0
    _read_lines "$1"
    _marks[$1]=${#_lines[@]}
}

# Sets _lines to what NAME printed since the mark.
_read_lines() {
    local log=$consoles/guest-$1.log
    _lines=()
    [ ! -e "$log" ] || mapfile -t -s "${_marks[$1]:-0}" _lines < "$log"
}

# The same, and _ticks to the number of ticks in it, _first and _last to the first
# and the last of them, empty if there is none, and _resumed to the tick that it went
# on from: the first that does not follow on the one before it, or the first at all
# (a domain that was reverted may have ticked on after the mark).
_read_console() {
    local line n
    _read_lines "$1"
    _ticks=0 _first='' _last='' _resumed=''
    _lines=("${_lines[@]%$'\r'}")
    for line in "${_lines[@]}"; do
        # no regular expression: bash compiles it anew for each line
        [[ $line = "WITNESS tick "*\ * ]] || continue
        n=${line#WITNESS tick } n=${n%% *}
        [[ $n && $n != *[!0-9]* ]] || continue
        [ "$n" = $((${_last:--2} + 1)) ] || _resumed=$n
        _first=${_first:-$n} _last=$n _ticks=$((_ticks + 1))
    done
}

# console NAME: what it printed since the mark.
console() { _read_console "$1"; printf '%s\n' "${_lines[@]}"; }

# The first and the last tick since the mark, and the one it went on from;
# nothing if there is none.
first_tick() { _read_console "$1"; echo "$_first"; }
tick() { _read_console "$1"; echo "$_last"; }
resumed_tick() { _read_console "$1"; echo "$_resumed"; }

# hash_at NAME TICK: the hash that it printed with that tick.
hash_at() { console "$1" | awk -v n="$2" '/^WITNESS tick/ && $3 == n { h = $4 } END { print h }'; }

# nap SECONDS: sleep, without a program.
exec {_never}<> <(:)
nap() { read -r -t "$1" -u "$_never" || :; }

# until_ok SECONDS COMMAND...: try it until it succeeds.
until_ok() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $deadline ] || { echo "never: $*"; return 1; }
        nap 0.3
    done
}

# wait_tick NAME TICK [SECONDS]: until it printed that tick or a later one.
wait_tick() {
    local deadline=$((SECONDS + ${3:-60}))
    until _read_console "$1" && [ "${_last:--1}" -ge "$2" ]; do
        [ $SECONDS -lt $deadline ] || {
            echo "no tick $2 of $1; its console ends:"
            printf '%s\n' "${_lines[@]: -5}"
            return 1
        }
        nap 0.2
    done
}

# is_torn NAME: something was torn or broken since the mark. sound NAME: nothing.
is_torn() {
    _read_lines "$1"
    [[ ${_lines[*]} = *WITNESS\ TORN* || ${_lines[*]} = *WITNESS\ BROKEN* ]] || return 1
    grep -E 'WITNESS (TORN|BROKEN)' <(printf '%s\n' "${_lines[@]}")
}
sound() { not is_torn "$1"; }

# ticking NAME [COMMAND...]: it goes on now, and nothing is torn or broken; meanwhile
# COMMAND, which has to succeed, looks at something else.
_ticked() { _read_console "$1"; [ $_ticks -ge "$2" ]; }
ticking() {
    local before
    _read_console "$1"
    before=$_ticks
    [ $# = 1 ] || "${@:2}" || return 1
    until_ok 90 _ticked "$1" $((before + 2)) && sound "$1"
}

# still NAME: it does not tick (it is paused, or was destroyed).
still() {
    local n
    n=$(tick "$1")
    nap 1.5
    [ "$n" = "$(tick "$1")" ] || { echo "ticks: $n, $(tick "$1")"; return 1; }
}

# tell NAME WORD: a command for the witness: reboot poweroff panic fast slow.
tell() { printf '%s\n' "$2" > "$(xenstore-read "/local/domain/$(xl domid "$1")/console/tty")"; }
