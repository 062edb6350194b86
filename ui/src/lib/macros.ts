/** The two macros that cards are full of, for showing a card's text. Prompts are made by the server. */
export function withNames(text: string, character: string): string {
  return text
    .replaceAll(/\{\{char\}\}|<BOT>/gi, () => character)
    .replaceAll(/\{\{user\}\}|<USER>/gi, () => "you");
}
