"""What the synthetic province stands on: identifiers, columns, months, industries, institutions."""
