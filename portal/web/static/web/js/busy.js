// form[data-busy]: a second click sends nothing. The button stays in the form, so its name and value are sent.
{
  const release = (form) => {
    delete form.dataset.sending;
    for (const button of form.querySelectorAll("[aria-disabled=true][type=submit]")) {
      button.removeAttribute("aria-disabled");
      if (button.dataset.text) button.textContent = button.dataset.text;
    }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-busy]")) return;
    if (form.dataset.sending) return event.preventDefault();
    form.dataset.sending = "true";
    const button = event.submitter;
    if (!button) return;
    button.setAttribute("aria-disabled", "true");
    if (!button.dataset.busyText) return;
    button.dataset.text = button.textContent;
    button.textContent = button.dataset.busyText;
  });

  // Back in the browser's history, or an answer by htmx: the form may be sent again.
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sending]").forEach(release));
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest("form[data-sending]");
    if (form) release(form);
  });
}
