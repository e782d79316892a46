// Search boxes and choices of the static pages: every item of a list whose words and values fit stays visible.
(function () {
  "use strict";
  function plain(text) { return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase(); }
  document.querySelectorAll("form[data-list]").forEach(function (form) {
    const items = Array.from(document.getElementById(form.dataset.list).children);
    const words = items.map(function (item) { return plain(item.textContent); });
    const status = form.querySelector("[role=status]");
    function search() {
      const wanted = plain(form.querySelector("input").value).split(/\s+/).filter(Boolean);
      const chosen = Array.from(form.querySelectorAll("select")).filter(function (s) { return s.value; });
      let shown = 0;
      items.forEach(function (item, i) {
        const fits = wanted.every(function (word) { return words[i].includes(word); }) &&
          chosen.every(function (select) { return item.getAttribute("data-" + select.name) === select.value; });
        item.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      status.textContent = shown + " of " + items.length + " shown";
    }
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("input", search);
    search();
  });
})();
