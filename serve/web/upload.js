// A picture of one's own: dropped, pasted or picked; its faces outlined, one of them chosen.

import { post } from "./api.js";
import { $, address, h, megabytes, tell } from "./dom.js";

export function upload(problem, limits, chose) {
  const [drop, input, looked, picture, told] = ["drop", "picture", "looked", "looked-picture", "looked-told"].map($);
  const [row, consent] = ["photo-consent-row", "photo-consent"].map($);
  const statement = $("photo-consent-words").textContent.trim();
  const agreed = () => row.hidden || consent.checked;
  const frame = picture.parentElement;
  const shown = { url: null };
  let file = null;
  let found = null;
  let index = null;
  let asking = null;

  async function take(picked) {
    clear();
    chose();
    const most = limits()?.upload_bytes;
    if (most && picked.size > most) {
      return tell(problem, `The picture has ${megabytes(picked.size)}: send at most ${megabytes(most)}.`);
    }
    file = picked;
    picture.src = address(shown, file);
    drop.hidden = true;
    looked.hidden = false;
    await look();
  }

  async function look() {
    tell(told, "Looking for faces…");
    looked.setAttribute("aria-busy", "true");
    asking = new AbortController();
    try {
      found = await post("/v1/faces", { image: file }, { signal: asking.signal });
      outline();
    } catch (error) {
      if (error.name === "AbortError") return;
      tell(told);
      tell(problem, error.message);
      file = null;
    }
    looked.setAttribute("aria-busy", "false");
    chose();
  }

  function outline() {
    const usable = found.data.filter((face) => !face.problem);
    frame.style.aspectRatio = `${found.width} / ${found.height}`;
    frame.append(...found.data.map(box));
    const meant = found.data[found.chosen ?? -1];
    if (meant && !meant.problem) index = meant.index;
    else if (usable.length === 1) index = usable[0].index;
    if (index !== null) frame.querySelector(`input[value="${index}"]`).checked = true;
    if (!usable.length) {
      tell(told);
      tell(problem, (meant ?? found.data[0]).problem.message);
    } else if (found.data.length === 1) {
      tell(told, "One face was found.");
    } else {
      tell(told, `${found.data.length} faces were found. ${index === null ? "Choose one in the picture." : "The outlined one speaks, unless you choose another."}`);
    }
  }

  function box(face) {
    const [left, top, width, height] = face.box;
    const of = `Face ${face.index + 1} of ${found.data.length}, from the left`;
    const radio = h("input", {
      type: "radio", name: "found-face", value: face.index, disabled: Boolean(face.problem),
      "aria-label": face.problem ? `${of}: ${face.problem.message}` : of,
      onchange: () => ((index = face.index), tell(told, `Face ${face.index + 1} speaks.`), tell(problem), chose()),
    });
    const label = h("label", { className: "found", title: face.problem?.message ?? of }, radio);
    const share = (part, whole) => `${(100 * part) / whole}%`;
    Object.assign(label.style, {
      left: share(left, found.width), top: share(top, found.height),
      width: share(width, found.width), height: share(height, found.height),
    });
    return label;
  }

  function clear() {
    asking?.abort();
    frame.querySelectorAll(".found").forEach((label) => label.remove());
    [file, found, index] = [null, null, null];
    input.value = "";
    consent.checked = false; // the next picture may show somebody else
    address(shown, null);
    picture.removeAttribute("src");
    frame.style.aspectRatio = "";
    tell(told);
    tell(problem);
    looked.hidden = true;
    drop.hidden = false;
  }

  input.addEventListener("change", () => input.files[0] && take(input.files[0]));
  $("looked-other").addEventListener("click", () => (clear(), chose(), input.click()));
  consent.addEventListener("change", () => (index !== null && tell(problem), chose()));
  anywhere(take);
  return {
    clear,
    /** Whether pictures are taken only with a statement that their person agrees. */
    demandConsent: (demanded) => (row.hidden = !demanded),
    missing() {
      if (index !== null && !agreed()) return "Only with the consent of the person in the picture: say so above.";
      return found && !problem.textContent ? "Choose one of the faces in your picture." : "Choose a picture that shows a face.";
    },
    choice() {
      if (!file || index === null || !agreed()) return null;
      const several = found.data.length > 1 ? { face_index: index } : {};
      const stated = row.hidden ? {} : { consent: statement };
      return { fields: { avatar_image: file, ...several, ...stated }, title: "Your picture", picture: shown.url };
    },
  };
}

/** Pictures dropped or pasted anywhere on the page. */
function anywhere(take) {
  const first = (list) => [...(list ?? [])].find((file) => file.type.startsWith("image/"));
  const dropping = (on) => document.body.classList.toggle("dropping", on);
  addEventListener("paste", (event) => {
    const file = first(event.clipboardData?.files);
    if (file) (event.preventDefault(), take(file));
  });
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    dropping(true);
  });
  addEventListener("dragleave", (event) => event.relatedTarget === null && dropping(false));
  addEventListener("drop", (event) => {
    dropping(false);
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    const file = first(event.dataTransfer.files);
    if (file) take(file);
  });
}
