// Suggestions for names that a call got wrong, as the servers make them (Lucene's LevenshteinDistance above one half).

/** ` did you mean [x]?`, ` did you mean any of [x, y]?`, or nothing. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const near = [...new Set(known)]
    .map((candidate) => ({ candidate, likeness: likeness(name, candidate) }))
    .filter((one) => one.likeness > 0.5)
    .sort((a, b) => b.likeness - a.likeness || (a.candidate < b.candidate ? -1 : 1))
    .map((one) => one.candidate)
  if (near.length === 0) return ''
  return near.length === 1 ? ` did you mean [${near[0]}]?` : ` did you mean any of [${near.join(', ')}]?`
}

/** Longer names are no slip of the pen for any known one, and would only cost time. */
const lengthMax = 100

function likeness(one: string, other: string): number {
  if (one.length > lengthMax) return 0
  const longer = Math.max(one.length, other.length)
  return longer === 0 ? 1 : 1 - distance(one, other) / longer
}

function distance(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let row = 1; row <= one.length; row++) {
    const line = [row]
    for (let column = 1; column <= other.length; column++) {
      const change = one[row - 1] === other[column - 1] ? 0 : 1
      line.push(
        Math.min(
          (above[column] as number) + 1,
          (line[column - 1] as number) + 1,
          (above[column - 1] as number) + change,
        ),
      )
    }
    above = line
  }
  return above[other.length] as number
}
