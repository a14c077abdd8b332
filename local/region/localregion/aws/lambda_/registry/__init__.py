"""Lambda's control plane: functions, layers and mappings that were made by calls, kept on disk."""
