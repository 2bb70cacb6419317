# SPDX-License-Identifier: LGPL-2.1-only
# lib.sh: what the command tests share: the real xl-snapshot, with the real libxl,
# libxlutil and qemu-img, on a host whose Xen and xenstore are a text file
# (stand-in-xen.c) and whose xl is stand-in/xl. Folders, processes and host are the
# test's own and go with it, so a test can write what a manual would:
#
#   define_domain web qcow2 raw             /srv/web/web.cfg and its images
#   ok "a snapshot" xl snapshot-create --domain-config web.cfg -n s1 web
#   xl create web.cfg                       now it runs
#   ok "no second one" refuses "exists already" xl snapshot-create -n s1 web
#
# shellcheck shell=sh
set -u
# whatever the user's is: what a group can write to is not trusted
umask 022

# The test runs in namespaces of its own, for mounts and for processes, in which it
# is process 1, for ten minutes at most. A user other than root is root there, where the
# kernel allows it.
if [ "${own_namespaces-}" != yes ]; then
    own_namespaces=yes
    export own_namespaces
    set -- unshare --mount --pid --fork --mount-proc --kill-child
    if "$@" true 2>/dev/null; then exec timeout -s KILL 600 "$@" sh "$0"; fi
    if "$@" --map-root-user true 2>/dev/null; then
        exec timeout -s KILL 600 "$@" --map-root-user sh "$0"
    fi
    echo "1..0 # SKIP no root, and no namespaces for others"
    exit 0
fi
[ $$ = 1 ] || exit 1        # it kills all processes, and unmounts folders

# In a namespace for users / is nobody's, and what is below it could be changed by others
# than root, for all that a program can know. So the test gets a / of its own, of the
# machine's folders.
if [ "$(stat -c %u /)" != 0 ]; then
    mount -t tmpfs -o mode=755 tmpfs /mnt || exit 1
    mkdir -m 1777 /mnt/tmp
    mkdir -p /mnt/machine /mnt/etc /mnt/var/lib /mnt/var/log /mnt/run/lock /mnt/srv
    mount --rbind / /mnt/machine || exit 1
    for folder in /*; do
        case $folder in
        /etc | /mnt | /run | /srv | /tmp | /var) ;;
        *)
            if [ -L "$folder" ]; then cp -P "$folder" /mnt/; continue; fi
            [ -d "$folder" ] && mkdir "/mnt$folder" && mount --rbind "$folder" "/mnt$folder" ;;
        esac
    done
    for file in /etc/* /var/* /var/lib/*; do
        [ -e "/mnt$file" ] || ln -s "/machine$file" "/mnt$file"
    done
    ln -sfn /run /mnt/var/run
    for folder in "$srcdir" "$builddir"; do
        folder=$(cd "$folder" && pwd)
        [ -d "/mnt$folder" ] && continue
        mkdir -p "/mnt$folder" && mount --rbind "$folder" "/mnt$folder" || exit 1
    done
    exec chroot /mnt sh -c 'cd "$1" && exec sh "$2"' - "$PWD" "$0"
fi

# shellcheck source=../tap.sh
. "$srcdir/tests/tap.sh"
for tool in qemu-img qemu-io jq flock mount nm chattr; do
    command -v "$tool" >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done

srcdir=$(cd "$srcdir" && pwd)
here=$srcdir/tests/command
snapshots=/var/lib/xen/snapshots
program=$builddir/tools/xl/.libs/xl-snapshot
[ -x "$program" ] || program=$builddir/tools/xl/xl-snapshot
libraries=$builddir/tools/libxl/.libs
preload=$builddir/tests/command/.libs/stand-in-xen.so
fault=$builddir/tests/fault/.libs/fault.so
# a program that was built with ASan wants ASan's library before all others
sanitizer=$(ldd "$program" | sed -n 's/.*lib[ac][a-z_]*san[^ ]* => \([^ ]*\).*/\1/p')

# --- the host --------------------------------------------------------------

# What is behind the links of empty_folder, and files that belong to no domain.
hidden=$(mktemp -d /tmp/xl-snapshot-command.XXXXXX) || exit 1
trap 'cd /; umount -l "$hidden"; rmdir "$hidden"' EXIT
trap 'exit 1' HUP INT TERM
mount -t tmpfs tmpfs "$hidden" || exit 1

