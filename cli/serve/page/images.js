// Image files on their way to the server and back.
import {element} from "./element.js";

const largest = 12 << 20;  // bytes that are sent as they are
const smallerSide = 2048;

export function blobOf(base64, type) {
  const text = atob(base64);
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  return new Blob([bytes], {type});
}

// An image that a question can hold: {name, url, data, shown, note}. data: as the API takes it. shown: whether
// the browser knows the format; janus reads more than browsers do. Throws Error, in words, for what is no image.
export async function attachable(blob, name) {
  if (blob.type !== "" && !blob.type.startsWith("image/")) {
    throw new Error(`${name} is no image: expected a file of an image format, found ${blob.type}.`);
  }
  if (blob.size === 0) throw new Error(`${name} is empty.`);
  const url = URL.createObjectURL(blob);
  const shown = await isShown(url);
  if (blob.size <= largest) return {name, url, shown, data: await dataUrl(blob), note: ""};
  if (!shown) throw new Error(`${name} is larger than ${largest >> 20} MiB, and this browser cannot make it smaller.`);
  const small = await smaller(url);
  return {name, url, shown, data: await dataUrl(small), note: `${name} is large: sent with at most ${smallerSide} pixels a side.`};
}

function isShown(url) {
  const image = new Image();
  image.src = url;
  return image.decode().then(() => true, () => false);
}

function dataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error("The file cannot be read: it was moved or changed since it was chosen."));
    reader.readAsDataURL(blob);
  });
}

async function smaller(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const scale = Math.min(1, smallerSide / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = element("canvas", {width: Math.round(image.naturalWidth * scale),
                                    height: Math.round(image.naturalHeight * scale)});
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

// Files of a drop, a paste or a choice.
export function filesIn(transfer) {
  return [...(transfer?.files ?? [])];
}

export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  element("a", {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// A name of the prompt and the seed: a-red-circle-42.png
export function fileName(prompt, seed) {
  const words = prompt.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");
  return `${words.slice(0, 60) || "image"}-${seed}.png`;
}
