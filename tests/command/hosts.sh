# SPDX-License-Identifier: LGPL-2.1-only
# Two hosts that share the folder of the snapshots: what another host has begun is
# told, and never touched.
. "$srcdir/tests/command/faults.sh"

create() { xl snapshot-create --domain-config web.cfg "$@" web; }
file=$snapshots/.journal/web.json
there="host dom0-b"
# becomes MEMBER=VALUE...: the journal has that instead; no value: it lacks the member.
becomes() {
    for member; do
        name=${member%%=*} value=${member#*=}
        jq -c --arg name "$name" --arg value "$value" 'if has("plan") then
            if $value == "" then del(.[$name]) else .[$name] = $value end
            else . end' "$file" >"$hidden/journal" && cat "$hidden/journal" >"$file"
    done
}
another_boot=boot=00000000-0000-4000-8000-000000000000
another_machine=machine=0123456789abcdef0123456789abcdef
# cut_off MEMBER=VALUE...: a create was cut off, on a host like that.
cut_off() {
    rm -rf "$snapshots" /srv/web
    define_domain web qcow2 raw
    fault 9 kill-before create --external -n s1
    becomes "$@"
    cp "$file" "$hidden/journal"
    remember
}
untouched() { unchanged && cmp "$file" "$hidden/journal"; }

cut_off "$another_boot" "$another_machine" host=dom0-b
ok "no create on its domain" refuses \
    "domain web: a snapshot-create of it has not ended on $there ($file)" create -n s2
ok "nor a dry run of one" refuses "run xl snapshot-recover web there" create -N -n s2
xl create web.cfg
ok "nor of the domain, when it has been started here" refuses "has not ended on $there" \
    xl snapshot-create --disk-only -n s2 web
xl destroy web
remember
ok "it is not recovered" fails 1 "domain web: a snapshot-create of it has not ended on $there" \
    xl snapshot-recover web
xl snapshot-recover web >"$hidden/both" 2>&1
ok "which a log of both outputs has in order" matches "^Domain web,.* snapshot-recover: " \
    sh -c "tr '\\n' ' ' <$hidden/both"
ok "nor would be" fails 1 "run xl snapshot-recover web there" xl snapshot-recover -N web
ok "that of all domains tells of it" says "a snapshot-create (s1), which $there has begun" \
    xl snapshot-recover --all
ok "and has not failed" lacks Undone xl snapshot-recover --all
ok "as JSON" json '.[0] | .domain == "web" and .host == "host dom0-b" and
    .steps == [] and (has("to_be") or has("error") | not)' xl snapshot-recover --all --json
ok "for its domain, as JSON" fails_json '.[0].error | contains("has not ended on host")' \
    xl snapshot-recover --json web
ok "all is as it was" untouched
define_domain db qcow2
ok "another domain is not held up" xl snapshot-create --domain-config db.cfg -n s1 db
cd /srv/web && domain=web

cut_off "$another_boot" "$another_machine"
ok "a name that both have" fails 1 \
    "not ended on the host with the machine-id 0123456789abcdef0123456789abcdef" \
    xl snapshot-recover web
cut_off "$another_boot" host=dom0-b
ok "a machine-id that both have" fails 1 "not ended on $there" xl snapshot-recover web
cut_off "$another_boot" "$another_machine" host=dom0-b
sed -i 's/"kind":"mkdir"/"kind":"merge"/' "$file"
ok "a plan that this version cannot read" says "$there" xl snapshot-recover --all
ok "nor can it be taken over then" fails 1 "web.json is not a usable journal" \
    xl snapshot-recover --take-over web
cut_off "$another_boot" "$another_machine" host=dom0-b
ok "who takes it over" says "1. remove" xl snapshot-recover -N --take-over web
ok "may look first" untouched
ok "does that for one domain" fails 2 "for one domain" xl snapshot-recover --take-over --all
ok "and does not give it up" fails 2 "not with the others" xl snapshot-recover --take-over --abandon web
ok "ends it" says "Undone." xl snapshot-recover --take-over web
ok "and holds nobody up" create -N -n s2
cut_off "$another_machine" host=dom0-b
ok "its own is its own" says "Undone." xl snapshot-recover --take-over web
cut_off "$another_machine" host=dom0-b
ok "the same boot: it is this one" says "Undone." xl snapshot-recover web
cut_off "$another_boot"
ok "the same host, restarted" says "Undone." xl snapshot-recover --all
cut_off "$another_boot" machine= host=
ok "a journal of an older version does not tell" says "Undone." xl snapshot-recover web

rm -rf "$snapshots" /srv/web
define_domain web qcow2 qcow2
create --internal -n s1 >/dev/null
killed_at "xvdb.*back" xl snapshot-revert web "$(cfg s1)"
file=$snapshots/.journal/$uuid.json
becomes "$another_boot" "$another_machine" host=dom0-b
ok "a revert that has to wait for a word names both options" fails 1 \
    "xl snapshot-recover --take-over --lose-writes web completes the revert" \
    xl snapshot-recover --take-over web
ok "which complete it" says "Completed." xl snapshot-recover --take-over --lose-writes web
xl destroy web

# --- what another host sees ------------------------------------------------

seen() { find "$snapshots/.journal" -name '*.json' | wc -l; }
rm -rf "$snapshots" /srv/web
define_domain web qcow2
for when in before after; do
    fault 1 kill-$when create -n s1
    ok "killed $when its plan: no half of a journal" same "$code $(seen)" "137 0"
    ok "what is left is undone" says "Undone." xl snapshot-recover --all
    ok "and gone" absent "$snapshots/.journal"
done
fault 1 kill-before create -n s1
ok "or is in the way of nobody" create -n s1
ok "and goes then" absent "$snapshots/.journal"
finished