# empty_folder DIR: an empty folder of the test's own. Where the machine has no such
# folder none is made: the one above becomes a folder of links to what was in it.
empty_folder() {
    if [ ! -d "$1" ]; then
        above=${1%/*}
        mkdir -p "$hidden$above"
        mount --rbind "$above" "$hidden$above"
        mount -t tmpfs -o mode=755 tmpfs "$above"
        ln -s "$hidden$above"/* "$above"
        mkdir "$1"
    fi
    mount -t tmpfs -o mode=755 tmpfs "$1"
}
for folder in /run/xen /var/lib/xen /var/log/xen /etc/xen /srv; do
    empty_folder "$folder" || exit 1
done

STAND_IN_XEN=$hidden/host
XL_SNAPSHOT_XL=$here/stand-in/xl
QEMU_IMG=$(command -v qemu-img)
PATH=$here/stand-in:$PATH
# Of our variables only XL_SNAPSHOT_* reach what a command runs: a stand-in finds its own
# there.
for_stand_ins="export STAND_IN_XEN='$STAND_IN_XEN' QEMU_IMG='$QEMU_IMG'"
XL_SNAPSHOT_TEST=$for_stand_ins
export STAND_IN_XEN XL_SNAPSHOT_XL XL_SNAPSHOT_TEST QEMU_IMG PATH

# new_host: no domains, no images, no snapshots, and no process but ours.
new_host() {
    kill -KILL -1 2>/dev/null
    cd / || exit 1
    empty_again /run/xen /var/lib/xen /var/log/xen /etc/xen /srv
    rm -f "$STAND_IN_XEN".*
    cat >"$STAND_IN_XEN" <<END
xen/0/uuid 00000000-0000-0000-0000-000000000000
xen/0/type pv
xen/0/state
/local/domain/0/name Domain-0
/local/pool/0/name Pool-0
END
    domains=0
    cd /srv || exit 1
}
empty_again() {
    umount -l "$@"
    for folder; do mount -t tmpfs -o mode=755 tmpfs "$folder"; done
}

# xl COMMAND...: our command, or the stand-in for Xen's own xl. Libraries in $preloads
# are preloaded, too.
xl() {
    case ${1-} in
    create | restore | destroy | pause | unpause | shutdown | rename)
        "$XL_SNAPSHOT_XL" "$@" ;;
    *)
        XL_SNAPSHOT_TEST="$for_stand_ins STAND_IN_XL='${STAND_IN_XL-}' \
            STAND_IN_SYNC='${STAND_IN_SYNC-}' STAND_IN_QEMU_IMG='${STAND_IN_QEMU_IMG-}'" \
            LD_PRELOAD="$sanitizer ${preloads-} $preload" LD_LIBRARY_PATH=$libraries \
            ${keeper-} "$program" "$@" ;;
    esac
}
# keep_limits: commands cannot raise their limits, as root can, from now on. What is
# preloaded is not into a second program.
keep_limits() { keeper="setpriv --bounding-set -sys_resource env LD_PRELOAD=$preload"; }

# domid_of NAME: fails if there is none. state_of NAME: '' if it runs, else as in
# stand-in-xen.c. is_on NAME IMAGE...: what xenstore has as its disks.
domid_of() {
    sed -n "s,^/local/domain/\([0-9]*\)/name $1\$,\1,p" "$STAND_IN_XEN" | grep .
}
state_of() {
    domid=$(domid_of "$1") && sed -n "s,^xen/$domid/state *,,p" "$STAND_IN_XEN"
}
is_on() {
    domid=$(domid_of "$1") || return 1
    shift
    disks=$(sed -n "s,^/libxl/$domid/device/vbd/.*/params .*/,,p" "$STAND_IN_XEN")
    same "$(echo $disks)" "$*"
}

# define_domain NAME DISK...: writes /srv/NAME/NAME.cfg and images of 1 MiB, and goes to
# that folder. DISK, for the next of xvda, xvdb, ...:
#   qcow2, raw    an image that QEMU serves, xvda.qcow2 or xvda.raw
#   file          a raw image that blkback serves, xvda.img
define_domain() {
    domain=$1
    shift
    domains=$((domains + 1))
    uuid=$(printf '%08d-0000-4000-8000-000000000000' $domains)
    mkdir -p "/srv/$domain"
    cd "/srv/$domain" || exit 1
    {
        printf '%s\n' "name = \"$domain\"" "uuid = \"$uuid\"" 'type = "pvh"' \
            'memory = 64' 'kernel = "/srv/vmlinuz"' 'disk = ['
        for letter in a b c d e f g h; do
            [ $# -gt 0 ] || break
            echo "    '$(define_disk "xvd$letter" "$1")',"
            shift
        done
        echo ']'
    } >"$domain.cfg"
    : >/srv/vmlinuz
}

# define_disk VDEV DISK: makes the image, and prints its line of the xl.cfg.
define_disk() {
    case $2 in
    qcow2)
        new_image qcow2 "$1.qcow2" "$domain $1"
        echo "$PWD/$1.qcow2,qcow2,$1,w" ;;
    raw)
        new_image raw "$1.raw" "$domain $1"
        echo "$PWD/$1.raw,raw,$1,w,backendtype=qdisk" ;;
    file)
        new_image raw "$1.img" "$domain $1"
        echo "$PWD/$1.img,raw,$1,w" ;;
    *) exit 2 ;;
    esac
}

