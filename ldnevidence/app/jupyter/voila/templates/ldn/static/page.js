// The dashboard's own page: buttons that carry a choice, the address and its history, and where the focus goes.
(function () {
  "use strict";

  // -- choices: buttons carry theirs as a query string; the kernel listens on one hidden text box -------------------

  let presses = 0; // makes every press a new value
  let acted = false; // whether the reader has done anything yet
  let left = 0; // where the reader was on the page before the last choice
  function send(query) {
    const box = document.querySelector(".ldn-command input");
    if (!box) { return; }
    presses += 1;
    box.value = query + "#" + presses;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }
  function act() { acted = true; wanted = null; left = window.scrollY; heard = sentences(); }
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-set]");
    if (!button) { return; }
    act();
    pressed = { key: button.dataset.key, to: button.dataset.focus || "", settled: false };
    const query = button.dataset.set;
    if (button.dataset.whole && query === current) { pressed.settled = true; settle(); return; }
    send((button.dataset.whole ? "?" : "") + query);
  });
  document.addEventListener("change", function (event) {
    if (event.isTrusted && event.target.closest(".ldn-controls")) { act(); pressed = null; }
  }, true);
  // A search is sent when the reader pauses, not at every key stroke.
  let typing = 0;
  document.addEventListener("input", function (event) {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || box.type !== "text" || !box.closest(".ldn-controls")) { return; }
    act();
    window.clearTimeout(typing);
    typing = window.setTimeout(function () { box.dispatchEvent(new Event("change", { bubbles: true })); }, 350);
  });

  // -- the address follows the view, so that it can be copied, kept and reloaded; Back undoes the last choice -------

  let current = null; // query of the view that is shown
  let wanted = null; // query that Back or Forward asked for, until the kernel has answered
  let searching = false; // whether the last step was a search: one search is one step, however many letters
  window.history.scrollRestoration = "manual";

  function withoutSearch(query) {
    const parts = new URLSearchParams(query);
    parts.delete("text");
    parts.delete("find");
    return parts.toString();
  }
  function followView() {
    const link = document.querySelector(".ldn-link:not([data-done])");
    if (!link) { return; }
    link.dataset.done = "1";
    const query = link.dataset.query;
    document.title = link.dataset.title;
    if (wanted !== null && query !== wanted) { return; } // an answer that the reader no longer waits for
    const address = window.location.pathname + (query ? "?" + query : "");
    const state = { query: query };
    if (wanted !== null) {
      wanted = null;
      searching = false;
      comeBack(window.history.state || {});
    } else if (current === null || !acted) {
      window.history.replaceState(state, "", address);
    } else if (query !== current) {
      const search = withoutSearch(query) === withoutSearch(current);
      if (!(search && searching)) {
        const key = pressed && pressed.key;
        window.history.replaceState({ query: current, top: left, key: key }, "");
        window.history.pushState(state, "", address);
      } else { window.history.replaceState(state, "", address); }
      searching = search;
    }
    const changed = current !== null && query !== current;
    current = query;
    if (pressed) { pressed.settled = true; }
    if (changed) { announce(); }
  }
  window.addEventListener("popstate", function (event) {
    const query = event.state && event.state.query !== undefined ? event.state.query : window.location.search.slice(1);
    if (query === current && wanted === null) { return; } // only the fragment changed
    wanted = query;
    heard = sentences();
    const active = document.activeElement; // kept as it is where the step says nothing of the focus
    pressed = { key: (event.state && event.state.key) || (active && active.dataset.key), to: "", settled: false };
    send("?" + query);
  });
  function comeBack(state) {
    window.setTimeout(function () { window.scrollTo(0, state.top || 0); }, 100); // once the charts have their heights
  }

  // -- redrawing replaces the buttons: the focus stays where it was, or goes where the button leads -----------------

  let pressed = null;
  function find(key) {
    return Array.from(document.querySelectorAll("[data-key]")).find(function (node) { return node.dataset.key === key; });
  }
  function settle() {
    if (!pressed) { return; }
    if (pressed.to) {
      const target = pressed.settled && document.querySelector(pressed.to);
      if (target) { pressed = null; target.focus(); }
      return;
    }
    const active = document.activeElement;
    if (pressed.key && (!active || active === document.body)) {
      const again = find(pressed.key);
      if (again) { again.focus({ preventScroll: true }); }
    }
  }
  document.addEventListener("focusin", function (event) {
    if (pressed && event.target.dataset.key !== pressed.key) { pressed = null; } // the reader has moved on
  });

  // What was unfolded stays unfolded when it is redrawn.
  const unfolded = new Set();
  function part(node) {
    const section = node.closest("[data-view]");
    if (!section) { return node.dataset.part; }
    const twins = document.querySelectorAll("[data-view='" + section.dataset.view + "']");
    return section.dataset.view + " " + Array.from(twins).indexOf(section) + " " + node.dataset.part;
  }
  document.addEventListener("toggle", function (event) {
    const node = event.target;
    if (!node.dataset.part || !node.isConnected) { return; }
    if (node.open) { unfolded.add(part(node)); } else { unfolded.delete(part(node)); }
  }, true);
  function unfold() {
    document.querySelectorAll("details[data-part]:not([data-known])").forEach(function (node) {
      node.dataset.known = "1";
      if (unfolded.has(part(node))) { node.open = true; }
    });
  }

  // What a choice changed is said to those who cannot see it: every sentence that was not there before.
  let heard = new Set(), saying = 0;
  function sentences() {
    const nodes = document.querySelectorAll(".ldn-status, .ldn-title, .ldn-now, .ldn-sentence");
    return new Set(Array.from(nodes).map(function (node) { return node.textContent.trim(); }).filter(Boolean));
  }
  function announce() {
    window.clearTimeout(saying);
    saying = window.setTimeout(function () {
      const fresh = Array.from(sentences()).filter(function (words) { return !heard.has(words); });
      document.getElementById("ldn-said").textContent = fresh.slice(0, 4).join(" ") || "The view was drawn anew; its sentences are the same.";
    }, 300);
  }

  new MutationObserver(function (changes) {
    if (!changes.some(function (change) { return change.addedNodes.length; })) { return; }
    followView();
    unfold();
    settle();
  }).observe(document.documentElement, { childList: true, subtree: true });

  // What was chosen stands on the printed page in words, since the drop-downs do not.
  window.addEventListener("beforeprint", function () {
    const chosen = Array.from(document.querySelectorAll(".ldn-controls .widget-dropdown")).map(function (picker) {
      const select = picker.querySelector("select");
      return picker.querySelector("label").textContent + ": " + select.options[select.selectedIndex].text;
    });
    document.querySelectorAll(".ldn-chosen").forEach(function (place) { place.textContent = chosen.join("; "); });
  });
})();
