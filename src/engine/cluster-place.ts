// Where a URL leads, as far as two of them can be compared.

/** Host and port, `localhost` being 127.0.0.1; a text that is no URL stands for itself. */
export function placeOf(url: string): string {
  if (!URL.canParse(url)) return url
  const { protocol, hostname, port } = new URL(url)
  return `${hostname === 'localhost' ? '127.0.0.1' : hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
}

export function shareNode(one: readonly string[], other: readonly string[]): boolean {
  const places = new Set(one.map(placeOf))
  return other.some((url) => places.has(placeOf(url)))
}
