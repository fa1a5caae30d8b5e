// Room reserved; see ARCHITECTURE.md.
