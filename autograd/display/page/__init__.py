"""What a page has to know of a recording in order to replay it."""
