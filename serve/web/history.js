// The videos that were asked for in this browser: their ids are kept here, all else by the service.

import { get, remove } from "./api.js";
import { $, button, h, sure, tell, when } from "./dom.js";
import { said } from "./estimate.js";
import { ACTIVE } from "./follow.js";
import { read, write } from "./kept.js";

const MOST = 60;
const EVERY = 3000;
const EXCERPT = 120; // characters; a longer text is cut off there
const STATUS = { queued: "waiting", completed: "ready", failed: "failed", cancelled: "cancelled" };

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
      const picture = pictureOf(record) ?? "/web/icon.svg";
      const state = `${record.status} ${picture}`;
      let item = [...list.children].find((other) => other.id === id);
      if (item?.dataset.state !== state) {
        const focused = item?.contains(document.activeElement);
        const fresh = entry(record, picture, state);
        item?.replaceWith(fresh);
        item = fresh;
        if (focused) item.querySelector("button").focus();
      }
      tell(item.querySelector(".hint"), about(record)); // what is being pressed stays while it counts
      if (list.children[n] !== item) list.insertBefore(item, list.children[n] ?? null);
    });
  }

  function entry(record, picture, state) {
    const words = titleOf(record);
    const [does, deed] = ACTIVE.has(record.status)
      ? ["Cancel", () => cancel(record.id)]
      : ["Delete", () => forget(record)];
    return h(
      "li", { id: record.id, "data-state": state },
      h("img", { src: picture, alt: "", width: 72, height: 72, loading: "lazy" }),
      h("div", { className: "grow" }, h("p", { className: "title" }, words), h("p", { className: "hint" })),
      h(
        "div", { className: "actions" },
        button("Show", () => open(record), { "aria-label": `Show: ${words}` }),
        button(does, deed, { "aria-label": `${does}: ${words}` }),
      ),
    );
  }

  function open({ id }) {
    show(records.get(id));
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    $("video").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
    $("video-title").focus({ preventScroll: true });
  }

  /** Delete a video once its owner is sure. */
  async function forget({ id }) {
    const words = "The video, its sound and the picture sent for it are removed. This can’t be undone.";
    if (!(await sure("Delete this video?", words))) return;
    tell(problem);
    try {
      await remove(`/v1/videos/${id}`);
    } catch (error) {
      if (error.code !== "not_found") return tell(problem, error.message);
    }
    if (shows() === id) close();
    drop(id);
    $("history-title").focus();
  }

  /** What this browser knows of, as it is now. Gives the newest that is still being made. */
  async function load() {
    try {
      const mine = new Set(ids());
      const { data } = mine.size ? await get("/v1/videos?limit=100") : { data: [] };
      data.filter(({ id }) => mine.has(id)).forEach(update);
      await Promise.all(ids().filter((id) => !records.has(id)).map(refresh)); // older ones
    } catch (error) {
      tell(problem, error.message);
    }
    setInterval(watch, EVERY);
    return ids().map((id) => records.get(id)).find((record) => record && ACTIVE.has(record.status));
  }

  async function refresh(id) {
    try {
      const record = await get(`/v1/videos/${id}`);
      if (ids().includes(id)) update(record); // not one that was deleted meanwhile
    } catch (error) {
      if (error.code === "not_found") drop(id);
      else tell(problem, error.message);
    }
  }

  function watch() {
    if (document.hidden) return;
    for (const [id, { status }] of records) if (ACTIVE.has(status) && id !== shows()) refresh(id);
  }

  return { update, drop, forget, load };
}

/** A picture of the video, or of its face where that is there already; else null. */
export function pictureOf(record) {
  if (record.urls.thumbnail) return record.urls.thumbnail;
  const painted = record.stage === "video" || record.stage === "finishing";
  return painted ? `/v1/avatars/${record.avatar}/preview` : null;
}

const about = (record) =>
  [
    STATUS[record.status] ?? `${record.progress} %`,
    record.seconds && `${record.seconds.toFixed(1)} s`,
    when(record.created_at),
  ].filter(Boolean).join(" · ");

/** How its text begins, without the marks of SSML; else what is heard instead. */
const titleOf = ({ speech }) =>
  speech.excerpt
    ? said(speech.excerpt) + (speech.excerpt.length < EXCERPT ? "" : "…")
    : `A recording${speech.seconds ? ` of ${speech.seconds.toFixed(1)} s` : ""}`;
