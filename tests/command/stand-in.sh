# SPDX-License-Identifier: LGPL-2.1-only
# The stand-in itself: it has what libxl calls of libxenstore, and libxenctrl of the
# hypervisor; and domains are as its file says.
. "$srcdir/tests/command/lib.sh"

# is_complete LIBRARY PATTERN: what that library of the program's calls by such a name
# is in the stand-in.
is_complete() {
    library=$(LD_LIBRARY_PATH=$libraries ldd "$program" |
        sed -n "s,.*/$1.* => ,,; s,.*$1[^ ]* => \([^ ]*\).*,\1,p")
    nm -D --undefined-only "$library" | sed -n "s/.* \($2\)\(@.*\)*$/\1/p" |
        sort -u >"$hidden/wanted"
    nm -D --defined-only "$preload" | awk '{ print $3 }' | sort -u >"$hidden/there"
    [ -s "$hidden/wanted" ] && nothing comm -23 "$hidden/wanted" "$hidden/there"
}
ok "libxl finds all of libxenstore" is_complete libxenlight 'xs_[a-z_]*'
ok "libxenctrl finds all of libxencall" is_complete libxenctrl 'xencall[a-zA-Z0-9_]*'

# It runs, and has no QEMU.
shows_running() { fails 1 "QEMU cannot be reached at" xl snapshot-list "$1"; }

# --- domains ---------------------------------------------------------------

# shows NAME DOMID: a name is that domain.
shows() { refuses "domain $2: it is dying" xl snapshot-create "$1"; }

for number in 5 12 3; do
    cat >>"$STAND_IN_XEN" <<END
xen/$number/uuid 00000000-0000-4000-8000-00000000000$number
xen/$number/state dying
/local/domain/$number/name vm$number
END
done
ok "a domain by its name" shows vm12 12
ok "one behind it in the file, and before it by number" shows vm3 3
ok "by its number" shows 5 5
ok "not by one that lies between" refuses "there is no such domain" xl snapshot-create 4
ok "nor by the beginning of a name" refuses "there is no such domain" xl snapshot-create vm1
sed -i 's,/12/name vm12,/12/name web,' "$STAND_IN_XEN"
ok "by the name that it has now" shows web 12
sed -i '/xen.3/d' "$STAND_IN_XEN"
ok "not when the hypervisor has it no more" refuses "there is no such domain" \
    xl snapshot-create vm3
remember
ok "a look changes nothing" unchanged

# --- what libxl does to them -----------------------------------------------

new_host
define_domain web qcow2
xl snapshot-create --domain-config web.cfg -n s1 web >/dev/null
xl create web.cfg
monitor=$(sed -n 's,xen/1/monitor ,,p' "$STAND_IN_XEN")
xl snapshot-revert web "$(cfg s1)" >/dev/null
ok "a domain is destroyed, another one let run" same "$(xargs <"$STAND_IN_XEN.log")" \
    "pause 1 destroy 1 unpause 2"
ok "nothing is left of the first" not grep -E '^xen/1/|^/local/domain/1/|^/libxl/1/' \
    "$STAND_IN_XEN"
ok "its monitor has left" not readlink "/proc/$monitor/exe"
ok "the second is there" shows_running web
finished
