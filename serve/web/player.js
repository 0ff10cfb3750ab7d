// Plays a video while it is made: the segments of its HLS playlist, appended to a MediaSource.

import { call, fileUrl } from "./api.js";
import { address, pause } from "./dom.js";

const AHEAD = 90; // seconds fetched before they are played
const BEHIND = 20; // seconds kept behind when the browser's memory for them is full

export function player(video) {
  const source = { url: null };
  const words = { url: null };
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
    if (source.url) URL.revokeObjectURL(source.url);
    source.url = null;
    address(words, null);
  }

  /** Play a video that is being made; `sound` where somebody has just asked for it. */
  async function stream(id, { sound }) {
    stop();
    const { signal } = run;
    const folder = `/v1/videos/${id}/hls/`;
    try {
      if (window.MediaSource) await appended(folder, sound, signal);
      else await native(folder, sound, signal);
    } catch (error) {
      if (signal.aborted) return;
      console.info(`not played while it is made: ${error.message}`);
      if (finished) video.src = finished;
      else video.removeAttribute("src"); // its file comes when it is complete
    }
  }

  async function appended(folder, sound, signal) {
    const media = new MediaSource();
    source.url = video.src = URL.createObjectURL(media);
    await once(media, "sourceopen", signal);
    let [buffer, init, end, over] = [null, "", 0, false];
    for (let next = 0; !over; ) {
      const list = await playlist(folder, next, signal);
      if (list.init !== init) {
        // A video that was begun anew under another version goes on at the same time.
        const bytes = await file(folder + list.init, signal);
        const type = typeOf(bytes);
        if (buffer) buffer.changeType(type);
        else buffer = media.addSourceBuffer(type);
        await append(buffer, bytes, signal);
        init = list.init;
      }
      for (const segment of list.segments) {
        if (segment.start < end - 0.01) continue;
        while (end - video.currentTime > AHEAD) await pause(500, signal);
        await append(buffer, await file(folder + segment.name, signal), signal);
        const first = end === 0;
        end = segment.end;
        if (first && sound) video.play().catch(() => {}); // where it may not, the controls are there
      }
      next = list.segments.length;
      over = list.over;
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
        await pause(1000, signal);
      }
    }
  }

  async function native(folder, sound, signal) {
    if (!video.canPlayType("application/vnd.apple.mpegurl")) return;
    await playlist(folder, 0, signal); // so that its first answer is a list
    video.src = fileUrl(`${folder}index.m3u8`);
    if (sound) video.play().catch(() => {});
  }

  /** The video is over: its file, for what is not in memory, and its captions. */
  async function complete(record) {
    const { signal } = run;
    finished = fileUrl(record.urls.video);
    if (!video.getAttribute("src")) video.src = finished;
    if (!record.urls.captions || video.querySelector("track")) return;
    const text = await (await call(record.urls.captions, { signal })).blob();
    if (signal.aborted) return;
    const track = document.createElement("track");
    Object.assign(track, { kind: "captions", label: "Captions", src: address(words, text) });
    video.append(track);
    track.track.mode = "hidden"; // read, and shown by the player's own button
  }

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
    if (playing) video.play().catch(() => {});
  });
  return { stream, complete, stop };
}

/** The playlist once it lists segment number `next`, or what there is of it. */
async function playlist(folder, next, signal) {
  for (;;) {
    try {
      return parsed(await (await call(`${folder}index.m3u8?_HLS_msn=${next}`, { signal })).text());
    } catch (error) {
      if (error.code !== "overloaded" && error.code !== "unreachable") throw error;
    }
    await pause(500, signal);
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

const file = async (path, signal) => new Uint8Array(await (await call(path, { signal })).arrayBuffer());

/** The type that a MediaSource asks for (RFC 6381): H.264 by its avcC box, AAC-LC. */
function typeOf(init) {
  const mark = [...new TextEncoder().encode("avcC")];
  const at = init.findIndex((_, n) => mark.every((byte, k) => init[n + k] === byte));
  const profile = [...init.slice(at + 5, at + 8)].map((byte) => byte.toString(16).padStart(2, "0"));
  return `video/mp4; codecs="avc1.${profile.join("")}, mp4a.40.2"`;
}

function once(target, event, signal) {
  return new Promise((done, failed) => {
    const end = (settle) => (value) => {
      target.removeEventListener(event, success);
      target.removeEventListener("error", failure);
      settle(value);
    };
    const success = end(done);
    const failure = end(() => failed(new Error(`${event} failed`)));
    target.addEventListener(event, success);
    target.addEventListener("error", failure);
    signal.addEventListener("abort", end(() => failed(signal.reason)), { once: true });
  });
}
