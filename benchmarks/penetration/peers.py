"""The peers' side: each answers "who controls every enterprise" in its own way, from the same file.

    python peers.py NAME FILE CONTROLLERS

General graph libraries have no company control: beside them, the same rule is written in Python over their own
adjacency, as a user would (a closure for each holder nobody has a majority in). SQL and ASP say it in their own
language. Prints one line of JSON: seconds to load and for the controllers by the clock, seconds of the processor for
both (`cpu`), how many answers differ from Houfeng's.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterable

import pyarrow.parquet as pq

Edge = tuple[str, str, int]
Tops = dict[str, str]
LINE = 5000  # hundredths of a percent


def edges(path: str) -> list[Edge]:
    """Holder, enterprise, hundredths of a percent."""
    table = pq.read_table(path)
    shares = [int(share * 100) for share in table.column("share").to_pylist()]
    return list(
        zip(table.column("holder_id").to_pylist(), table.column("enterprise_id").to_pylist(), shares, strict=True)
    )


def summed(given: list[Edge]) -> list[Edge]:
    """Several stakes of one holder in one firm as one: for graphs that keep one edge between two."""
    found: dict[tuple[str, str], int] = {}
    for who, firm, share in given:
        found[who, firm] = found.get((who, firm), 0) + share
    return [(who, firm, share) for (who, firm), share in found.items()]


def tops_by(holders: Iterable[str], down: Callable[[str], Iterable[tuple[str, int]]], led: set[str]) -> Tops:
    """The ultimate controller of each: a closure for every holder whom no single holder leads, the widest one wins."""
    found: Tops = {}
    for root in holders:
        if root in led or root in found:
            continue
        members, held, queue = {root}, dict[str, int](), [root]
        for node in queue:
            for firm, share in down(node):
                if firm != node and firm not in members:
                    held[firm] = held.get(firm, 0) + share
                    if held[firm] > LINE:
                        members.add(firm)
                        queue.append(firm)
        for node in queue[1:]:
            if node not in found or found[node] in members:
                found[node] = root
    return found


def ended(found: Tops) -> Tops:
    """Each at the end of its way."""
    for name in list(found):
        while found[name] in found and found[found[name]] != found[name]:
            found[name] = found[found[name]]
    return found


def by_networkx(given: list[Edge]) -> tuple[float, Tops]:
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_weighted_edges_from(summed(given))
    loaded = time.perf_counter()
    led = {firm for who, firm, share in graph.edges(data="weight") if share > LINE and who != firm}
    found = tops_by(sorted(graph), lambda node: ((to, data["weight"]) for to, data in graph.adj[node].items()), led)
    return loaded, ended(found)


def by_igraph(given: list[Edge]) -> tuple[float, Tops]:
    import igraph

    graph = igraph.Graph.TupleList(given, directed=True, weights=True)
    loaded = time.perf_counter()
    names, weights = graph.vs["name"], graph.es["weight"]
    place = {name: number for number, name in enumerate(names)}
    led = {names[e.target] for e in graph.es if weights[e.index] > LINE and e.source != e.target}
    ends = [e.target for e in graph.es]

    def down(node: str) -> Iterable[tuple[str, int]]:
        return ((names[ends[edge]], weights[edge]) for edge in graph.incident(place[node], mode="out"))

    return loaded, ended(tops_by(sorted(names), down, led))


def by_rustworkx(given: list[Edge]) -> tuple[float, Tops]:
    import rustworkx as rx

    graph = rx.PyDiGraph(multigraph=False)
    names = sorted({name for who, firm, _ in given for name in (who, firm)})
    graph.add_nodes_from(names)
    place = {name: number for number, name in enumerate(names)}
    graph.add_edges_from([(place[who], place[firm], share) for who, firm, share in summed(given)])
    loaded = time.perf_counter()
    led = {names[firm] for who, firm, share in graph.weighted_edge_list() if share > LINE and who != firm}

    def down(node: str) -> Iterable[tuple[str, int]]:
        return ((names[to], share) for _, to, share in graph.out_edges(place[node]))

    return loaded, ended(tops_by(names, down, led))


# "X controls Y" cannot be said with a sum inside recursion in SQL: rounds of one join each, until nothing is added.
SQL = """
CREATE TABLE leads AS SELECT holder, firm FROM held WHERE share > 5000 AND holder <> firm;
CREATE TABLE root AS SELECT DISTINCT holder AS root FROM leads WHERE holder NOT IN (SELECT firm FROM leads);
CREATE TABLE member AS SELECT root, root AS firm FROM root;
CREATE TABLE fresh AS SELECT * FROM member;
CREATE TABLE sum AS SELECT root, firm, 0::BIGINT AS share FROM member LIMIT 0;
"""
ROUND = """
CREATE OR REPLACE TABLE more AS SELECT f.root, h.firm, sum(h.share)::BIGINT AS share
  FROM fresh f JOIN held h ON h.holder = f.firm WHERE h.firm <> f.firm GROUP BY ALL;
CREATE OR REPLACE TABLE sum AS SELECT root, firm, sum(share)::BIGINT AS share
  FROM (FROM sum UNION ALL FROM more) GROUP BY ALL;
