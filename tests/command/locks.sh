# SPDX-License-Identifier: LGPL-2.1-only
# Two commands on one domain: the second one is refused and names the first; on two
# domains they do not meet.
. "$srcdir/tests/command/faults.sh"

create() { xl snapshot-create --domain-config web.cfg "$@" web; }
busy="another snapshot command is at work on this domain: held by xl-snapshot (pid"
refused_by() { refuses "$busy $pid)" "$@"; }

define_domain web qcow2 raw
at_work 6 create --external -n s1
ok "no second create" refused_by create -n s2
ok "nor its dry run" refused_by create -N -n s2
ok "nor a recovery: it has not been cut off" fails 1 "$busy $pid)" xl snapshot-recover web
ok "snapshot-list waits for nobody" xl snapshot-list --domain-config web.cfg web
xl create web.cfg
ok "nor one of the domain, if it is started meanwhile" refused_by \
    xl snapshot-create --disk-only -n s2 web
xl destroy web
define_domain db qcow2
ok "another domain" xl snapshot-create --domain-config db.cfg -n s1 db
cd /srv/web && domain=web
ok "the first one goes on to its end" says "Snapshot s1 of domain web" let_go
ok "its snapshot is good" xl snapshot-verify "$(cfg s1)"
sed -i 's/xvda\.qcow2/xvda.s1.qcow2/; s/xvdb\.raw,raw/xvdb.s1.qcow2,qcow2/' web.cfg
ok "then another one begins" create --external -n s2 --dry-run

xl create web.cfg
at_work 6 xl snapshot-revert web "$(cfg s1)"
ok "no second revert" refused_by xl snapshot-revert web "$(cfg s1)"
ok "nor a snapshot of the running domain" refused_by xl snapshot-create --disk-only web
ok "but snapshot-verify" xl snapshot-verify "$(cfg s1)"
ok "the first one ends" says "is back at snapshot s1" let_go
finished
