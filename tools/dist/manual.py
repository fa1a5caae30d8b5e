"""Write the man pages of the command and of each subcommand, from the command's own definitions.

    python3 tools/dist/manual.py BINARY DIR

The texts, options and exit codes are those of docs/commands, as troff. DIR gets tessera.1 and tessera-NAME.1. The same
binary gives the same bytes.
"""

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

REFERENCE = runpy.run_path(str(Path(__file__).resolve().parent.parent / "command-reference.py"), run_name="reference")


def escaped(text):
    """Plain text as troff. A line must not begin like a request."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("`", "")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def paragraphs(text):
    for paragraph in text.split("\n\n"):
        lines = paragraph.split("\n")
        block = [line.removeprefix("  ") for line in lines if line.startswith("  ")]
        head = " ".join(line for line in lines if not line.startswith("  "))
        if head:
            yield f".PP\n{escaped(head)}"
        if block:
            yield ".PP\n.in +4n\n.nf\n" + "\n".join(map(escaped, block)) + "\n.fi\n.in"


def page(binary, version, command, parents, commands=()):
    """The page of a command; `commands` are those that it lists."""
    name = "-".join([*parents, command["commandName"]])
    usage = REFERENCE["usage"](binary, *([command["commandName"]] if parents else []))
    parts = [
        f'.TH {escaped(name).upper()} 1 "" "tessera {version}" "User Commands"',
        f".SH NAME\n{escaped(name)} \\- {escaped(command['abstract'].rstrip('.'))}",
        f".SH SYNOPSIS\n{escaped(' '.join(usage.split()))}", ".SH DESCRIPTION",
        *paragraphs(command.get("discussion", ""))]
    if not command.get("discussion"):
        parts.append(escaped(command["abstract"]))
    shown = [argument for argument in command["arguments"] if argument["shouldDisplay"]]
    for title, isPositional in [("ARGUMENTS", True), ("OPTIONS", False)]:
        own = [argument for argument in shown if (argument["kind"] == "positional") == isPositional]
        if own:
            parts.append(f".SH {title}")
        for argument in own:
            text = " ".join(filter(None, [argument.get("abstract"), argument.get("discussion")]))
            if "defaultValue" in argument:
                text += f" Default: {argument['defaultValue']}."
            parts.append(f".TP\n.B {escaped(REFERENCE['spelled'](argument))}\n{escaped(' '.join(text.split()))}")
    if commands:
        parts.append(".SH COMMANDS")
        parts += [f".TP\n.BR {escaped(f'{name}-{own}')} (1)\n{escaped(text)}" for own, text in commands]
    else:
        own = command["commandName"]
        codes = [
            ("0", REFERENCE["DONE"].get(own, "Done.")), ("1", REFERENCE["FOUND"].get(own)),
            ("2", REFERENCE["FAILED"].get(own, REFERENCE["ANY_FAILED"])), ("64", REFERENCE["USAGE"])]
        parts.append(".SH EXIT STATUS")
        parts += [f".TP\n.B {code}\n{escaped(text)}" for code, text in codes if text]
        parts.append(".SH SEE ALSO\n.BR tessera (1)")
    return "\n".join(parts) + "\n"


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: manual.py BINARY DIR")
    binary, folder = sys.argv[1], Path(sys.argv[2])

    def output(*arguments):
        return subprocess.run([binary, *arguments], check=True, capture_output=True, text=True).stdout

    root = json.loads(output("--experimental-dump-help"))["command"]
    version = output("--version").split()[1]
    commands = [command for command in root["subcommands"] if command["commandName"] != "help"]
    folder.mkdir(parents=True, exist_ok=True)
    lines = [(command["commandName"], command["abstract"]) for command in commands]
    (folder / "tessera.1").write_text(page(binary, version, root, [], lines), encoding="utf-8")
    for command in commands:
        text = page(binary, version, command, ["tessera"])
        (folder / f"tessera-{command['commandName']}.1").write_text(text, encoding="utf-8")


main()
