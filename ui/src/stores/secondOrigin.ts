/** The address that the operator named for "Is it me or them?", remembered for when the server cannot tell it. */
const KEY = "perdure.second-origin";

export function rememberSecondOrigin(address: string | null): void {
  try {
    if (address === null) localStorage.removeItem(KEY);
    else if (localStorage.getItem(KEY) !== address) localStorage.setItem(KEY, address);
  } catch {
    // Without it there is one witness less.
  }
}

export function secondOrigin(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
