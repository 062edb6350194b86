/** A square out of a picture, and pictures as text that storage can hold. */
export interface Square {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** The place of a picture (the way of its middle from the frame's, in shown pixels), so that it still fills the frame. */
export function held(place: Point, shown: Size, zoom: number): Point {
  const side = Math.min(shown.width, shown.height);
  const within = (way: number, length: number): number => {
    const most = Math.max(0, (length * zoom - side) / 2);
    return Math.min(most, Math.max(-most, way)) + 0; // no minus zero
  };
  return { x: within(place.x, shown.width), y: within(place.y, shown.height) };
}

/** What of the picture, in its own pixels, is seen in a square frame as wide as its shorter side. */
export function squareIn(natural: Size, shown: Size, place: Point, zoom: number): Square {
  const scale = natural.width / shown.width;
  const { x, y } = held(place, shown, zoom);
  const side = Math.min(natural.width, natural.height) / zoom;
  const start = (length: number, way: number): number =>
    Math.min(length - side, Math.max(0, length / 2 - (way * scale) / zoom - side / 2));
  return { x: start(natural.width, x), y: start(natural.height, y), width: side, height: side };
}

/** What an avatar is at most, in pixels: enough for a sharp picture at the head of a page. */
export const AVATAR_PX = 768;

/** How large the cut picture becomes: never larger than it was. */
export const sideOf = (square: Square): number => Math.max(1, Math.min(AVATAR_PX, Math.round(square.width)));

/** The square cut out and made small, as WebP; PNG where the browser writes no WebP. */
export async function cut(image: CanvasImageSource, square: Square): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = sideOf(square);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser does not draw.");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, square.x, square.y, square.width, square.height, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/webp", 0.9));
  if (!blob) throw new Error("The picture could not be written.");
  return blob;
}

export const dataUrlOf = (blob: Blob): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error("The picture could not be read."));
    reader.readAsDataURL(blob);
  });

/** The bytes behind a data URL. Not by `fetch`, which the page's policy forbids for such addresses. */
export function blobOf(dataUrl: string): Blob {
  const [head = "", body = ""] = dataUrl.split(",", 2);
  const bytes = Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
  return new Blob([bytes], { type: /^data:([^;]+)/.exec(head)?.[1] ?? "image/png" });
}

/** The first picture among dropped, pasted or chosen files. */
export const firstPicture = (files: Iterable<File>): File | null =>
  [...files].find((file) => ["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"].includes(file.type)) ?? null;