# new_image FORMAT FILE TEXT: makes an image whose disk begins with TEXT.
# guest_writes FORMAT FILE TEXT: writes TEXT there. guest_sees FORMAT FILE TEXT:
# succeeds if it stands there.
new_image() {
    "$QEMU_IMG" create -q -f "$1" "$2" 1M && guest_writes "$@"
}
guest_writes() {
    printf '%-64s' "$3" >"$hidden/text"
    qemu-io -f "$1" -c "write -s $hidden/text 0 64" "$2" >/dev/null
}
guest_sees() {
    text=$("$QEMU_IMG" dd -U -f "$1" -O raw if="$2" of="$hidden/seen" bs=64 count=1 &&
        cat "$hidden/seen")
    same "$text" "$(printf '%-64s' "$3")"
}

# with_disk SPEC: prints the name of a copy of the xl.cfg with one more disk.
with_disk() {
    sed "s|^\]|    $1,\n]|" "$domain.cfg" >"$hidden/with-disk.cfg"
    echo "$hidden/with-disk.cfg"
}

# tags IMAGE: the names of its internal snapshots.
tags() { "$QEMU_IMG" snapshot -U -l "$1" | awk 'NR > 2 { print $2 }'; }

# cfg NAME: the snapshot config of $domain, which define_domain sets. journal: the
# journals that are there.
cfg() { echo "$snapshots/$domain/$1/snapshot.cfg"; }
journal() { ls "$snapshots/.journal/" 2>/dev/null; }

# le32 NUMBER...: prints each as 4 bytes.
le32() {
    for n; do
        for shift in 0 8 16 24; do
            # shellcheck disable=SC2059
            printf "\\$(printf %03o $(((n >> shift) & 255)))"
        done
    done
}

# memory_image FILE JSON: writes what xl save does for a domain with that config, but
# no memory: xl's header and the config; libxl's stream, and in one of its records
# libxc's. Each stream ends with a record of type 0.
memory_image() {
    {
        printf 'Xen saved domain, xl format\n \0 \r'
        le32 0x01020304 3 0 $((${#2} + 5)) $((${#2} + 1))
        printf '%s\0' "$2"
        printf LibxlFmt
        le32 0x02000000 0 1 0
        le32 0xffffffff 0xffffffff
        printf XENF
        le32 0x03000000 0 0 0 0 0 0 0 0
        le32 0 0
    } >"$1"
}

# add_memory NAME: makes that snapshot of the disks alone one with memory.
add_memory() {
    add_to=$snapshots/$domain/$1
    memory_image "$add_to/memory" "$(image_json "$domain")"
    sed -i "s,^memory = 0,memory_path = \"$add_to/memory\",
        /^consistency/d; /^domain_config/d" "$add_to/snapshot.cfg"
    rm -f "$add_to/domain.cfg"
}
# image_json NAME: the config in a memory image, whose disks a stock xl restore will
# not find.
image_json() {
    echo '{"c_info":{"type":"pvh","name":"'"$1"'","uuid":"'"$uuid"'"},'
    echo '"b_info":{"max_vcpus":1,"max_memkb":65536,"target_memkb":65536,"type.pvh":{}},'
    echo '"disks":['
    awk -F "[',]" '/,xvd.,w/ {
        printf "%s{\"pdev_path\":\"%s.use-xl-snapshot-revert\",\"format\":\"%s\",", \
            comma, $2, $3
        printf "\"vdev\":\"%s\",\"readwrite\":1}\n", $4
        comma = ","
    }' "$domain.cfg"
    echo ']}'
}

# --- what a test says ------------------------------------------------------

# says TEXT COMMAND...: the command succeeds, and a line of its output has TEXT.
says() {
    said=$1
    shift
    "$@" >"$hidden/out" 2>&1 || {
        echo "exit code $? from: $*"
        cat "$hidden/out"
        return 1
    }
    grep -qF -- "$said" "$hidden/out" && return
    cat "$hidden/out"
    echo "which lacks: $said"
    return 1
}

# matches REGEX COMMAND...: the same, for a regular expression. lacks TEXT COMMAND...:
# the command succeeds, and no line has TEXT.
matches() {
    regex=$1
    shift
    says '' "$@" || return 1
    grep -q -- "$regex" "$hidden/out" && return
    cat "$hidden/out"
    echo "which lacks: $regex"
    return 1
}
lacks() {
    unsaid=$1
    shift
    says '' "$@" || return 1
    ! grep -F -- "$unsaid" "$hidden/out"
}

# sleep_with r|rw FILE: starts a sleep, process $!, that has FILE open for reading or
# for writing too, from now on.
sleep_with() {
    case $1 in
    r) exec 3<"$2" ;;
    rw) exec 3<>"$2" ;;
    esac
    sleep 1000 &
    exec 3<&-
    until [ "$(cat "/proc/$!/comm")" = sleep ]; do :; done
}

