// Now and then the page's scripts draw the cells before they have fetched the widgets, and then show none of them.
// The error says so; a fresh page helps. At most three times, so that a lasting fault stays visible.
(function () {
  "use strict";
  const KEY = "lesson-retries", SIGN = "widget model not found", say = console.error;
  let asked = false;
  console.error = function () {
    say.apply(console, arguments);
    const lost = Array.from(arguments).some(function (part) { return String((part && part.message) || part).includes(SIGN); });
    const tries = Number(window.sessionStorage.getItem(KEY) || 0);
    if (!lost || asked || tries >= 3) { return; }
    asked = true;
    window.sessionStorage.setItem(KEY, String(tries + 1));
    window.setTimeout(function () { window.location.reload(); }, 300);
  };
  window.addEventListener("load", function () {
    window.setTimeout(function () { if (!asked) { window.sessionStorage.removeItem(KEY); } }, 20000);
  });
})();
