// Focus and speech follow what changed: [data-focus] takes focus, [data-announce] is read out.
{
  const settle = (root) => {
    const first = root.matches?.("[data-focus]") ? root : root.querySelector("[data-focus]");
    if (first) first.focus();
    const news = root.matches?.("[data-announce]") ? root : root.querySelector("[data-announce]");
    if (news) document.querySelector("[data-live]").textContent = news.textContent.trim();
  };

  const start = document.querySelector("[data-focus]:not([autofocus])");
  if (start) start.focus();
  document.addEventListener("htmx:afterSettle", (event) => settle(event.target));

  // A summary of mistakes links to controls: bring the question, not the control alone, into view.
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".error-summary a[href^='#']");
    const control = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!control) return;
    event.preventDefault();
    (control.closest(".field") ?? control).scrollIntoView();
    control.focus({ preventScroll: true });
  });
}
