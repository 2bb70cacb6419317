# SPDX-License-Identifier: LGPL-2.1-only
# What others have named or said reaches no terminal as it is: paths, names, complaints,
# programs' last words. Neither does it in JSON, which is UTF-8 whatever they are.
. "$srcdir/tests/command/faults.sh"

# title of the window, CSI as a C1 control, text from right to left, DEL, a byte that is
# not UTF-8, the end of a line; text that is none of these
hostile=$(printf '\033]0;x\007\302\233\342\200\256\177\344\n.')
spelled='\x1b]0;x\x07\u009b\u202e\x7f\xe4\x0a.'
legal=$(printf '\303\244\346\227\245')

# is_plain FILE: it is UTF-8, and has no control character but the ends of its lines.
is_plain() {
    iconv -f UTF-8 -t UTF-16 <"$1" >/dev/null && ! LC_ALL=C grep -aP \
        '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]' \
        "$1" | cat -v | grep .
}
# spells TEXT COMMAND...: what it prints, whatever its exit code, is plain and has TEXT.
spells() {
    text=$1
    shift
    "$@" >"$hidden/out" 2>&1
    is_plain "$hidden/out" && grep -qF -- "$text" "$hidden/out" && return
    cat -v "$hidden/out"
    echo "which lacks: $text"
    return 1
}

# --- a domain whose images and snapshots have such names -------------------

define_domain web qcow2
mkdir "$hostile$legal"
mv xvda.qcow2 "$hostile$legal/disk"
web_cfg() { printf '%s\n' 'name = "web"' "uuid = \"$uuid\"" 'type = "pvh"' 'memory = 64' \
    'kernel = "/srv/vmlinuz"' "disk = [ '$1,qcow2,xvda,w' ]" >web.cfg; }
# libxlutil takes no end of a line in a string
one_line=$(printf %s "$hostile$legal" | tr -d '\n')
mv "$hostile$legal" "$one_line"
create() { xl snapshot-create --domain-config web.cfg "$@" web; }
web_cfg "$PWD/$one_line/disk"
ok "a path that QEMU cannot name is refused" spells \
    "image /srv/web/\x1b]0;x\x07\u009b\u202e\x7f\xe4.$legal/disk: its path is not UTF-8" \
    create -n s1
utf8=$(printf %s "$one_line" | tr -d '\344')
mv "$one_line" "$utf8"
web_cfg "$PWD/$utf8/disk"
path="/srv/web/\x1b]0;x\x07\u009b\u202e\x7f.$legal"

ok "a path in a plan" spells "$path" create -N -n s1
ok "in a result" spells "in $path/disk" create -n s1
ok "in a list" spells "$path/disk" xl snapshot-list --domain-config web.cfg web
ok "in a verification" spells "$path/disk" xl snapshot-verify "$(cfg s1)"
ok "in a revert" spells "$path/disk" xl snapshot-revert web "$(cfg s1)"
xl destroy web
ok "in what is to be written into the xl.cfg" spells "$path/disk.s2.qcow2,qcow2" \
    create --external -n s2
web_cfg "$PWD/$utf8/disk.s2.qcow2"
ok "in a log" spells "$path" create -n s3 -v
export STAND_IN_QEMU_IMG="fail info"
ok "in a program's last words" spells "$path/disk.s2.qcow2" create -n s4
unset STAND_IN_QEMU_IMG

# --- what is given on the command line -------------------------------------

for command in create list verify recover; do
    ok "$command: an operand" spells "$spelled" xl snapshot-$command "$hostile"
done
for command in create list revert verify recover drivers; do
    ok "$command: an option" spells "option \`--$spelled' not supported" \
        xl snapshot-$command "--$hostile"
done
ok "revert: a domain" spells "$spelled" xl snapshot-revert "$hostile" "$(cfg s1)"
ok "a snapshot" spells "$spelled" create -n "$hostile"
ok "a folder" spells "$spelled" xl snapshot-list -d "/srv/$hostile" web
ok "a file" spells "$spelled" xl snapshot-verify "/srv/$hostile"
ok "a command" spells "command \"$spelled\" not implemented" xl help "$hostile"

# --- what a snapshot config says -------------------------------------------

printf 'name = %s\n' "$hostile" >bad.cfg
ok "libxlutil's complaint" spells "bad.cfg" xl snapshot-verify bad.cfg
printf 'name = "%s"\n' "$one_line" >bad.cfg
ok "a name" spells "\x1b]0;x" xl snapshot-verify bad.cfg
mkdir "$snapshots/web/evil"
sed 's/^name.*/&\ndescription = "'"$one_line"'"/; s,/disk",/disk\\e[0m",' "$(cfg s1)" \
    >"$snapshots/web/evil/snapshot.cfg"
ok "a list of such" spells "s1" xl snapshot-list web
mkdir "$snapshots/web/$one_line"
echo "bad" >"$snapshots/web/$one_line/snapshot.cfg"
ok "and of what is none" spells "\x1b]0;x" xl snapshot-list web

# --- JSON ------------------------------------------------------------------

json_path="/srv/web/\\u001b]0;x\\u0007\\u009b\\u202e\\u007f.$legal"
ok "a list" spells "$json_path" xl snapshot-list --json --domain-config web.cfg web
ok "is JSON" json '.disks[0].path | contains("\u202e") and contains("日")' \
    xl snapshot-list --json --domain-config web.cfg web
ok "a plan" spells "$json_path" create -n s5 --json -N
ok "a result" spells "$json_path" create -n s5 --json
ok "a verification" spells "$json_path" xl snapshot-verify --json "$(cfg s1)"
ok "bytes come back from it" same "$(xl snapshot-verify --json "$(cfg s1)" | python3 -c '
import json, os, sys
for item in json.load(sys.stdin)["items"]:
    if item["what"] == "disk xvda": os.write(1, os.fsencode(item["path"]))')" \
    "/srv/web/$utf8/disk"

# --- a recovery ------------------------------------------------------------

killed_at "^true" create --internal -n s6
ok "what would be recovered" spells "$path" xl snapshot-recover -N web
ok "as JSON" spells "$json_path" xl snapshot-recover -N --json web
ok "a tag in an image with such a path is undone, by its journal" spells "Undone." \
    xl snapshot-recover web
grep_tag() { tags "$utf8/disk.s2.qcow2" | grep "$1"; }
ok "it is gone" nothing grep_tag s6
finished
