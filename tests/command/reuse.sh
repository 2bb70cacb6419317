# SPDX-License-Identifier: LGPL-2.1-only
# snapshot-create --reuse-external: overlays that the user has made, of a domain that does
# not run: those that are taken, and every kind that is not, which is left as it is.
. "$srcdir/tests/command/lib.sh"

create() {
    xl snapshot-create --domain-config web.cfg --reuse-external "$@" web wish.cfg
}
# wish SPEC...: wish.cfg names these disks.
wish() {
    {
        echo 'disks = ['
        printf "    '%s',\n" "$@"
        echo ']'
    } >wish.cfg
}
backing() { "$QEMU_IMG" info -U "$1" | sed -n 's/^backing file[^:]*: //p' | xargs; }
# overlay OPTION...: an overlay on xvda.qcow2, in over.qcow2.
overlay() {
    rm -f over.qcow2
    "$QEMU_IMG" create -q -f qcow2 -b /srv/web/xvda.qcow2 -F qcow2 "$@" over.qcow2
}
# bits OFFSET OCTAL: writes a byte into its header.
bits() {
    # shellcheck disable=SC2059
    printf "\\$2" | dd of=over.qcow2 bs=1 seek="$1" conv=notrunc status=none
}
# is_refused TEXT: so is a create with it, and all is as it was.
is_refused() {
    remember
    sum=$(sha256sum over.qcow2 2>&1)
    refuses "$1" create -n s1 && unchanged && same "$(sha256sum over.qcow2 2>&1)" "$sum"
}

# --- what is taken ---------------------------------------------------------

