#!/usr/bin/env python3
"""Checks that every dependency has a license and a source that .ci/deny.toml allows, without network.

Python 3.11, standard library only. Exit code 1 if a package does not pass.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
POLICY = tomllib.loads((ROOT / ".ci" / "deny.toml").read_text())


def allowed(expression: str, licenses: set[str]) -> bool:
    """Whether an SPDX expression can be met with `licenses`. An old `MIT/Apache-2.0` means `OR`."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def alternatives() -> bool:
        result = conjunction()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            # Both sides must be read, whatever the first one says.
            result = conjunction() or result
        return result

    def conjunction() -> bool:
        result = term()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            result = term() and result
        return result

    def term() -> bool:
        token = tokens.pop(0)
        if token == "(":
            result = alternatives()
            if not tokens or tokens.pop(0) != ")":
                raise ValueError(f"unbalanced: {expression}")
            return result
        if token in {")", "OR", "AND", "WITH"}:
            raise ValueError(f"unexpected {token}: {expression}")
        if tokens[:1] == ["WITH"]:
            token = f"{token} WITH {tokens[1]}"
            del tokens[:2]
        return token in licenses

    result = alternatives()
    if tokens:
        raise ValueError(f"unexpected {tokens[0]}: {expression}")
    return result


def check_the_check() -> None:
    """The parser against cases whose answer is known."""
    mine = {"MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"}
    for expression, expected in [
        ("MIT", True),
        ("GPL-3.0", False),
        ("GPL-3.0 OR MIT", True),
        ("MIT/GPL-3.0", True),
        ("MIT AND GPL-3.0", False),
        ("(MIT OR GPL-3.0) AND Zlib", True),
        ("MIT AND (GPL-3.0 OR Zlib)", True),
        ("GPL-3.0 OR MIT AND BSD-3-Clause", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("Apache-2.0", False),
    ]:
        assert allowed(expression, mine) is expected, expression


def host() -> str:
    version = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    return re.search(r"^host: (.*)$", version, re.MULTILINE)[1]


def dependencies() -> list[dict]:
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features", "--filter-platform", host()]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout)
    used = {node["id"] for node in metadata["resolve"]["nodes"]}
    return [package for package in metadata["packages"] if package["id"] in used]


def main() -> int:
    check_the_check()
    licenses = set(POLICY["licenses"]["allow"])
    banned = {entry["crate"] for entry in POLICY["bans"]["deny"]}
    problems = []
    packages = dependencies()
    for package in packages:
        name = f"{package['name']} {package['version']}"
        expression = package["license"]
        if expression is None or not allowed(expression, licenses):
            problems.append(f"{name}: license {expression or 'not stated'} is not allowed")
        if not (package["source"] or "registry+").startswith("registry+"):
            problems.append(f"{name}: source {package['source']} is no registry")
        if package["name"] in banned:
            problems.append(f"{name}: is banned")
    registries = {package["source"] for package in packages} - {None}
    if len(registries) > 1:
        problems.append(f"more than one source: {sorted(registries)}")
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(packages)} packages, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
