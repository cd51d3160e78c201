// Makes elements of the page. Text is always text: nothing here parses markup.

// element("button", {type: "button", onclick: f, "aria-label": "Stop"}, "text", child, ...)
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const byId = (id) => document.getElementById(id);

const paths = {
  add: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v10H9zM5 15V5h10",
  done: "M5 12.5l4.5 4.5L19 7.5",
  light: "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  dark: "M19.5 14A8 8 0 0 1 10 4.5a8 8 0 1 0 9.5 9.5z",
  system: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
};

export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(namespace, "path");
  path.setAttribute("d", paths[name]);
  svg.append(path);
  return svg;
}

// A button that looks like a word among others.
export function quietButton(text, onclick, attributes = {}) {
  return element("button", {type: "button", class: "quiet", onclick, ...attributes}, text);
}

// Says something to a screen reader. The same words twice are said twice.
export function announce(words) {
  const announcer = byId("announcer");
  announcer.textContent = "";
  setTimeout(() => { announcer.textContent = words; }, 50);
}

// The place in the server's queue; empty for a request that runs.
export function placeText(place) {
  if (place === 0) return "";
  return place === 1 ? "next in the queue" : `place ${place} in the queue`;
}

// A seed that is copied by a press.
export function seedButton(seed, text = `seed ${seed}`) {
  const button = element("button", {type: "button", class: "seed", title: "Copy the seed",
                                    "aria-label": `Seed ${seed}, copy`}, text, icon("copy"));
  button.addEventListener("click", async () => {
    const copied = await copyText(String(seed));
    button.lastChild.replaceWith(icon(copied ? "done" : "close"));
    announce(copied ? "Seed copied" : "The browser did not let the seed be copied");
    setTimeout(() => button.lastChild.replaceWith(icon("copy")), 1500);
  });
  return button;
}

// False where the browser refuses. A page that is not on https or this machine has no clipboard of its own.
export async function copyText(text) {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
    const area = element("textarea", {class: "hidden"});
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  } catch {
    return false;
  }
}
