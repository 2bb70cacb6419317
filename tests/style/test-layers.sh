# SPDX-License-Identifier: LGPL-2.1-only
# The layers of HACKING.md, by what the objects refer to: the seams alone
# touch the world, drivers only describe, a call goes down only.
. "$srcdir/tests/tap.sh"

libdir=$builddir/tools/libxl
[ -e "$libdir/.libs/libxl_snap_ctx.o" ] && libdir=$libdir/.libs
xldir=$builddir/tools/xl
command -v nm >/dev/null || { echo "1..0 # SKIP no nm"; exit 0; }

# MODULE NAME, a line for each name that a module refers to
table=$(nm -uA "$libdir"/libxl_snap_*.o "$xldir"/*.o | awk '{
    sub(/:$/, "", $1); sub(/.*\//, "", $1); sub(/\.o$/, "", $1)
    sub(/^libxl_snap_/, "", $1); sub(/@.*/, "", $3); print $1, $3 }')

# violations PATTERN ALLOWED...: modules beside the allowed ones that refer to
# a name like PATTERN
violations() {
    pattern=$1
    shift
    printf '%s\n' "$table" | grep -Ex "[^ ]+ ($pattern)" |
        grep -vE "^($(echo none "$@" | tr ' ' '|')) "
}

# beside MODULE PATTERN: what the module refers to but for names like PATTERN
beside() {
    printf '%s\n' "$table" | sed -n "s/^$1 //p" | grep -Evx "$2"
}

ok "there are objects to look at" test -e "$libdir/libxl_snap_engine.o"
ok "only exec starts programs" nothing violations \
    'posix_spawn.*|v?fork|exec[lv].*|clone|clone3' exec xl-xl_front
ok "nobody uses a shell" nothing violations 'system|popen'
ok "only stream and process use sockets" nothing violations \
    'socket|connect|bind|listen|accept4?|send(to|msg)?|recv(from|msg)?' \
    stream process
ok "only xs and save talk to xenstore" nothing violations 'xs_.*' xs save
ok "only dom and save make libxl act on a domain" nothing violations \
    'libxl_domain_(suspend|resume|pause|unpause|destroy|shutdown|reboot|create|rename|core_dump|soft_reset|preserve|remus|set)[a-z_]*|libxl_(send|set)_.*|libxl_cdrom_.*|libxl_device_.*_(add|remove|destroy)' \
    dom save
ok "only xs writes the stored config" nothing violations \
    'libxl_userdata_(store|unlink)' xs
ok "only gather and xs read it" nothing violations \
    'libxl_userdata_retrieve|libxl_retrieve_.*' gather xs
ok "only seams open files" nothing violations \
    '(f?open|openat|creat|opendir)(64)?' open exec file lock users kernel \
    process save hook vhd journal xl_config_file
ok "only seams change files" nothing violations \
    'mkdir|rmdir|unlink|rename(at2?)?|f?(chmod|chown|truncate)(64)?|link|symlink' \
    file lock journal xl_config_file
ok "nobody prints or ends the process" nothing violations \
    'v?printf|puts|putchar|perror|exit|std(out|err)' \
    $(cd "$xldir" && ls ./*.o | sed 's,^\./,,; s,\.o$,,')

ok "only exec ends a process, which it has started" nothing violations \
    '_exit' exec xl-xl_front

base='snap_(zalloc|grow|strdup|sprintf|result_str|fail|log)|__stack_chk_fail|abort|free|calloc|realloc|(mem|str).*|__.*_chk|vsnprintf|isdigit|__ctype_b_loc|_GLOBAL_OFFSET_TABLE_|__(a|ub)san.*'
describe="snap_json_.*|snap_plan_.*|snap_step_undo|snap_argv|snap_(qdisk|tapdisk|driver_domain)_refuse|snap_qemu_format|libxl_disk_format_to_string"
ok "the engine refers to memory alone" nothing beside engine "$base"
ok "names are pure" nothing beside name "$base"
ok "JSON is yajl and memory" nothing beside json "$base|yajl_.*"
ok "what QEMU says of an image is read without asking" nothing \
    beside imageinfo "$base|snap_json_.*|yajl_.*"
ok "a plan is data" nothing beside plan "$base|$describe"
ok "the table of drivers has the drivers" nothing beside driver \
    "$base|snap_driver_.*|snap_hook_name|libxl_snapshot_mode_to_string"
for module in lv lv_area; do
    ok "$module is pure" nothing beside "$module" \
        "$base|$describe|snap_lv_.*|snap_driver_lvm_thick|snap_device_disk_set"
done
for driver in "$libdir"/libxl_snap_drv_*.o; do
    driver=$(basename "$driver" .o)
    driver=${driver#libxl_snap_}
    ok "driver ${driver#drv_} describes, and looks at images and hooks" \
        nothing beside "$driver" \
        "$base|$describe|snap_lv_.*|snap_gather_image|snap_check_(overlay|vhd)|snap_file_(exists|is_frozen)|snap_device_disk_(set|repoint)|snap_hook_(name|path|facts|request)|snap_probe_state"
done
ok "operations act by plans alone" nothing violations \
    'snap_(exec(_fed|_process)?|hook_act|quiesce|thaw|agent_.*|qmp_(open|open_path|execute)|xs_repoint|dom_(save|resume|pause|unpause|destroy)|file_(create|unlink|mkdir|rmdir|publish|freeze))' \
    run again journal gather images lvm keeper probe hook
ok "only operations run plans" nothing violations 'snap_run_plan' create \
    revert recover
ok "seams do not call up" nothing violations \
    'snap_(gather|plan|engine|driver|check|run)_.*' create create_check create_plan \
    revert revert_look recover state verify info run again journal \
    gather offline images lvm probe disk_info check driver driver_list drv_internal \
    drv_overlay drv_lvm_thick drv_lvm_thin drv_vhd lv lv_area drv_hook plan engine \
    quiesce
finished
