# SPDX-License-Identifier: LGPL-2.1-only
# Files that others than root can have written: what they say is not done as root. The
# message has the command that mends it.
. "$srcdir/tests/command/lib.sh"

: >/srv/theirs
chown 65534 /srv/theirs 2>/dev/null || {
    echo "1..0 # SKIP no root: nothing can be given to others"
    exit 0
}

create() { xl snapshot-create --domain-config web.cfg "$@" web; }
revert() { xl snapshot-revert "$@" web "$(cfg s1)"; }
verify() { xl snapshot-verify "$(cfg s1)"; }
can="can be changed by others than root; if you trust what is there, run"
# mend: does what the last message says.
mend() { eval "$(sed 's/.*if you trust what is there, run //; s/, and try again.*//' "$hidden/error")"; }
# A file to which others can put what they like:
ways="owner group others folder open middle above links"
spoil() {
    folder=${2%/*}
    case $1 in
    owner) chown 65534:65534 "$2" ;;
    group) chmod 664 "$2" ;;
    others) chmod 666 "$2" ;;
    folder) chown 65534:65534 "$folder" ;;
    open) chmod 777 "$folder" ;;
    above) chown 65534 "${folder%/*}" ;;
    middle) # by links, in the middle of which is a folder of theirs
        mkdir "$hidden/theirs" "$hidden/real"
        mv "$2" "$hidden/real/"
        ln -s "$hidden/real" "$hidden/theirs/link"
        ln -s "$hidden/theirs/link/${2##*/}" "$2"
        chown -h 65534 "$hidden/theirs" "$hidden/theirs/link" ;;
    links) # a link of theirs in a folder where all can make them
        mkdir -m 1777 "$hidden/all"
        ln -s "$2.real" "$hidden/all/link"
        mv "$2" "$2.real"
        ln -s "$hidden/all/link" "$2"
        chown -h 65534 "$hidden/all/link" ;;
    esac
}
back() {
    [ ! -L "$2" ] || { mv "$(readlink -f "$2")" "$hidden/back" && rm "$2" && mv "$hidden/back" "$2"; }
    rm -rf "$hidden/theirs" "$hidden/real" "$hidden/all"
    chown root:root "$2" "${2%/*}" "$(dirname "${2%/*}")"
    chmod go-w "$2" "${2%/*}"
}

# refused_until_mended COMMAND...: it is refused; when all has been done that messages
# say, it is not.
refused_until_mended() {
    refuses "$can" "$@" || return 1
    tries=4
    while [ $tries -gt 0 ] && ! "$@" >/dev/null 2>"$hidden/error"; do
        grep -qF "$can" "$hidden/error" || break
        mend
        tries=$((tries - 1))
    done
    says '' "$@"
}
# trusted FILE COMMAND...: for each way to spoil FILE.
trusted() {
    file=$1
    shift
    for way in $ways; do
        spoil $way "$file"
        ok "$way of $file: ${1}" refused_until_mended "$@"
        back $way "$file"
    done
}
tells() { fails 1 "cannot be reverted to" verify && grep -q "BAD.*$can" "$hidden/out"; }

# --- what a revert reads -----------------------------------------------------

define_domain web qcow2
create -n s1 >/dev/null
trusted "$(cfg s1)" revert -N
trusted "$(cfg s1)" xl snapshot-revert -N web s1
trusted "$(cfg s1)" xl snapshot-delete -N web s1
trusted "$snapshots/web/s1/domain.cfg" revert -N
chmod 666 "$(cfg s1)"
ok "verify says so" tells
ok "a list, too" says "$can chmod go-w $(cfg s1)" xl snapshot-list --domain-config web.cfg web
chmod 600 "$(cfg s1)"
chmod 666 "$snapshots/web/s1/domain.cfg"
ok "also of the domain config" tells
chmod 600 "$snapshots/web/s1/domain.cfg"
add_memory s1
trusted "$snapshots/web/s1/memory" revert -N
chmod 666 "$snapshots/web/s1/memory"
ok "and of the memory" tells
chmod 600 "$snapshots/web/s1/memory"

# in a folder where all can make names, root's own files are as good as anywhere
mkdir -m 1777 /srv/all
cp -a "$snapshots/web/s1" /srv/all/s1
at_all() { xl snapshot-revert -N web /srv/all/s1/snapshot.cfg; }
ok "root's own folder in a sticky one" says "Nothing was changed" at_all
mv /srv/all/s1/snapshot.cfg /srv/all/
ok "root's own file" says "Nothing was changed" xl snapshot-revert -N web /srv/all/snapshot.cfg
ln /srv/all/snapshot.cfg /srv/all/other
ok "but not one that somebody may have linked there" refuses "a hard link" \
    xl snapshot-revert -N web /srv/all/snapshot.cfg
rm /srv/all/other
ln "$(cfg s1)" "$snapshots/backup"
ok "elsewhere a backup may be made of links" says "Nothing was changed" revert -N
chown 65534 /srv/all/snapshot.cfg
ok "somebody else's" refuses "/srv/all/snapshot.cfg: it, of uid 65534 and mode 0600, $can chown -h \
root /srv/all/snapshot.cfg, and try again" xl snapshot-revert -N web /srv/all/snapshot.cfg
mkdir /srv/mine
cp -a "$(cfg s1)" /srv/mine/
chown 65534 /srv/mine /srv/mine/snapshot.cfg
chmod 666 /srv/mine/snapshot.cfg
ok "one message has all of it" refuses "/srv/mine, of uid 65534 and mode 0755, $can chown -h root \
/srv/mine /srv/mine/snapshot.cfg && chmod go-w /srv/mine/snapshot.cfg, and try again" \
    xl snapshot-revert -N web /srv/mine/snapshot.cfg
cd /srv/mine || exit 1
ok "also where the path is relative" refuses "/srv/mine, of uid 65534" \
    xl snapshot-revert -N web snapshot.cfg
cd /srv/web || exit 1

# --- journals ----------------------------------------------------------------

# planted: one that lets a recovery run a program.
printf '#!/bin/sh\n: >/srv/ran\n' >/srv/evil
chmod 755 /srv/evil
journal=$snapshots/.journal/web.json
planted() {
    mkdir -p "$snapshots/.journal"
    cat >"$journal" <<END
{"operation":"create","domain":"web","snapshot":"s9","began":1,"plan":[{"kind":"mkdir","what":"x","path":"/srv/x","undo":{"kind":"exec","what":"y","argv":["/srv/evil"]}}]}
{"step":0,"kind":"mkdir","state":"begun"}
{"step":0,"kind":"mkdir","state":"done"}
END
}
not_run() {
    for command in "xl snapshot-recover --all" "xl snapshot-recover web" \
        "xl snapshot-recover --lose-writes web" "create -n s3" "revert"; do
        fails 1 "$can" $command && absent /srv/ran || return 1
    done
}
for way in $ways; do
    planted
    spoil $way "$journal"
    ok "$way of a journal: nothing is done by it" not_run
    back $way "$journal"
    rm -rf "$snapshots/.journal"
done
mkdir -m 1777 "$snapshots/.journal"
planted
chown 65534 "$journal"
ok "one that is planted in a sticky folder" not_run
define_domain db qcow2
ok "is in the way of its own domain alone" xl snapshot-create --domain-config db.cfg --external \
    -n s1 db
chmod 666 "$(cfg s1)"
ok "a base on record is one, whoever has written so" refuses "is the base of snapshot s1" \
    xl snapshot-create --domain-config db.cfg -n s2 db
cd /srv/web && domain=web
ok "it can be given up" says "Abandoned." xl snapshot-recover --abandon web
ok "without doing what it says" absent /srv/ran
rm -r "$snapshots/.journal"
mkdir -m 777 "$snapshots/.journal"
chmod 777 "$snapshots/.journal"
ok "no journal is kept where others can change it" refuses "$can chmod go-w $snapshots/.journal" \
    create -n s4
rmdir "$snapshots/.journal"

# --- programs ----------------------------------------------------------------

new_host
define_domain web file
mkdir -p /etc/xen/snapshot.d
cp "$srcdir/tools/hooks/copy" /etc/xen/snapshot.d/
xl create web.cfg
printf '#!/bin/sh\n: >/srv/ran\n' >/srv/web/quiet
chmod 755 /srv/web/quiet
for way in $ways; do
    mkdir -p /srv/programs/here
    cp /srv/web/quiet /srv/programs/here/
    spoil $way /srv/programs/here/quiet
    ok "$way of a program that freezes" fails 1 "$can" xl snapshot-create --disk-only \
        --quiesce-command=/srv/programs/here/quiet -n s1 web
    ok "it has not run" absent /srv/ran "$snapshots"
    back $way /srv/programs/here/quiet
    cp /srv/web/quiet /etc/xen/snapshot.d/
    spoil $way /etc/xen/snapshot.d/quiet
    ok "$way of a hook" says "$can" xl snapshot-drivers
    ok "nor has that" absent /srv/ran
    back $way /etc/xen/snapshot.d/quiet
    rm /etc/xen/snapshot.d/quiet
done

# --- folders -----------------------------------------------------------------

# A snapshot is made where others cannot change it.
new_host
define_domain web qcow2
mkdir -p /srv/backup/here
# What takes from another user what may be his for a reason is told last.
instead() {
    case $1 in
    owner) echo "others than root; $2; or if you trust what is there, run chown -h root" ;;
    *) echo "$can chmod go-w " ;;
    esac
}
in_folder() { create -d /srv/backup/here "$@" -n d1; }
for way in owner group others; do
    spoil $way /srv/backup/here
    ok "$way of a folder for snapshots" refuses "$(instead $way "choose another folder")" in_folder
    ok "says what else can be done" grep -q "choose another folder" "$hidden/error"
    mend
    ok "mended" says "Nothing was changed" in_folder -N
done
chown 65534 /srv/backup
ok "one above it, whose owner may need it" refuses "choose another folder; or if you trust \
what is there, run chown -h root /srv/backup, and" in_folder
chown root /srv/backup
chmod 1777 /srv/backup
ok "below a sticky one it is good" in_folder

# Who can write to an image's folder can put any other file in its place. The kernel is
# none of it: he could put another one of that, too, which is told by itself.
here=/srv/web
mv /srv/vmlinuz /etc/xen/
sed -i 's,/srv/vmlinuz,/etc/xen/vmlinuz,' web.cfg
place="somebody could put another file in the place of its image: "
image=/srv/web/xvda.qcow2
images() {
    refuses "disk xvda: $place" "$@" && refuses "use --trust-folders" "$@" &&
        says '' "$@" --trust-folders
}
revert_as_told() {
    told=$(sed -n 's/^Revert with: //p' "$hidden/out")
    [ "$told" ] && eval "$told"
}
for way in folder open above middle links; do
    create -n $way >/dev/null
    spoil $way $image
    ok "$way of an image: a create" images create -N -n new
    ok "with an overlay" images create -N -n new --external
    ok "a revert" images xl snapshot-revert -N web "$(cfg $way)"
    ok "that keeps the present" images xl snapshot-revert -N --keep --domain-config web.cfg \
        web "$(cfg $way)"
    ok "a verification" fails 1 "cannot be reverted to" xl snapshot-verify "$(cfg $way)"
    ok "says so" grep -q "^disk xvda  *BAD  *disk xvda: $place" "$hidden/out"
    ok "with trust" xl snapshot-verify --trust-folders "$(cfg $way)"
    ok "a create with trust" says "Snapshot $way-2" create -n $way-2 --trust-folders
    ok "says how to go back" revert_as_told
    xl destroy web
    back $way $image
done
mkdir /srv/gold
mv $image /srv/gold/base.qcow2
"$QEMU_IMG" create -q -f qcow2 -F qcow2 -b /srv/gold/base.qcow2 $image
create -n gold >/dev/null
chmod 777 /srv/gold
ok "a folder of a layer below: a create" images create -N -n new
ok "with an overlay" images create -N -n new --external
ok "a revert" images xl snapshot-revert -N --domain-config web.cfg web "$(cfg gold)"
ok "names that" grep -q "place of its image: /srv/gold, " "$hidden/error"
rm $image && mv /srv/gold/base.qcow2 $image
for way in owner group others; do
    spoil $way $image
    ok "$way of an image is the guest's affair" create -n whose-$way
    ok "at a revert, too" says "Nothing was changed" xl snapshot-revert -N web "$(cfg whose-$way)"
    back $way $image
done
mkdir -m 1777 /srv/all
mv $image /srv/all/ && ln -s /srv/all/xvda.qcow2 $image
ok "root's image in a sticky folder" says "Nothing was changed" create -N -n new
chown 65534 /srv/all/xvda.qcow2
ok "but nobody's can be replaced by him" images create -N -n new
mkdir -m 1777 /srv/overlays
rm $image && mv /srv/all/xvda.qcow2 $image
cat >/srv/elsewhere.cfg <<END
name = "new"
disks = [ '/srv/overlays/xvda.qcow2,qcow2,xvda' ]
END
elsewhere() { xl snapshot-create -N --domain-config web.cfg "$@" web /srv/elsewhere.cfg; }
ok "nor is his overlay made where he could" images elsewhere
chown root $image
ok "root's is" says "Nothing was changed" elsewhere

# An xl.cfg of others is not rewritten: while root does it, they could have it write
# elsewhere, or keep a file with a text, an owner and a mode of their choice.
new_host
define_domain web qcow2
mkdir -p /srv/configs/here
config=/srv/configs/here/web.cfg
cp web.cfg $config
updates() { xl snapshot-create --domain-config web.cfg --external --update-config=$config "$@" web; }
trusted $config updates -N -n u1
chown 65534 $config
remember
ok "it is refused before anything" refuses "$can chown -h root $config, and try again; without \
--update-config the lines to write there are printed" updates -n u1
ok "and nothing done" unchanged
create --external -n u1 >/dev/null
ok "also at a revert" refuses "$can chown -h root $config, and" xl snapshot-revert -N \
    --update-config=$config web "$(cfg u1)"
chown root $config

# Of a folder of theirs not more is read than a command can bear: each was kept.
new_host
define_domain web qcow2
mkdir /srv/theirs
create -n much >/dev/null
{ cat "$(cfg much)"; printf 'description = "'; head -c 1000000 /dev/zero | tr '\0' x; echo '"'; } \
    >/srv/theirs/much
chown -R 65534 /srv/theirs
for i in $(seq 60); do mkdir /srv/theirs/$i && ln /srv/theirs/much /srv/theirs/$i/snapshot.cfg; done
ok "much of theirs is not read" says "too much of that kind is in its folder" \
    xl snapshot-list -d /srv/theirs web
ok "but some" same "$(grep -c "not read" "$hidden/out")" 43
cp -r "$snapshots/web/much" /srv/theirs/zz && chown root /srv/theirs
ok "what is root's is" matches "^much .* all there" xl snapshot-list -d /srv/theirs web
finished
