/** Which page a path means. */
export type Route =
  | { readonly page: "gallery" }
  | { readonly page: "character"; readonly id: string }
  | { readonly page: "edit-character"; readonly id: string | null }
  | { readonly page: "chats" }
  | { readonly page: "chat"; readonly id: string }
  | { readonly page: "settings"; readonly section: string | null }
  | { readonly page: "operator" }
  | { readonly page: "unknown" };

export function matchRoute(path: string): Route {
  const parts = path.split("/").filter((part) => part !== "");
  const [section, id] = parts;
  if (parts.length === 0) return { page: "gallery" };
  if (parts.length === 1 && section === "characters") return { page: "gallery" };
  if (parts.length === 1 && section === "chats") return { page: "chats" };
  if (parts.length === 1 && section === "operator") return { page: "operator" };
  if (section === "settings" && parts.length <= 2) return { page: "settings", section: id ?? null };
  if (section === "characters" && id === "new" && parts.length === 2) return { page: "edit-character", id: null };
  if (section === "characters" && id !== undefined && parts[2] === "edit" && parts.length === 3) {
    const edited = decode(id);
    return edited === null ? { page: "unknown" } : { page: "edit-character", id: edited };
  }
  if (parts.length !== 2 || id === undefined) return { page: "unknown" };
  const decoded = decode(id);
  if (decoded === null) return { page: "unknown" };
  if (section === "characters") return { page: "character", id: decoded };
  if (section === "chats") return { page: "chat", id: decoded };
  return { page: "unknown" };
}

export const chatPath = (id: string): string => `/chats/${encodeURIComponent(id)}`;
/** A message in its place. Whoever opens it is shown the branch that it is on. */
export const messagePath = (chatId: string, id: string): string => `${chatPath(chatId)}?message=${encodeURIComponent(id)}`;
export const editPath = (id: string): string => `${characterPath(id)}/edit`;
export const characterPath = (id: string): string => `/characters/${encodeURIComponent(id)}`;

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
