# SPDX-License-Identifier: LGPL-2.1-only
# The shared library shows what its headers declare, and nothing else.
. "$srcdir/tests/tap.sh"

so=$builddir/tools/libxl/.libs/libxlsnapshot.so
headers=$srcdir/tools/libxl/include
[ -e "$so" ] || { echo "1..0 # SKIP no shared library was built"; exit 0; }

exported=$(nm -D --defined-only "$so" |
    awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort)
# comments and bodies out, then each name before a parenthesis
declared=$(sed -e 's,/\*.*\*/,,' -e '/\/\*/,/\*\//d' -e '/^#/d' "$headers"/*.h |
    grep -oE 'libxl_[a-z_]+\(' | tr -d '(' | sort -u)

ok "what is exported is declared, and what is declared exported" \
    same "$exported" "$declared"
ok "every name is of ours" nothing sh -c \
    "printf '%s\n' '$exported' | grep -vE '^libxl_([a-z]+_)*snapshot_'"
ok "nothing of libxl's or libxc's own is used" nothing sh -c \
    "nm -D -u '$so' | grep -E ' (libxl__|xc_|xlu__)'"
finished
