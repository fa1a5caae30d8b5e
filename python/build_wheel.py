"""Builds the wheel of tessera-h5 with the command in it.

    python build_wheel.py --binary PATH --out DIR [--licences DIR]

The same source and binary give the same bytes. The wheel's tag says which C library the binary needs; it is read from
the binary's own symbol versions. Needs hatchling (`pip install hatchling`) and readelf and strip (binutils).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# 1980-01-01, the first time that a zip file can hold.
EPOCH = 315_532_800
# The libraries that every Linux of a manylinux_2_x tag has (PEP 600); a wheel must contain all others.
EVERYWHERE = {
    "libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "libutil.so.1", "libresolv.so.2",
    "libgcc_s.so.1", "libstdc++.so.6", "libz.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
}
MACHINES = {"Advanced Micro Devices X86-64": "x86_64", "AArch64": "aarch64"}


def readelf(*arguments: str) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(["readelf", "--wide", *arguments], check=True, capture_output=True, text=True,
                          env=environment).stdout


def platform_tag(binary: Path, is_local: bool = False) -> str:
    """The platform of a wheel with this binary, such as manylinux_2_34_x86_64, or linux_x86_64 for this machine only.

    The newest GLIBC version that the binary's symbols need is the oldest C library that runs it. A binary without the
    C library runs with any.
    """
    machine = re.search(r"Machine:\s+(.+)", readelf("--file-header", str(binary)))
    name = MACHINES.get(machine[1].strip()) if machine else None
    if name is None:
        known = " or ".join(MACHINES.values())
        raise SystemExit(f"{binary}: expected a program for {known}, found {machine[1] if machine else 'none'}")
    if is_local:
        return f"linux_{name}"
    versions = re.findall(r"Name: GLIBC_(\d+)\.(\d+)", readelf("--version-info", str(binary)))
    major, minor = max([(int(a), int(b)) for a, b in versions], default=(2, 17))
    return f"manylinux_{major}_{minor}_{name}"


def missing_libraries(binary: Path) -> list[str]:
    """The libraries that the binary needs and not every Linux has."""
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", readelf("--dynamic", str(binary)))
    return sorted(set(needed) - EVERYWHERE)


def pure_wheel(folder: Path) -> Path:
    """The wheel without the command, by hatchling."""
    source = folder / "source"
    # Links to LICENSE and NOTICE become files.
    shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("tests", "__pycache__", "*.pyc", ".*"))
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=source,
                   check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return next(folder.glob("*.whl"))


def repack(pure: Path, binary: bytes, licences: dict[str, bytes], platform: str, out: Path) -> Path:
    """Adds the command to the scripts of a wheel and the licences of the libraries in it, and sets its platform."""
    name, version = pure.name.split("-")[:2]
    information = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(pure) as archive:
        entries = {entry: archive.read(entry) for entry in archive.namelist()}
    entries[f"{name}-{version}.data/scripts/tessera"] = binary
    metadata = f"{information}/METADATA"
    listed = "".join(f"License-File: libraries/{library}\n" for library in sorted(licences)).encode()
    entries[metadata] = entries[metadata].replace(b"License-File: ", listed + b"License-File: ", 1)
    entries |= {f"{information}/licenses/libraries/{library}": text for library, text in licences.items()}
    tag = f"py3-none-{platform}"
    entries[f"{information}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: tessera-h5 build_wheel\nRoot-Is-Purelib: false\nTag: {tag}\n").encode()
    record = f"{information}/RECORD"
    del entries[record]
    lines = [f"{entry},sha256={_digest(content)},{len(content)}\n" for entry, content in sorted(entries.items())]
    entries[record] = "".join([*lines, f"{record},,\n"]).encode()
    path = out / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        # RECORD is last, as pip's own wheels have it.
        for entry in [*sorted(set(entries) - {record}), record]:
            info = zipfile.ZipInfo(entry)
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
            info.external_attr = (0o100755 if "/scripts/" in entry else 0o100644) << 16
            archive.writestr(info, entries[entry], compresslevel=9)
    return path


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def build(binary: Path, out: Path, is_local: bool = False, licences: Path | None = None) -> Path:
    """Writes the wheel into a folder, and returns its path."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        stripped = Path(temporary) / "tessera"
        subprocess.run(["strip", "-o", str(stripped), str(binary)], check=True)
        texts = {path.name: path.read_bytes() for path in licences.iterdir()} if licences else {}
        return repack(pure_wheel(Path(temporary)), stripped.read_bytes(), texts, platform_tag(stripped, is_local), out)


def main() -> None:
    parser = argparse.ArgumentParser(description="Builds the wheel of tessera-h5 with the command in it.")
    parser.add_argument("--binary", type=Path, required=True, help="the command tessera")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the wheel")
    parser.add_argument("--licences", type=Path, help="a folder with the licences of the libraries in the command")
    parser.add_argument("--portable", action="store_true",
                        help="refuse a binary that needs libraries which not every Linux has")
    options = parser.parse_args()
    others = missing_libraries(options.binary)
    if others and options.portable:
        sys.exit(f"{options.binary}: expected only libraries that every Linux has, found {', '.join(others)}; "
                 "link them statically")
    if others:
        print(f"note: the wheel is for this machine, because the command needs {', '.join(others)}", file=sys.stderr)
    print(build(options.binary, options.out, bool(others), options.licences))


if __name__ == "__main__":
    main()
