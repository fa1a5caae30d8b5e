"""Writes studies and their tables, which `tessera compare` reads."""

import csv
import json


def write_table(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_study(path, results, baseline, files, **texts):
    """A study whose methods are the keys of `files`; the values are the plans that are counted."""
    study = {"format": "tessera.study/1", **texts, "policy": "trainable", "policies": ["trainable"],
             "baseline": baseline, "methods": [{"name": name, "file": file} for name, file in files.items()],
             "results": results}
    path.write_text(json.dumps(study, indent=2) + "\n")
