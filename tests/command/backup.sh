# SPDX-License-Identifier: LGPL-2.1-only
# The backup of xl-block-commit(1): a snapshot, a copy of its base by any program, and the
# overlay committed back, of as little as the guest has written meanwhile.
. "$srcdir/tests/command/chains.sh"

changed=none
num_layers() { "$QEMU_IMG" info -U --backing-chain --output=json "$1" | jq length; }
# recipe FORMAT FILE: the commands of the page, for a disk of that format in that file.
recipe() {
    new_host
    define_domain web "$1"
    mkdir /srv/backup
    cp web.cfg /etc/xen
    ok "$1: a snapshot" xl snapshot-create --domain-config /etc/xen/web.cfg --external \
        --update-config=/etc/xen/web.cfg -n backup web
    guest_writes qcow2 xvda.backup.qcow2 "while it is copied"
    ok "the base is copied" cp --sparse=always "$2" /srv/backup
    guest_writes_at 65536 xvda.backup.qcow2 "after that"
    ok "and is as it was" cmp "$2" "/srv/backup/$2"
    remember
    ok "as long as it is a snapshot, it is not committed into" refuses "snapshot backup of web" \
        xl block-commit --pivot --delete --update-config=/etc/xen/web.cfg web xvda
    ok "nothing is changed" unchanged
    ok "it is forgotten" xl snapshot-delete --keep-data web backup
    ok "the commit says that the base is protected" refuses "--disregard" \
        xl block-commit --pivot --delete --update-config=/etc/xen/web.cfg web xvda
    ok "the overlay is committed back" says "xvda.backup.qcow2 is deleted" \
        xl block-commit --pivot --delete --disregard="/srv/web/$2" \
        --update-config=/etc/xen/web.cfg web xvda
    ok "the disk is what it was" grep -q "'/srv/web/$2,$1,xvda,w" /etc/xen/web.cfg
    ok "one image" same "$(num_layers "$2") $(ls ./*.qcow2 ./*.raw 2>/dev/null)" "1 ./$2"
    ok "with what the guest wrote" guest_sees "$1" "$2" "while it is copied"
    ok "that can be written to" same "$(is_frozen "$2")" no
    xl create /etc/xen/web.cfg
    ok "the domain starts on it" is_on web "$2"
    xl destroy web
    sed "s,/srv/web/,/srv/backup/,; s/name = \"web\"/name = \"copy\"/
        s/^uuid = .*/uuid = \"99999999-0000-4000-8000-000000000000\"/" \
        web.cfg >/srv/backup/copy.cfg
    xl create /srv/backup/copy.cfg
    ok "so does another one on the copy" is_on copy "$2"
    ok "which shows what the disk did at the snapshot" \
        guest_sees "$1" "/srv/backup/$2" "web xvda"
}

recipe qcow2 xvda.qcow2
recipe raw xvda.raw
finished
