// Words that are heard: a recording, with what it says for captions.

import { $ } from "./dom.js";
import { recorder } from "./recorder.js";

export function recording(limits, chose, changed) {
  const transcript = $("transcript");
  const problem = $("audio-error");
  const recorded = recorder($("recording"), {
    id: "audio", choose: "Choose a recording", limits, problem,
    changed: () => (recorded?.file() ? chose() : changed()),
  });
  transcript.addEventListener("input", changed);
  return {
    clear: () => recorded.clear(),
    missing: () => "Choose a recording, or record one with the microphone.",
    choice() {
      const file = recorded.file();
      if (!file) return null;
      const said = transcript.value.trim() ? { transcript: transcript.value } : {};
      return { fields: { audio: file, ...said }, title: "with your recording", seconds: recorded.seconds() };
    },
  };
}
