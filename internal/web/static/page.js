// Keeps a page up to date and draws its charts. Without it the page is complete, and is loaded anew now and then.
"use strict";
(() => {
  const main = document.getElementById("main");
  const pulse = document.getElementById("pulse");
  const pause = document.getElementById("pause");
  const charts = new Map(); // by the id of their section
  const shown = new Map(); // what the sections were made of, by id

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const colours = ["one", "two", "three"];

  // A chart of more than a day and a half has dates.
  const time = (d, t) => {
    const text = new Date(t * 1e3).toISOString();
    return (d.step * d.values[0].length > 36 * 3600 ? text.slice(5, 10) + " " : "") + text.slice(11, 16);
  };

  // Values are stacked: each line lies upon those before it, and is drawn first.
  function stacked(d) {
    // The last span has an end, too: its value once more.
    const values = d.values.map((v) => [...v, v[v.length - 1]]);
    const x = values[0].map((_, i) => d.from + i * d.step);
    const sums = [];
    values.forEach((v, n) => sums.push(v.map((y, i) => y + (n ? sums[n - 1][i] : 0))));
    const data = [x, ...sums.reverse()];
    if (d.limit) data.push(x.map(() => d.limit));
    return data;
  }

  function draw(section) {
    const host = section.querySelector("figure");
    const d = JSON.parse(section.dataset.chart);
    const old = charts.get(section.id);
    if (old && old.host === host) {
      old.d = d;
      old.plot.setData(stacked(d));
      return;
    }
    const n = d.values.length;
    const series = [{ label: "time", value: (u, t) => t === null ? "–" : time(charts.get(section.id)?.d ?? d, t) }];
    for (let i = n - 1; i >= 0; i--) {
      const own = i;
      series.push({
        label: d.names[i], stroke: () => colour(colours[own]), fill: () => colour(colours[own]), width: 1, points: { show: false },
        paths: uPlot.paths.stepped({ align: 1 }),
        value: (u, y, s, at) => at === null ? "–" : String(charts.get(section.id).d.values[own].at(Math.min(at, d.values[own].length - 1))),
      });
    }
    if (d.limit) {
      series.push({ label: "limit", stroke: () => colour("limit"), width: 2, dash: [8, 4], points: { show: false }, value: (u, y) => y === null ? "–" : String(y) });
    }
    const axis = { stroke: () => colour("faint"), grid: { stroke: () => colour("line"), width: 1 }, ticks: { stroke: () => colour("line"), width: 1 } };
    host.replaceChildren();
    const plot = new uPlot({
      width: Math.max(host.clientWidth, 200), height: 230, series,
      // The log's clock: d.from is what it shows, as if that were UTC.
      tzDate: (t) => uPlot.tzDate(new Date(t * 1e3), "Etc/UTC"),
      axes: [{ ...axis, values: (u, at) => at.map((t) => time(d, t)) }, { ...axis, size: 56 }],
      scales: { y: { distr: d.log ? 4 : 1, range: (u, low, high) => [0, Math.max(high * 1.05, 4)] } },
      cursor: { drag: { x: false, y: false } }, legend: { live: true },
    }, stacked(d), host);
    plot.root.setAttribute("aria-hidden", "true"); // the text below says it
    charts.set(section.id, { host, plot, d });
  }

  function fit() {
    for (const c of charts.values()) c.plot.setSize({ width: Math.max(c.host.clientWidth, 200), height: 230 });
  }

  const parsed = (html) => new DOMParser().parseFromString("<main>" + html + "</main>", "text/html").querySelector("main");

  // Focus stays on the link that leads to the same place.
  function keepFocus(within, change) {
    const focused = within.contains(document.activeElement) ? document.activeElement : null;
    const href = focused && focused.getAttribute("href");
    const nth = href ? [...within.querySelectorAll("a")].filter((a) => a.getAttribute("href") === href).indexOf(focused) : -1;
    change();
    if (href) {
      const same = [...within.querySelectorAll("a")].filter((a) => a.getAttribute("href") === href);
      (same[nth] || same[0] || main).focus({ preventScroll: true });
    }
  }

  function update(html) {
    const fresh = parsed(html);
    const parts = [...fresh.children];
    const now = [...main.children];
    if (parts.length !== now.length || parts.some((p, i) => p.id !== now[i].id)) {
      keepFocus(main, () => main.replaceChildren(...parts));
      charts.clear();
      shown.clear();
      parts.forEach((p) => p.dataset.chart && draw(p));
      return;
    }
    parts.forEach((part, i) => {
      const old = now[i];
      if (old.dataset.keep !== undefined) return; // somebody may be writing there
      const text = part.outerHTML;
      if (shown.get(part.id) === text) return;
      shown.set(part.id, text);
      if (part.dataset.chart) {
        old.dataset.chart = part.dataset.chart;
        old.querySelector("[data-note]").replaceWith(part.querySelector("[data-note]"));
        draw(old);
        return;
      }
      keepFocus(old, () => {
        old.className = part.className;
        old.replaceChildren(...part.childNodes);
      });
    });
  }

  // The row that the address names. A row that replaces it is no :target.
  function mark() {
    main.querySelectorAll(".linked").forEach((e) => e.classList.remove("linked"));
    if (location.hash) document.getElementById(location.hash.slice(1))?.classList.add("linked");
  }

  let source = null;
  let paused = false;

  function say(text) {
    if (pulse.textContent !== text) pulse.textContent = text;
  }

  function listen() {
    if (source || paused || document.hidden) return;
    source = new EventSource(document.body.dataset.events);
    source.onopen = () => say("Live");
    source.onmessage = (e) => {
      const page = JSON.parse(e.data);
      document.title = page.title + " · exiwatch";
      update(page.html);
      mark();
      say("Live");
    };
    source.onerror = () => say("No connection, retrying …");
  }

  function leave() {
    if (source) source.close();
    source = null;
  }

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Resume" : "Pause";
    if (paused) {
      leave();
      say("Paused");
    } else {
      listen();
    }
  });
  document.addEventListener("visibilitychange", () => document.hidden ? leave() : listen());
  addEventListener("pagehide", leave);
  addEventListener("pageshow", listen);
  addEventListener("resize", fit);
  addEventListener("hashchange", mark);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach((c) => c.plot.redraw()));
  document.querySelectorAll("[data-chart]").forEach(draw);
  mark();
  listen();
})();
