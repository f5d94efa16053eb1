"""The commands of the command line, one file each, loaded when they are called."""

COMMANDS = {
    "audit": "Check every target, and that nothing public is left unchecked (the default).",
    "check": "Check targets, without asking whether the module has others.",
    "list": "Show targets and their quantities without checking them.",
    "explain": "Tell what a check, a verdict or a pattern means.",
    "replay": "Check again what failed in a report.",
    "report": "Render reports again, and merge shards, without checking.",
    "selftest": "Plant known mistakes in right targets, and tell which are caught.",
    "config": "Show every setting and where it comes from.",
}
