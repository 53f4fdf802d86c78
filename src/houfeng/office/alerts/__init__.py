"""The index of alerts: the journal of the watch as rows that can be filtered, and what people did about them."""