define_domain web qcow2 raw
mkdir fast
wish /srv/web/fast/a.qcow2,qcow2,xvda /srv/web/fast/b.qcow2,qcow2,xvdb
"$QEMU_IMG" create -q -f qcow2 -b ../xvda.qcow2 -F qcow2 fast/a.qcow2
"$QEMU_IMG" create -q -f qcow2 -b /srv/web/xvdb.raw -F raw fast/b.qcow2
made=$(sha256sum fast/*)
ok "a dry run says that they are there" says \
    "flush the overlay of xvda, /srv/web/fast/a.qcow2, which is there already" create -N -n s1
ok "and makes none" not grep "create the overlay\|format " "$hidden/out"
ok "they are taken" says "overlay /srv/web/fast/a.qcow2" \
    create --update-config=web.cfg -n s1
ok "as they are" same "$(sha256sum fast/*)" "$made"
ok "one with a relative name of its base" same "$(backing fast/a.qcow2)" \
    "../xvda.qcow2 (actual path: fast/../xvda.qcow2) qcow2"
ok "both bases are frozen" same "$(is_frozen xvda.qcow2) $(is_frozen xvdb.raw)" "yes yes"
ok "the snapshot is whole" xl snapshot-verify "$(cfg s1)"
ok "the xl.cfg names them" grep -q "/srv/web/fast/a.qcow2,qcow2,xvda,w" web.cfg
ok "the guest sees what it saw" guest_sees qcow2 fast/b.qcow2 "web xvdb"
xl create web.cfg
ok "the domain starts on them" is_on web a.qcow2 b.qcow2
xl destroy web
guest_writes qcow2 fast/a.qcow2 later
ok "a revert to it" xl snapshot-revert web s1
ok "is as any other" guest_sees qcow2 fast/a.r1.qcow2 "web xvda"
xl destroy web

new_host
define_domain web qcow2 qcow2
overlay
wish /srv/web/over.qcow2,qcow2,xvda
ok "a disk that is not named gets a new overlay" says "overlay /srv/web/xvdb.s1.qcow2" \
    create --external -n s1

# --- what is not -----------------------------------------------------------

new_host
define_domain web qcow2
wish /srv/web/over.qcow2,qcow2,xvda
ok "there is none" is_refused "overlay /srv/web/over.qcow2: there is no such image to be reused"
new_image raw over.qcow2 text
ok "not a qcow2" is_refused "image /srv/web/over.qcow2: it is not a qcow2"
rm over.qcow2
"$QEMU_IMG" create -q -f qcow2 over.qcow2 1M
ok "without a base" is_refused "it has no backing file"
rm over.qcow2
"$QEMU_IMG" create -q -f qcow2 -b xvda.qcow2 -F qcow2 over.qcow2 2M
ok "of another size" is_refused \
    "it has a virtual size of 2097152 bytes, and the disk has 1048576"
ok "and how to make one" says '' sh -c "$(sed 's/.*make a new one: //' "$hidden/error")"
ok "that is taken" says "Nothing was changed" create -N -n s1
new_image qcow2 other.qcow2 other
overlay && "$QEMU_IMG" rebase -u -f qcow2 -b other.qcow2 -F qcow2 over.qcow2
ok "on another base" is_refused \
    "its backing file is /srv/web/other.qcow2, and the disk's image is /srv/web/xvda.qcow2"
overlay && "$QEMU_IMG" rebase -u -f qcow2 -b nbd:host:1 -F raw over.qcow2
ok "on a server" is_refused "its base is 'nbd:host:1', which is no file of this host"
overlay && "$QEMU_IMG" rebase -u -f qcow2 -b xvda.qcow2 -F raw over.qcow2
ok "that says raw of a qcow2" is_refused \
    "it says that its backing file is raw, and that is qcow2"
overlay && bits 112 1
ok "that does not say the format" is_refused "it does not say which format"
overlay && guest_writes qcow2 over.qcow2 mine
ok "with data" is_refused "it is not empty"
overlay && qemu-io -f qcow2 -c 'write -z 0 64k' over.qcow2 >/dev/null
ok "with zeros" is_refused "it is not empty"
overlay -o extended_l2=on,preallocation=metadata
ok "with tables" is_refused "it is not empty"
overlay && "$QEMU_IMG" snapshot -c mine over.qcow2
ok "with a tag" is_refused "it has internal snapshots, such as 'mine'"
overlay && "$QEMU_IMG" bitmap --add over.qcow2 backup
ok "with a bitmap" is_refused "it has dirty bitmaps, such as 'backup'"
overlay && bits 35 1
ok "encrypted" is_refused "it is encrypted"
overlay && bits 79 1
ok "not closed" is_refused "it is marked dirty"
overlay && bits 79 2
ok "corrupt" is_refused "it is marked corrupt"
rm over.qcow2
"$QEMU_IMG" create -q -f qcow2 -o data_file=data.raw over.qcow2 1M
ok "with its data elsewhere" is_refused "its data are in another file, /srv/web/data.raw"
rm over.qcow2
overlay && mv over.qcow2 real.qcow2 && ln -s real.qcow2 over.qcow2
ok "a symbolic link" is_refused "it cannot be opened for writing: it is a symbolic link"
rm over.qcow2 && ln real.qcow2 over.qcow2
ok "one with two names" is_refused "it has 2 names (hard links)"
rm over.qcow2 real.qcow2 && mkfifo over.qcow2
refuses_fifo() { refuses "it is neither a file nor a block device" create -n s1; }
ok "a pipe" refuses_fifo
rm over.qcow2 && mkdir over.qcow2
ok "a folder" refuses "overlay /srv/web/over.qcow2: it cannot be opened" create -n s1
rmdir over.qcow2

mkdir shut && mount -t tmpfs tmpfs shut
"$QEMU_IMG" create -q -f qcow2 -b /srv/web/xvda.qcow2 -F qcow2 shut/a.qcow2
mount -o remount,ro shut
wish /srv/web/shut/a.qcow2,qcow2,xvda
ok "where nothing can be written" refuses "Read-only file system" create -n s1
umount shut
wish /srv/web/over.qcow2,qcow2,xvda
overlay && sleep_with r over.qcow2
ok "in use" is_refused "/srv/web/over.qcow2 is in use by sleep (pid $!)"
ends $!

wish ,,xvda
ok "without an overlay that is named" is_refused \
    "which overlays you have made is not said"
ok "nor a ConfigFile" refuses "which overlays you have made is not said" \
    xl snapshot-create --domain-config web.cfg --external --reuse-external web
wish /srv/web/over.qcow2,qcow2,xvda
ok "without the option it is no overlay of the user's" refuses "exists already" \
    xl snapshot-create --domain-config web.cfg -n s1 web wish.cfg
ok "with it all is well" create -n s1
finished
