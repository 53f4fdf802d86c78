/* The graph of holdings and guarantees: drawn from JSON in the page, grown by clicks. The tables below say the same. */
"use strict";
(() => {
  const short = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);

  // Two corners that nobody sees give the drawing the shape of its box: it would else be stretched to fit.
  function corners(state) {
    const room = { x: Math.max(80, state.box.clientWidth - 140), y: Math.max(80, state.box.clientHeight - 102) };
    const [xs, ys] = [state.nodes.map((one) => one.x), state.nodes.map((one) => one.y)];
    const from = { x: Math.min(...xs), y: Math.min(...ys) }, to = { x: Math.max(...xs), y: Math.max(...ys) };
    const scale = Math.max((to.x - from.x) / room.x, (to.y - from.y) / room.y, 0.75);
    const mid = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
    return [-0.5, 0.5].map((side) => ({
      id: `corner${side}`, name: "", x: mid.x + side * room.x * scale, y: mid.y + side * room.y * scale,
      symbolSize: 0, silent: true, label: { show: false }, tip: "",
    }));
  }

  function option(state) {
    const few = state.box.clientWidth < 600;
    const names = new Map(state.nodes.map((one) => [one.id, one]));
    return {
      animation: false,
      tooltip: { renderMode: "richText", confine: true, formatter: (at) => at.data.tip || at.name },
      series: [{
        type: "graph", layout: "none", roam: true, draggable: true, left: 70, right: 70, top: 46, bottom: 56,
        edgeSymbol: ["none", "arrow"], edgeSymbolSize: 7, emphasis: { focus: "adjacency" }, scaleLimit: { min: 0.3, max: 6 },
        label: {
          show: true, position: "bottom", color: "#1d2733", fontSize: few ? 9 : 11, lineHeight: few ? 11 : 13,
          width: few ? 70 : 108, overflow: "break", formatter: (at) => short(at.data.name, few ? 14 : 26),
        },
        edgeLabel: {
          show: true, fontSize: few ? 8 : 10, color: "#1d2733", opacity: 1, backgroundColor: "#fff", padding: [0, 2],
          formatter: (at) => at.data.text,
        },
        data: [...state.nodes.map((one) => ({ ...one, label: one.centre ? { fontWeight: "bold" } : {} })), ...corners(state)],
        links: state.links.filter((one) => names.has(one.source) && names.has(one.target))
          .map((one) => ({ ...one, lineStyle: { ...one.lineStyle, opacity: 0.85, curveness: twice(state, one) ? 0.18 : 0.02 } })),
      }],
    };
  }

  const twice = (state, edge) => state.links.some((one) => one !== edge
    && ((one.source === edge.source && one.target === edge.target) || (one.source === edge.target && one.target === edge.source)));

  // A free place near the wanted one: nodes that come later make room for those that stand.
  function free(state, x, y) {
    const taken = (at, to) => state.nodes.some((one) => Math.abs(one.x - at) < 92 && Math.abs(one.y - to) < 46);
    for (let ring = 0; ring < 14; ring += 1) {
      for (const [dx, dy] of [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1], [1, -1], [-1, 1]]) {
        const at = x + dx * ring * 100, to = y + dy * ring * 52;
        if (!taken(at, to)) return [at, to];
      }
    }
    return [x, y];
  }

  function merge(state, from, found) {
    let added = 0;
    for (const one of found.nodes) {
      if (state.nodes.some((held) => held.id === one.id)) continue;
      const [x, y] = free(state, from.x + one.x * 0.62, from.y + one.y * 0.62);
      state.nodes.push({ ...one, x, y });
      added += 1;
    }
    for (const edge of found.links) {
      const known = state.links.some((one) => one.source === edge.source && one.target === edge.target && one.type === edge.type);
      if (!known) state.links.push(edge);
    }
    return added;
  }

  async function expand(state, node) {
    if (!node.expand || state.busy) return;
    state.busy = true;
    let said = "";
    try {
      const answer = await fetch(node.expand, { headers: { accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const found = await answer.json();
      const from = state.nodes.find((one) => one.id === (node.of || node.id)) || node;
      if (node.more) state.nodes = state.nodes.filter((one) => one.id !== node.id);
      const held = state.nodes.find((one) => one.id === node.id);
      if (held) held.expand = "";
      said = merge(state, from, found) ? found.said : state.words.nothing;
      state.chart.setOption(option(state), { replaceMerge: ["series"] });
    } catch (fault) {
      said = state.words.fault;
    } finally {
      state.busy = false;
      state.told.textContent = said;
    }
  }

  function draw(box) {
    const source = document.getElementById(box.dataset.graph);
    if (!source || !window.echarts) return;
    const given = JSON.parse(source.textContent);
    const state = {
      box, nodes: given.nodes, links: given.links, words: given.words, busy: false,
      told: document.getElementById(box.dataset.told) || document.createElement("p"),
      chart: echarts.init(box, null, { renderer: "svg" }),
    };
    state.chart.setOption(option(state));
    state.chart.on("click", (at) => {
      if (at.dataType !== "node") return;
      const node = state.nodes.find((one) => one.id === at.data.id);
      if (!node) return;
      if (node.expand) expand(state, node);
      else if (node.href && !node.centre && node.href.startsWith("/")) location.assign(node.href);
    });
    box.graph = state;
    new ResizeObserver(() => {
      state.chart.resize();
      state.chart.setOption(option(state), { replaceMerge: ["series"] });
    }).observe(box);
    window.addEventListener("beforeprint", () => state.chart.resize({ width: 680 }));
    window.addEventListener("afterprint", () => state.chart.resize({ width: "auto" }));
  }

  for (const box of document.querySelectorAll("[data-graph]")) draw(box);
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
})();
