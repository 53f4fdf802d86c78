"""What an expression may say: its text, types, functions and names."""
