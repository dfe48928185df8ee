#!/usr/bin/env python3
"""Follows the imports of every crate from file to file, and of the crates from one to the next.

Prints a table of the crates; fails where files or crates import each other in a circle, or a file has more than 300 lines.
A name that a module re-exports counts as an import of the file that defines it. Tests are left out.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 300


def modules(src):
    """Module path -> file, for every file of a crate but its tests and its program."""
    found = {}
    for file in sorted(src.rglob("*.rs")):
        parts = list(file.relative_to(src).with_suffix("").parts)
        if parts == ["main"] or "tests" in parts:
            continue
        if parts[-1] in ("mod", "lib"):
            parts.pop()
        found[tuple(parts)] = file
    return found


def code(file):
    """The file without comments, texts and tests."""
    text = re.sub(r"//[^\n]*", "", file.read_text())
    text = re.sub(r'"(\\.|[^"\\])*"', '""', text)
    return re.sub(r"#\[cfg\((?:all\()?test\b[^\n]*\n(?:pub\S* )?(mod \w+ \{.*|mod \w+;|use [^;]*;)", "", text, flags=re.S)


def leaves(tree, prefix=()):
    """The paths in a `use` tree: `a::{b, c::d}` -> (a, b), (a, c, d)."""
    tree = tree.strip()
    if "{" not in tree:
        path = tree.split(" as ")[0].strip()
        return [prefix + tuple(part.strip() for part in path.split("::") if part.strip())] if path else []
    head, inner = tree.split("{", 1)
    inner = inner.rsplit("}", 1)[0]
    prefix += tuple(part.strip() for part in head.split("::") if part.strip())
    parts, depth, start = [], 0, 0
    for index, character in enumerate(inner):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(inner[start:index])
            start = index + 1
    return [leaf for part in parts + [inner[start:]] for leaf in leaves(part, prefix)]


def uses(module, text):
    """Absolute paths that a module imports or names, and which of them it only passes on."""
    found = []
    for public, tree in re.findall(r"\b(pub(?:\([^)]*\))? )?use ([^;]+);", text):
        found += [(leaf, bool(public)) for leaf in leaves(tree)]
    found += [(tuple(path.split("::")), False) for path in re.findall(r"\b(?:crate|super)(?:::\w+)+", text)]
    for path, public in found:
        where = list(module)
        if path[0] == "crate":
            yield tuple(path[1:]), public
            continue
        while path and path[0] in ("self", "super"):
            if path[0] == "super" and where:
                where.pop()
            path = path[1:]
        yield tuple(where) + tuple(path), public


def graph(src):
    """File -> files it imports from."""
    files = modules(src)
    texts = {module: code(file) for module, file in files.items()}
    passed_on = {}
    for module, text in texts.items():
        for path, public in uses(module, text):
            if public and path:
                passed_on[module + (path[-1],)] = path

    def definer(path, seen=()):
        for length in range(len(path), -1, -1):
            if path[:length] in passed_on and path[:length] not in seen:
                return definer(passed_on[path[:length]] + path[length:], (*seen, path[:length]))
            if path[:length] in files:
                return path[:length]
        return None

    edges = {module: set() for module in files}
    for module, text in texts.items():
        for path, public in uses(module, text):
            target = definer(path)
            # A name at the crate's root that nothing re-exports is another crate's.
            if not public and target is not None and target != module and (target or path in ((), ("*",))):
                edges[module].add(target)
        # A module of its own that is named where it is used.
        named = re.sub(r"\bpub(?:\([^)]*\))? use [^;]+;", "", text)
        children = (other for other in files if other[:-1] == module and other != module)
        edges[module] |= {child for child in children if re.search(rf"\b{child[-1]}::", named)}
    return files, edges


def circles(edges):
    """Groups of nodes each of which reaches all others of its group."""
    def reach(start):
        seen, pending = set(), [start]
        while pending:
            for following in edges.get(pending.pop(), ()):
                if following not in seen:
                    seen.add(following)
                    pending.append(following)
        return seen

    reached = {node: reach(node) for node in edges}
    groups = {frozenset(other for other in reached[node] if node in reached[other]) for node in edges if node in reached[node]}
    return sorted(map(sorted, groups))


def main():
    crates, problems = {}, []
    for manifest in sorted(ROOT.glob("crates/*/Cargo.toml")):
        text = manifest.read_text()
        crates[re.search(r'name = "([^"]+)"', text)[1]] = manifest.parent
    needs = {}
    for name, folder in crates.items():
        text = (folder / "Cargo.toml").read_text()
        normal = text.split("[dependencies]", 1)[1].split("\n[", 1)[0]
        needs[name] = {other for other in crates if re.search(rf"^{other} = ", normal, re.M)}
        files, edges = graph(folder / "src")
        for group in circles(edges):
            problems.append(f"{name}: in a circle: " + ", ".join("::".join(module) or "lib" for module in group))
        for file in folder.rglob("*.rs"):
            lines = len(file.read_text().splitlines())
            if lines > LONGEST:
                problems.append(f"{file.relative_to(ROOT)}: {lines} lines, more than {LONGEST}")
    for group in circles(needs):
        problems.append("crates in a circle: " + ", ".join(group))

    def depth(name):
        return 1 + max((depth(other) for other in needs[name]), default=0)

    print("| crate | package | files | lines | of these tests | depends on | depth |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in sorted(crates, key=lambda name: (depth(name), name)):
        files = list((crates[name] / "src").rglob("*.rs"))
        lines = sum(len(file.read_text().splitlines()) for file in files)
        tests = sum(len(file.read_text().splitlines()) - code_lines(file) for file in files)
        on = ", ".join(f"`{other}`" for other in sorted(needs[name])) or "-"
        print(f"| {crates[name].name} | `{name}` | {len(files)} | {lines} | {tests} | {on} | {depth(name)} |")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def code_lines(file):
    """Lines of a file before its tests."""
    if "tests" in file.relative_to(ROOT).with_suffix("").parts:
        return 0
    return len(file.read_text().split("#[cfg(test)]\nmod tests {")[0].splitlines())


if __name__ == "__main__":
    sys.exit(main())
