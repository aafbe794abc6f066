"""What is published: news, guidance, tools, events, publications, and their topics."""
