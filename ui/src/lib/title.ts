/** What the browser's tab says. A reply that came while nobody looked is marked until somebody looks. */
export function tabTitle(name: string, replying: boolean, waiting: boolean): string {
  return `${waiting ? "● " : replying ? "… " : ""}${name} — Perdure`;
}
