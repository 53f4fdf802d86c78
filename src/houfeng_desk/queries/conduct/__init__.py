"""What the pages of conduct show: portraits, disputes, lists, firms with signs of evasion."""
