// A figure in which an image grows row by row.
import {element, placeText, seedButton} from "./element.js";

const smallSide = 160;  // images of fewer pixels are shown with sharp edges

// candidates: how many are drawn side by side until the best takes the whole place.
export class GrowingImage {
  #frame = element("div", {class: "frame"});
  #words = element("div", {class: "words"}, "waiting");
  #progress;
  #state = element("span", {class: "state"}, "waiting");
  #actions = element("div", {class: "actions"});
  #caption;
  #tiles = new Map();
  #lines = new Map();
  #prompt;

  constructor({prompt, seed, label, candidates = 1}) {
    this.#prompt = prompt;
    const sides = Math.min(4, Math.ceil(Math.sqrt(candidates)));
    this.#frame.dataset.tiles = sides;
    this.candidates = Math.min(candidates, sides * sides);
    this.#frame.append(this.#words);
    this.#progress = element("progress", {"aria-label": label});
    this.#caption = element("figcaption", {}, this.#state, seedButton(seed), this.#actions);
    this.node = element("figure", {class: "figure", "aria-busy": "true", "data-partials": 0},
                        this.#frame, this.#progress, this.#caption);
  }

  queue(place) {
    if (this.#tiles.size > 0) return;  // one of its candidates has begun
    this.#state.textContent = placeText(place) || "starting";
    this.#words.textContent = this.#state.textContent;
  }

  partial({blob, lines, all, candidate}) {
    this.#words.remove();
    this.node.dataset.partials = Number(this.node.dataset.partials) + 1;
    if (candidate < this.candidates) this.#show(candidate, blob, lines, all);
    if (!all) {
      this.#state.textContent = "drawing";
      return;
    }
    this.#lines.set(candidate, lines);
    const done = [...this.#lines.values()].reduce((sum, each) => sum + each, 0);
    this.#progress.max = all * this.candidates;
    this.#progress.value = done;
    this.#state.textContent = this.candidates > 1 ? `${Math.floor(100 * done / (all * this.candidates))} % of ${this.candidates}`
                                                  : `row ${lines} of ${all}`;
  }

  // The finished image; `actions` take the place of what stood under it.
  done(url, ...actions) {
    this.#clear();
    delete this.#frame.dataset.tiles;
    this.#frame.append(this.#image(url, `Generated image: ${this.#prompt}`));
    this.#state.remove();
    this.actions(...actions);
  }

  failed(words, ...actions) {
    this.#clear();
    this.#words.textContent = words ? "no image" : "stopped";
    delete this.#frame.dataset.tiles;
    this.#frame.classList.add("failed");
    this.#frame.append(this.#words);
    if (words) this.#state.replaceWith(element("span", {class: "problem", role: "alert"}, words));
    else this.#state.remove();
    this.actions(...actions);
  }

  actions(...buttons) {
    this.#actions.replaceChildren(...buttons);
  }

  #clear() {
    for (const {url} of this.#tiles.values()) URL.revokeObjectURL(url);
    this.#frame.replaceChildren();
    this.#progress.remove();
    this.node.removeAttribute("aria-busy");
  }

  #show(candidate, blob, lines, all) {
    const tile = this.#tiles.get(candidate) ?? this.#newTile(candidate);
    const old = tile.url;
    tile.url = URL.createObjectURL(blob);
    // What is not drawn yet is grey in the file; the page's own ground is quieter.
    const share = all ? lines / all : 1;
    const image = this.#image(tile.url, "");
    image.style.clipPath = `inset(0 0 ${100 * (1 - share)}% 0)`;
    const edge = element("div", {class: "edge"});
    edge.style.top = `${100 * share}%`;
    image.decode().catch(() => {}).then(() => {
      if (tile.url === image.src) tile.node.replaceChildren(image, ...(share < 1 ? [edge] : []));
      if (old) URL.revokeObjectURL(old);
    });
  }

  #newTile(candidate) {
    const tile = {node: element("div", {class: "tile"}), url: ""};
    tile.node.style.order = candidate;
    this.#tiles.set(candidate, tile);
    this.#frame.append(tile.node);
    return tile;
  }

  #image(url, alt) {
    const image = element("img", {src: url, alt, draggable: "false"});
    image.addEventListener("load", () => image.classList.toggle("small", image.naturalWidth <= smallSide));
    return image;
  }
}
