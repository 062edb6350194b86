import { expect, it } from "vitest";
import { isNamed } from "../src/lib/authors";
import type { Message } from "../src/lib/wire";

const by = (role: Message["role"], author: string | null): boolean => isNamed({ role, author } as Message);

it("a person stands under a name where they had one when they spoke", () => {
  expect([by("user", "Runa"), by("user", "You"), by("user", null), by("character", "Mizzle")]).toEqual([true, false, false, false]);
});
