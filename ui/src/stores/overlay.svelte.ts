/** What lies over the page: the list of everything that can be done, or the table of keys. One at a time. */
export type OverlayName = "palette" | "shortcuts";

class Overlay {
  open = $state<OverlayName | null>(null);

  toggle(name: OverlayName): void {
    this.open = this.open === name ? null : name;
  }

  close(): void {
    this.open = null;
  }
}

export const overlay = new Overlay();
