// Reads a code with the camera: BarcodeDetector where the browser has one, else zxing as WebAssembly, fetched on first use.
"use strict";

(() => {
  const scanner = document.querySelector("[data-scanner]");
  if (!scanner || !navigator.mediaDevices?.getUserMedia) return;
  const hasDetector = "BarcodeDetector" in window;
  if (!hasDetector && !scanner.dataset.wasm) return;

  const video = scanner.querySelector("video");
  const button = scanner.querySelector("[data-scan]");
  const status = scanner.querySelector("[data-scan-status]");
  const LOOK_MS = 200;
  const GIVE_UP_MS = 60_000;
  button.hidden = false;
  button.addEventListener("click", scan);

  async function scan() {
    button.setAttribute("aria-busy", "true");
    status.textContent = "";
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch (error) {
      status.textContent = error.name === "NotAllowedError" ? scanner.dataset.denied : scanner.dataset.missing;
      button.removeAttribute("aria-busy");
      return;
    }
    try {
      video.srcObject = stream;
      video.hidden = false;
      await video.play();
      const code = await look(await makeReader());
      if (code) submit(code);
    } catch {
      status.textContent = scanner.dataset.missing;
    } finally {
      for (const track of stream.getTracks()) track.stop();
      video.hidden = true;
      button.removeAttribute("aria-busy");
    }
  }

  async function look(read) {
    const endMs = performance.now() + GIVE_UP_MS;
    while (performance.now() < endMs) {
      const code = await read();
      if (code) return code;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return null;
  }

  async function makeReader() {
    if (hasDetector) {
      const detector = new BarcodeDetector({ formats: ["qr_code"] });
      return async () => (await detector.detect(video))[0]?.rawValue;
    }
    await load(scanner.dataset.reader);
    ZXingWASM.prepareZXingModule({ overrides: { locateFile: () => scanner.dataset.wasm } });
    const canvas = document.createElement("canvas");
    return async () => {
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(video, 0, 0);
      const image = context.getImageData(0, 0, canvas.width, canvas.height);
      const found = await ZXingWASM.readBarcodes(image, { formats: ["QRCode"], maxNumberOfSymbols: 1 });
      return found[0]?.text;
    };
  }

  function load(address) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
  }

  function submit(code) {
    const form = document.querySelector("[data-code-form]");
    form.elements.code.value = code;
    form.requestSubmit();
  }
})();
