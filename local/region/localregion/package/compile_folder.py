"""Compile every module below a folder to unchecked-hash bytecode, for a place where it will stand later.

Run as a program by the interpreter whose bytecode is wanted, hence the standard library only:
`python compile_folder.py FOLDER PLACE`. Unchecked: Python does not compare it with the source. That is right for an
archive that never changes; time stamps would be stale under the archive's fixed ones (PEP 552).
"""

import py_compile
import sys
from pathlib import Path


def main(folder: Path, place: str) -> int:
    failed = 0
    # What the compiler shares between files shows in the bytes: one process, in a fixed order.
    for source in sorted(folder.rglob("*.py")):
        try:
            py_compile.compile(
                str(source),
                dfile=f"{place}/{source.relative_to(folder).as_posix()}",
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
        except py_compile.PyCompileError as error:
            failed = 1
            sys.stderr.write(f"{error.msg.strip()}\n")
    return failed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
