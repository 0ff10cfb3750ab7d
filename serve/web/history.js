// The videos that were asked for in this browser: their ids are kept here, all else by the service.

import { fileUrl, get, remove } from "./api.js";
import { $, button, h, tell } from "./dom.js";
import { ACTIVE } from "./follow.js";
import { read, write } from "./kept.js";

const MOST = 60;
const EVERY = 3000;
const STATUS = { queued: "waiting", in_progress: "being made", completed: "ready", failed: "failed", cancelled: "cancelled" };

export function history({ show, cancel, shows, close }) {
  const [list, none, problem] = ["history-list", "history-none", "history-error"].map($);
  const records = new Map();
  const ids = () => read("videos", []);

  function update(record) {
    records.set(record.id, record);
    if (!ids().includes(record.id)) write("videos", [record.id, ...ids()].slice(0, MOST));
    render();
  }

  function drop(id) {
    records.delete(id);
    write("videos", ids().filter((other) => other !== id));
    render();
  }

  function render() {
    const kept = ids().filter((id) => records.has(id));
    none.hidden = kept.length > 0;
    for (const item of [...list.children]) if (!kept.includes(item.id)) item.remove();
    kept.forEach((id, n) => {
      const record = records.get(id);
      const state = `${record.status} ${record.progress}`;
      const there = document.getElementById(id);
      if (there?.dataset.state === state && list.children[n] === there) return;
      const focused = there?.contains(document.activeElement);
      const item = entry(record, state);
      if (there) there.replaceWith(item);
      if (list.children[n] !== item) list.insertBefore(item, list.children[n] ?? null);
      if (focused) item.querySelector("button").focus();
    });
  }

  function entry(record, state) {
    const active = ACTIVE.has(record.status);
    const words = titleOf(record);
    const about = [
      active && record.status !== "queued" ? `${record.progress} %` : STATUS[record.status],
      record.seconds ? `${record.seconds.toFixed(1)} s` : null,
      new Date(record.created_at * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }),
    ].filter(Boolean);
    return h(
      "li", { id: record.id, "data-state": state },
      h("img", { src: pictureOf(record) ?? "/web/icon.svg", alt: "", width: 72, height: 72, loading: "lazy" }),
      h("div", { className: "grow" }, h("p", { className: "title" }, words), h("p", { className: "hint" }, about.join(" · "))),
      h(
        "div", { className: "actions" },
        button("Show", () => open(record), { className: "quiet", "aria-label": `Show: ${words}` }),
        active
          ? button("Cancel", () => cancel(record.id), { className: "quiet", "aria-label": `Cancel: ${words}` })
          : button("Delete", () => forget(record), { className: "quiet", "aria-label": `Delete: ${words}` }),
      ),
    );
  }

  function open(record) {
    show(records.get(record.id));
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    $("video").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
    $("video-title").focus({ preventScroll: true });
  }

  /** Delete a video once its owner is sure. */
  async function forget(record) {
    if (!(await sure())) return;
    tell(problem);
    try {
      await remove(`/v1/videos/${record.id}`);
    } catch (error) {
      if (error.status !== 404) return tell(problem, error.message);
    }
    if (shows() === record.id) close();
    drop(record.id);
    $("history-title").focus();
  }

  /** What this browser knows of, as it is now. Gives the newest that is still being made. */
  async function load() {
    await Promise.all(ids().map(refresh));
    setInterval(watch, EVERY);
    return ids().map((id) => records.get(id)).find((record) => record && ACTIVE.has(record.status));
  }

  async function refresh(id) {
    try {
      update(await get(`/v1/videos/${id}`));
    } catch (error) {
      if (error.status === 404) drop(id);
      else tell(problem, error.message);
    }
  }

  function watch() {
    if (document.hidden) return;
    for (const [id, { status }] of records) if (ACTIVE.has(status) && id !== shows()) refresh(id);
  }

  return { update, forget, load };
}

/** A picture of the video, or of its face where that is there already; else null. */
export function pictureOf(record) {
  if (record.urls.thumbnail) return fileUrl(record.urls.thumbnail);
  const painted = record.stage === "video" || record.stage === "finishing";
  return painted ? fileUrl(`/v1/avatars/${record.avatar}/preview`) : null;
}

const titleOf = ({ speech }) =>
  speech.excerpt ?? `A recording${speech.seconds ? ` of ${speech.seconds.toFixed(1)} s` : ""}`;

function sure() {
  const dialog = $("sure");
  return new Promise((answer) => {
    const close = (event) => event.target.closest("button") && dialog.close(event.target.closest("button").value);
    dialog.addEventListener("click", close);
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => {
      dialog.removeEventListener("click", close);
      answer(dialog.returnValue === "yes");
    }, { once: true });
    dialog.showModal();
  });
}
