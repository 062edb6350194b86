/**
 * An incremental parser for `text/event-stream`, after the HTML standard, section 9.2.6.
 *
 * Chunks may be cut anywhere, also between CR and LF. Comments are dropped; a frame without data is dropped, but its
 * `id:` still counts for the frames after it, as the standard says.
 */
export interface SseFrame {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

export class SseParser {
  #line = "";
  #afterCr = false;
  #started = false;
  #id = "";
  #event = "";
  #data: string[] = [];

  /** The frames that `chunk` completes, in order. */
  feed(chunk: string): SseFrame[] {
    const frames: SseFrame[] = [];
    let rest = chunk;
    if (!this.#started && rest !== "") {
      this.#started = true;
      if (rest.startsWith("\uFEFF")) rest = rest.slice(1);
    }
    if (this.#afterCr && rest.startsWith("\n")) rest = rest.slice(1);
    if (rest !== "") this.#afterCr = false;

    const pieces = rest.split(/\r\n|\r|\n/);
    const last = pieces.pop() ?? "";
    for (const piece of pieces) {
      const frame = this.#take(this.#line + piece);
      this.#line = "";
      if (frame) frames.push(frame);
    }
    this.#line += last;
    if (rest.endsWith("\r")) this.#afterCr = true;
    return frames;
  }

  #take(line: string): SseFrame | null {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    return null;
  }

  #dispatch(): SseFrame | null {
    const frame =
      this.#data.length === 0
        ? null
        : { id: this.#id, event: this.#event || "message", data: this.#data.join("\n") };
    this.#event = "";
    this.#data = [];
    return frame;
  }
}
