// The few things that every module does to the document.

export const $ = (id) => document.getElementById(id);

/** An element: its properties (`on…` functions, `data-`/`aria-` attributes), its children. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name in element && !name.startsWith("aria-")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Show a sentence in a place for errors or news; an empty one takes it away. */
export function tell(place, words = "", ...more) {
  place.replaceChildren(words, ...more);
}

export function button(words, onclick, properties = {}) {
  return h("button", { type: "button", className: "quiet", onclick, ...properties }, words);
}

/** 75 -> "1 min 15 s"; 3.4 -> "3 s". */
export function duration(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const rest = whole % 60;
  return `${Math.floor(whole / 60)} min${rest ? ` ${rest} s` : ""}`;
}

export function megabytes(bytes) {
  return `${Math.max(0.1, bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MB`;
}

/** Copies words; true when they were. Only pages from https or localhost may ask the browser. */
export async function copy(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    return false;
  }
}

/** An address for a file in memory; the one that `holder` had before is let go. */
export function address(holder, file) {
  if (holder.url) URL.revokeObjectURL(holder.url);
  holder.url = file ? URL.createObjectURL(file) : null;
  return holder.url;
}

/** Unix seconds as a date and a time. */
export const when = (seconds) =>
  new Date(seconds * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

export function pause(ms, signal) {
  return new Promise((done) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      done();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}

/** Asks whether something is to be deleted; true when its owner is sure. */
export function sure(title, words) {
  const dialog = $("sure");
  tell($("sure-title"), title);
  tell($("sure-words"), words);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
  });
}
