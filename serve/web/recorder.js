// A recording as a file: picked from the disk, or spoken into the microphone.

import { address, button, duration, h, megabytes, tell } from "./dom.js";

const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];

/** Fills `place`. `choose` words the button; `limits` gives the largest file; `changed` is called. */
export function recorder(place, { id, choose, limits, problem, changed }) {
  const input = h("input", { type: "file", id, accept: "audio/*,video/webm,video/mp4", className: "unseen" });
  const record = button("Record with the microphone", toggle, { className: "" });
  const told = h("p", { className: "hint", role: "status" });
  const listen = h("audio", { controls: true, "aria-label": "Your recording" });
  const save = h("a", { className: "quiet button" }, "Save it");
  const heard = h("div", { className: "row heard", hidden: true }, listen, save, button("Remove", clear));
  place.append(h("div", { className: "row" }, input, h("label", { htmlFor: id, className: "button" }, choose), record), told, heard);

  const shown = { url: null };
  let file = null;
  let seconds = null;
  let microphone = null;
  let wanted = false; // what the microphone hears

  async function toggle() {
    if (microphone) return microphone.stop();
    clear();
    tell(problem);
    if (!navigator.mediaDevices) {
      return tell(problem, "The microphone works only on pages from https or this very machine: choose a file instead.");
    }
    record.disabled = true; // while the browser asks
    try {
      listenTo(await navigator.mediaDevices.getUserMedia({ audio: true }));
    } catch {
      tell(problem, "Allow this page the microphone in the browser’s settings, or choose a file.");
    }
    record.disabled = false;
  }

  function listenTo(stream) {
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    const parts = [];
    wanted = true;
    const began = performance.now();
    microphone = new MediaRecorder(stream, { mimeType });
    const clock = setInterval(() => (record.dataset.time = `${Math.round((performance.now() - began) / 1000)} s`), 500);
    microphone.addEventListener("dataavailable", ({ data }) => parts.push(data));
    microphone.addEventListener("stop", () => {
      clearInterval(clock);
      stream.getTracks().forEach((track) => track.stop());
      const type = microphone.mimeType.split(";")[0];
      microphone = null;
      record.textContent = "Record again";
      record.classList.remove("recording");
      delete record.dataset.time;
      if (!wanted) return;
      take(new File(parts, `recording.${type === "audio/mp4" ? "m4a" : type.slice(6)}`, { type }), (performance.now() - began) / 1000);
    });
    microphone.start();
    record.textContent = "Stop recording";
    record.classList.add("recording");
    tell(told, "Speak now; press the button again to stop.");
  }

  function take(picked, length = null) {
    tell(problem);
    const most = limits()?.upload_bytes;
    if (most && picked.size > most) {
      return tell(problem, `The recording has ${megabytes(picked.size)}: send at most ${megabytes(most)}.`);
    }
    [file, seconds] = [picked, length];
    listen.src = save.href = address(shown, file);
    save.download = file.name;
    heard.hidden = false;
    say();
    changed();
  }

  function say() {
    tell(told, `${file.name}, ${seconds ? `about ${duration(seconds)}, ` : ""}${megabytes(file.size)}.`);
  }

  function clear() {
    if (microphone?.state === "recording") {
      wanted = false;
      microphone.stop();
      tell(told);
    }
    if (!file) return;
    [file, seconds] = [null, null];
    input.value = "";
    listen.removeAttribute("src");
    address(shown, null);
    heard.hidden = true;
    tell(told);
    changed();
  }

  input.addEventListener("change", () => {
    const [picked] = input.files;
    clear();
    if (picked) take(picked);
  });
  listen.addEventListener("loadedmetadata", () => {
    // What MediaRecorder writes does not tell its length.
    if (Number.isFinite(listen.duration) && file) ((seconds = listen.duration), say(), changed());
  });
  return { clear, file: () => file, seconds: () => seconds };
}
