"""Where the mistake is and what it is called."""
