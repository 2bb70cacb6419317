# SPDX-License-Identifier: LGPL-2.1-only
"""Steps with snapshots: create, revert, delete."""
import os

import people
from host import Wrong, format_of, overlay_of
from model import Snapshot


def choose_kinds(walk, disks):
    """Of each disk's snapshot: {vdev: "internal" or "external"}; and the options for that.
    The word after the domain is the last one."""
    can_tag = {vdev: format_of(path) == "qcow2" for vdev, path in disks.items()}
    if walk.tagged() and walk.one_in(2):
        kinds = {vdev: "internal" if can and walk.one_in(2) else "external"
                 for vdev, can in can_tag.items()}
        write_kinds(walk, kinds)
        return kinds, [], ["/srv/kinds.cfg"]
    kind = "internal" if all(can_tag.values()) and walk.tagged() else "external"
    return dict.fromkeys(disks, kind), ["--" + kind], []


def write_kinds(walk, kinds):
    """A ConfigFile that says which disk gets which kind of snapshot."""
    disks = []
    for vdev, kind in kinds.items():
        path = f"/srv/web/{vdev}.at{walk.number}.qcow2,qcow2" if kind == "external" else ","
        disks.append(f"'{path},{vdev}'")
    with open("/srv/kinds.cfg", "w", encoding="utf-8") as file:
        file.write(f"disks = [ {', '.join(disks)} ]\n")
    walk.host.note(f"/srv/kinds.cfg: {disks}")


def create(walk, domain):
    """The guest writes, and ends; then a snapshot."""
    people.write_to(walk, domain)
    people.stop(walk, domain)
    name = f"s{walk.number}"
    disks = domain.disks()
    kinds, options, last = choose_kinds(walk, disks)
    argv = ["snapshot-create", "--domain-config", domain.cfg] + options
    argv += ["-d", walk.folder] if walk.folder else []
    if "external" in kinds.values() and not walk.one_in(3):
        argv.append("--update-config=" + domain.cfg)
    argv += [domain.name, name] if not last and walk.one_in(2) else ["-n", name, domain.name]
    snapshot = Snapshot(name, domain, walk.folder, {
        vdev: (path, name if kinds[vdev] == "internal" else "", domain.shown[vdev])
        for vdev, path in disks.items()})
    outcome = walk.attempt(argv + last, (
        ("is the base of", any(map(walk.model.is_base, disks.values()))),))
    if os.path.exists(snapshot.cfg()) != (outcome in ("done", "completed")) and outcome:
        raise Wrong(f"{outcome}, and there is a {snapshot.cfg()}, or is not")
    if not os.path.exists(snapshot.cfg()):
        return
    walk.model.snapshots[name] = snapshot
    for vdev, kind in kinds.items():
        if kind == "external":
            walk.host.set_disk(domain.cfg, vdev, overlay_of(snapshot.cfg(), vdev))


def one_of(walk):
    """A snapshot."""
    return walk.model.snapshots[walk.pick(sorted(walk.model.snapshots))]


def revert(walk, _):
    """To a snapshot; the domain runs then, for a while."""
    snapshot = one_of(walk)
    domain = snapshot.domain
    argv = ["snapshot-revert"]
    argv += ["--update-config=" + domain.cfg] if walk.one_in(2) else []
    argv += [domain.name, snapshot.cfg() if snapshot.folder else snapshot.name]
    before = dict(domain.shown)
    outcome = walk.attempt(argv, (
        ("is the base of", any(map(walk.model.is_base, snapshot.tagged()))),
        # the image that it has now is known of a domain with a QEMU alone
        ("disk xvd. names .*, not .*; write that first",
         len(argv) == 4 and snapshot.is_elsewhere())))
    domain.runs = bool(walk.host.domid(domain.name))
    if outcome == "refused":
        return
    if domain.runs:
        for vdev, path in walk.host.disks_of(domain.name).items():
            walk.host.set_disk(domain.cfg, vdev, path)
    after = {vdev: content for vdev, (_, _, content) in snapshot.held.items()}
    if outcome in ("done", "completed"):
        domain.shown = after
    else:
        for vdev, path in domain.disks().items():
            now = walk.host.shows(path)
            if now not in (before[vdev], after[vdev]):
                raise Wrong(f"{vdev} is neither as before nor as of {snapshot.name}")
            domain.shown[vdev] = now
    if walk.one_in(2):
        people.write_to(walk, domain)


def delete(walk, _):
    """One goes, or is forgotten."""
    snapshot = one_of(walk)
    keeps = walk.one_in(4)
    argv = ["snapshot-delete"] + (["--keep-data"] if keeps else [])
    argv += ["-d", snapshot.folder] if snapshot.folder else []
    argv += ["--domain-config=" + snapshot.domain.cfg, snapshot.domain.name, snapshot.name]
    if not walk.one_in(4):
        people.stop(walk, snapshot.domain)
    outcome = walk.attempt(argv, () if keeps else walk.model.reasons_of_delete(snapshot))
    if outcome == "refused":
        return
    # cut off, perhaps between two of its disks, it is given once more
    walk.fault = ""
    if os.path.exists(snapshot.cfg()) and walk.attempt(argv) != "done":
        raise Wrong(f"not to be ended: {walk.host.said}")
    if os.path.exists(snapshot.cfg()):
        raise Wrong(f"there is {snapshot.cfg()} yet")
    if keeps:
        walk.model.forget(snapshot)
    else:
        del walk.model.snapshots[snapshot.name]
