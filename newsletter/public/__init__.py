"""The readers' door: the form, confirming, leaving, the archive, the library, health."""
