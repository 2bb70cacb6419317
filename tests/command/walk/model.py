# SPDX-License-Identifier: LGPL-2.1-only
"""What has to be: domains and snapshots with the content of each of their disks, and who
needs which image as it is. Of the images it knows none: it asks the host.
"""
import os

from host import (SNAPSHOTS, Wrong, base_of, chain_of, disks_in, files, images, is_frozen,
                  overlay_of)


class Domain:
    """A domain, whose disks show shown[vdev]."""

    def __init__(self, name, cfg):
        self.name, self.cfg = name, cfg
        self.shown = {}
        self.runs = False

    def disks(self):
        """{vdev: path}"""
        return disks_in(self.cfg)


class Snapshot:
    """A snapshot, which holds held[vdev] = (path, tag or '', content)."""

    def __init__(self, name, domain, folder, held):
        self.name, self.domain, self.folder, self.held = name, domain, folder, held

    def cfg(self):
        """Its config."""
        return f"{self.folder or SNAPSHOTS + '/' + self.domain.name}/{self.name}/snapshot.cfg"

    def tagged(self):
        """The images that have its tags."""
        return [path for path, tag, _ in self.held.values() if tag]

    def bases(self):
        """{vdev: image}, of those that have its state as a whole."""
        return {vdev: path for vdev, (path, tag, _) in self.held.items() if not tag}

    def is_elsewhere(self):
        """The domain's xl.cfg names an image that the disk had not since the snapshot."""
        for vdev, base in self.bases().items():
            overlay = overlay_of(self.cfg(), vdev)
            had = [base, overlay, overlay.replace(".qcow2", ".r1.qcow2")]
            while os.path.exists(had[-1]):
                had.append(overlay.replace(".qcow2", f".r{len(had) - 1}.qcow2"))
            if self.domain.disks()[vdev] not in had:
                return True
        return False


class Need:
    """Who needs an image, or a tag in it, as it is; content is None if the model does not
    know it."""

    def __init__(self, who, path, content=None, tag=""):
        self.who, self.path, self.content, self.tag = who, path, content, tag


class Merge:
    """A commit or a pull, of layers chain[first] to chain[last], the active one being 0."""

    def __init__(self, domain, vdev, chain):
        self.domain, self.vdev, self.chain = domain, vdev, chain
        self.is_commit = self.deletes = self.moves = self.keeps = False
        self.first = self.last = self.target = 0
        self.child = -1
        self.folder = ""            # of snapshots, -d
        self.disregarded = ()
        self.given_up = None        # the snapshot that is deleted by it

    def goes(self):
        """The layers whose own state goes."""
        if self.is_commit:
            return self.chain[self.first:self.target + 1]
        return self.chain[self.first:self.last + 1] if self.deletes else []

    def changes(self):
        """The layers that are written to, or go."""
        changed = self.goes() + [self.chain[self.target]]
        return set(changed + ([self.chain[self.child]] if self.child >= 0 else []))


