// What a lesson's page adds to the drawing script: names for the handles of sliders, and words of its own.
(function () {
  "use strict";
  // The widgets' own front end leaves the handle of a slider without a name; the label stands beside it.
  function nameHandles() {
    document.querySelectorAll(".noUi-handle:not([aria-label])").forEach(function (handle) {
      const slider = handle.closest(".widget-slider");
      const label = slider && slider.querySelector(".widget-label");
      if (label) { handle.setAttribute("aria-label", label.textContent); }
    });
    document.querySelectorAll(".widget-slider .widget-readout:not([aria-label])").forEach(function (readout) {
      const label = readout.closest(".widget-slider").querySelector(".widget-label");
      readout.setAttribute("role", "textbox");
      readout.setAttribute("aria-label", (label ? label.textContent : "Value") + ", typed");
    });
  }
  // The corner of a table is no heading of anything.
  function clearCorners() {
    document.querySelectorAll("thead th:empty").forEach(function (corner) { corner.replaceWith(document.createElement("td")); });
  }
  // What is wider than a narrow screen scrolls, and what scrolls must be reachable from the keyboard.
  function reachScrolling() {
    document.querySelectorAll(".jp-OutputArea-output, .jp-RenderedHTMLCommon, .ldn-scroll").forEach(function (box) {
      if (box.scrollWidth > box.clientWidth + 1) { box.tabIndex = 0; }
    });
  }
  // The drawing script reloads a page that lost its widgets, twice at most; a page that has them starts anew.
  function settle() {
    nameHandles();
    reachScrolling();
    clearCorners();
    const main = document.querySelector("#main[role=main]");
    if (main) { main.setAttribute("aria-label", "Lesson"); }
    if (document.querySelector(".ldn-quiz")) { window.sessionStorage.removeItem("ldn-retries"); }
    const ended = document.getElementById("ldn-session");
    if (ended && ended.firstChild && !ended.dataset.said) {
      ended.dataset.said = "1";
      ended.firstChild.textContent = "This session has ended: reload the page to go on. The score starts again.";
    }
  }
  let asked = 0;
  new MutationObserver(function () {
    window.clearTimeout(asked);
    asked = window.setTimeout(settle, 100);
  }).observe(document.documentElement, { childList: true, subtree: true });
  new ResizeObserver(reachScrolling).observe(document.documentElement);
})();
