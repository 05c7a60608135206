// form[data-draft]: what is typed is kept as it is typed, one request at a time, and once more while the page goes away.
{
  const WAIT_MS = 700;
  const RETRY_MS = 5000;
  const WARN_SECONDS = 120;

  const keep = (form) => {
    const place = form.querySelector("[data-draft-said]");
    let waiting, warning, changed = false, isSending = false;

    const say = (text) => {
      if (text && place.textContent !== text) place.textContent = text;
    };
    const warn = (seconds) => {
      clearTimeout(warning);
      if (seconds) warning = setTimeout(say, Math.max(0, seconds - WARN_SECONDS) * 1000, form.dataset.warning);
    };
    const typed = () => {
      const data = new FormData(form);
      for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
      return data;
    };
    const later = (ms) => {
      clearTimeout(waiting);
      waiting = setTimeout(send, ms);
    };

    async function send() {
      if (isSending || !changed) return;
      isSending = true;
      changed = false;
      try {
        const answer = await fetch(form.dataset.draft, { method: "POST", body: typed() });
        if (!answer.ok) throw new Error(answer.status);
        const told = await answer.json();
        say(told.said);
        warn(told.seconds);
      } catch {
        changed = true;
        say(form.dataset.offlineText);
        later(RETRY_MS);
      }
      isSending = false;
      if (changed) later(WAIT_MS);
    }

    const note = (event) => {
      if (event.target.type === "file") return;
      changed = true;
      later(WAIT_MS);
    };
    form.addEventListener("input", note);
    form.addEventListener("change", note);
    form.addEventListener("submit", () => {
      changed = false;
      clearTimeout(waiting);
    });
    window.addEventListener("online", send);
    window.addEventListener("pagehide", () => {
      if (changed) fetch(form.dataset.draft, { method: "POST", body: typed(), keepalive: true }).catch(() => {});
      changed = false;
    });
    warn(Number(form.dataset.ends));
  };

  for (const form of document.querySelectorAll("form[data-draft]")) keep(form);
}
