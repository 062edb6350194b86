/** The two macros that cards are full of, for showing a card's text to `user`. Prompts are made by the server. */
export function withNames(text: string, character: string, user: string): string {
  return text
    .replaceAll(/\{\{char\}\}|<BOT>/gi, () => character)
    .replaceAll(/\{\{user\}\}|<USER>/gi, () => user);
}
