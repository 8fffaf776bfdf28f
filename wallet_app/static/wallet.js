// What htmx does not do: the balance that counts, the state of the connection, small conveniences of forms.
"use strict";

(() => {
  const language = document.documentElement.lang;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const COUNT_MS = 700;

  // --- The balance counts from what was shown to what is true.
  const balance = () => document.getElementById("balance");
  let shownPoints = balance() ? Number(balance().dataset.points) : null;

  function countBalance() {
    const figure = balance();
    if (!figure) return;
    const points = Number(figure.dataset.points);
    const from = shownPoints ?? points;
    shownPoints = points;
    if (points === from || calm.matches || document.hidden) return;
    const format = new Intl.NumberFormat(language);
    const finalText = figure.textContent;
    const startMs = performance.now();
    figure.classList.add(points > from ? "balance-up" : "balance-down");
    const step = (nowMs) => {
      const part = Math.min(1, (nowMs - startMs) / COUNT_MS);
      if (Number(figure.dataset.points) !== points) return;
      if (part === 1) {
        figure.textContent = finalText;
        figure.classList.remove("balance-up", "balance-down");
        return;
      }
      const eased = 1 - (1 - part) ** 3;
      figure.textContent = format.format(Math.round(from + (points - from) * eased));
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }
  document.addEventListener("htmx:after:swap", countBalance);

  // --- Live, or lost: a dead connection is noticed by its silence.
  const live = document.getElementById("live");
  const heartbeatLimitMs = Number(live?.dataset.heartbeatLimitS ?? 40) * 1000;
  let heardMs = performance.now();
  // What was under way when the network went still arrives; it does not mean that the network is back.
  let isOffline = false;

  function showLost(isLost) {
    document.getElementById("connection")?.classList.toggle("connection-lost", isLost || isOffline);
  }
  function setOffline(offline) {
    isOffline = offline;
    if (offline) showLost(true);
    else live._htmx?.sse?.delayCanceller?.();
  }
  function hear() {
    heardMs = performance.now();
  }
  const leaveWhenSignedOut = (status) => {
    if (status === 401) window.location.assign("/sign-in");
  };
  if (live) {
    document.addEventListener("htmx:response:error", (event) => leaveWhenSignedOut(event.detail.ctx?.response?.status));
    document.addEventListener("htmx:sse:error", (event) => leaveWhenSignedOut(event.detail.status));
    document.addEventListener("htmx:sse:after:connection", hear);
    document.addEventListener("htmx:sse:before:message", hear);
    document.addEventListener("htmx:sse:error", () => showLost(true));
    document.addEventListener("htmx:error", () => showLost(true));
    document.addEventListener("htmx:sse:before:connection", (event) => {
      if (event.detail.connection.attempt > 1) showLost(true);
    });
    live.addEventListener("heartbeat", () => showLost(false));
    document.addEventListener("htmx:after:swap", () => isOffline && showLost(true));
    window.addEventListener("offline", () => setOffline(true));
    window.addEventListener("online", () => setOffline(false));
    setInterval(() => {
      if (!document.hidden && performance.now() - heardMs > heartbeatLimitMs) {
        showLost(true);
        live._htmx?.sse?.reader?.cancel();
      }
    }, 5000);
  }

  // --- A code's time left.
  let countdown = null;
  function startCountdown() {
    clearInterval(countdown);
    const place = document.querySelector("[data-countdown-s]");
    if (!place) return;
    const endMs = performance.now() + Number(place.dataset.countdownS) * 1000;
    const tick = () => {
      const leftS = Math.max(0, Math.ceil((endMs - performance.now()) / 1000));
      const text = `${Math.floor(leftS / 60)}:${String(leftS % 60).padStart(2, "0")}`;
      place.querySelector("[data-countdown-text]").textContent = text;
      if (leftS === 0) {
        clearInterval(countdown);
        document.getElementById("code-state")?.dispatchEvent(new Event("code:over"));
      }
    };
    tick();
    countdown = setInterval(tick, 1000);
  }
  startCountdown();
  document.addEventListener("htmx:after:swap", () => {
    if (document.querySelector("[data-countdown-text]:empty")) startCountdown();
  });

  // --- Forms.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-busy]")) return;
    if (event.target.dataset.sent) return event.preventDefault();
    event.target.dataset.sent = "yes";
    event.target.querySelector("button[type=submit]")?.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
    }
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-fill], [data-copy]");
    if (button?.dataset.fill) document.getElementById(button.dataset.fill).value = button.dataset.value;
    if (button?.dataset.copy) {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = button.dataset.copied;
    }
  });
})();
