// Figures that renew themselves: when that fails, the page says so instead of showing old ones as if they were new.
const warning = document.getElementById("not-renewed");

if (warning) {
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.body.addEventListener(name, () => {
      warning.hidden = false;
    });
  }
  document.body.addEventListener("htmx:afterSwap", () => {
    warning.hidden = true;
  });
}
