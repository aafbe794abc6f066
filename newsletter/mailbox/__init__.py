"""The development mailbox: takes every mail by SMTP, keeps it as it came, shows it on a page."""
