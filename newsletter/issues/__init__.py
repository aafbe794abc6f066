"""What is composed and sent: writing it, checking it, rendering it, moving it along."""
