// Searching while typing: a half-composed Chinese word is not searched for, and a failure is never an empty list.
{
  const isSearch = (element) => element instanceof Element && element.closest("[role=search]");

  document.addEventListener(
    "input",
    (event) => {
      if (event.isComposing && isSearch(event.target)) event.stopPropagation();
    },
    true,
  );
  document.addEventListener("compositionend", (event) => {
    if (isSearch(event.target)) event.target.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // Old results under new words would be wrong: the prepared words take their place.
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      const prepared = document.querySelector("template#search-failed");
      const place = document.getElementById("results");
      if (!prepared || event.detail.target !== place) return;
      place.replaceChildren(prepared.content.cloneNode(true));
      document.querySelector("[data-live]").textContent = place.textContent.trim();
    });
  }
}
