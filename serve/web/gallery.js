// A face of the gallery, of one's own kept avatars, or of an earlier video.

import { get, listed } from "./api.js";
import { button, h, tell } from "./dom.js";

export function gallery(fieldset, problem, chose) {
  const tiles = fieldset.querySelector(".tiles");
  const known = new Map();
  let chosen = null;

  function tile(avatar) {
    known.set(avatar.id, avatar);
    const picture = h("img", {
      src: `${avatar.urls.preview}?side=224`, alt: "", width: 160, height: 160, loading: "lazy",
    });
    const input = h("input", {
      type: "radio", name: "gallery-face", value: avatar.id, "aria-label": avatar.description ? `${avatar.name}. ${avatar.description}` : avatar.name,
      onchange: () => select(avatar.id),
    });
    return h("label", { className: "tile" }, input, picture, h("span", {}, avatar.name));
  }

  async function load() {
    fieldset.setAttribute("aria-busy", "true");
    tell(problem);
    try {
      const found = await listed("/v1/avatars");
      tiles.append(...found.filter(({ id }) => !known.has(id)).map(tile));
    } catch (error) {
      tell(problem, `${error.message} `, button("Load the gallery again", load));
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
        ? { fields: { avatar: avatar.id }, title: avatar.name, picture: avatar.urls.preview }
        : null;
    },
  };
}
