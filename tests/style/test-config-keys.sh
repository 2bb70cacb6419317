# SPDX-License-Identifier: LGPL-2.1-only
# A snapshot is what its config says: each member of it and of its disks has a
# row in snap_keys[], or is listed here with the reason.
. "$srcdir/tests/tap.sh"

header=$srcdir/tools/libxl/include/libxl_snapshot.h
table=$srcdir/tools/libxl/config/keys.c
pod=$srcdir/docs/snapshot/xl.snapshot.cfg.5.pod

# num_disks num_skipped   the lengths of `disks' and of `skipped'
# vdev mode child         an item of `disks' says them
# doubt                   of the file itself: who can have written it
without_row='num_disks num_skipped vdev mode child doubt'

# members STRUCT: a line each.  Comments go, and ";" and "{" end a line instead.
members() {
    tr '\n' ' ' < "$header" | sed -E 's,/\*([^*]|\*+[^*/])*\*+/,,g' |
        tr ';{' '\n\n' | sed -n "/typedef struct $1 *\$/,/}/p" |
        sed -n '/}/!s/^ .*[ *]\([a-z0-9_]*\)$/\1/p'
}

all_members() {
    members libxl_domain_snapshot
    members libxl_disk_snapshot
}

rows() { sed -n '/^const struct snap_key snap_keys\[\]/,/^};/p' "$table"; }

# The members that rows name: STRING(name), TEXTS(driver, ...
row_members() { rows | grep -oE '[A-Z_]+\([a-z0-9_]+' | sed 's/.*(//'; }

# row_keys [GREP_OPTION...] PATTERN: names of keys whose row matches
row_keys() {
    rows | grep -E '^ *\{ "' | grep "$@" | sed 's/[^"]*"//; s/".*//' | sort
}

# manual_keys N: what the N-th section of OPTIONS explains
manual_keys() {
    awk -v want="$1" '/^=head1/ { options = /OPTIONS/ }
        /^=head2/ { section++ }
        options && section == want && /^=item B</ {
            sub(/^=item B</, "")
            sub(/=.*/, "")
            print
        }' "$pod" | sort
}

forgotten() {
    all_members | grep -vxF "$(row_members; printf '%s\n' $without_row)"
}

# A member that is listed without need, or is no longer there
listed_wrongly() {
    printf '%s\n' $without_row | while read -r member; do
        all_members | grep -qx "$member" || echo "no member $member"
        ! row_members | grep -qx "$member" || echo "$member has a row"
    done
}

named_twice() { row_members | sort | uniq -d; }

ok "there are members and rows" test "$(all_members | wc -l)" -gt 20 -a \
    "$(row_members | wc -l)" -gt 15
ok "every member of a snapshot has a row, or a reason" nothing forgotten
ok "the reasons are of members without a row" nothing listed_wrongly
ok "no two rows have one member" nothing named_twice
ok "the manual says which keys a file for create may have" \
    same "$(manual_keys 1)" "$(row_keys FOR_CREATE)"
ok "and which ones create writes alone" \
    same "$(manual_keys 2 | grep -vxF "$(manual_keys 1)")" \
    "$(row_keys -v FOR_CREATE)"
finished
