/* The sheet on which a function is written. Without it every button still works by sending the whole page. */
(() => {
  const sheet = document.getElementById("sheet");
  if (!sheet) return;

  /* A button marked data-part changes the page on the server and stores nothing: only the sheet is exchanged. */
  const exchange = async (button) => {
    const body = new FormData(sheet);
    body.set("act", button.value);
    const answer = await fetch(location.href, { method: "POST", body, headers: { "HX-Request": "true" } });
    const came = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("sheet");
    if (!came) return location.reload();
    const place = window.scrollY;
    for (const part of ["words", "facts", "system", "builder", "mapping"]) {
      const fresh = came.querySelector(`#${part}`);
      if (fresh) sheet.querySelector(`#${part}`).replaceWith(document.adoptNode(fresh));
    }
    window.scrollTo(0, place);
    const first = button.value === "row-add" ? sheet.querySelector(".desk-question:last-of-type [data-first], .desk-item:last-of-type [data-first]") : null;
    const again = first || sheet.querySelector(`[name="act"][value="${CSS.escape(button.value)}"]:not(:disabled)`);
    if (again) again.focus({ preventScroll: !first });
  };
  sheet.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-part]");
    if (!button || button.disabled) return;
    event.preventDefault();
    button.disabled = true;
    exchange(button).catch(() => sheet.requestSubmit(Object.assign(button, { disabled: false })));
  });

  /* The form beside the builder is drawn by the server; its body is exchanged so that nothing flashes. */
  let waiting;
  let asked = 0;
  const draw = async () => {
    const turn = ++asked;
    const answer = await fetch(sheet.dataset.previewUrl, { method: "POST", body: new FormData(sheet) });
    if (!answer.ok || turn !== asked) return;
    const came = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("iframe");
    const frame = document.querySelector("#preview iframe");
    const inside = frame.contentDocument;
    if (!came || !inside || !inside.body) return;
    const page = new DOMParser().parseFromString(came.getAttribute("srcdoc"), "text/html");
    inside.documentElement.lang = page.documentElement.lang;
    inside.body.replaceWith(inside.adoptNode(page.body));
  };
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(() => draw().catch(() => {}), 350); };
  sheet.addEventListener("input", soon);

  sheet.addEventListener("change", (event) => {
    const kind = event.target.closest("[data-kind]");
    if (kind) kind.closest("[data-question]").querySelector("[data-choices]").hidden = kind.value !== "choice";
    soon();
  });
  sheet.addEventListener("input", (event) => {
    const standard = { "request-text": "request_standard", "answer-text": "answer_standard" }[event.target.id];
    if (standard) sheet.querySelector(`[name="${standard}"]`).checked = false;
  });
  sheet.addEventListener("toggle", (event) => {
    const field = event.target.matches("[data-question]") && event.target.querySelector("[data-open]");
    if (field) field.value = event.target.open ? "on" : "";
  }, true);

  /* Leaving with words that are not saved asks first. */
  let isChanged = sheet.querySelector("#problems") !== null;
  sheet.addEventListener("input", () => { isChanged = true; });
  sheet.addEventListener("submit", () => {
    isChanged = false;
    setTimeout(() => sheet.querySelectorAll(".desk-bar button").forEach((button) => { button.disabled = true; }));
  });
  window.addEventListener("pageshow", () => sheet.querySelectorAll(".desk-bar button").forEach((button) => { button.disabled = false; }));
  window.addEventListener("beforeunload", (event) => { if (isChanged) event.preventDefault(); });
  sheet.querySelector("#problems")?.focus();
})();
