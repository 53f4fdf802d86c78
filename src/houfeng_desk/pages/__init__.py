"""The pages, area by area. A page function reads by a query or acts by a room's function, then renders."""