CREATE OR REPLACE TABLE fresh AS SELECT s.root, s.firm
  FROM sum s SEMI JOIN more USING (root, firm) ANTI JOIN member USING (root, firm) WHERE s.share > 5000;
INSERT INTO member FROM fresh;
"""
HELD = """
CREATE TABLE held AS SELECT holder_id AS holder, enterprise_id AS firm, (share * 100)::INTEGER AS share
  FROM read_parquet(?)
"""
WIDEST = """
SELECT firm, min(root) FROM member
  WHERE firm <> root AND root NOT IN (SELECT firm FROM member WHERE firm <> root) GROUP BY firm
"""


def by_duckdb(path: str) -> tuple[float, Tops]:
    import duckdb

    con = duckdb.connect()
    con.execute("SET threads = 2")
    con.execute(HELD, [path])
    loaded = time.perf_counter()
    con.execute(SQL)
    while con.execute("SELECT count(*) FROM fresh").fetchone() != (0,):
        con.execute(ROUND)
    rows = con.execute(WIDEST).fetchall()
    return loaded, dict(rows)


ASP = """
controls(R, R) :- root(R).
controls(R, F) :- root(R), near(R, F), #sum { S, H : controls(R, H), held(H, F, S), H != F } > 5000.
near(R, F) :- controls(R, H), held(H, F, _), H != F.
#show. #show top(F, R) : controls(R, F), R != F.
"""


def by_clingo(given: list[Edge]) -> tuple[float, Tops]:
    import clingo

    names = sorted({name for who, firm, _ in given for name in (who, firm)})
    place = {name: number for number, name in enumerate(names)}
    led = {firm for who, firm, share in given if share > LINE and who != firm}
    leads = {who for who, firm, share in given if share > LINE and who != firm}
    control = clingo.Control(["--warn=none"])
    facts = [f"held({place[who]},{place[firm]},{share})." for who, firm, share in given]
    facts += [f"root({place[name]})." for name in leads - led]
    control.add("base", [], ASP + "\n".join(facts))
    loaded = time.perf_counter()
    control.ground([("base", [])])
    found: Tops = {}

    def told(model: clingo.Model) -> None:
        for atom in model.symbols(shown=True):
            firm, root = (names[part.number] for part in atom.arguments)
            found[firm] = min(root, found.get(firm, root))

    control.solve(on_model=told)
    inside = {firm for firm in found if found[firm] in found}
    for firm in inside:
        while found[firm] in found:
            found[firm] = found[found[firm]]
    return loaded, found


def by_ladybug(path: str) -> tuple[float, Tops]:
    import tempfile
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as parquet
    import real_ladybug as lb

    folder = Path(tempfile.mkdtemp())
    table = parquet.read_table(path)
    ids = pa.chunked_array([*table.column("holder_id").chunks, *table.column("enterprise_id").chunks]).unique()
    parquet.write_table(pa.table({"id": ids}), folder / "node.parquet")
    share = pa.array([int(one * 100) for one in table.column("share").to_pylist()])
    ends = {"from": table.column("holder_id"), "to": table.column("enterprise_id"), "share": share}
    parquet.write_table(pa.table(ends), folder / "held.parquet")
    con = lb.Connection(lb.Database(str(folder / "graph")))
    con.execute("CREATE NODE TABLE party(id STRING PRIMARY KEY)")
    con.execute("CREATE REL TABLE held(FROM party TO party, share INT64)")
    con.execute(f"COPY party FROM '{folder / 'node.parquet'}'")
    con.execute(f"COPY held FROM '{folder / 'held.parquet'}'")
    loaded = time.perf_counter()
    # Cypher has no sum inside a path either: chains of single majorities only; where stakes add up, answers differ.
    query = (
        "MATCH (r:party)-[e:held* ACYCLIC 1..30 (x, _ | WHERE x.share > 5000)]->(f:party) "
        "WHERE NOT EXISTS { MATCH (o:party)-[s:held]->(r) WHERE s.share > 5000 } RETURN f.id, min(r.id)"
    )
    answer = con.execute(query)
    found: Tops = {}
    while answer.has_next():
        firm, root = answer.get_next()
        found[firm] = root
    return loaded, found


def main() -> None:
    """Run one peer."""
    name, path, answers = sys.argv[1:4]
    began, ran = time.perf_counter(), time.process_time()
    by = globals()[f"by_{name}"]
    loaded, found = by(path) if name in ("duckdb", "ladybug") else by(edges(path))
    done = time.perf_counter()
    told = pq.read_table(answers)
    expected = {
        who: top
        for who, top in zip(told.column("id").to_pylist(), told.column("top").to_pylist(), strict=True)
        if who != top
    }
    differ = sum(expected.get(firm) != found.get(firm) for firm in expected.keys() | found.keys())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    figures = {
        "load": round(loaded - began, 3),
        "controllers": round(done - loaded, 3),
        "differ": differ,
        "of": len(expected),
    }
    print(json.dumps(figures | {"cpu": round(time.process_time() - ran, 3), "peak_mb": peak}))


if __name__ == "__main__":
    main()
