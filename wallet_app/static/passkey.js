// Forms marked data-passkey ask the wallet for a question, let the passkey answer it, and then submit with the answer.
"use strict";

(() => {
  const words = document.querySelector("[data-passkey-words]")?.dataset ?? {};

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.passkey || form.dataset.answered) return;
    event.preventDefault();
    approve(form);
  });

  async function approve(form) {
    const button = form.querySelector("button[type=submit]");
    showError(form, "");
    if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) return showError(form, words.unsupported);
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    try {
      const asked = await ask(form);
      if (asked.error) return showError(form, asked.error);
      const credential = asked.create
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked.create) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked.get) });
      setField(form, "challenge", asked.challenge);
      setField(form, "answer", JSON.stringify(credential.toJSON()));
      form.dataset.answered = "yes";
      form.submit();
    } catch (error) {
      showError(form, error.name === "NotAllowedError" ? words.cancelled : words.failed);
    } finally {
      if (!form.dataset.answered) {
        button.removeAttribute("aria-busy");
        button.disabled = false;
      }
    }
  }

  async function ask(form) {
    const response = await fetch(form.dataset.passkey, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "application/json" },
    });
    const body = await response.json();
    return response.ok ? body : { error: body.detail };
  }

  function setField(form, name, value) {
    let field = form.querySelector(`input[name=${name}]`);
    if (!field) {
      field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      form.append(field);
    }
    field.value = value;
  }

  function showError(form, text) {
    const place = form.querySelector("[data-passkey-error]") ?? document.querySelector("[data-passkey-error]");
    place.textContent = text ?? "";
    place.hidden = !text;
  }
})();
