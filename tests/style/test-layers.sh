# SPDX-License-Identifier: LGPL-2.1-only
# The folders of tools/libxl are its layers: an object needs symbols of its own
# folder and of those below only, as nm sees it.
. "$srcdir/tests/tap.sh"
command -v nm >/dev/null || { echo "1..0 # SKIP no nm"; exit 0; }

# from top to bottom; HACKING.md says what each is for
folders='ops run facts config storage storage/hook storage/qcow2 storage/vhd
    storage/lvm storage/disk plan seams base'

libdir=$builddir/tools/libxl
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# FOLDER MODULE LETTER NAME, a line for each symbol of each object that has a
# source; libtool keeps the objects of a shared library in .libs
(cd "$srcdir/tools/libxl" && find . -name '*.c') |
    sed 's,^\./,,; s,\([^/]*\)\.c$,.libs/\1.o,' |
    (cd "$libdir" && xargs nm -gA) | sed 's,\.libs/,,' |
    awk '{
        module = $1
        sub(/\.o:.*/, "", module)
        folder = module
        sub(/\/[^\/]*$/, "", folder)
        sub(/@.*/, "", $NF)
        print folder, module, $(NF - 1), $NF
    }' > "$work/symbols"

# What an object needs that one of ours has: FOLDER MODULE NAME FOLDER MODULE
awk 'NR == FNR { if ($3 != "U") { folder[$4] = $1; module[$4] = $2 }; next }
    $3 == "U" && $4 in folder { print $1, $2, $4, folder[$4], module[$4] }' \
    "$work/symbols" "$work/symbols" > "$work/needs"

calls_up() {
    awk -v folders="$folders" 'BEGIN {
            num = split(folders, order)
            for (i = 1; i <= num; i++) rank[order[i]] = i
        }
        rank[$4] < rank[$1] { print $2 " needs " $3 " of " $5 ", above it" }' \
        "$work/needs"
}

unknown_folders() {
    cut -d ' ' -f 1 "$work/symbols" | sort -u |
        grep -vxF "$(echo $folders | tr ' ' '\n')"
}

# A file includes headers of its own folder and of those below only.
includes_up() {
    (cd "$srcdir/tools/libxl" &&
        grep -rE --include='*.[ch]' '^#include "[a-z0-9/]+/' .) |
        sed 's,^\./,,; s,\([^:]*\)/\([^/:]*\):#include "\(.*\)/\([^/]*\)".*,\1 \1/\2 \4 \3 \3/\4,' |
        awk -v folders="$folders" '
            BEGIN {
                num = split(folders, order)
                for (i = 1; i <= num; i++) rank[order[i]] = i
            }
            rank[$4] < rank[$1] { print $2 " includes " $5 ", above it" }'
}

ok "there are objects to look at" test -s "$work/needs"
ok "every folder has its place" nothing unknown_folders
ok "no call goes up" nothing calls_up
ok "no header is included from above" nothing includes_up
finished
