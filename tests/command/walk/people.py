# SPDX-License-Identifier: LGPL-2.1-only
"""What people do in between: none of it is a command of xl-snapshot. Each step gets the walk
and the domain that is its turn.
"""
import os

from host import chain_of
from model import Domain


def write_to(walk, domain):
    """The guest writes to one of its disks."""
    vdev = walk.pick(sorted(domain.shown))
    path = domain.disks()[vdev]
    domain.shown[vdev] = walk.guest_writes(path, domain.shown[vdev])
    walk.model.before[path] = domain.shown[vdev]


def start(walk, domain):
    """The domain runs; nothing watches over its disks."""
    if not domain.runs and walk.host.xl("create", domain.cfg) == 0:
        domain.runs = True


def stop(walk, domain):
    """And does not."""
    if domain.runs and walk.host.xl("destroy", domain.name) == 0:
        domain.runs = False


def started_between(walk, domain):
    """Somebody starts the domain before a recovery, and it ends again."""
    start(walk, domain)
    if domain.runs:
        write_to(walk, domain)
    stop(walk, domain)


def clone(walk, domain):
    """An image of somebody's own on a layer of the domain's."""
    vdev = walk.pick(sorted(domain.shown))
    layers = chain_of(domain.disks()[vdev])[1:]
    if not layers or len(walk.model.domains) > 3:
        return
    base = walk.pick(layers)
    name = f"db{walk.number}"
    elsewhere = walk.one_in(2)
    path = f"/srv/data/{name}.qcow2" if elsewhere else f"{os.path.dirname(base)}/{name}.qcow2"
    other = Domain(name, f"/etc/xen/{name}.cfg" if elsewhere else f"/srv/data/{name}.cfg")
    other.shown["xvda"] = walk.host.shows(base)
    walk.new_image(path, base)
    walk.host.write_cfg(name, walk.number + 1, other.cfg, {"xvda": path})
    walk.model.domains.append(other)


def removed(walk, path):
    """A file is removed by hand."""
    walk.host.sh("sh", "-c", f"chattr -i {path} 2>/dev/null; rm {path}")


def give_up(walk, _):
    """A domain that was cloned is not wanted any more."""
    others = [domain for domain in walk.model.domains[1:]
              if not any(snapshot.domain is domain
                         for snapshot in walk.model.snapshots.values())]
    if others:
        domain = walk.pick(others)
        stop(walk, domain)
        path = domain.disks()["xvda"]
        walk.model.domains.remove(domain)
        walk.host.sh("rm", domain.cfg)
        if path not in walk.model.needed():
            removed(walk, path)


def copy_cfg(walk, domain):
    """A copy of the xl.cfg where others are, or that goes."""
    copy = f"/etc/xen/{domain.name}-old.cfg"
    if copy in walk.model.copies:
        walk.host.sh("rm", copy)
        walk.model.copies.remove(copy)
    else:
        walk.host.sh("cp", domain.cfg, copy)
        walk.model.copies.append(copy)


def rename(walk, _):
    """The folder is moved, looked at, and moved back."""
    if any(domain.runs for domain in walk.model.domains):
        return
    walk.host.sh("mv", "/srv/web", "/srv/moved")
    for snapshot in walk.model.snapshots.values():
        walk.host.xl("snapshot-verify", snapshot.cfg())
    walk.host.xl("block-chain", "/etc/xen/web.cfg")
    walk.host.sh("mv", "/srv/moved", "/srv/web")


def remove_leftover(walk, domain):
    """By hand, as block-chain says."""
    left = walk.model.leftovers(domain)
    if left:
        removed(walk, walk.pick(left))
        walk.host.count("leftovers removed")
