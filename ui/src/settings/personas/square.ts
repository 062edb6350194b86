/** A picture as a square of bounded size, cut from its middle, as a portrait usually wants it: a little above. */
export const SIDE_PX = 512;

export interface Cut {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** Which part of a picture of that size is taken, in its pixels. */
export function cutOf(width: number, height: number): Cut {
  const side = Math.min(width, height);
  return { x: (width - side) / 2, y: (height - side) * 0.2, side };
}

/** @throws when the file is no picture that the browser can read. */
export async function squareOf(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file);
  const { x, y, side } = cutOf(picture.width, picture.height);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.min(SIDE_PX, side);
  canvas.getContext("2d")!.drawImage(picture, x, y, side, side, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png"),
  );
}
