// A face of the gallery, of one's own kept avatars, or of an earlier video.

import { fileUrl, get } from "./api.js";
import { button, h, tell } from "./dom.js";

export function gallery(fieldset, problem, chose) {
  const tiles = fieldset.querySelector(".tiles");
  const known = new Map();
  let chosen = null;

  function tile(avatar) {
    known.set(avatar.id, avatar);
    const picture = h("img", {
      src: fileUrl(`${avatar.urls.preview}?side=224`), alt: "", width: 160, height: 160, loading: "lazy", decoding: "async",
    });
    const input = h("input", {
      type: "radio", name: "gallery-face", value: avatar.id, "aria-label": label(avatar),
      onchange: () => select(avatar.id),
    });
    return h("label", { className: "tile", title: avatar.name }, input, picture, h("span", {}, avatar.name));
  }

  async function load() {
    fieldset.setAttribute("aria-busy", "true");
    tell(problem);
    try {
      for (let after = "", more = true; more; ) {
        const page = await get(`/v1/avatars?limit=100${after && `&after=${after}`}`);
        tiles.append(...page.data.filter((avatar) => !known.has(avatar.id)).map(tile));
        more = page.has_more;
        after = page.data.at(-1)?.id;
      }
    } catch (error) {
      tell(problem, `${error.message} `, button("Load the gallery again", load, { className: "quiet" }));
    }
    fieldset.setAttribute("aria-busy", "false");
  }

  function select(id) {
    tiles.querySelector(`input[value="${CSS.escape(id)}"]`).checked = true;
    chosen = id;
    tell(problem);
    chose();
  }

  return {
    load,
    /** Choose an avatar by its id, one that is not listed too. */
    async pick(id) {
      if (!known.has(id)) tiles.prepend(tile({ ...(await get(`/v1/avatars/${id}`)), name: "Earlier face" }));
      select(id);
    },
    clear() {
      const input = tiles.querySelector("input:checked");
      if (input) input.checked = false;
      chosen = null;
    },
    missing: () => "Choose a face from the gallery, or another way to one.",
    choice() {
      const avatar = known.get(chosen);
      return avatar
        ? { fields: { avatar: avatar.id }, title: avatar.name, picture: fileUrl(avatar.urls.preview) }
        : null;
    },
  };
}

const label = (avatar) => (avatar.description ? `${avatar.name}. ${avatar.description}` : avatar.name);
