# SPDX-License-Identifier: LGPL-2.1-only
"""A step that makes a chain shorter: a commit or a pull, of which layers is random."""
import os

import people
from host import chain_of
from model import Merge


def merge(walk, domain):
    """One of them, perhaps after those who need what goes have been given up."""
    if not walk.one_in(10):
        people.stop(walk, domain)
    vdev = walk.pick(sorted(domain.shown))
    chain = chain_of(domain.disks()[vdev])
    if len(chain) == 1 and not walk.one_in(10):
        return
    ask = Merge(domain, vdev, chain)
    ask.is_commit = walk.one_in(2)
    argv = commit_options(walk, ask) if ask.is_commit else pull_options(walk, ask)
    if "--update-config=" + domain.cfg not in argv:
        argv.append("--domain-config=" + domain.cfg)
    if walk.one_in(2):
        make_way(walk, ask)
        if not all(map(os.path.exists, chain)):
            return
    if walk.folder and not walk.one_in(10):
        ask.folder = walk.folder
        argv.append("-d" + walk.folder)
    if walk.one_in(2):
        ask.disregarded = walk.model.of_nobody(ask)
        argv += ["--disregard=" + path for path in ask.disregarded]
    between = (lambda: people.started_between(walk, domain)) if walk.one_in(3) else None
    outcome = walk.attempt(argv + [domain.name, vdev], walk.model.reasons(ask), between)
    if outcome in ("done", "completed") and ask.moves:
        walk.host.set_disk(domain.cfg, vdev, chain[ask.target])


def make_way(walk, ask):
    """Who needs what goes is given up first."""
    for snapshot in list(walk.model.snapshots.values()):
        held = snapshot.held.values()
        if not any(walk.model.stands_above(ask, path) for path, _, _ in held):
            continue
        argv = ["snapshot-delete", snapshot.domain.name, snapshot.cfg()]
        if all(tag for _, tag, _ in held) and walk.host.xl(*argv) == 0:
            del walk.model.snapshots[snapshot.name]
        elif walk.host.xl(argv[0], "--keep-data", *argv[1:]) == 0:
            walk.model.forget(snapshot)
    while walk.model.leftovers(ask.domain):
        people.remove_leftover(walk, ask.domain)


def commit_options(walk, ask):
    """Which layers, and what with them."""
    last = len(ask.chain) - 1
    ask.first = walk.random.randint(0, max(last - 1, 0))
    ask.target = walk.random.randint(ask.first + 1, max(last, ask.first + 1))
    ask.last = ask.target - 1
    ask.child = ask.first - 1
    argv = ["block-commit"]
    if ask.target == ask.first + 1 and walk.one_in(2):
        argv.append("--shallow")
    elif ask.target != last or walk.one_in(2):
        argv.append("--base=" + ask.chain[min(ask.target, last)])
    ask.target = min(ask.target, last)
    ask.deletes = walk.one_in(2)
    if ask.first:
        argv.append("--top=" + ask.chain[ask.first])
    elif walk.one_in(3):
        argv += ["--active", "--keep-overlay"]
        ask.keeps = True
        ask.deletes = False
    else:
        ask.moves = True
        argv.append(walk.pick(("--active", "--pivot")))
        if ask.deletes or walk.one_in(2):
            argv.append("--update-config=" + ask.domain.cfg)
    return argv + (["--delete"] if ask.deletes else [])


def pull_options(walk, ask):
    """The same for a pull."""
    last = len(ask.chain) - 1
    ask.target = ask.child = walk.random.randint(0, max(last - 1, 0))
    ask.first = ask.target + 1
    ask.last = walk.random.randint(ask.first, max(last, ask.first))
    argv = ["block-pull"]
    if ask.target or walk.one_in(2):
        argv.append("--top=" + ask.chain[ask.target])
    if ask.last < last:
        argv.append("--base=" + ask.chain[ask.last + 1])
    ask.deletes = walk.one_in(2)
    return argv + (["--delete"] if ask.deletes else [])
