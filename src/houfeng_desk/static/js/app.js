/* What pages gain from JavaScript: charts, lists with selection, sheets that close. Forms and links work without it. */
"use strict";
(() => {
  // ECharts writes style attributes into its SVG, which the policy of the page refuses; the same through CSSOM is allowed.
  const plain = SVGElement.prototype.setAttribute;
  SVGElement.prototype.setAttribute = function (name, value) {
    if (name === "style") this.style.cssText = value; else plain.call(this, name, value);
  };

  const zh = document.documentElement.lang.startsWith("zh");
  const ink = { color: "#1d2733", fontFamily: getComputedStyle(document.body).fontFamily };
  const drawn = new Map();

  function draw(root) {
    if (!window.echarts) return;
    for (const box of root.querySelectorAll("[data-chart]")) {
      const source = document.getElementById(box.dataset.chart);
      if (!source || drawn.has(box)) continue;
      const chart = echarts.init(box, null, { renderer: "svg", locale: zh ? "ZH" : "EN" });
      chart.setOption({ animation: false, textStyle: ink, aria: { enabled: false }, ...JSON.parse(source.textContent) });
      chart.on("click", (at) => { const href = at.data && at.data.href; if (href && href.startsWith("/")) location.assign(href); });
      drawn.set(box, chart);
      watcher.observe(box);
    }
  }

  const watcher = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const chart = drawn.get(target);
      if (!chart) continue;
      if (target.isConnected) chart.resize();
      else { chart.dispose(); drawn.delete(target); watcher.unobserve(target); }
    }
  });

  function closeSheets(except) {
    for (const sheet of document.querySelectorAll("details.over[open], details.folded[open]")) {
      if (sheet !== except && !sheet.contains(except)) sheet.open = false;
    }
  }

  document.addEventListener("click", (event) => closeSheets(event.target.closest("details.over, details.folded")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details.over[open], details.folded[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
  });

  // Selection in lists: one box for all, and how many are chosen.
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.dataset && box.dataset.all) {
      for (const one of document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(box.dataset.all)}"]`)) one.checked = box.checked;
    }
    if (box.type === "checkbox") {
      for (const told of document.querySelectorAll("[data-chosen]")) {
        told.textContent = document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(told.dataset.chosen)}"]:checked`).length;
      }
    }
    if (box.matches("select[data-auto], input[data-auto]")) box.form.requestSubmit();
  });

  // A form is sent once: a second click while the first is under way does nothing.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.dataset.again !== undefined) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => { delete form.dataset.sent; }, 4000);
  });

  document.addEventListener("htmx:after:swap", () => draw(document));
  draw(document);
})();
