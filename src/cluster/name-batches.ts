/** Servers take 4096 bytes of the first line of a request unless told otherwise. */
const pathLengthMax = 3000

/** So many names at a time as fit into the path of a request, and `most` of them. */
export function nameBatches(names: readonly string[], most = Number.POSITIVE_INFINITY): string[][] {
  const made: string[][] = []
  let length = pathLengthMax
  for (const name of names) {
    const needed = encodeURIComponent(name).length + 2
    if (length + needed > pathLengthMax || made.at(-1)?.length === most) {
      made.push([])
      length = 0
    }
    made.at(-1)?.push(name)
    length += needed
  }
  return made
}