class Model:
    """All that is known."""

    def __init__(self, host):
        self.host = host
        self.domains = []
        self.snapshots = {}
        self.forgotten = []         # tags of snapshots that were forgotten, as needs
        self.before = {}
        self.copies = []            # of xl.cfgs, for which images have to be there

    def needs(self):
        """All who need an image."""
        found = []
        for domain in self.domains:
            for vdev, path in domain.disks().items():
                found.append(Need(domain, path, domain.shown[vdev]))
        for snapshot in self.snapshots.values():
            for path, tag, content in snapshot.held.values():
                found.append(Need(snapshot, path, content, tag))
        for copy in self.copies:
            found += [Need(copy, path) for path in disks_in(copy).values()]
        return found + self.forgotten

    def needed(self):
        """The paths of all images that somebody needs."""
        return {path for need in self.needs() for path in chain_of(need.path)}

    # --- what has to be after each step

    def look(self):
        """Before a step: what that shows of which the model does not know more."""
        self.before = {need.path: self.host.shows(need.path)
                       for need in self.needs() if need.content is None}

    def check(self, domain, thoroughly, seen_later):
        """After a step with that domain: all is as it has to be. What is left over is looked
        at now, or later."""
        if self.host.journals():
            raise Wrong("a journal is left")
        active = {path for other in self.domains for path in other.disks().values()}
        for need in self.needs():
            name = need.who if isinstance(need.who, str) else need.who.name
            content = need.content
            if content is None and need.path not in active:
                content = self.before.get(need.path)
            if content and self.host.shows(need.path, need.tag) != content:
                raise Wrong(f"{name}: {need.path} {need.tag} shows something else: "
                            + difference(content, self.host.shows(need.path, need.tag)))
        for path in images():
            if not self.host.is_sound(path):
                raise Wrong(f"{path} is not sound: {self.host.said}")
        for path in [file[0] for file in files() if ".partial" in file[0]]:
            raise Wrong(f"{path} is left")
        for snapshot in self.snapshots.values():
            self.check_verified(snapshot)
        for other in self.domains if thoroughly else [domain]:
            if thoroughly or not seen_later:
                self.check_leftovers(other, thoroughly)

    def is_base(self, path):
        """An external snapshot has it, or did."""
        return is_frozen(path) or any(
            path == held and not tag for snapshot in self.snapshots.values()
            for held, tag, _ in snapshot.held.values())

    def check_verified(self, snapshot):
        """snapshot-verify says what it has to."""
        paths = {path for held, _, _ in snapshot.held.values() for path in chain_of(held)}
        paths |= {snapshot.cfg(), snapshot.domain.cfg}
        tagged = [held for held, tag, _ in snapshot.held.values() if tag]
        code, said = self.host.once(
            "verify", sorted(paths), lambda: (self.host.xl(
                "snapshot-verify", snapshot.domain.name, snapshot.cfg(), quiet=True),
                self.host.said), str(snapshot.domain.runs))
        if not code:
            return
        if "cannot be reverted to" in said and any(map(self.is_base, tagged)):
            self.host.count("snapshots with a tag in a base")
            return
        raise Wrong(f"snapshot {snapshot.name}: {said}")

    def leftovers(self, domain):
        """What block-chain says is left over."""
        where = domain.name if domain.runs else domain.cfg
        argv = ["block-chain", "--json", where]
        argv[1:1] = self.folder_options()
        disks = self.host.json(*argv)["disks"]
        return sorted({image["path"] for disk in disks for image in disk["images"]
                       if image["leftover"]})

    def folder_options(self):
        """-d, if there are snapshots elsewhere."""
        for snapshot in self.snapshots.values():
            if snapshot.folder:
                return ["-d", snapshot.folder]
        return []

    def check_leftovers(self, domain, thoroughly):
        """Nothing that somebody needs is called left over."""
        if domain not in self.domains:
            return
        needed = self.needed()
        left = self.leftovers(domain)
        for path in left:
            if path in needed:
                raise Wrong(f"{path} is called left over, and is needed")
        # the QEMU of one that runs would be asked
        if domain.runs or not thoroughly:
            return
        argv = ["snapshot-list", "--json", "--domain-config=" + domain.cfg]
        argv += self.folder_options()
        listed = {image["path"] for image in self.host.json(*argv, domain.name)["leftovers"]}
        if listed != set(left):
            raise Wrong(f"block-chain: {left}, snapshot-list: {sorted(listed)}")

    def forget(self, snapshot):
        """It is deleted, but not its data."""
        del self.snapshots[snapshot.name]
        for path, tag, content in snapshot.held.values():
            if tag:
                self.forgotten.append(Need("forgotten " + tag, path, content, tag))

    # --- which commits and pulls are refused

    def stands_above(self, merge, path):
        """The image stands on what goes, and not by way of what stays as it is."""
        chain = chain_of(path)
        kept = 0 if merge.keeps else merge.child
        if kept >= 0 and merge.chain[kept] in chain:
            return False
        return any(layer in chain for layer in merge.goes())

    def is_needed(self, merge):
        """Somebody else needs what goes."""
        for need in self.needs():
            own = (need.who is merge.domain and
                   merge.domain.disks()[merge.vdev] == need.path)
            own = own or (merge.given_up and need.who is merge.given_up)
            # a tag in a layer is a matter of that
            own = own or (need.tag and need.path in merge.goes())
            if not own and self.stands_above(merge, need.path):
                return True
        return any(self.stands_above(merge, path) for path in images()
                   if path not in merge.chain)

    def has_tags(self, merge):
        """A tag would go, or be ruined."""
        goes = merge.goes() if not merge.is_commit else merge.goes()[:-1]
        if not merge.is_commit:
            goes = goes + [merge.chain[merge.target]]
        return any(self.host.tags(path) for path in goes)

    def unexplained(self, merge):
        """Layers that are frozen for a snapshot that is not known (any more)."""
        known = {path for snapshot in self.snapshots.values()
                 if snapshot.folder in ("", merge.folder) or snapshot is merge.given_up
                 for path in snapshot.bases().values()}
        return {path for path in merge.changes() if is_frozen(path)} - known

    def of_nobody(self, merge):
        """Those of them for which the administrator knows that nobody needs them."""
        needed = {path for snapshot in self.snapshots.values()
                  for path in snapshot.bases().values()}
        return [] if self.is_needed(merge) else sorted(self.unexplained(merge) - needed)

    def reasons(self, merge):
        """For which a merge is refused: the words, and whether it is so."""
        early = (
            ("it runs, and layers", merge.domain.runs),
            ("-d .*: no snapshot is in it", merge.folder and not any(
                snapshot.folder == merge.folder for snapshot in self.snapshots.values())),
            ("one image and no other layers", len(merge.chain) == 1),
        )
        return early if len(merge.chain) == 1 else early + (
            ("has the internal snapshot", self.has_tags(merge)),
            ("is needed as it is by", self.is_needed(merge)),
            ("is protected", self.unexplained(merge) - set(merge.disregarded)),
        )

    # --- which deletes are refused

    def stays(self, path, above, snapshot):
        """Somebody needs the layer by itself: neither the snapshot nor what is above it."""
        return (any(need.path == path for need in self.needs() if need.who is not snapshot)
                or self.host.tags(path)
                or any(base_of(image) == path for image in images() if image != above))

    def merges_of_delete(self, snapshot, vdev, path):
        """The pull and the commit of which one is done when a snapshot's layer goes."""
        chain = chain_of(snapshot.domain.disks()[vdev])
        at = chain.index(path) if path in chain else 0
        if at == 0 or self.stays(path, chain[at - 1], snapshot):
            return []
        pull, commit = Merge(snapshot.domain, vdev, chain), Merge(snapshot.domain, vdev, chain)
        pull.target = pull.child = at - 1
        pull.first = pull.last = at
        commit.is_commit = True
        commit.first = commit.last = at - 1
        commit.target, commit.child = at, at - 2
        for merge in pull, commit:
            merge.deletes = True
            merge.folder, merge.given_up = snapshot.folder, snapshot
        return [pull, commit] if at > 1 else [pull]

    def reasons_of_delete(self, snapshot):
        """The same for a delete."""
        runs, bases = snapshot.domain.runs, snapshot.bases()
        reasons = [("it runs, and the layers of an external", runs and bases),
                   ("QEMU cannot be reached", runs and snapshot.tagged())]
        if runs:
            return reasons
        reasons.append(("is the base of snapshot", bases and any(
            path in other.bases().values() for other in self.snapshots.values()
            for path in snapshot.domain.disks().values())))
        for vdev, path in bases.items():
            found = [self.reasons(merge) for merge in self.merges_of_delete(snapshot, vdev, path)]
            if found and all(any(holds for _, holds in reasons_of) for reasons_of in found):
                reasons += found[0]
        return reasons


def difference(wanted, got):
    """Where two contents first differ."""
    if len(wanted) != len(got):
        return f"{len(got)} bytes instead of {len(wanted)}"
    at = next(at for at in range(0, len(got), 512) if wanted[at:at + 512] != got[at:at + 512])
    return f"at {at} is {got[at]}, not {wanted[at]}"
