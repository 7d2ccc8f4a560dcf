(() => {
  const at = (id) => document.getElementById(id);
  const filter = at("filter"), shown = at("shown");
  filter.addEventListener("change", () => {
    for (const part of document.querySelectorAll("[data-zone]")) {
      part.hidden = Boolean(filter.value) && part.dataset.zone !== filter.value;
      if (part.matches("details") && part.dataset.zone === filter.value) part.open = true;
    }
  });
  // A cell opens its picture in front of the page; without a script its link leads down to it.
  document.querySelector(".states").addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    const copy = at(link.getAttribute("href").slice(1)).cloneNode(true);
    copy.removeAttribute("id");
    at("shown-chip").replaceChildren(copy);
    shown.showModal();
  });
})();
