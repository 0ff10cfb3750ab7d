// Plays a video while it is made: the segments of its HLS playlist, appended to a MediaSource.

import { call } from "./api.js";
import { address, h, pause } from "./dom.js";

const AHEAD = 90; // seconds fetched before they are played
const BEHIND = 20; // seconds kept behind when the browser's memory for them is full
const AGAIN = 1000;

export function player(video) {
  const [source, words] = [{}, {}];
  let run = new AbortController();
  let finished = null; // the file, once there is one
  let dropped = false; // the beginning is in memory no more

  function stop() {
    run.abort();
    run = new AbortController();
    [finished, dropped] = [null, false];
    video.pause();
    video.replaceChildren();
    video.removeAttribute("src");
    video.load();
    address(source, null);
    address(words, null);
  }

  /** Play a video that is being made; `sound` where somebody has just asked for it. */
  async function stream({ urls, size }, { sound = false } = {}) {
    stop();
    shape(...size.split("x"));
    const { signal } = run;
    const list = new URL(urls.hls, location.href);
    try {
      if (window.MediaSource) await appended(list, sound, signal);
      else await native(list, sound, signal);
    } catch (error) {
      if (signal.aborted) return;
      console.info(`not played while it is made: ${error.message}`);
      if (finished) video.src = finished;
      else video.removeAttribute("src"); // its file comes when it is complete
    }
  }

  async function appended(list, sound, signal) {
    const media = new MediaSource();
    video.src = address(source, media);
    await once(media, "sourceopen", signal);
    let [buffer, init, end, over] = [null, "", 0, false];
    for (let next = 0; !over; ) {
      const listed = await playlist(list, next, signal);
      if (listed.init !== init) {
        // A video that was begun anew under another version goes on at the same time.
        const bytes = await part(listed.init, list, signal);
        const type = typeOf(bytes);
        if (buffer) buffer.changeType(type);
        else buffer = media.addSourceBuffer(type);
        await append(buffer, bytes, signal);
        init = listed.init;
      }
      for (const segment of listed.segments) {
        if (segment.start < end - 0.01) continue;
        while (end - video.currentTime > AHEAD && !signal.aborted) await pause(500, signal);
        await append(buffer, await part(segment.name, list, signal), signal);
        const first = end === 0;
        end = segment.end;
        if (first && sound) play();
      }
      next = listed.segments.length;
      over = listed.over;
    }
    media.endOfStream();
  }

  async function append(buffer, bytes, signal) {
    for (;;) {
      signal.throwIfAborted();
      try {
        buffer.appendBuffer(bytes);
        return await once(buffer, "updateend", signal);
      } catch (error) {
        if (error.name !== "QuotaExceededError") throw error;
      }
      const until = video.currentTime - BEHIND;
      if (buffer.buffered.length && until > buffer.buffered.start(0)) {
        buffer.remove(0, until);
        await once(buffer, "updateend", signal);
        dropped = true;
      } else {
        await pause(AGAIN, signal);
      }
    }
  }

  async function native(list, sound, signal) {
    if (!video.canPlayType("application/vnd.apple.mpegurl")) return;
    await playlist(list, 0, signal); // so that its first answer is a list
    video.src = list.href;
    if (sound) play();
  }

  /** The video is over: its file, for what is not in memory, and its captions. */
  function complete({ urls, size }) {
    if (finished) return;
    finished = urls.video;
    shape(...size.split("x"));
    if (!video.getAttribute("src")) video.src = finished;
    if (urls.captions) caption(urls.captions, run.signal);
  }

  async function caption(url, signal) {
    try {
      const text = await fetched(url, "blob", signal);
      signal.throwIfAborted();
      const src = address(words, text);
      const track = h("track", { kind: "captions", label: "Captions", src });
      video.append(track);
      track.track.mode = "hidden"; // read, and shown by the player's own button
    } catch (error) {
      if (!signal.aborted) console.info(`without captions: ${error.message}`);
    }
  }

  /** Where it may not begin by itself, the controls are there. */
  const play = () => video.play().catch(() => {});

  function shape(width, height) {
    video.parentElement.style.aspectRatio = height ? `${width} / ${height}` : "";
  }

  video.addEventListener("loadedmetadata", () => shape(video.videoWidth, video.videoHeight));
  video.addEventListener("seeking", () => {
    if (!dropped || !finished) return;
    const at = video.currentTime;
    for (let n = 0; n < video.buffered.length; n += 1) {
      if (at >= video.buffered.start(n) && at <= video.buffered.end(n)) return;
    }
    const playing = !video.paused;
    dropped = false;
    video.src = finished;
    video.currentTime = at;
    if (playing) play();
  });
  return { stream, complete, stop };
}

/** Links by which its files are kept. */
export const files = ({ id, urls: { video, captions } }) =>
  [["Download", video, "button", "mp4"], ["Captions", captions, "quiet button", "vtt"]]
    .filter(([, url]) => url)
    .map(([words, url, className, ending]) => h("a", { className, href: url, download: `${id}.${ending}` }, words));

/** The playlist once it lists segment number `next`, or what there is of it. */
async function playlist(list, next, signal) {
  list.searchParams.set("_HLS_msn", next);
  return parsed(await fetched(list, "text", signal));
}

const part = async (name, list, signal) =>
  new Uint8Array(await fetched(new URL(name, list), "arrayBuffer", signal));

/** What a call answers; asked again while the service, or the way to it, is away. */
async function fetched(url, kind, signal) {
  for (;;) {
    try {
      return await (await call(url, { signal }))[kind]();
    } catch (error) {
      // What broke off halfway is no error of the service's, and comes whole another time.
      if (signal.aborted || error.retryable === false) throw error;
    }
    await pause(AGAIN, signal);
    signal.throwIfAborted();
  }
}

function parsed(text) {
  const lines = text.trim().split("\n");
  const segments = [];
  let end = 0;
  lines.forEach((line, n) => {
    if (!line.startsWith("#EXTINF:")) return;
    const start = end;
    end += Number.parseFloat(line.slice(8));
    segments.push({ name: lines[n + 1], start, end });
  });
  return {
    init: text.match(/#EXT-X-MAP:URI="([^"]+)"/)[1],
    over: lines.includes("#EXT-X-ENDLIST"),
    segments,
  };
}

/** The type that a MediaSource asks for (RFC 6381): H.264 by its avcC box, AAC-LC. */
function typeOf(init) {
  const mark = [...new TextEncoder().encode("avcC")];
  const at = init.findIndex((_, n) => mark.every((byte, k) => init[n + k] === byte));
  const profile = [...init.slice(at + 5, at + 8)].map((byte) => byte.toString(16).padStart(2, "0"));
  return `video/mp4; codecs="avc1.${profile.join("")}, mp4a.40.2"`;
}

function once(target, event, signal) {
  return new Promise((done, failed) => {
    const heard = new AbortController();
    const on = (who, what, settle) =>
      who.addEventListener(what, () => (heard.abort(), settle()), { signal: heard.signal });
    on(target, event, done);
    on(target, "error", () => failed(new Error(`${event} failed`)));
    on(signal, "abort", () => failed(signal.reason));
  });
}
