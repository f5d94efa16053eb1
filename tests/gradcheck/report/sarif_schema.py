"""The part of the OASIS schema of SARIF 2.1.0 that reports use, as strict: nothing outside it may occur.

Written from the standard (sarif-schema-2.1.0.json, errata 01): names, types, enumerations and required members of
sarifLog, run, tool, invocation, result, location and what they hold.
"""


def _object(required=(), **properties):
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": list(required)}


TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 1}
URI = {"type": "string", "format": "uri-reference", "pattern": r"^[!#$&-;=?-\[\]_a-z~%]*$"}
MESSAGE = _object(["text"], text=TEXT)
BAG = {"type": "object"}
PLACE = _object(uri=URI, uriBaseId=TEXT, description=MESSAGE)
REGION = _object(startLine=COUNT, endLine=COUNT)
LOCATION = _object(physicalLocation=_object(["artifactLocation"], artifactLocation=PLACE, region=REGION))
LEVEL = {"enum": ["none", "note", "warning", "error"]}
RESULT = _object(
    ["message"],
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": -1},
    level=LEVEL,
    message=MESSAGE,
    locations={"type": "array", "items": LOCATION},
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    suppressions={
        "type": "array",
        "uniqueItems": True,
        "items": _object(["kind"], kind={"enum": ["inSource", "external"]}, justification=TEXT),
    },
    properties=BAG,
)
RULE = _object(["id"], id=TEXT, name=TEXT, shortDescription=MESSAGE, help=MESSAGE)
DRIVER = _object(["name"], name=TEXT, version=TEXT, rules={"type": "array", "uniqueItems": True, "items": RULE})
INVOCATION = _object(
    ["executionSuccessful"],
    executionSuccessful={"type": "boolean"},
    exitCode={"type": "integer"},
    toolExecutionNotifications={"type": "array", "items": _object(["message"], level=LEVEL, message=MESSAGE)},
)
RUN = _object(
    ["tool"],
    tool=_object(["driver"], driver=DRIVER),
    invocations={"type": "array", "items": INVOCATION},
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    originalUriBaseIds={"type": "object", "additionalProperties": PLACE},
    results={"type": ["array", "null"], "items": RESULT},
)
SARIF = _object(
    ["version", "runs"],
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"enum": ["2.1.0"]},
    runs={"type": ["array", "null"], "items": RUN},
)
