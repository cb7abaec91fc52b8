// Sorts and searches tables, and opens what a link leads to. Without it the page is whole.
"use strict";
(() => {
  // Sorting: th[data-sort] says how its column is sorted first, data-by of a cell by which number.
  function value(row, column) {
    const cell = row.cells[column];
    return "by" in cell.dataset ? Number(cell.dataset.by) : cell.textContent;
  }

  function sort(head) {
    const table = head.closest("table");
    const first = head.dataset.sort;
    const other = first === "ascending" ? "descending" : "ascending";
    const order = head.getAttribute("aria-sort") === first ? other : first;
    const sign = order === "ascending" ? 1 : -1;
    const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
    const keyed = rows.map((row) => [value(row, head.cellIndex), row]);
    keyed.sort(([a], [b]) => sign * (typeof a === "number" ? a - b : a.localeCompare(b)));
    const sizes = [...table.tBodies].map((body) => body.rows.length); // before rows change places
    sizes.forEach((n, i) => table.tBodies[i].append(...keyed.splice(0, n).map(([, row]) => row)));
    for (const each of head.parentNode.cells) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
  }

  for (const head of document.querySelectorAll("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(head));
    head.append(button);
    head.closest("table").classList.add("sorts");
  }

  // Searching: a row of an incident is found by what its card says, too.
  const text = (item) => item.textContent.toLowerCase();

  function search(section, query, status) {
    let found = 0, all = 0;
    for (const row of section.querySelectorAll("tbody tr")) {
      const link = row.querySelector("th a[href^='#alert-']");
      const card = row.closest(".incidents") && document.getElementById(link.hash.slice(1));
      row.hidden = !text(row).includes(query) && !(card && text(card).includes(query));
      if (card) card.closest("li").hidden = row.hidden;
      all++;
      if (!row.hidden) found++;
    }
    section.classList.toggle("searched", query !== "");
    const others = section.querySelector(".others");
    if (others) others.open = query !== "";
    status.value = query === "" ? "" : `${found} of ${all} rows`;
  }

  for (const section of document.querySelectorAll("[data-find]")) {
    if (!section.querySelector("tbody")) continue;
    const label = document.createElement("label");
    const input = document.createElement("input");
    const status = document.createElement("output");
    input.type = "search";
    label.append(section.dataset.find + " ", input);
    const line = document.createElement("p");
    line.className = "search";
    line.append(label, " ", status);
    section.querySelector("h2").after(line);
    input.addEventListener("input", () => search(section, input.value.trim().toLowerCase(), status));
  }

  // A link opens what hides its target. Most browsers do so without a script.
  function reveal() {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (let e = target; e; e = e.parentElement) {
      e.hidden = false;
      if (e.tagName === "DETAILS") e.open = true;
    }
    target.scrollIntoView();
  }
  addEventListener("hashchange", reveal);
  reveal();
})();
