# SPDX-License-Identifier: LGPL-2.1-only
# A revert, without memory, of a domain that does not run, cut off at each entry of
# its journal.
. "$srcdir/tests/command/faults.sh"

if_begun=completed if_not_recorded=completed
reverts_internal
killed_everywhere "revert, internal"
terminated_everywhere "revert, internal"
reverts_external
killed_everywhere "revert, external"
terminated_everywhere "revert, external"
finished
