"""JSON as people diff it: one entry on each line."""

import json


def text(document, is_open):
    """The document as JSON. `is_open(value, depth)` says whether the items of a list or an object have lines of their own."""
    def lines(value, depth):
        if not isinstance(value, (dict, list)) or not value or not is_open(value, depth):
            return json.dumps(value)
        inner = "  " * (depth + 1)
        if isinstance(value, dict):
            items = [f"{inner}{json.dumps(key)}: {lines(item, depth + 1)}" for key, item in value.items()]
        else:
            items = [inner + lines(item, depth + 1) for item in value]
        open_, close = ("{", "}") if isinstance(value, dict) else ("[", "]")
        return open_ + "\n" + ",\n".join(items) + "\n" + "  " * depth + close
    return lines(document, 0) + "\n"
