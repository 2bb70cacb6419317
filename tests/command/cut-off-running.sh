# SPDX-License-Identifier: LGPL-2.1-only
# A revert, without memory, of a domain that runs, cut off at each entry of its
# journal: until it is destroyed nothing has happened to it.
. "$srcdir/tests/command/faults.sh"

start() { xl create -q web.cfg; }
if_begun=undone if_not_recorded=completed
reverts_internal
killed_everywhere "revert, running, internal"
terminated_everywhere "revert, running, internal"
reverts_external
killed_everywhere "revert, running, external"
terminated_everywhere "revert, running, external"
finished
