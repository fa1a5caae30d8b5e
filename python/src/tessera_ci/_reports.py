"""Reports for other programs: those of several runs of `tessera validate` as one."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from typing import Any, Callable
from urllib.parse import quote, unquote

from ._text import Problem

Keep = Callable[[str], bool]
_LEVELS = {"error": "error", "warning": "warning", "note": "note"}


def sarif(reports: list[str], problems: list[Problem], keep: Keep) -> str:
    """One run: GitHub refuses a file with two runs of one tool. Without a report, an empty one."""
    documents = [json.loads(report) for report in reports] or [{
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": "tessera"}}, "results": []}]}]
    first: dict[str, Any] = documents[0]["runs"][0]
    results = [result for one in documents for result in one["runs"][0]["results"] if keep(_file(result))]
    for problem in problems:
        place = {"artifactLocation": {"uri": quote(problem.file)}}
        results.append({"ruleId": problem.title, "level": _LEVELS[problem.severity],
                        "message": {"text": problem.message}, "locations": [{"physicalLocation": place}]})
    first["results"] = results
    for one in documents[1:]:
        for invocation, other in zip(first.get("invocations", []), one["runs"][0].get("invocations", [])):
            invocation["executionSuccessful"] &= other["executionSuccessful"]
            invocation["toolExecutionNotifications"] += other.get("toolExecutionNotifications", [])
    return json.dumps(documents[0], indent=2, ensure_ascii=False) + "\n"


def _file(result: dict[str, Any]) -> str:
    locations = result.get("locations") or [{}]
    return unquote(locations[0].get("physicalLocation", {}).get("artifactLocation", {}).get("uri", ""))


def junit(reports: list[str], problems: list[Problem], keep: Keep) -> str:
    root = ElementTree.Element("testsuites", {"name": "tessera validate"})
    for report in reports:
        root.extend(suite for suite in ElementTree.fromstring(report) if keep(suite.get("name", "")))
    for problem in problems:
        is_failure = problem.severity != "note"
        suite = ElementTree.SubElement(root, "testsuite", {"name": problem.file, "tests": "1", "errors": "0",
                                                           "failures": str(int(is_failure)), "skipped": "0"})
        case = ElementTree.SubElement(suite, "testcase", {"classname": problem.file, "name": problem.title})
        if is_failure:
            ElementTree.SubElement(case, "failure", {"message": problem.message}).text = problem.message
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
