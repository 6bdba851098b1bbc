/** The name that was probably meant: the nearest by edits, when it is near enough to be a slip. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let bestEdits = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of candidates) {
    const edits = countEdits(name, candidate)
    if (edits < bestEdits) {
      best = candidate
      bestEdits = edits
    }
  }
  // `--ca` and `--user` are what the option is called on one side; `--max` the beginning of --max-docs.
  return best ?? candidates.find((candidate) => candidate.endsWith(`-${name}`) || candidate.startsWith(`${name}-`))
}

/** Insertions, deletions, changes and swaps of neighbours that turn one text into the other. */
function countEdits(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= a.length; row++) {
    const line = [row]
    const above = rows[row - 1] as number[]
    for (let column = 1; column <= b.length; column++) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1
      let edits = Math.min(
        (above[column] as number) + 1,
        (line[column - 1] as number) + 1,
        (above[column - 1] as number) + change,
      )
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        edits = Math.min(edits, (rows[row - 2]?.[column - 2] as number) + 1)
      line.push(edits)
    }
    rows.push(line)
  }
  return rows[a.length]?.[b.length] as number
}
