"""What the pages of delivery show, inside the scope of who asks. No HTML here."""
