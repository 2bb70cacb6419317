#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# A random walk against a model. Snapshots of all kinds are taken and reverted to in any
# order; commands and their recoveries are killed, get signals, and find no room for
# their journal; the domain is rebooted and destroyed in between. After each step all
# is as the model has it, and in the end each snapshot is where it was taken.
#
# SEED chooses the walk. It goes on for WALK_SECONDS, on a new domain, and another kind
# of domain, every 40 steps. "./dev check" takes the same walk each time, the first
# domain alone; "./dev soak walk" takes others, for longer. The guest's ticks and what
# is killed at a moment, not at an entry, are not the same twice.
. "$(dirname "$0")/faults.sh"
. "$(dirname "$0")/lvm.sh"

seed=${SEED:-1}
walk_seconds=${WALK_SECONDS:-150}

# The model: of each snapshot its kind, whether it has memory, the first and the last
# tick that can be in it, the images that its tags are in; the images that are bases,
# with a checksum; and of the domain whether it runs or is gone, and its images.
names=()
declare -A kinds=() memories=() from=() to=() tagged=() bases=()
state='' images=''

# random N: sets picked to a number from 0 to N - 1. one_in N: true that often.
# (RANDOM is another one in each subshell.)
random() {
    seed=$(((seed * 1103515245 + 12345) & 0x7fffffff))
    picked=$(((seed >> 8) % $1))
}
one_in() { random "$1"; [ $picked = 0 ]; }

# --- the kinds of domains ---------------------------------------------------

# Sets forms to the options of snapshot-create that this kind of domain knows, and
# makes one.
begin_pv() {
    forms=(--internal --external "--internal --disk-only" "--external --disk-only" "--external -p")
    new_snapshot_domain vm qcow2:64M qcow2:16M
}
begin_raw() {
    forms=(--external "--external --disk-only")
    new_snapshot_domain vm qcow2:64M raw:4M
}
begin_pvh() {
    forms=("--internal --live" "--external --live" --internal "--external --disk-only")
    new_snapshot_domain -t pvh vm qcow2:64M qcow2:16M
}
begin_hvm() {
    forms=(--internal "--external --live" "--internal --disk-only")
    new_snapshot_domain -t hvm vm qcow2:64M
}
begin_thin() {
    forms=(--internal "--internal --disk-only")
    lvs vg-0/pool > /dev/null 2>&1 || {
        new_vg 400M
        lvm_ lvcreate -L 200M -T vg-0/pool
    }
    lvm_ lvcreate -V 32M -T vg-0/pool -n one
    lvm_ lvcreate -V 16M -T vg-0/pool -n two
    new_snapshot_domain vm /dev/vg-0/{one,two},raw,%v,w
}

begin_domain() { # KIND
    names=() kinds=() memories=() from=() to=() tagged=() bases=() images=''
    mkdir -p "$snapshots/vm"            # so that no plan begins with that
    "begin_$1"
    state=runs
    look_at_disks
}
end_domain() {
    local volume
    remove_domain vm
    rm -rf "${snapshots:?}/vm"
    for volume in $(lvs --noheadings -o lv_name vg-0 2> /dev/null); do
        [ "$volume" = pool ] || lvm_ lvremove -f "vg-0/$volume"
    done
}

# --- what is asked ----------------------------------------------------------

# choose_fault: sets fault, entry and moment to what happens to the next command.
choose_fault() {
    local faults=(none none none none kill-before kill-after term-after enospc moment)
    [ -n "${SOAK:-}" ] || unset 'faults[-1]'
    random ${#faults[@]}
    fault=${faults[picked]}
    random 34
    entry=$((picked + 1))
    random 40
    moment=$((picked / 10)).$((picked % 10))
}
said_fault() {
    case $fault in
    none) ;;
    moment) echo ", killed after $moment s" ;;
    *) echo ", $fault at entry $entry" ;;
    esac
}

# go COMMAND...: with that fault; sets outcome to "done", or "undone", by itself or by a
# recovery.
go() {
    local code=0 pid
    outcome=''
    {
        case $fault in
        none) "$@" || code=$? ;;
        moment)
            "$@" &
            pid=$!
            nap "$moment"
            kill -KILL $pid || :
            wait $pid || code=$? ;;
        *) fault "$entry" "$fault" "$@" || code=$? ;;
        esac
    } > "$_tmp/go" 2>&1
    case $code-$fault in
    0-*) outcome='done' ;;
    1-term-after | 1-enospc) outcome=undone ;;
    137-*) go_recover ;;
    *) false ;;
    esac || { echo "exit code $code"; cat "$_tmp/go"; return 1; }
    # a recovery that was killed behind its end has left nothing to say
    [ -n "$outcome" ] || { unchanged vm > /dev/null && outcome=undone || outcome='done'; }
    none_left
}

