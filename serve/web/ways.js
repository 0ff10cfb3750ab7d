// Several ways to one thing, of which one counts: a row of radio buttons and a panel for each.
//
// A way is { choice(), missing(), clear() }: what was chosen by it as { fields, title, … } or null,
// a sentence that says what is to be done, and how its choice is taken back.

export function waysOf(section, name, ways, changed) {
  const radios = [...section.querySelectorAll(`input[name="${name}"]`)];
  const panels = [...section.querySelectorAll("[data-way]")];
  const current = () => radios.find((radio) => radio.checked).value;

  function show() {
    for (const panel of panels) panel.hidden = panel.dataset.way !== current();
    changed();
  }

  for (const radio of radios) radio.addEventListener("change", show);
  return {
    current,
    go(way) {
      radios.find((radio) => radio.value === way).checked = true;
      show();
    },
    /** Something was chosen by one way: what was chosen by the others counts no more. */
    chose(way) {
      for (const [other, { clear }] of Object.entries(ways)) if (other !== way) clear();
      if (current() !== way) this.go(way);
      else changed();
    },
    choice: () => ways[current()].choice(),
    missing: () => ways[current()].missing(),
  };
}
