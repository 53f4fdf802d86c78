"""The lists of credit: entry with grounds, evidence and four eyes; exit by term, repair or removal."""
