#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# The xl that stands before Xen's own: our commands, xl's manners, and nothing
# else touched on its way through.
. "$(dirname "$0")/snapshot.sh"

real=/usr/sbin/xl
ok "the front is what a shell finds" test "$(command -v xl)" != "$real"
ok "xl list is the real one's" diff <(xl list | cut -c1-40) <($real list | cut -c1-40)
ok "xl help lists xl's commands" says "^ save " xl help
ok "and ours" says "^ snapshot-create " xl help
ok "without a command as well, exit 1" sh -c 'xl > /tmp/help; test $? = 1; grep -q "^ snapshot-revert" /tmp/help'
ok "xl help snapshot-create" says "^Usage: xl .*snapshot-create " xl help snapshot-create
ok "xl snapshot-create --help" says "--external" xl snapshot-create --help
ok "-h" says "--dry-run" xl snapshot-revert -h
ok "block-chain is ours" says "^Usage: xl .*block-chain " xl block-chain --help
ok "an unambiguous prefix" says "snapshot-create" xl snapshot-c --help
ok "an ambiguous one" mustfail "command not implemented" xl snapshot-
ok "an unknown one of ours" mustfail "command not implemented" xl snapshot-destroy
ok "an unknown one of xl's" not xl nonsense

status() { local code=0; "$@" > /dev/null 2>&1 || code=$?; echo $code; }
ok "no arguments: 2" test "$(status xl snapshot-create)" = 2
ok "too few: 2" test "$(status xl snapshot-revert vm)" = 2
ok "too many: 2" test "$(status xl snapshot-create a b c)" = 2
ok "an unknown option: 2" test "$(status xl snapshot-create --frobnicate vm)" = 2
ok "a contradiction: 2" test "$(status xl snapshot-create --internal --external vm)" = 2
ok "no such domain: 1" test "$(status xl snapshot-create no-such)" = 1

cat > "$_tmp/xl" <<'END'
#!/bin/bash
printf '<%s>' "$@"
echo
exit 42
END
chmod +x "$_tmp/xl"
export XL_SNAPSHOT_XL=$_tmp/xl
passes() {
    local code=0
    diff <(xl "$@") <(printf '<%s>' "$@"; echo) || return 1
    xl "$@" > /dev/null || code=$?
    test $code = 42
}
ok "passes a command on" passes list
ok "with its options" passes -v -f create -p 'a file.cfg' 'disk=["a b"]' ''
ok "passes what only resembles ours" passes s
for command in block-attach block-detach block-list block- block; do
    ok "passes $command" passes $command vm xvdz
done
ok "passes -N for xl's own" passes -N create x
ok "passes what follows --" passes -- list
ok "passes help for xl's own" passes help save
ok "passes global options alone" passes -v
