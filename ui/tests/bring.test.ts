/** A page that is fetched when it is wanted comes in the end, whatever happens meanwhile. */
import { expect, test, vi } from "vitest";
import { bring } from "../src/lib/bring";
import { outdated, unreachable } from "../src/lib/problem";

const never = new AbortController().signal;
const wait = async (): Promise<void> => {};
const failing = (times: number) => {
  let left = times;
  return async (): Promise<string> => {
    if (left-- > 0) throw new TypeError("Failed to fetch dynamically imported module");
    return "module";
  };
};

test("while the server is away it is tried again", async () => {
  const onFailure = vi.fn();
  const reload = vi.fn(() => true);
  expect(await bring(failing(3), { signal: never, wait, onFailure, reload, answers: async () => false })).toBe("module");
  expect(onFailure.mock.calls).toEqual([[unreachable], [unreachable], [unreachable]]);
  expect(reload).not.toHaveBeenCalled();
});

test("a file that a living server no longer has is of an earlier build: the page is loaded anew", async () => {
  const reload = vi.fn(() => true);
  expect(await bring(failing(1), { signal: never, wait, reload, answers: async () => true })).toBeNull();
  expect(reload).toHaveBeenCalledOnce();
});

test("where loading anew was of no use just now, it is tried again instead of forever, and told as what it is", async () => {
  const onFailure = vi.fn();
  const reload = (): boolean => false;
  expect(await bring(failing(2), { signal: never, wait, onFailure, reload, answers: async () => true })).toBe("module");
  expect(onFailure.mock.calls).toEqual([[outdated], [outdated]]);
});

test("nothing more is done for a page that was left", async () => {
  const left = new AbortController();
  const answers = vi.fn(async () => true);
  const load = async (): Promise<string> => {
    left.abort();
    throw new TypeError();
  };
  const reload = vi.fn(() => true);
  expect(await bring(load, { signal: left.signal, wait, reload, answers })).toBeNull();
  expect(reload).not.toHaveBeenCalled();
});
