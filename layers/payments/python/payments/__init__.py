"""What providers tell of money, recorded: by a webhook, or by an operator who matches what fitted nothing."""
