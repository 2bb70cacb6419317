# SPDX-License-Identifier: LGPL-2.1-only
# All of tools/xl but standalone/ can go to xen.git as it is: each file compiles
# beside Xen's own xl.h and xl_utils.h, by the rules of Xen's Makefiles.  What
# those two declare is all that it has of xl.  tests/xen has those of Xen 4.17.7.
. "$srcdir/tests/tap.sh"

# as Config.mk, tools/Rules.mk and tools/xl/Makefile have it
warnings='-Wall -Werror -Wshadow -Wstrict-prototypes -Wmissing-declarations
    -Wdeclaration-after-statement -Wformat-nonliteral'

compiles() {
    # shellcheck disable=SC2086
    $CC -std=gnu99 -D_GNU_SOURCE $warnings $XEN_CFLAGS \
        -DXEN_LIB_DIR='"/var/lib/xen"' -DXEN_CONFIG_DIR='"/etc/xen"' -DXL_PATH='"/usr/sbin/xl"' \
        -I"$srcdir/tests/xen" -I"$srcdir/tools/libxl/include" \
        -fsyntax-only "$1"
}

for file in "$srcdir"/tools/xl/*.c; do
    ok "$(basename "$file") compiles in xen.git" compiles "$file"
done
ok "none of them includes what is in standalone/ by that name" \
    nothing grep -n '#include.*standalone' "$srcdir"/tools/xl/*.[ch]
finished
