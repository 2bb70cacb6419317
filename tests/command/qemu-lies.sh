# SPDX-License-Identifier: LGPL-2.1-only
# A QEMU that its guest has in hand, and that lies: what it says of formats and of files
# is compared with the stored config before anything is done by it.
. "$srcdir/tests/command/lib.sh"

command -v python3 >/dev/null || { echo "1..0 # SKIP no python3"; exit 0; }

qemu=
# starts WORDS DISK...: domain web runs on these, and on a QEMU that says WORDS.
starts() {
    words=$1
    shift
    [ -z "$qemu" ] || ends "$qemu"
    new_host
    define_domain web "$@"
    xl create web.cfg
    domid=$(domid_of web)
    # shellcheck disable=SC2086
    set -- $(sed -n "s,^ *'\(/srv/web/[^,]*\).*,\1,p" web.cfg)
    "$here/stand-in/qemu" "/run/xen/qmp-libxl-$domid" "$words" "$@" </dev/null &
    qemu=$!
    echo "/local/domain/$domid/image/device-model-pid $qemu" >>"$STAND_IN_XEN"
    until [ -S "/run/xen/qmp-libxl-$domid" ]; do sleep 0.02; done
}
# device VDEV FORMAT FILE [IMAGE-FORMAT [IMAGE-FILE]]: what query-block says of it.
device() {
    printf '{"device":"","qdev":"/machine/%s","inserted":{"node-name":"#%s","drv":"%s",
"file":"%s","ro":false,"backing_file_depth":0,"image":{"filename":"%s","format":"%s",
"virtual-size":1048576}}}' "$1" "$1" "$2" "$3" "${5-$3}" "${4-$2}"
}
# says_of DEVICE...: from now on QEMU has these.
says_of() {
    list=
    for one; do list="$list${list:+,}$one"; done
    printf '{"query-block":[%s],"query-named-block-nodes":[],"query-block-jobs":[]}' \
        "$list" >"$hidden/words"
}
create() { xl snapshot-create --disk-only -n s1 "$@" web; }
# both TEXT: neither kind of snapshot is taken, and nothing has happened.
both() {
    remember
    refuses "$1" create --external && refuses "$1" create --internal && unchanged
}

# --- formats ---------------------------------------------------------------

says_of
starts "$hidden/words" raw
says_of "$(device xvda raw /srv/web/xvda.raw)"
ok "QEMU says what is true" says "Nothing was changed" create --external -N
ok "the base is raw" says '"-F","raw"' create --external -N --json
says_of "$(device xvda qcow2 /srv/web/xvda.raw)"
ok "a raw disk is none of format qcow2" both "QEMU has it open as qcow2, but the stored config \
says raw"
says_of "$(device xvda raw /srv/web/xvda.raw qcow2)"
ok "nor is its image" both "QEMU has it open as qcow2, but the stored config says raw"
says_of "$(device xvda raw /etc/shadow)"
ok "another file is not its image" both "QEMU writes to /etc/shadow, but the stored config \
names /srv/web/xvda.raw"
says_of "$(device xvda raw /srv/web/xvda.raw raw /etc/shadow)"
ok "by no other name" both "QEMU writes to /etc/shadow, but the stored config names"

says_of
starts "$hidden/words" qcow2
says_of "$(device xvda qcow2 /srv/web/xvda.qcow2)"
ok "a qcow2 is one" says '"-F","qcow2"' create --external -N --json
says_of "$(device xvda raw /srv/web/xvda.qcow2)"
ok "and no raw disk" both "QEMU has it open as raw, but the stored config says qcow2"

# --- too much, too slow ----------------------------------------------------

yes '{"device":"","inserted":{}},' | head -n 50000 | tr -d '\n' >"$hidden/many"
says_of "$(cat "$hidden/many"){}"
ok "devices without number" both "QEMU's reply to query-block lists 50001 things"
# each name was kept as often as another one came after it: n^2 bytes
name=$(head -c 16000 /dev/zero | tr '\0' x)
yes "{\"device\":\"d\",\"inserted\":{\"ro\":true,\"file\":\"/$name\"}}," | head -n 400 |
    tr -d '\n' >"$hidden/many"
says_of "$(device xvda qcow2 /srv/web/xvda.qcow2),$(cat "$hidden/many"){}"
few_bytes() (keep_limits && ulimit -d 400000 && create --external -N)
[ -n "$sanitizer" ] || ok "long names take no memory" says "Nothing was changed" few_bytes
# each of whose two questions has a deadline of its own
yes '{"device":"","qdev":"/machine/slow","inserted":{}},' | head -n 900 | tr -d '\n' \
    >"$hidden/many"
says_of "$(cat "$hidden/many"){}"
in_time() {
    began=$(date +%s)
    XL_SNAPSHOT_TIMEOUT=1 refuses "QEMU does not answer (qom" create --external &&
        [ $(($(date +%s) - began)) -le 8 ]
}
ok "all answers have one deadline" in_time
starts drip qcow2
ok "a byte now and then is no answer" refuses "QEMU does not answer" create --external
ends "$qemu"

# --- what is logged --------------------------------------------------------

# logs TEXT COMMAND...: a line of its messages is, or begins with, TEXT.
logs() {
    line=$1
    shift
    "$@" 2>"$hidden/error" >/dev/null
    grep -qF -- "$line" "$hidden/error" || { cut -c 1-300 "$hidden/error"; return 1; }
}
hides() { ! grep -F -- "$1" "$hidden/error"; }
starts "$hidden/words" qcow2
says_of "$(device xvda qcow2 /srv/web/xvda.qcow2)" \
    '{"device":"cd","inserted":{"ro":true,"file":"https://me:letmein@host/cd.iso"}}' \
    "{\"device\":\"$(printf %500s '' | tr ' ' x)\"}"
ok "with -v each command to QEMU" logs 'snapshot: verbose: to QEMU: {"execute":"query-block","id":2}' \
    xl -v snapshot-create --external --disk-only -N web
ok "one line each" same "$(grep -c 'to QEMU: {"execute":"query-block"' "$hidden/error")" \
    "$(grep -c 'verbose: QEMU: {"return": \[{"device"' "$hidden/error")"
ok "each reply is cut" grep -qE 'verbose: QEMU: .{400}\.\.\. \([0-9]* bytes\)$' "$hidden/error"
ok "with -vv it is whole, too" logs 'https://***@host/cd.iso' \
    xl -v -v snapshot-create --external --disk-only -N web
ok "but for secrets" hides letmein
ok "and no line is there twice" same "$(grep -c 'to QEMU: {"execute":"query-block","id":2}' \
    "$hidden/error")" 1
ok "without -v there is none" eval '! logs QEMU xl snapshot-create --external --disk-only -N web'

# --- what the guest writes to xenstore ---------------------------------------

starts "$hidden/words" qcow2
says_of "$(device xvda qcow2 /srv/web/xvda.qcow2)"
asks() {
    sed -i '/control.shutdown/d' "$STAND_IN_XEN"
    echo "/local/domain/$domid/control/shutdown $1" >>"$STAND_IN_XEN"
}
for word in '' nonsense POWEROFF "$(head -c 4000 /dev/zero | tr '\0' x)"; do
    asks "$word"
    ok "no request: $(echo "$word" | head -c 10)" says "Nothing was changed" create --external -N
done
for word in poweroff reboot halt suspend; do
    asks $word
    ok "a request: $word" both "domain $domid: it has been asked to $word"
done
ok "how to take it away" both "xenstore-write /local/domain/$domid/control/shutdown ''"
ends "$qemu"
finished
