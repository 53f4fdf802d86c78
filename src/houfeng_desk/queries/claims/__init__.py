"""What the pages of claims read: inside the viewer's scope, no HTML here."""