# A recovery; one that has to be asked for by an option is.
recover_all() {
    xl snapshot-recover --all > "$_tmp/recover" 2>&1 && cat "$_tmp/recover" && return
    cat "$_tmp/recover"
    grep -q "xl snapshot-recover --lose-writes vm" "$_tmp/recover" &&
        xl snapshot-recover --lose-writes vm
}

# Until a recovery has been neither killed nor has to be asked for.
go_recover() {
    local code=1
    while [ $code != 0 ]; do
        code=0
        if one_in 3; then
            random 12
            fault $((picked + 1)) kill-after xl snapshot-recover --all || code=$?
        else
            # what the killed command had started may still be at it
            until_ok 60 recover_all || return
        fi
    done >> "$_tmp/go" 2>&1
    ! grep -q '^Undone\.' "$_tmp/go" || outcome=undone
    ! grep -q '^Completed\.' "$_tmp/go" || outcome='done'
}

# --- what has to be ---------------------------------------------------------

# Sets disks to the lines of disks_of, and images to their paths.
look_at_disks() {
    local path
    mapfile -t disks < <(disks_of vm)
    images=''
    for path in "${disks[@]}"; do path=${path#* } images+="${path% *} "; done
}

# What xl.cfg has to name from now on, as the admin would write it.
write_config() {
    local disk line='' rest
    for disk in "${disks[@]}"; do
        rest=${disk#* }
        line+=" '${rest% *},${rest##* },${disk%% *},w"
        [[ $rest = /dev/* ]] && line+="'," || line+=",backendtype=qdisk',"
    done
    sed -i "s|^disk = .*|disk = [$line ]|" "$(config vm)"
}

# The domain's images are the same everywhere, and none of them is a base.
on_its_images() {
    local image
    [[ $images = /dev/* ]] || on_layer vm $images || return 1
    for image in $images; do
        [ -z "${bases[$image]:-}" ] || { echo "on the base $image"; return 1; }
    done
}

bases_unchanged() {
    local image
    for image in "${!bases[@]}"; do
        [ "${bases[$image]}" = "$(sha256sum < "$image")" ] || { echo "$image was written"; return 1; }
    done
}

# can_revert NAME: not to a tag in what is a base now.
can_revert() {
    local image
    for image in ${tagged[$1]}; do [ -z "${bases[$image]:-}" ] || return 1; done
}

# is_at NAME: the domain comes back where this snapshot was taken.
is_at() {
    if [ "${memories[$1]}" = yes ]; then
        is_back_at vm "${from[$1]}" "${to[$1]}"
    else
        has_booted_at vm "${from[$1]}" "${to[$1]}"
    fi
}

# --- the steps --------------------------------------------------------------

# A snapshot that was taken: what the model has of it.
add_snapshot() { # NAME OPTIONS FROM TO
    local image
    names+=("$1")
    kinds[$1]=$2 from[$1]=$3 to[$1]=$4 tagged[$1]='' memories[$1]=yes
    [[ $2 != *--disk-only* ]] || memories[$1]=no
    if [[ $2 = *--external* ]]; then
        for image in $images; do bases[$image]=$(sha256sum < "$image"); done
    else
        [[ $images = /dev/* ]] || tagged[$1]=$images
    fi
}

create_works() { # NAME OPTIONS
    local before after options
    read -r -a options <<< "$2"
    [[ $2 != *--disk-only* ]] || options+=(--domain-config "$(config vm)")
    [[ $2 != *--external* ]] || ! one_in 2 || options+=(--update-config "$(config vm)")
    remember vm
    before=$(tick vm)
    go xl snapshot-create "${options[@]}" -n "$1" vm || return 1
    if [ "$outcome" = undone ]; then
        unchanged vm && ticking vm
        return
    fi
    [[ $2 != *-p* ]] || xl unpause vm || :
    after=$(tick vm)
    add_snapshot "$1" "$2" "$before" "$after"
    look_at_disks
    write_config
    ticking vm on_its_images
}

revert_works() { # NAME OPTIONS
    local options
    read -r -a options <<< "$2"
    [ "${memories[$1]}" = yes ] || options+=(--domain-config "$(config vm)")
    [ $state = gone ] || hold vm
    remember vm
    mark vm
    go xl snapshot-revert "${options[@]}" vm "$(cfg vm "$1")" || return 1
    if [ "$outcome" = undone ]; then
        unchanged vm || return 1
        [ $state = gone ] || { xl unpause vm && ticking vm; }
        return
    fi
    [[ $2 != *-p* ]] || xl unpause vm || :
    state=runs
    is_at "$1" || return 1
    look_at_disks
    write_config
    ticking vm on_its_images
}

revert_refused() { # NAME
    remember vm
    mustfail "because it is the base of an external snapshot" \
        xl snapshot-revert vm "$(cfg vm "$1")" && unchanged vm
}

# The present is kept, too, as the snapshot that a create would take of it.
keeps() { # NAME
    local before after kept form=--internal
    [[ $images != *.raw* ]] || form=--external
    before=$(tick vm)
    hold vm
    xl unpause vm
    after=$(tick vm)
    mark vm
    xl snapshot-revert --keep vm "$(cfg vm "$1")" > "$_tmp/go" || return 1
    kept=$(sed -n 's,^.*before: .*/\(before-revert[^/]*\)/.*,\1,p' "$_tmp/go")
    add_snapshot "$kept" "$form" "$before" $((after + 100))
    is_at "$1" || return 1
    look_at_disks
    write_config
    ticking vm on_its_images
}

# Where the guest has ended, with what it had flushed.
reboots() {
    local last
    last=$(tick vm)
    mark vm
    tell vm reboot
    has_booted_at vm "$last" $((last + 20)) && ticking vm
}
destroyed() { last=$(tick vm); until_ok 60 _destroyed vm && state=gone; }
starts() {
    mark vm
    { _create vm || _create vm; } && has_booted_at vm "$last" $((last + 20)) &&
        ticking vm on_its_images && state=runs
}

# All snapshots are listed, and good but for tags in what is a base now; nothing is to
# be recovered.
all_listed() {
    local name options=()
    diff <(printf '%s\n' "${names[@]}" | sort) \
        <(xl snapshot-list --json vm | jq -r '.snapshots[].name' | sort) || return 1
    random ${#names[@]}
    name=${names[picked]}
    [ "${memories[$name]}" = yes ] || options=(--domain-config "$(config vm)")
    if can_revert "$name"; then
        xl snapshot-verify "${options[@]}" "$(cfg vm "$name")" || return 1
    else
        mustfail "cannot be reverted to" \
            xl snapshot-verify "${options[@]}" "$(cfg vm "$name")" || return 1
    fi
    says "^Nothing to recover" xl snapshot-recover --all
}

step() { # NUMBER
    local name form
    if [ $state = gone ] && one_in 2; then
        ok "$1: the domain starts" starts
        return
    fi
    random 16
    case $picked in
    0 | 1 | 2 | 3 | 4)
        [ $state = runs ] || return 0
        random ${#forms[@]}
        form=${forms[picked]} name=s$1
        choose_fault
        ok "$1: create $form$(said_fault)" create_works "$name" "$form"
        note "$outcome" ;;
    5 | 6 | 7 | 8 | 9 | 10)
        [ ${#names[@]} -gt 0 ] || return 0
        random ${#names[@]}
        name=${names[picked]} form=''
        if can_revert "$name"; then
            ! one_in 4 || form=-p
            choose_fault
            ok "$1: revert to $name (${kinds[$name]})${form:+ $form}$(said_fault)" \
                revert_works "$name" "$form"
            note "$outcome"
        else
            ok "$1: revert to $name (${kinds[$name]}) is refused" revert_refused "$name"
        fi ;;
    11)
        [ $state = runs ] && [ ${#names[@]} -gt 0 ] || return 0
        random ${#names[@]}
        name=${names[picked]}
        ! can_revert "$name" || ok "$1: revert to $name --keep" keeps "$name" ;;
    12) [ $state = gone ] || [ ${#names[@]} = 0 ] || ok "$1: the guest reboots" reboots ;;
    13) [ $state = gone ] || [ ${#names[@]} = 0 ] || ok "$1: the domain is destroyed" destroyed ;;
    14 | 15)
        [ ${#names[@]} -gt 0 ] || return 0
        ok "$1: ${#names[@]} snapshots are listed and verified" all_listed ;;
    esac
}

# In the end all snapshots, or three of them, are where they were taken.
last_look() {
    local name i
    ok "the bases were never written" bases_unchanged
    fault=none
    for ((i = 0; i < ${#names[@]}; i++)); do
        name=${names[i]}
        [ -n "${SOAK:-}" ] || [ ${#names[@]} -le 3 ] || one_in $(((${#names[@]} + 2) / 3)) || continue
        ! can_revert "$name" || ok "back to $name (${kinds[$name]})" revert_works "$name" ""
    done
}

domains=(pv raw pvh thin hvm)
[ -n "${SOAK:-}" ] || domains=(pv)
note "seed $seed, $walk_seconds s"
number=0
while [ $SECONDS -lt "$walk_seconds" ]; do
    domain=${domains[number / 40 % ${#domains[@]}]}
    begin_domain "$domain"
    note "a domain of the kind $domain"
    for ((i = 0; i < 40 && SECONDS < walk_seconds; i++)); do
        step $((++number))
    done
    last_look
    end_domain
done
