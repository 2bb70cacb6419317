# SPDX-License-Identifier: LGPL-2.1-only
# What programs get that are run for the command: a few variables, and no file of its own
# or of its caller's.
. "$srcdir/tests/command/lib.sh"

# A program in front of $PATH that notes its variables and its open files, and is then
# itself. ls has /proc open, and a shell its script, at 10.
spy() {
    mkdir -p "$hidden/spies"
    cat >"$hidden/spies/$1" <<END
#!/bin/sh
tr '\\0' '\\n' </proc/\$\$/environ >>$hidden/variables
echo $1 \$(ulimit -f) \$(ulimit -t) >>$hidden/limits
ls -l /proc/self/fd | sed -n 's/^.* \\([0-9]* -> \\)/\\1/p' | grep -v '/proc/' >>$hidden/files
PATH=\${PATH#*/spies:}
exec ${2-$1} "\$@"
END
    chmod +x "$hidden/spies/$1"
}
for spied in qemu-img sync; do spy $spied; done
spy xl "$here/stand-in/xl"
export PATH="$hidden/spies:$PATH" XL_SNAPSHOT_XL="$hidden/spies/xl"

# with_spies COMMAND...: a command, in an environment and with files that are to go no
# further.
with_spies() {
    rm -f "$hidden/variables" "$hidden/files" "$hidden/limits"
    (
        export IFS=x ENV=/srv/evil BASH_ENV=/srv/evil PYTHONPATH=/srv LVM_SYSTEM_DIR=/srv
        export GCONV_PATH=/srv LD_AUDIT= LANG=de_DE.UTF-8 LANGUAGE=de LC_MESSAGES=de_DE
        export LC_ALL=de_DE.UTF-8 XENSTORED_PATH=/srv/evil LIBXL_SAVE_HELPER=/srv/evil
        export TZ=UTC HOME=/root DISPLAY=:7 LIBXL_BOOTLOADER_RESTRICT=1
        exec 7</etc/passwd 8</etc/group 9>"$hidden/ours"
        ulimit -S -f 1000000 && ulimit -S -t 500
        "$@"
    ) >"$hidden/said" 2>&1 && [ -s "$hidden/variables" ] && [ -s "$hidden/files" ] ||
        { cat "$hidden/said"; return 1; }
}
no_limits() { same "$(grep '^xl ' "$hidden/limits" | sort -u)" "xl $(ulimit -H -f) $(ulimit -H -t)"; }
no_files() { nothing grep -v '^[012] ->' "$hidden/files"; }
# no_variables [BUT]: a pattern of those that are let pass.
no_variables() {
    nothing grep -v "^\(PATH\|HOME\|TZ\|LC_ALL\|XL_SNAPSHOT_[A-Z_]*${1-}\)=" "$hidden/variables"
}
values() { same "$(grep "^$1=" "$hidden/variables" | sort -u)" "$1=$2"; }

define_domain web qcow2 raw
create() { xl snapshot-create --domain-config web.cfg "$@" web; }
ok "a create runs programs" with_spies create --external -n s1 --update-config=web.cfg
ok "which have no files but their own three" no_files
ok "and no other variables" no_variables
ok "they speak English" values LC_ALL C
ok "in the time of the user" values TZ UTC
ok "a verification" with_spies xl snapshot-verify "$(cfg s1)"
ok "the same files" no_files
ok "the same variables" no_variables
ok "a revert" with_spies xl snapshot-revert web "$(cfg s1)"
ok "the same files" no_files
ok "no limits, which would go on to the domain's QEMU" no_limits
ok "its xl also gets what QEMU and bootloaders of a domain need" no_variables \
    '\|DISPLAY\|LIBXL_BOOTLOADER_RESTRICT'
ok "which is as it was" values DISPLAY :7
xl destroy web
add_memory s1
ok "a revert with memory" with_spies xl snapshot-revert web "$(cfg s1)"
ok "its xl has been called" grep -qx restore "$STAND_IN_XEN.xl"
ok "the same files" no_files
ok "the same variables" no_variables '\|DISPLAY\|LIBXL_BOOTLOADER_RESTRICT'
xl destroy web

# --- what libxl starts -----------------------------------------------------

printf '#!/bin/sh\n>/srv/evil-was-here\n' >/srv/evil
chmod +x /srv/evil
new_domain() {
    define_domain db
    xl create db.cfg
    LIBXL_SAVE_HELPER=/srv/evil xl snapshot-create -n s1 db
    absent /srv/evil-was-here
}
ok "libxl's own programs are not chosen by a variable" new_domain
xl destroy db

# --- where programs are found ----------------------------------------------

cd /srv/web || exit 1
printf '#!/bin/sh\n>/srv/evil-was-here\nexit 1\n' >qemu-img
chmod +x qemu-img
relative() {
    (export PATH=".:web:../web::$PATH" && xl snapshot-list --domain-config web.cfg web) &&
        absent /srv/evil-was-here
}
ok "a folder that is not absolute is none for programs" relative
passed_on() {
    (PATH=".::$PATH:bin" && with_spies create -n s3) &&
        not grep '^PATH=.*\(::\|:[^/]\|=[^/]\)' "$hidden/variables"
}
ok "nor for theirs" passed_on
rm qemu-img

# --- hooks -----------------------------------------------------------------

# only root's are run
if [ "$(stat -c %u /)" = 0 ]; then
    new_host
    define_domain web file
    mkdir -p /etc/xen/snapshot.d
    cp "$srcdir/tools/hooks/copy" "$hidden/copy"
    spy hook "$hidden/copy"
    cp "$hidden/spies/hook" /etc/xen/snapshot.d/copy
    xl create web.cfg
    ok "a hook" with_spies xl snapshot-create --disk-only -n s1 web
    ok "is told what to do" grep -q '^XL_SNAPSHOT_VERB=create$' "$hidden/variables"
    ok "has no files" no_files
    ok "and no other variables" no_variables
    spy quiet true
    cp "$hidden/spies/quiet" /srv/quiet
    ok "what lets the guest be quiet" with_spies xl snapshot-create --disk-only -n s2 \
        --domain-config web.cfg --quiesce-command=/srv/quiet web
    ok "has no files, though another process of ours runs it" no_files
    ok "and no variables" no_variables
fi

# --- how they end ----------------------------------------------------------

# The stand-in takes itself out of the environment, which env is to pass on.
new_host
define_domain web qcow2
ignores_children() {
    LD_LIBRARY_PATH=$libraries env --ignore-signal=CHLD LD_PRELOAD="$sanitizer $preload" \
        "$program" snapshot-create --domain-config web.cfg -n s1 web
}
ok "a caller who ignores SIGCHLD" ignores_children

# --- standard files that are missing ---------------------------------------

new_host
define_domain web qcow2
without() {
    closed=$1
    shift
    case $closed in
    in) "$@" <&- ;;
    out) "$@" >&- ;;
    err) "$@" 2>&- ;;
    all) "$@" <&- >&- 2>&- ;;
    esac
}
made_without() {
    got=0
    without "$1" create -n "$1" >"$hidden/out" 2>"$hidden/error" || got=$?
    same $got "$2" && says "good" xl snapshot-verify "$(cfg "$1")"
}
ok "no standard input" made_without in 0
ok "no standard error" made_without err 0
ok "no standard output: the work is done, and the exit code 1" made_without out 1
ok "none at all" made_without all 1
ok "no file of ours got the number of one" not grep -rl 'Snapshot\|snapshot-create:' /srv \
    "$snapshots"
finished
