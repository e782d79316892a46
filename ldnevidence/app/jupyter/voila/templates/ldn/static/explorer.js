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

  function draw(node) {
    const width = Math.floor(node.getBoundingClientRect().width);
    if (!window.Plotly || width === 0 || node.dataset.drawn) { return; }
    const holder = node.querySelector('script[type="application/json"]');
    if (!holder) { return; }
    const figure = JSON.parse(holder.textContent);
    figure.layout.width = width;
    node.dataset.drawn = width;
    const config = Object.assign({}, CONFIG);
    config.toImageButtonOptions = Object.assign({ filename: node.dataset.name || "figure" }, CONFIG.toImageButtonOptions);
    window.Plotly.newPlot(node, figure.data, figure.layout, config);
  }

  function adopt(root) {
    for (const node of root.querySelectorAll(".ldn-figure")) {
      if (!node.dataset.seen) { node.dataset.seen = "1"; sizes.observe(node); draw(node); }
    }
  }

  new MutationObserver(function (changes) {
    if (changes.some(function (change) { return change.addedNodes.length; })) { adopt(document); }
  }).observe(document.documentElement, { childList: true, subtree: true });
  document.addEventListener("DOMContentLoaded", function () { adopt(document); });

  // Voila says nothing when a kernel is culled or the server goes: watch the socket ourselves.
  const Native = window.WebSocket;
  let leaving = false;
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
