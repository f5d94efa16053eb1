"""The commands of the command line, one file each, loaded when they are called."""

COMMANDS = {
    "audit": "Check every target, and that nothing public is left unchecked (the default).",
    "check": "Check targets, without asking whether the module has others.",
}
