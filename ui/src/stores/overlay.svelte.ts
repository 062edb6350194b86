/** What lies over the page: the list of everything that can be done, the table of keys, or whose fault it is. One at a time. */
export type OverlayName = "palette" | "shortcuts" | "diagnosis";

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
