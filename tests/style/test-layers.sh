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

# The command and the front, in the same form; automake puts the name of the
# program before that of the object
(cd "$srcdir/tools/xl" && find . -name '*.c') |
    sed 's,^\./,,; s,\([^/]*\)\.c$,xl_snapshot-\1.o,; s,xl_snapshot-front,xl-front,' |
    (cd "$builddir/tools/xl" && xargs nm -gA) | awk '{
        module = $1
        sub(/\.o:.*/, "", module)
        sub(/xl(_snapshot)?-/, "", module)
        sub(/@.*/, "", $NF)
        print "xl", "xl/" module, $(NF - 1), $NF
    }' > "$work/command"

# uses PATTERN ALLOWED...: modules that need a name like PATTERN and are not in
# one of the folders, or of the modules, ALLOWED
uses() {
    pattern=$1
    shift
    cat "$work/symbols" "$work/command" | awk -v pattern="^($pattern)\$" \
        -v allowed="$*" 'BEGIN {
            num = split(allowed, list)
            for (i = 1; i <= num; i++) may[list[i]] = 1
        }
        $3 == "U" && $4 ~ pattern && !may[$1] && !may[$2] {
            print $2 " needs " $4
        }'
}

ok "there are objects to look at" test -s "$work/needs"
ok "every folder has its place" nothing unknown_folders
ok "no call goes up" nothing calls_up
ok "no header is included from above" nothing includes_up

# Who touches the world.  The front execs the real xl.
ok "only a seam starts programs" nothing uses \
    'posix_spawn.*|v?fork|exec[lv].*|clone3?' seams xl/standalone/front
ok "only a seam ends a process, which it has started" nothing uses _exit \
    seams xl/standalone/front
ok "nobody uses a shell" nothing uses 'system|popen'
ok "only seams use sockets" nothing uses \
    'socket|connect|bind|listen|accept4?|send(to|msg)?|recv(from|msg)?' seams
ok "only seams talk to xenstore" nothing uses 'xs_.*' seams
ok "only seams make libxl act on a domain" nothing uses \
    'libxl_domain_(suspend|resume|pause|unpause|destroy|shutdown|reboot|create|rename|core_dump|soft_reset|preserve|remus|set)[a-z_]*|libxl_(send|set)_.*|libxl_cdrom_.*|libxl_device_.*_(add|remove|destroy)' \
    seams
ok "only seams write the stored config" nothing uses \
    'libxl_userdata_(store|unlink)' seams
ok "only facts and seams read it" nothing uses libxl_userdata_retrieve facts seams
# libxl's reader of JSON aborts, or takes hours, for what others have written; and what
# it gives may lack anything.
ok "one file reads configs in JSON" nothing uses \
    'libxl_[a-z_]*_from_json|libxl_retrieve_.*' seams/domain_config
# A fifo would hang, and a device act.
ok "one file opens files" nothing uses \
    '(fd?|__)?(f?open|openat2?|creat|freopen)(64)?(_2)?' seams/open
# Long, deep or many of what they read makes libxlutil write behind its buffers, or
# take all memory.
ok "one file hands libxlutil something to parse" nothing uses \
    'xlu_(cfg_read[a-z]*|[a-z]*_parse[a-z_]*)' config/libxlutil
ok "only config and the xl.cfg's readers ask libxlutil at all" nothing uses 'xlu_.*' config \
    xl/xl_config_parse xl/xl_domain_config xl/xl_domain_devices xl/xl_update_config
ok "only seams list folders" nothing uses opendir seams xl/xl_config_file
ok "only seams and the journal change files" nothing uses \
    'mkdir|rmdir|unlink|rename(at2?)?|f?(chmod|chown|truncate)(64)?|(sym)?link' \
    seams run xl/xl_config_file
ok "the library neither prints nor ends the process" nothing uses \
    'v?printf|puts|putchar|perror|exit|std(out|err)' xl

# Whose acts are steps of a plan: all above storage acts by plans alone.
acts='snap_hook_act snap_keeper_freeze snap_keeper_thaw snap_repoint_disks
    snap_save_domain snap_dom_resume snap_dom_pause snap_dom_unpause
    snap_dom_destroy snap_monitor_hold snap_monitor_release snap_file_create
    snap_file_unlink snap_file_mkdir snap_file_rmdir snap_file_publish
    snap_file_freeze'
no_longer_there() {
    for act in $acts; do
        grep -q " [A-TV-Z] $act\$" "$work/symbols" || echo "$act"
    done
}
ok "the acts are called so" nothing no_longer_there
ok "only run performs steps" nothing uses \
    "$(echo $acts | tr ' ' '|')" run seams
ok "only operations run plans" nothing uses snap_run_plan ops

# What plans is pure: it computes with memory, and needs of ours only what is
# pure, too.  Of libxl it may use the names of constants.
memory='(mem|str)[a-z_]*|abort|free|calloc|realloc|qsort|v?a?s?n?printf|__(mem|str|v?a?s?n?printf)[a-z_]*|__isoc[0-9]*_str.*|__ctype_.*|isdigit|tolower|toupper|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__(a|ub)san.*'
names='libxl_[a-z_]*_(to|from)_string|libxl_uuid_[a-z_]*|libxl_defbool_[a-z_]*|libxl_device_disk_(init|dispose|copy)'
impure() {
    awk -v outside="^($memory|$names|yajl_.*)\$" '
        function pure(module, folder) {
            return folder ~ /^(plan|base)$/ || module ~ /^ops\/.*_(plan|check)$/ ||
                folder ~ /^storage/ && module !~ /\/look$/ ||
                module ~ /\/refuse$/
        }
        NR == FNR { if ($3 != "U") { where[$4] = $2; at[$4] = $1 }; next }
        $3 != "U" || !pure($2, $1) || $1 == "base" { next }
        $4 in where && pure(where[$4], at[$4]) { next }
        $1 ~ /^storage/ && $4 ~ /_look$/ { next }       # a slot of the driver
        $4 !~ outside { print $2 " needs " $4 }' \
        "$work/symbols" "$work/symbols"
}
ok "plans are made of facts alone" nothing impure
finished
