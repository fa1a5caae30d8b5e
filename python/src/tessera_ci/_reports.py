"""Reports for other programs: those of several runs of `tessera validate` as one."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from typing import Any, Callable
from urllib.parse import quote, unquote

from ._text import Problem, shown

Keep = Callable[[str], bool]
_LEVELS = {"error": "error", "warning": "warning", "note": "note"}


def sarif(reports: list[str], problems: list[Problem], keep: Keep) -> str:
    """One run: GitHub refuses a file with two runs of one tool. Without a report, an empty one."""
    documents = [json.loads(report) for report in reports] or [{
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": "tessera"}}, "results": []}]}]
    first: dict[str, Any] = documents[0]["runs"][0]
    results = [result for one in documents for result in one["runs"][0]["results"] if keep(_file(result))]
    invocations: list[dict[str, Any]] = first.setdefault("invocations", [{"executionSuccessful": True}])
    for problem in problems:
        if not problem.file:
            # GitHub refuses a result without a file.
            invocations[0]["executionSuccessful"] = False
            invocations[0].setdefault("toolExecutionNotifications", []).append(
                {"level": _LEVELS[problem.severity], "message": {"text": problem.message}})
            continue
        place = {"artifactLocation": {"uri": quote(problem.file)}}
        results.append({"ruleId": problem.title, "level": _LEVELS[problem.severity],
                        "message": {"text": problem.message}, "locations": [{"physicalLocation": place}]})
    first["results"] = results
    for one in documents[1:]:
        for invocation, other in zip(first.get("invocations", []), one["runs"][0].get("invocations", [])):
            invocation["executionSuccessful"] &= other["executionSuccessful"]
            invocation["toolExecutionNotifications"] = [*invocation.get("toolExecutionNotifications", []),
                                                        *other.get("toolExecutionNotifications", [])]
    return json.dumps(documents[0], indent=2, ensure_ascii=False) + "\n"


def _file(result: dict[str, Any]) -> str:
    locations = result.get("locations") or [{}]
    return unquote(locations[0].get("physicalLocation", {}).get("artifactLocation", {}).get("uri", ""))


def junit(reports: list[str], problems: list[Problem], keep: Keep) -> str:
    root = ElementTree.Element("testsuites", {"name": "tessera validate"})
    for report in reports:
        root.extend(suite for suite in ElementTree.fromstring(report) if keep(suite.get("name", "")))
    suites = {suite.get("name", ""): suite for suite in root}
    for problem in problems:
        # A name or a message can have characters that XML has not.
        file, message = shown(problem.file) or "tessera", shown(problem.message)
        suite = suites.get(problem.file)
        if suite is None:
            suite = suites[problem.file] = ElementTree.SubElement(
                root, "testsuite", {"name": file, "tests": "0", "failures": "0", "errors": "0", "skipped": "0"})
        is_failure = problem.severity != "note"
        for name, more in (("tests", 1), ("failures", int(is_failure))):
            suite.set(name, str(int(suite.get(name, "0")) + more))
        case = ElementTree.SubElement(suite, "testcase", {"classname": file, "name": problem.title})
        if is_failure:
            ElementTree.SubElement(case, "failure", {"type": problem.severity, "message": message}).text = message
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
