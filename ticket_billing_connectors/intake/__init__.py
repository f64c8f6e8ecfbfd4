"""What other systems may send, by the API or in files: pure Python."""
