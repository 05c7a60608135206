// button[data-passkey="get|create"]: asks the browser for a passkey and sends what it says with the button's form.
// What to ask is in data-options, or fetched from data-options-url. Without passkeys [data-passkey-missing] is shown,
// after a failure [data-passkey-failed].
{
  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  };
  const text = (buffer) => {
    if (!buffer) return buffer;
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  };
  const opened = (list) => list?.map((item) => ({ ...item, id: bytes(item.id) }));

  const asked = (options, isNew) => {
    const key = { ...options, challenge: bytes(options.challenge) };
    if (!isNew) return { ...key, allowCredentials: opened(options.allowCredentials) };
    return {
      ...key,
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: opened(options.excludeCredentials),
      authenticatorSelection: {
        ...options.authenticatorSelection,
        residentKey: "required",
        requireResidentKey: true,
        userVerification: "required",
      },
    };
  };

  const told = (credential) => {
    const { response } = credential;
    const parts = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[name]) parts[name] = text(response[name]);
    }
    if (response.getTransports) parts.transports = response.getTransports();
    return {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: parts,
    };
  };

  const options = async (button) => {
    if (button.dataset.options) return JSON.parse(button.dataset.options);
    const answer = await fetch(button.dataset.optionsUrl, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return (await answer.json()).request_options;
  };

  const show = (name, isShown) => {
    for (const element of document.querySelectorAll(`[data-${name}]`)) element.hidden = !isShown;
  };

  for (const button of document.querySelectorAll("button[data-passkey]")) {
    const isPossible = Boolean(window.PublicKeyCredential);
    button.hidden = !isPossible;
    show("passkey-missing", !isPossible);
    button.addEventListener("click", async () => {
      show("passkey-failed", false);
      button.setAttribute("aria-disabled", "true");
      const isNew = button.dataset.passkey === "create";
      try {
        const publicKey = asked((await options(button)).publicKey, isNew);
        const credential = await navigator.credentials[button.dataset.passkey]({ publicKey });
        button.form.elements.credential.value = JSON.stringify(told(credential));
        button.form.submit();
      } catch (error) {
        show("passkey-failed", true);
        console.info(`passkey: ${error.name}`);
      } finally {
        button.removeAttribute("aria-disabled");
      }
    });
  }
}
