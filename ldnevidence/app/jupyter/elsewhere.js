// Carries presses of the dashboard's buttons to its kernel where the page is not ours, such as in JupyterLab.
(function () {
  "use strict";
  if (window.ldnElsewhere) { return; } // the cell was run again: one listener is enough
  window.ldnElsewhere = true;
  let presses = 0; // makes every press a new value

  function send(page, query) {
    const box = page.querySelector(".ldn-command input");
    presses += 1;
    box.value = query + "#" + presses;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }
  function copy(button) {
    const before = button.textContent;
    navigator.clipboard.writeText(button.dataset.copy).then(
      function () { button.textContent = "Copied"; },
      function () { button.textContent = "Copy failed: select the text by hand"; },
    ).finally(function () { window.setTimeout(function () { button.textContent = before; }, 2000); });
  }
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-set], [data-copy]");
    const page = button && button.closest(".ldn-elsewhere");
    if (!page) { return; }
    if (button.dataset.copy !== undefined) { copy(button); return; }
    send(page, (button.dataset.whole ? "?" : "") + button.dataset.set);
  });
})();
