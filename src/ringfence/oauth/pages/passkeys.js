// Asks the browser for a passkey and sends its answer with a form. Web Authentication Level 3 §5.1.
// A form says in data- attributes what it asks for; without this script it stays hidden.
"use strict";

(() => {
  const form = document.querySelector("form[data-passkey]");
  if (!form || !window.PublicKeyCredential || !navigator.credentials) return;

  const ask = form.dataset;
  const status = document.getElementById("passkey-status");
  let waiting = null;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) =>
    (list || "").split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: bytes(id) }));

  const created = () => ({
    challenge: bytes(ask.challenge),
    rp: { id: ask.rp, name: ask.title },
    user: { id: bytes(ask.userHandle), name: ask.userName, displayName: ask.displayName },
    pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
    excludeCredentials: named(ask.credentials),
    authenticatorSelection: { residentKey: "required", userVerification: ask.verification },
    attestation: "none",
    timeout: 300000,
  });
  const gotten = () => ({
    challenge: bytes(ask.challenge),
    rpId: ask.rp,
    allowCredentials: named(ask.credentials),
    userVerification: ask.verification,
    timeout: 300000,
  });

  const send = (credential) => {
    const answer = credential.response;
    const response = { clientDataJSON: text(answer.clientDataJSON) };
    if (answer.attestationObject) response.attestationObject = text(answer.attestationObject);
    if (answer.authenticatorData) response.authenticatorData = text(answer.authenticatorData);
    if (answer.signature) response.signature = text(answer.signature);
    if (answer.userHandle) response.userHandle = text(answer.userHandle);
    form.elements.credential.value = JSON.stringify({ id: credential.id, type: credential.type, response });
    form.submit();
  };

  const call = (mediation) => {
    if (waiting) waiting.abort();
    waiting = new AbortController();
    const signal = waiting.signal;
    return ask.passkey === "create"
      ? navigator.credentials.create({ publicKey: created(), signal })
      : navigator.credentials.get({ publicKey: gotten(), signal, ...(mediation && { mediation }) });
  };

  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!form.reportValidity()) return;
    status.textContent = "Follow what your device asks.";
    try {
      send(await call());
    } catch (problem) {
      status.textContent =
        problem.name === "InvalidStateError"
          ? "This device has a passkey for you already."
          : "That did not work, or you stopped it. You can try again, or go on without a passkey.";
    }
  });

  // Where the browser can, it offers passkeys in the list below the user name.
  if (ask.autofill && PublicKeyCredential.isConditionalMediationAvailable) {
    PublicKeyCredential.isConditionalMediationAvailable()
      .then((able) => (able ? call("conditional").then(send) : null))
      .catch(() => {});
  }
})();