# ends PID: the process is killed, and has ended.
ends() {
    kill "$1"
    while grep -qs '^State:.[^ZX]' "/proc/$1/status"; do :; done
}

# saves DOMID: what libxl starts while it saves or migrates a domain (4.17 to 4.20), as
# $!, from now on. It waits for a writer, and starts no program: until that is another
# one it would have the same command line.
saves() {
    [ -p "$hidden/silent" ] || mkfifo "$hidden/silent"
    SILENT=$hidden/silent sh -c ': <"$SILENT"' libxl-save-helper --save-domain 5 6 "$1" 0 &
    until grep -qs save-domain "/proc/$!/cmdline"; do :; done
}

# fails CODE TEXT COMMAND...: the command ends with that exit code, and TEXT is on stderr.
fails() {
    code=$1 told=$2 got=0
    shift 2
    "$@" >"$hidden/out" 2>"$hidden/error" || got=$?
    [ "$got" = "$code" ] && case $(cat "$hidden/error") in *"$told"*) return ;; esac
    cat "$hidden/out" "$hidden/error"
    echo "exit code $got; not $code, or stderr lacks: $told"
    return 1
}

# refuses TEXT COMMAND...: the command ends with 1 and prints nothing but one line on
# stderr, which has TEXT.
refuses() {
    fails 1 "$@" || return 1
    [ ! -s "$hidden/out" ] && [ "$(wc -l <"$hidden/error")" = 1 ] && return
    cat "$hidden/out" "$hidden/error"
    echo "not one line on stderr alone"
    return 1
}

# json FILTER COMMAND...: the command succeeds, and for what it prints FILTER, of jq, is
# true. fails_json FILTER COMMAND...: it ends with 1, and with one line on stderr.
json() {
    filter=$1
    shift
    "$@" >"$hidden/json" || { echo "exit code $?"; cat "$hidden/json"; return 1; }
    is_json "$filter" "$hidden/json"
}
# is_json FILTER FILE. jq -e succeeds for an empty file.
is_json() { [ -s "$2" ] && jq -e "$1" "$2" >/dev/null || { cat "$2"; return 1; }; }
fails_json() {
    filter=$1
    shift
    fails 1 '' "$@" && same "$(wc -l <"$hidden/error")" 1 &&
        is_json "$filter" "$hidden/out"
}

absent() {
    for file; do
        [ ! -e "$file" ] || { echo "there is $file"; return 1; }
    done
}
is_frozen() { if frozen "$1" >/dev/null; then echo yes; else echo no; fi; }
frozen() {
    case $(lsattr "$1" 2>/dev/null) in *i*\ *) return ;; esac
    case $(stat -c %A "$1") in *w*) echo "$1 can be written to"; return 1 ;; esac
}

thawed() { chattr -i "$@" 2>/dev/null; chmod u+w "$@"; }

# world: prints all that a command which was refused, or undone, must leave as it was:
# host, xl.cfg, images, snapshots. A qcow2 counts by its tags and what the guest sees.
world() {
    grep ' .' "$STAND_IN_XEN" | grep -v '/monitor \|/cpu_ns '
    set -- /srv /etc/xen
    [ ! -d "$snapshots" ] || set -- "$@" "$snapshots"
    find "$@" -printf '%p %y %m %l\n' -name '*.qcow2' -fprint "$hidden/images"
    find "$@" -type f ! -name '*.qcow2' -exec sha256sum {} +
    while read -r image; do image_state "$image"; done <"$hidden/images"
}
# image_state IMAGE: that of a qcow2, which is looked at once as long as its bytes are
# the same.
image_state() {
    state=$(sha256sum <"$1")
    state=$hidden/state.${state%% *}
    [ -e "$state" ] || {
        "$QEMU_IMG" check -q -U -f qcow2 "$1" || echo "it is damaged"
        tags "$1"
        "$QEMU_IMG" convert -U -f qcow2 -O raw "$1" "$hidden/image" &&
            sha256sum <"$hidden/image"
    } >"$state"
    sed "s,^,$1 ," "$state"
}
# remember: the world as it is. unchanged: succeeds if it is so now.
remember() { world | sort >"$hidden/world"; }
unchanged() { world | sort | diff "$hidden/world" -; }

new_host
