// Draws the figures that the kernel sends as JSON, and says so when the session has ended.
// A figure arrives inside an HTML widget: one message, no Output widget, no script to evaluate.
(function () {
  "use strict";
  const CONFIG = {
    displaylogo: false,
    responsive: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d", "zoom2d", "pan2d"],
    toImageButtonOptions: { format: "png", scale: 2 },
  };

  const sizes = new ResizeObserver(function (entries) {
    for (const entry of entries) {
      const node = entry.target;
      if (!node.isConnected) { sizes.unobserve(node); continue; }
      const width = Math.floor(entry.contentRect.width);
      if (width > 0 && node.dataset.drawn && Number(node.dataset.drawn) !== width) {
        node.dataset.drawn = width;
        window.Plotly.relayout(node, { width: width });
      } else if (width > 0 && !node.dataset.drawn) { draw(node); }
    }
  });

  // On a narrow screen row labels would take the place of the marks: they move above their rows.
  const NARROW = 600, ROW = 40;
  function narrow(layout, width) {
    const axis = layout.yaxis || {};
    const rows = axis.ticktext && axis.tickvals ? axis.tickvals : axis.categoryarray;
    if (width >= NARROW || !rows || rows.length < 2 || axis.type === "log") { return; }
    const words = axis.ticktext || rows;
    const margin = layout.margin || {};
    const before = layout.height - (margin.t || 0) - (margin.b || 0);
    const perRow = before / rows.length;
    layout.height += Math.max(0, ROW - perRow) * rows.length;
    axis.showticklabels = false;
    layout.margin = Object.assign({}, margin, { l: 8, r: 8 });
    const room = Math.floor(width / 7);
    layout.annotations = (layout.annotations || []).concat(rows.map(function (row, i) {
      const text = String(words[i]).replace(/<br>/g, " · ");
      const bare = text.replace(/<[^>]*>/g, "");
      return {
        xref: "paper", x: 0, xanchor: "left", yref: "y", y: row, yanchor: "bottom", yshift: 7, showarrow: false,
        align: "left", font: { size: 12 }, text: bare.length > room ? bare.slice(0, room - 1) + "…" : text,
      };
    }));
    const x = layout.xaxis || {};
    if (x.ticktext) { x.tickfont = Object.assign({}, x.tickfont, { size: 10 }); }
  }

  function draw(node) {
    const width = Math.floor(node.getBoundingClientRect().width);
    // A folded chart has a width but nobody sees it: it is drawn when it is unfolded.
    if (!window.Plotly || width === 0 || node.dataset.drawn || node.closest("details:not([open])")) { return; }
    const holder = node.querySelector('script[type="application/json"]');
    if (!holder) { return; }
    const figure = JSON.parse(holder.textContent);
    figure.layout.width = width;
    narrow(figure.layout, width);
    node.style.minHeight = figure.layout.height + "px";
    node.dataset.drawn = width;
    const config = Object.assign({}, CONFIG);
    config.toImageButtonOptions = Object.assign({ filename: node.dataset.name || "figure" }, CONFIG.toImageButtonOptions);
    window.Plotly.newPlot(node, figure.data, figure.layout, config);
  }

  // The front end moves the cells out of our landmark into its own shell: the landmark follows them.
  function moveLandmark() {
    const shell = document.getElementById("main");
    const first = document.getElementById("ldn-main");
    if (shell && first && first.getAttribute("role") === "main") {
      first.removeAttribute("role");
      shell.setAttribute("role", "main");
      shell.setAttribute("aria-label", "Explorer");
    }
  }

  // Buttons carry their choice as a query string; the kernel listens on one hidden text box.
  // Rows arrive once, as JSON: the table is made when it is opened, the CSV when it is asked for.
  function rowsOf(section) {
    const holder = section.querySelector(".ldn-rows script");
    return holder ? JSON.parse(holder.textContent) : { columns: [], rows: [] };
  }
  function element(name, text, attributes) {
    const node = document.createElement(name);
    if (text !== undefined) { node.textContent = text; }
    for (const key in attributes || {}) { node.setAttribute(key, attributes[key]); }
    return node;
  }
  function buildTable(holder) {
    if (holder.dataset.built) { return; }
    holder.dataset.built = "1";
    const data = JSON.parse(holder.querySelector("script").textContent);
    const region = element("div", undefined, { class: "ldn-scroll", role: "region", tabindex: "0", "aria-label": holder.dataset.label });
    const table = element("table", undefined, { class: "ldn-table" });
    const head = table.createTHead().insertRow();
    data.columns.forEach(function (name) { head.appendChild(element("th", name.replace(/_/g, " "), { scope: "col" })); });
    const body = table.createTBody();
    data.rows.forEach(function (cells) {
      const row = body.insertRow();
      cells.forEach(function (cell) { row.insertCell().textContent = cell; });
    });
    region.appendChild(table);
    holder.appendChild(region);
  }
  function save(name, kind, text) {
    const link = element("a", undefined, { download: name, href: URL.createObjectURL(new Blob([text], { type: kind })) });
    document.body.appendChild(link);
    link.click();
    link.remove();
    window.setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
  }
  function quote(cell) { return /[",\n]/.test(cell) ? '"' + cell.replace(/"/g, '""') + '"' : cell; }
  function saveCsv(button) {
    const data = rowsOf(button.closest("section"));
    const lines = [data.columns].concat(data.rows).map(function (row) { return row.map(quote).join(","); });
    save(button.dataset.saveCsv, "text/csv", lines.join("\n") + "\n");
  }
  function saveBib(button) {
    const keys = new Set(button.dataset.keys.split(" "));
    const root = document.body.dataset.downloads || "voila/static/download/";
    fetch(root + "references.bib").then(function (answer) { return answer.text(); }).then(function (text) {
      const entries = text.split(/\n(?=@)/).filter(function (entry) {
        const found = entry.match(/^@\w+\{([^,\s]+),/);
        return found && keys.has(found[1]);
      });
      save(button.dataset.saveBib, "text/plain", entries.join("\n"));
    });
  }
  document.addEventListener("toggle", function (event) {
    const holder = event.target.open && event.target.querySelector(":scope > .ldn-rows");
    if (holder) { buildTable(holder); }
    if (event.target.open) { event.target.querySelectorAll(".ldn-figure").forEach(draw); }
  }, true);

  let presses = 0;
  function send(query) {
    const box = document.querySelector(".ldn-command input");
    if (!box) { return; }
    presses += 1;
    box.value = query + "#" + presses;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }
  function copy(button, text) {
    const before = button.textContent;
    const say = function (words) {
      button.textContent = words;
      window.setTimeout(function () { button.textContent = before; }, 2000);
    };
    const area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("readonly", "");
    area.style.position = "fixed";
    area.style.left = "-999px";
    document.body.appendChild(area);
    area.select();
    // The older call also works without a secure address, where the clipboard object is missing.
    const done = document.execCommand("copy");
    area.remove();
    button.focus();
    say(done ? "Copied" : "Copy failed: select the text by hand");
  }
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-set], [data-copy], [data-copy-link], [data-save-csv], [data-save-bib]");
    if (!button) { return; }
    if (button.dataset.saveCsv !== undefined) { saveCsv(button); }
    if (button.dataset.saveBib !== undefined) { saveBib(button); }
    if (button.dataset.set !== undefined) { send((button.dataset.whole ? "?" : "") + button.dataset.set); }
    if (button.dataset.copy !== undefined) { copy(button, button.dataset.copy); }
    if (button.dataset.copyLink !== undefined) { copy(button, window.location.href); }
  });
  // A search is sent when the reader pauses, not at every key stroke.
  let typing = 0;
  document.addEventListener("input", function (event) {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || box.type !== "text" || !box.closest(".ldn-controls")) { return; }
    window.clearTimeout(typing);
    typing = window.setTimeout(function () { box.dispatchEvent(new Event("change", { bubbles: true })); }, 350);
  });
  // The address follows the view, so that it can be copied, kept and reloaded.
  function followView() {
    const link = document.querySelector(".ldn-link");
    if (!link || link.dataset.done) { return; }
    link.dataset.done = "1";
    const query = link.dataset.query;
    window.history.replaceState(null, "", window.location.pathname + (query ? "?" + query : ""));
  }

  function adopt(root) {
    moveLandmark();
    followView();
    if (document.querySelector(".ldn-nav")) { window.sessionStorage.removeItem(RETRIES); }
    for (const node of root.querySelectorAll(".ldn-figure")) {
      if (!node.dataset.seen) { node.dataset.seen = "1"; sizes.observe(node); draw(node); }
    }
  }

  new MutationObserver(function (changes) {
    if (changes.some(function (change) { return change.addedNodes.length; })) { adopt(document); }
  }).observe(document.documentElement, { childList: true, subtree: true });
  document.addEventListener("DOMContentLoaded", function () { adopt(document); });

  // On a slow machine the front end may draw the cells before it has fetched the widgets, and then shows none.
  // Its error says so and a fresh page helps; twice at most, so that a lasting fault stays visible.
  const RETRIES = "ldn-retries", LOST = "widget model not found", report = console.error;
  let asked = false, leaving = false;
  console.error = function () {
    report.apply(console, arguments);
    const lost = Array.from(arguments).some(function (part) { return String((part && part.message) || part).includes(LOST); });
    const tries = Number(window.sessionStorage.getItem(RETRIES) || 0);
    if (!lost || asked || tries >= 2) { return; }
    asked = true;
    window.sessionStorage.setItem(RETRIES, String(tries + 1));
    leaving = true;
    window.setTimeout(function () { window.location.reload(); }, 200);
  };

  // Voila says nothing when a kernel is culled or the server goes: watch the socket ourselves.
  const Native = window.WebSocket;
  window.addEventListener("beforeunload", function () { leaving = true; });
  function ended() {
    const box = document.getElementById("ldn-session");
    if (leaving || !box || !box.hidden) { return; }
    box.hidden = false;
    box.textContent = "This session has ended: reload the page to go on. The address keeps your view.";
    const button = document.createElement("button");
    button.textContent = "Reload";
    button.addEventListener("click", function () { window.location.reload(); });
    box.appendChild(button);
  }
  window.WebSocket = class extends Native {
    constructor(address, protocols) {
      super(address, protocols);
      if (String(address).includes("/api/kernels/")) { this.addEventListener("close", function () { window.setTimeout(ended, 1500); }); }
    }
  };
})();
