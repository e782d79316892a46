// Draws the figures that stand as JSON in the page, makes tables and downloads, and says when the session has ended.
// Dashboard, lessons and static pages share it; what the dashboard alone needs is in page.js.
(function () {
  "use strict";

  // -- charts: a figure arrives inside an HTML widget: one message, no Output widget, no script to evaluate --------

  const NARROW = 600, ROW = 40; // pixels: below this width row labels move above their rows; least height of a row
  const PAPER = 680, SHEET = 900; // pixels of a printed page that a chart may take, across and down
  let printing = false;

  const sizes = new ResizeObserver(function (entries) {
    for (const entry of entries) {
      const node = entry.target;
      if (!node.isConnected) { sizes.unobserve(node); continue; }
      const width = Math.floor(entry.contentRect.width);
      if (printing || width === 0) { continue; }
      const before = Number(node.dataset.drawn || 0);
      if (before && before < NARROW !== width < NARROW) {
        delete node.dataset.drawn; // the labels change their place
        draw(node);
      } else if (before && before !== width) {
        node.dataset.drawn = width;
        window.Plotly.relayout(node, { width: width });
      } else if (!before) { draw(node); }
    }
  });

  // On a narrow screen row labels would take the place of the marks: they move above their rows.
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

  // The bar above a chart holds our two buttons alone: plotly's own would also send the chart to another host.
  function saveButton(format, icon) {
    return {
      name: format, title: "Save as " + format.toUpperCase(), icon: window.Plotly.Icons[icon],
      click: function (node) { savePicture(node, format); },
    };
  }

  function draw(node) {
    const width = Math.floor(node.getBoundingClientRect().width);
    // A folded chart has a width but nobody sees it: it is drawn when it is unfolded.
    if (!window.Plotly || width === 0 || node.dataset.drawn || node.closest("details:not([open])")) { return undefined; }
    const holder = node.querySelector('script[type="application/json"]');
    if (!holder) { return undefined; }
    const figure = JSON.parse(holder.textContent);
    figure.layout.width = width;
    narrow(figure.layout, width);
    node.style.minHeight = figure.layout.height + "px";
    node.dataset.drawn = width;
    return window.Plotly.newPlot(node, figure.data, figure.layout, {
      displaylogo: false, responsive: false, modeBarButtons: [[saveButton("png", "camera"), saveButton("svg", "disk")]],
    }).then(function () {
      // The figure's label says what it shows, and the table below gives its rows; loose labels would say neither.
      node.querySelectorAll("svg.main-svg").forEach(function (part) { part.setAttribute("aria-hidden", "true"); });
    });
  }

  // -- a chart as a picture that can stand alone: with its title, its sentence and where it comes from --------------

  function plain(text) { return text.replace(/\s+/g, " ").trim().replace(/&/g, "&amp;").replace(/</g, "&lt;"); }
  function wrap(text, room) {
    const lines = [""];
    plain(text).split(" ").forEach(function (word) {
      const line = lines[lines.length - 1];
      if (line && line.length + 1 + word.length > room) { lines.push(word); } else { lines[lines.length - 1] = line ? line + " " + word : word; }
    });
    return lines;
  }
  function picture(node) {
    const section = node.closest("section");
    const words = function (selector) { const found = section && section.querySelector(selector); return found ? found.textContent : ""; };
    const layout = structuredClone(node.layout), size = node._fullLayout._size;
    const room = Math.floor((layout.width - 24) / 7.2);
    const title = wrap(words("h2, h3, h4"), Math.floor(room * 0.8)), sentence = wrap(words(".ldn-sentence"), room);
    const source = wrap((document.body.dataset.source || "LDN evidence explorer.") + " " + window.location.href, Math.floor(room * 1.1));
    const above = title.length * 21 + sentence.length * 18 + 18, below = source.length * 15 + 28;
    layout.height += above + below;
    layout.margin = Object.assign({}, layout.margin, { t: size.t + above, b: size.b + below });
    const text = { xref: "paper", yref: "paper", x: 0, xanchor: "left", xshift: 12 - size.l, align: "left", showarrow: false };
    layout.annotations = (layout.annotations || []).concat([
      Object.assign({ y: 1, yanchor: "top", yshift: size.t + above - 8, text: "<b>" + title.join("<br>") + "</b>", font: { size: 16 } }, text),
      Object.assign({ y: 1, yanchor: "top", yshift: size.t + above - 12 - title.length * 21, text: sentence.join("<br>"), font: { size: 13 } }, text),
      Object.assign({ y: 0, yanchor: "bottom", yshift: -size.b - below + 6, text: source.join("<br>"), font: { size: 11, color: "#52606d" } }, text),
    ]);
    return { data: node.data, layout: layout };
  }
  function savePicture(node, format) {
    const fold = node.closest("details:not([open])");
    if (fold) { fold.open = true; }
    Promise.resolve(draw(node)).then(function () {
      const figure = picture(node);
      return window.Plotly.downloadImage(figure, {
        format: format, filename: node.dataset.name || "figure", scale: format === "png" ? 2 : 1,
        width: figure.layout.width, height: figure.layout.height,
      });
    });
  }

  // -- print: charts take the width of the paper, and shrink a little where that keeps them on one sheet ------------

  window.addEventListener("beforeprint", function () {
    printing = true;
    document.querySelectorAll(".ldn-figure[data-drawn]").forEach(function (node) {
      const height = node.layout.height, scale = height > SHEET && SHEET / height > 0.6 ? SHEET / height : 1;
      node.style.zoom = scale;
      window.Plotly.relayout(node, { width: Math.floor(PAPER / scale) });
    });
    document.querySelectorAll("details[data-print=open]:not([open])").forEach(function (part) { part.dataset.print = "opened"; part.open = true; });
    document.querySelectorAll(".ldn-address").forEach(function (place) { place.textContent = window.location.href; });
  });
  window.addEventListener("afterprint", function () {
    printing = false;
    document.querySelectorAll(".ldn-figure[data-drawn]").forEach(function (node) {
      node.style.zoom = "";
      window.Plotly.relayout(node, { width: Number(node.dataset.drawn) });
    });
    document.querySelectorAll("details[data-print=opened]").forEach(function (part) { part.dataset.print = "open"; part.open = false; });
  });

  // -- tables and downloads: rows arrive once, as JSON; the table is made when it is opened, the CSV when asked for --

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
  function fill(cell, text) {
    text.split(/(https?:\/\/[^\s;]+)/).forEach(function (part, i) {
      cell.append(i % 2 ? element("a", part, { href: part }) : part); // every second part is an address
    });
  }
  function buildTable(holder) {
    if (holder.dataset.built) { return; }
    holder.dataset.built = "1";
    const data = JSON.parse(holder.querySelector("script").textContent);
    const region = element("div", undefined, { class: "ldn-scroll", role: "region", tabindex: "0", "aria-label": holder.dataset.label });
    const table = element("table", undefined, { class: "ldn-table" });
    const head = table.createTHead().insertRow();
    // Keys are for the download: a reader is shown words.
    const shown = data.columns.map(function (name) { return !/_(ids?|key)$/.test(name); });
    data.columns.forEach(function (name, i) {
      if (shown[i]) { head.appendChild(element("th", name.replace(/_/g, " "), { scope: "col" })); }
    });
    const body = table.createTBody();
    data.rows.forEach(function (cells) {
      const row = body.insertRow();
      cells.forEach(function (cell, i) { if (shown[i]) { fill(row.insertCell(), cell); } });
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
  // The pages read for each work come as one file, once the first list of sources is opened.
  let pages = null;
  function listPages(holder) {
    pages = pages || fetch("voila/static/download/pages.json").then(function (answer) { return answer.json(); });
    pages.then(function (items) {
      const list = element("ul");
      holder.dataset.keys.split(" ").forEach(function (key) { list.insertAdjacentHTML("beforeend", items[key] || ""); });
      holder.replaceChildren(list);
    }, function () { pages = null; holder.textContent = "The list could not be fetched: close and open it again."; });
  }
  document.addEventListener("toggle", function (event) {
    const holder = event.target.open && event.target.querySelector(":scope > .ldn-rows, :scope > .ldn-pages");
    if (holder) { (holder.matches(".ldn-rows") ? buildTable : listPages)(holder); }
    if (event.target.open) { event.target.querySelectorAll(".ldn-figure").forEach(draw); }
  }, true);

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
    const button = event.target.closest("[data-copy], [data-copy-link], [data-save-csv], [data-save-bib], [data-save-chart]");
    if (!button) { return; }
    if (button.dataset.saveCsv !== undefined) { saveCsv(button); }
    if (button.dataset.saveBib !== undefined) { saveBib(button); }
    if (button.dataset.saveChart !== undefined) { savePicture(button.closest("section").querySelector(".ldn-figure"), button.dataset.saveChart); }
    if (button.dataset.copy !== undefined) { copy(button, button.dataset.copy); }
    if (button.dataset.copyLink !== undefined) { copy(button, window.location.href); }
  });

  // -- what the front end adds to the page is looked through as it comes --------------------------------------------

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
  function adopt() {
    moveLandmark();
    if (document.querySelector(".ldn-nav")) { window.sessionStorage.removeItem(RETRIES); }
    for (const node of document.querySelectorAll(".ldn-figure:not([data-seen])")) {
      node.dataset.seen = "1";
      sizes.observe(node);
      draw(node);
    }
  }
  new MutationObserver(function (changes) {
    if (changes.some(function (change) { return change.addedNodes.length; })) { adopt(); }
  }).observe(document.documentElement, { childList: true, subtree: true });
  // Plotly's script comes last: figures that were there before it are drawn now.
  document.addEventListener("DOMContentLoaded", function () { adopt(); document.querySelectorAll(".ldn-figure").forEach(draw); });

  // -- faults: a start that went wrong, and a session that has ended ------------------------------------------------

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
  window.addEventListener("beforeunload", function () {
    leaving = true;
    window.setTimeout(function () { leaving = false; }, 5000); // it was a download, and the page is still here
  });
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
  // A kernel that was ended, or started anew in the place of one that died, knows nothing of this page. Mostly it says
  // so itself; where it could not, the server is asked once it has been silent too long, or the reader comes back.
  const GONE = /"(execution_state": ?"(dead|restarting|autorestarting)|msg_type": ?"shutdown_reply)"/, SILENT = 8000;
  let kernel = "", silence = 0;
  function check() {
    if (kernel) { fetch(kernel).then(function (answer) { if (answer.status === 404) { ended(); } }, function () {}); }
  }
  document.addEventListener("visibilitychange", function () { if (!document.hidden) { check(); } });
  function listen(message) {
    window.clearTimeout(silence);
    const data = message.data;
    const text = typeof data === "string" ? data : data.byteLength < 4096 ? new TextDecoder().decode(data) : "";
    if (GONE.test(text)) { ended(); }
  }
  window.WebSocket = class extends Native {
    constructor(address, protocols) {
      super(address, protocols);
      if (!String(address).includes("/api/kernels/")) { return; }
      kernel = String(address).replace(/^ws/, "http").replace(/\/channels.*$/, "");
      this.addEventListener("message", listen);
      this.addEventListener("close", function () { window.setTimeout(ended, 1500); });
    }
    send(data) {
      super.send(data);
      window.clearTimeout(silence);
      silence = window.setTimeout(check, SILENT);
    }
  };
})();
