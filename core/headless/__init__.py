"""What scripts and agents do without a screen: decide line by line, suggest, look up."""
